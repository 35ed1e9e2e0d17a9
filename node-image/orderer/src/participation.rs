//! The channel participation API: REST over mutual TLS (`orderer/common/channelparticipation`).
//!
//! Every status and text is stock's: `osnadmin` and other people's operators rely on them.

mod answer;
mod form;
mod validate;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use bytes::Bytes;
use entente_fabric::block;
use entente_fabric::config::check_channel_id;

use crate::filters;
use crate::registrar::{JoinError, Registrar, Unavailable};
use answer::{CHANNELS, ChannelJson, Problem, created, no_store, ok};

/// Largest request body (`ChannelParticipation.MaxRequestBodySize`).
const MAX_BODY: usize = 1024 * 1024;

type Answer = Result<Response, Problem>;

pub fn router(registrar: Arc<Registrar>) -> Router {
    Router::new()
        .route("/participation/v1/", get(redirect))
        .route(CHANNELS, get(list).post(join).put(update).fallback(not_allowed))
        .route(
            "/participation/v1/channels/{channel}",
            get(one).delete(remove).fallback(not_allowed_on_one),
        )
        .route(
            "/participation/v1/channels/{channel}/blocks/{block}",
            get(fetch).fallback(not_allowed_on_block),
        )
        .fallback(async || (StatusCode::NOT_FOUND, "404 page not found\n"))
        .with_state(registrar)
}

async fn redirect() -> Response {
    (StatusCode::FOUND, [(header::LOCATION, CHANNELS)]).into_response()
}

async fn not_allowed(method: Method) -> Response {
    Problem::method(&method, "GET, POST, PUT").into_response()
}

async fn not_allowed_on_one(method: Method) -> Response {
    Problem::method(&method, "GET, DELETE").into_response()
}

async fn not_allowed_on_block(method: Method) -> Response {
    Problem::method(&method, "GET").into_response()
}

async fn list(State(registrar): State<Arc<Registrar>>, headers: HeaderMap) -> Answer {
    acceptable(&headers)?;
    Ok(no_store(ok(&answer::list(registrar.list()))))
}

async fn one(State(registrar): State<Arc<Registrar>>, Path(channel): Path<String>, headers: HeaderMap) -> Answer {
    acceptable(&headers)?;
    valid_id(&channel)?;
    let info = registrar
        .info(&channel)
        .map_err(|error| Problem::new(StatusCode::NOT_FOUND, error))?;
    Ok(no_store(ok(&ChannelJson::from(info))))
}

async fn fetch(
    State(registrar): State<Arc<Registrar>>,
    Path((channel, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer {
    acceptable(&headers)?;
    valid_id(&channel)?;
    let wanted = validate::block_id(&id).map_err(|reason| Problem::bad(format!("invalid block ID: {reason}")))?;
    let missing = |reason: String| Problem::new(StatusCode::NOT_FOUND, reason);
    let consenter = registrar.active(&channel).map_err(|error| missing(error.to_string()))?;
    let blocks = &consenter.chain.channel().blocks;
    let number = match wanted {
        validate::BlockId::Oldest => 0,
        validate::BlockId::Newest => blocks.height().saturating_sub(1),
        validate::BlockId::Number(number) => number,
        validate::BlockId::Config => {
            let tip = blocks
                .block(blocks.height().saturating_sub(1))
                .map_err(|error| missing(error.to_string()))?;
            tip.as_deref().and_then(block::last_config).unwrap_or(0)
        }
    };
    let found = blocks.bytes(number).map_err(|error| missing(error.to_string()))?;
    let bytes = found.ok_or_else(|| missing(format!("no such block number [{number}] in index")))?;
    Ok(no_store(
        ([(header::CONTENT_TYPE, "application/octet-stream")], bytes).into_response(),
    ))
}

async fn join(State(registrar): State<Arc<Registrar>>, headers: HeaderMap, request: Request) -> Answer {
    acceptable(&headers)?;
    let bytes = form::single_file(request, "config-block").await?;
    let block = decode(&bytes, "config-block", "block")?;
    let channel =
        validate::join_block(&block).map_err(|reason| Problem::bad(format!("invalid join block: {reason}")))?;
    let info = registrar.join(&channel, block).await.map_err(cannot_join)?;
    Ok(created(&ChannelJson::from(info)))
}

fn cannot_join(error: JoinError) -> Problem {
    let text = format!("cannot join: {error}");
    match error {
        JoinError::Exists => Problem::new(StatusCode::METHOD_NOT_ALLOWED, text).allowing("GET, DELETE"),
        JoinError::Unavailable(Unavailable::PendingRemoval) => Problem::new(StatusCode::CONFLICT, text),
        JoinError::Unavailable(Unavailable::RemovalFailed) => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, text),
        _ => Problem::bad(text),
    }
}

async fn update(State(registrar): State<Arc<Registrar>>, headers: HeaderMap, request: Request) -> Answer {
    acceptable(&headers)?;
    let bytes = form::single_file(request, "config-update-envelope").await?;
    let envelope = decode(&bytes, "config-update-envelope", "envelope")?;
    let channel = validate::config_update(&envelope)
        .map_err(|reason| Problem::bad(format!("invalid config update envelope: {reason}")))?;
    let cannot = |reason: String| format!("cannot update: {reason}");
    let consenter = registrar.active(&channel).map_err(|error| {
        let status = match error {
            Unavailable::PendingRemoval => StatusCode::CONFLICT,
            Unavailable::RemovalFailed => StatusCode::INTERNAL_SERVER_ERROR,
            Unavailable::Unknown => StatusCode::METHOD_NOT_ALLOWED,
            Unavailable::Follower => StatusCode::FORBIDDEN,
            Unavailable::Damaged => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Problem::new(status, cannot(error.to_string()))
    })?;
    let group = consenter.chain.view().borrow().group.clone();
    let checked = filters::config_update(consenter.chain.channel(), &envelope, &group);
    let failed = format!("failed update config of channel {channel}");
    let request = checked.map_err(|rejection| Problem::bad(cannot(format!("{failed}: {}", rejection.info))))?;
    consenter.chain.order(request).await.map_err(|error| {
        let context = "with SERVICE_UNAVAILABLE: rejected by Configure";
        Problem::bad(cannot(format!("{failed} {context}: {error}")))
    })?;
    let info = registrar
        .info(&channel)
        .map_err(|error| Problem::new(StatusCode::NOT_FOUND, error))?;
    Ok(created(&ChannelJson::from(info)))
}

async fn remove(State(registrar): State<Arc<Registrar>>, Path(channel): Path<String>, headers: HeaderMap) -> Answer {
    acceptable(&headers)?;
    valid_id(&channel)?;
    match registrar.remove(&channel).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT.into_response()),
        Err(error) => {
            let status = match error {
                Unavailable::Unknown => StatusCode::NOT_FOUND,
                Unavailable::PendingRemoval => StatusCode::CONFLICT,
                Unavailable::RemovalFailed | Unavailable::Follower | Unavailable::Damaged => StatusCode::BAD_REQUEST,
            };
            Err(Problem::new(status, format!("cannot remove: {error}")))
        }
    }
}

fn decode<M: prost::Message + Default>(bytes: &Bytes, part: &str, what: &str) -> Result<M, Problem> {
    M::decode(bytes.clone()).map_err(|_| {
        let cause = "proto: cannot parse invalid wire-format data";
        let article = if what == "envelope" { "an" } else { "a" };
        Problem::bad(format!(
            "cannot unmarshal file part {part} into {article} {what}: {cause}"
        ))
    })
}

fn valid_id(channel: &str) -> Result<(), Problem> {
    check_channel_id(channel).map_err(|error| Problem::bad(format!("invalid channel ID: {error}")))
}

/// Whether the client takes JSON, the only thing there is.
fn acceptable(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(accept) = headers.get(header::ACCEPT) else {
        return Ok(());
    };
    let accept = accept.to_str().unwrap_or_default();
    let json = |option: &str| {
        ["application/json", "application/*", "*/*"]
            .iter()
            .any(|kind| option.contains(kind))
    };
    if accept.is_empty() || accept.split(',').any(json) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::NOT_ACCEPTABLE,
        "response Content-Type is application/json only",
    ))
}

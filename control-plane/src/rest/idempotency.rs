//! `Idempotency-Key`: a POST that is repeated with the same key is carried out once, and answered the same.
//!
//! All replicas look at the same keys: one that carries out a request says so every few seconds, so that the others tell one
//! that takes its time from one that has died. An answer is kept once something was done. A request that was refused before
//! that gives its key back.

use std::convert::Infallible;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use entente_api::time::Time;
use entente_fabric::crypto::sha256_parts;

use super::App;
use super::codes::Code;
use super::extract::LARGEST_BODY;
use super::problem::{Problem, chain_of};
use super::request_id;
use crate::access::{Caller, TenantScope};
use crate::store::again::again;
use crate::store::idempotency::{self as table, Answer, Claim};

pub const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// Stands in an answer that was kept.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

const LONGEST: usize = 255;
const KEPT_HEADERS: [HeaderName; 4] = [
    header::CONTENT_TYPE,
    header::CONTENT_LANGUAGE,
    header::LOCATION,
    header::ETAG,
];

/// Marks an answer that holds a secret: it is never stored, so it cannot be given again.
#[derive(Debug, Clone, Copy)]
pub struct HoldsSecret;

/// Carries out each keyed POST once.
pub async fn layer(State(app): State<App>, request: Request, next: Next) -> Response {
    let Some(key) = request
        .headers()
        .get(HEADER)
        .filter(|_| request.method() == Method::POST)
        .cloned()
    else {
        return next.run(request).await;
    };
    match once(&app, key, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn once(app: &App, key: HeaderValue, request: Request, next: Next) -> Result<Response, Problem> {
    let key = key
        .to_str()
        .ok()
        .filter(|key| !key.is_empty() && key.len() <= LONGEST)
        .ok_or_else(|| {
            Problem::parameter(
                "Idempotency-Key",
                format!("must have 1 to {LONGEST} visible ASCII characters"),
            )
        })?;
    let caller = request.extensions().get::<Caller>().cloned();
    let Some(caller) = caller else {
        // What is open to everybody takes no keys: there is nobody whose they would be.
        return Ok(next.run(request).await);
    };
    // Each caller's keys are their own: an answer is given again to nobody who could not have had it.
    let scope = TenantScope::for_background_task(
        "answers to keyed requests",
        &format!("{}/{}", caller.own_scope().namespace(), caller.actor.id()),
    );

    let (parts, body) = request.into_parts();
    let body = to_bytes(body, LARGEST_BODY).await.map_err(|_| {
        Problem::new(
            Code::PayloadTooLarge,
            format!("A request body may have at most {} MiB.", LARGEST_BODY >> 20),
        )
    })?;
    let hash = hex::encode(sha256_parts(&[parts.uri.to_string().as_bytes(), b"\n", &body]));
    let holder = uuid::Uuid::new_v4().to_string();
    match again(|| table::claim(&app.db, &scope, key, &hash, &holder, Time::now())).await? {
        Claim::Ours => {}
        Claim::Unanswered {
            same_request: false, ..
        }
        | Claim::Answered {
            same_request: false, ..
        } => {
            return Err(Problem::new(
                Code::IdempotencyKeyReused,
                "The Idempotency-Key was used for another request.",
            ));
        }
        Claim::Unanswered { is_held: true, .. } => {
            return Err(Problem::new(
                Code::IdempotencyKeyInFlight,
                "The first request with this key is still running.",
            )
            .with_retry_after(1));
        }
        Claim::Unanswered { is_held: false, .. } => {
            return Err(Problem::new(
                Code::IdempotencyInterrupted,
                "The platform stopped while it served this key.",
            ));
        }
        Claim::Answered {
            same_request: true,
            answer,
        } => return Ok(replay(answer)),
    }
    let (app, key) = (app.clone(), key.to_owned());
    // In a task of its own: a caller who hangs up must not stop what is being done half-way.
    let work = request_id::carried(async move {
        let answered = next.run(Request::from_parts(parts, Body::from(body)));
        let response = tokio::select! {
            response = answered => response,
            never = held(&app, &scope, &key) => match never {},
        };
        keep(&app, &scope, &key, response).await
    });
    tokio::spawn(work).await.map_err(Problem::internal)?
}

/// Says again and again that the request is being carried out. Whether the database hears it is of no consequence for
/// the request itself.
async fn held(app: &App, scope: &TenantScope, key: &str) -> Infallible {
    loop {
        tokio::time::sleep(table::HOLD / 3).await;
        if let Err(error) = table::hold(&app.db, scope, key, Time::now()).await {
            tracing::debug!(error = %chain_of(&error), "a keyed request could not be held");
        }
    }
}

async fn keep(app: &App, scope: &TenantScope, key: &str, response: Response) -> Result<Response, Problem> {
    // A timeout may have had its effect; everything else that fails has had none.
    let done = response.status().is_success() || response.status() == StatusCode::GATEWAY_TIMEOUT;
    if !done {
        again(|| table::release(&app.db, scope, key)).await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, LARGEST_BODY).await.map_err(Problem::internal)?;
    let answer = if parts.extensions.get::<HoldsSecret>().is_some() {
        let problem = Problem::new(
            Code::SecretAlreadyReturned,
            "The first answer to this key held a private key.",
        );
        let (parts, body) = problem.into_response().into_parts();
        stored(&parts, &to_bytes(body, LARGEST_BODY).await.map_err(Problem::internal)?)
    } else {
        stored(&parts, &body)
    };
    again(|| table::keep(&app.db, scope, key, &answer)).await?;
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn stored(parts: &axum::http::response::Parts, body: &Bytes) -> Answer {
    let text = |name: &HeaderName| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    Answer {
        status: parts.status.as_u16(),
        headers: KEPT_HEADERS
            .iter()
            .filter_map(|name| Some((name.to_string(), text(name)?)))
            .collect(),
        body: body.to_vec(),
    }
}

fn replay(answer: Answer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
        .headers_mut()
        .insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

//! `/v1/operations`: what was asked and how it goes.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use entente_api::time::Time;
use entente_api::{Chain, Contract, Identity, Member, NodeRelease, Organization, Tenant};
use futures::Stream;
use serde::Deserialize;
use tokio::sync::broadcast;
use utoipa::IntoParams;

use super::App;
use super::codes::Code;
use super::extract::{Path, Query};
use super::kind::Kind;
use super::page::{Page, PageQuery};
use super::problem::{Problem, ProblemBody};
use super::{request_id, resources};
use crate::access::{Action, Caller, TenantScope};
use crate::operation::{Operation, retry, words};
use crate::store;
use crate::store::operation::Filter;

const LONGEST_WAIT: Duration = Duration::from_secs(300);
const DEFAULT_WAIT: Duration = Duration::from_secs(60);

/// Which operations to list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Only those on resources of this kind, for example `Chain`.
    pub target_kind: Option<String>,
    /// Only those on the resource of this name.
    pub target_name: Option<String>,
    /// Only those that still run, or only those that have ended.
    pub running: Option<bool>,
    /// How many items, 50 when absent; more than 200 is lowered to 200.
    pub page_size: Option<i64>,
    /// `nextPageToken` of the page before.
    pub page_token: Option<String>,
}

/// List operations, newest first.
#[utoipa::path(
    get, path = "/v1/operations", tag = "operations", params(ListQuery),
    responses((status = OK, body = Page<Operation>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn operation_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<axum::Json<Page<Operation>>, Problem> {
    let scope = caller.may(Action::ReadOperations)?;
    let list = format!(
        "operations {:?} {:?} {:?}",
        query.target_kind, query.target_name, query.running
    );
    let page = PageQuery {
        page_size: query.page_size,
        page_token: query.page_token,
    };
    let window = page.window(&list)?;
    let filter = Filter {
        target_kind: query.target_kind.as_deref(),
        target_name: query.target_name.as_deref(),
        is_running: query.running,
    };
    let mut found =
        store::operation::list(&app.db, &scope, &filter, window.after.as_deref(), window.size + 1).await?;
    let page = window.close(&mut found, |operation| operation.id.clone());
    Ok(axum::Json(page.map(told)))
}

/// Read an operation.
#[utoipa::path(
    get, path = "/v1/operations/{operation}", tag = "operations",
    params(("operation" = String, Path, description = "Its id")),
    responses((status = OK, body = Operation), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn operation_get(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::Json<Operation>, Problem> {
    let scope = caller.may(Action::ReadOperations)?;
    find(&app, &scope, &id).await.map(told).map(axum::Json)
}

/// Try the failed step of an operation again, at once.
///
/// The operator tries it by itself, too, after pauses that grow: this is for whoever has mended its cause. It takes what the
/// change itself took. Where there is nothing to try again the answer says why.
#[utoipa::path(
    post, path = "/v1/operations/{operation}:retry", tag = "operations",
    params(("operation" = String, Path, description = "Its id")),
    responses((status = ACCEPTED, body = Operation), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn operation_retry(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<(StatusCode, axum::Json<Operation>), Problem> {
    let scope = caller.may(Action::ReadOperations)?;
    let operation = find(&app, &scope, &id).await?;
    let (kind, name) = (operation.target.kind.clone(), operation.target.name.clone());
    let step = retry::step(&operation).map_err(|nothing| {
        let problem = Problem::new(Code::NothingToRetry, nothing.why).with_operation(&id);
        match nothing.hint {
            Some(hint) => problem.with_hint(hint),
            None => problem,
        }
    })?;
    request_id::current().note.object(format!("operations/{id} ({step})"));
    match kind.as_str() {
        "Chain" => try_again::<Chain>(&app, &caller, &name).await,
        "Member" => try_again::<Member>(&app, &caller, &name).await,
        "Contract" => try_again::<Contract>(&app, &caller, &name).await,
        "Organization" => try_again::<Organization>(&app, &caller, &name).await,
        "Identity" => try_again::<Identity>(&app, &caller, &name).await,
        "NodeRelease" => try_again::<NodeRelease>(&app, &caller, &name).await,
        "Tenant" => try_again::<Tenant>(&app, &caller, &name).await,
        other => Err(Problem::not_found("resource", other)),
    }?;
    Ok((StatusCode::ACCEPTED, axum::Json(told(operation))))
}

async fn try_again<K: Kind>(app: &App, caller: &Caller, name: &str) -> Result<(), Problem> {
    let scope = resources::scope(caller, K::WRITE)?;
    Ok(app.resources.retry::<K>(&scope, name, Time::now()).await?)
}

/// As the caller of this request is told it.
fn told(operation: Operation) -> Operation {
    words::told(operation, request_id::current().language)
}

/// How long to wait, and for what.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct WaitQuery {
    /// At most this long, for example `60s` (the default); 5 minutes at most.
    pub timeout: Option<String>,
    /// Answer as soon as `revision` is greater than this. Without it: when the operation has ended.
    pub revision: Option<i64>,
}

/// Wait for an operation.
///
/// Answers when it has ended or the time is up, with the operation as it then stands; `state` tells which.
#[utoipa::path(
    get, path = "/v1/operations/{operation}:wait", tag = "operations",
    params(("operation" = String, Path, description = "Its id"), WaitQuery),
    responses((status = OK, body = Operation), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn operation_wait(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<WaitQuery>,
) -> Result<axum::Json<Operation>, Problem> {
    let scope = caller.may(Action::ReadOperations)?;
    let timeout = query
        .timeout
        .as_deref()
        .map_or(Ok(DEFAULT_WAIT), entente_api::units::duration);
    let timeout = timeout
        .map_err(|detail| Problem::parameter("timeout", detail))?
        .min(LONGEST_WAIT);
    let mut changes = app.operations.changes();
    let deadline = tokio::time::Instant::now() + timeout;
    loop {
        let operation = find(&app, &scope, &id).await?;
        let news = query.revision.is_some_and(|seen| operation.revision > seen);
        if news || operation.state.is_terminal() || !changed(&app, &mut changes, &id, deadline).await {
            return Ok(axum::Json(told(operation)));
        }
    }
}

/// Waits until the operation may have changed; `false` when the deadline has passed or the platform stops.
async fn changed(
    app: &App,
    changes: &mut broadcast::Receiver<String>,
    id: &str,
    deadline: tokio::time::Instant,
) -> bool {
    loop {
        tokio::select! {
            () = app.stop.cancelled() => return false,
            () = tokio::time::sleep_until(deadline) => return false,
            change = changes.recv() => match change {
                Ok(changed) if changed != id => {}
                Err(broadcast::error::RecvError::Closed) => return false,
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => return true,
            },
        }
    }
}

/// A server-sent event, as its lines say.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes in the document what axum writes")]
pub struct ServerSentEvent {
    /// Send it in `Last-Event-ID` to go on behind this event.
    id: Option<String>,
    /// The type of the event.
    event: String,
    /// What it is about: an operation as JSON, or a line of a log.
    data: String,
}

/// Follow an operation.
///
/// Server-sent events of the type `operation`, each the whole operation as it then stands; the stream ends with the
/// operation. It can be resumed with `Last-Event-ID`.
#[utoipa::path(
    get, path = "/v1/operations/{operation}/events", tag = "operations",
    params(("operation" = String, Path, description = "Its id"),
        ("Last-Event-ID" = Option<String>, Header, description = "The last event that was received")),
    responses((status = OK, body = ServerSentEvent, content_type = "text/event-stream"), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn operation_events(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let scope = caller.may(Action::ReadOperations)?;
    let mut seen = last_event::<i64>(&headers)?.unwrap_or_default();
    let mut changes = app.operations.changes();
    let mut operation = find(&app, &scope, &id).await?;
    let language = request_id::current().language;
    let stream = async_stream::stream! {
        loop {
            if operation.revision > seen {
                seen = operation.revision;
                let event = Event::default().id(seen.to_string()).event("operation").json_data(words::told(operation.clone(), language));
                if let Ok(event) = event {
                    yield Ok(event);
                }
            }
            if operation.state.is_terminal() || app.stop.is_cancelled() {
                return;
            }
            let pause = tokio::time::Instant::now() + DEFAULT_WAIT;
            changed(&app, &mut changes, &id, pause).await;
            match find(&app, &scope, &id).await {
                Ok(current) => operation = current,
                Err(_) => return,
            }
        }
    };
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()))
}

/// The last event that a client has seen, where it goes on.
pub fn last_event<T: std::str::FromStr>(headers: &HeaderMap) -> Result<Option<T>, Problem> {
    let last = headers
        .get("last-event-id")
        .map(|value| value.to_str().unwrap_or_default());
    let last = last.filter(|last| !last.is_empty()).map(str::parse);
    last.transpose()
        .map_err(|_| Problem::parameter("Last-Event-ID", "is not an id of these events"))
}

async fn find(app: &App, scope: &TenantScope, id: &str) -> Result<Operation, Problem> {
    let operation = store::operation::get(&app.db, scope, id).await?;
    let operation = operation.ok_or_else(|| Problem::not_found("operation", id))?;
    app.operations.refresh(scope, operation).await
}

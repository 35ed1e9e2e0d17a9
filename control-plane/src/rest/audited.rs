//! Leaves a row for every change and every refused attempt.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, Request};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use entente_api::time::Time;
use parking_lot::Mutex;

use super::codes::Code;
use super::idempotency::REPLAYED;
use super::problem::{Problem, chain_of};
use super::{App, request_id, verbs};
use crate::access::{Caller, TenantScope};
use crate::audit::{AuditEvent, Outcome};
use crate::store::again::again;
use crate::store::audit;

/// Attempts of strangers that get a row of their own in a minute. Nobody fills the disk from outside.
const STRANGERS: u32 = 60;

/// Counts the attempts of strangers.
#[derive(Debug, Clone)]
pub struct Strangers(Arc<Mutex<(Instant, u32)>>);

impl Default for Strangers {
    fn default() -> Strangers {
        Strangers(Arc::new(Mutex::new((Instant::now(), 0))))
    }
}

impl Strangers {
    fn has_room(&self) -> bool {
        let (since, count) = &mut *self.0.lock();
        if since.elapsed() > Duration::from_secs(60) {
            (*since, *count) = (Instant::now(), 0);
        }
        *count += 1;
        *count <= STRANGERS
    }
}

/// What is known of a request before it is carried out.
pub struct Asked {
    scope: TenantScope,
    event: AuditEvent,
}

/// Reads who asks for what.
pub fn asked(operation: &str, caller: Option<&Caller>, request: &Request) -> Asked {
    let address = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let path = verbs::public_path(request.uri().path());
    let current = request_id::current();
    Asked {
        scope: match caller {
            Some(caller) => TenantScope::for_background_task("audit", caller.own_scope().namespace()),
            None => TenantScope::for_background_task("audit", ""),
        },
        event: AuditEvent {
            seq: 0,
            time: Time::now(),
            actor: caller.map_or_else(|| "unknown".to_owned(), |caller| caller.actor.to_string()),
            actor_id: caller.map_or_else(String::new, |caller| caller.actor.id().to_owned()),
            action: operation.to_owned(),
            object: path.trim_start_matches("/v1/").to_owned(),
            outcome: Outcome::Refused,
            status: 0,
            code: None,
            request_id: current.id,
            address: address.map_or_else(String::new, |info| plain(info.0.ip()).to_string()),
            before: None,
            after: None,
            previous: String::new(),
            hash: String::new(),
        },
    }
}

fn plain(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// Whether a request changes anything.
fn changes(operation: &str, request: &Request) -> bool {
    let only_checks = request
        .uri()
        .query()
        .is_some_and(|query| query.contains("validateOnly=true"));
    // Browsers come back from an OpenID provider by GET.
    (!request.method().is_safe() || operation == "sign_in_end")
        && operation != "contract_evaluate"
        && !only_checks
        && request.method() != Method::OPTIONS
}

/// Carries out a request, with a row if it changes something.
///
/// # Errors
/// When the row cannot be begun: nothing is done that leaves no trace.
pub async fn run(
    app: &App,
    operation: &str,
    caller: Option<&Caller>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if !changes(operation, &request) {
        return Ok(next.run(request).await);
    }
    let asked = asked(operation, caller, &request);
    let id = uuid::Uuid::now_v7().to_string();
    again(|| audit::begin(&app.db, &asked.scope, &id, &asked.event)).await?;
    let note = request_id::current().note;
    let mut ended = Ended {
        app: app.clone(),
        row: Some((asked, id)),
    };
    let response = next.run(request).await;
    let Some((asked, id)) = ended.row.take() else {
        return Ok(response);
    };
    let said = note.said();
    let status = response.status();
    let event = AuditEvent {
        time: Time::now(),
        object: said.object.unwrap_or(asked.event.object),
        outcome: match status.as_u16() {
            401 | 403 => Outcome::Refused,
            _ if status.is_client_error() || status.is_server_error() => Outcome::Failed,
            _ => Outcome::Done,
        },
        status: status.as_u16(),
        code: response.extensions().get::<Code>().map(|code| code.as_str().to_owned()),
        before: said.before,
        after: said.after.filter(|_| status.is_success()),
        ..asked.event
    };
    // What was answered again was done before, and has its row.
    let is_repeated = response.headers().contains_key(REPLAYED);
    if !is_repeated {
        write(app, &asked.scope, Some(&id), event).await;
    }
    Ok(response)
}

/// A caller who hangs up ends the request's task: what it had begun is told all the same.
struct Ended {
    app: App,
    row: Option<(Asked, String)>,
}

impl Drop for Ended {
    fn drop(&mut self) {
        let Some((asked, id)) = self.row.take() else {
            return;
        };
        let app = self.app.clone();
        let event = AuditEvent {
            time: Time::now(),
            outcome: Outcome::Interrupted,
            ..asked.event
        };
        tokio::spawn(async move { write(&app, &asked.scope, Some(&id), event).await });
    }
}

/// Tells of an attempt that was refused.
pub async fn refused(app: &App, asked: Asked, problem: &Problem) {
    if asked.event.actor == "unknown" && !app.strangers.has_room() {
        return;
    }
    let code = problem.code();
    let event = AuditEvent {
        status: code.status().as_u16(),
        code: Some(code.as_str().to_owned()),
        ..asked.event
    };
    write(app, &asked.scope, None, event).await;
}

async fn write(app: &App, scope: &TenantScope, begun: Option<&str>, event: AuditEvent) {
    // The answer stands: it is told to the caller, and the row is made of what has begun.
    if let Err(error) = audit::append(&app.db, scope, begun, event).await {
        tracing::error!(error = %chain_of(&error), "an audit row cannot be written");
    }
}

//! `Idempotency-Key`: a POST that is repeated with the same key is carried out once, and answered the same.
//!
//! An answer is kept once something was done. A request that was refused before that gives its key back.

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
use super::problem::Problem;
use super::request_id;
use crate::access::{Caller, TenantScope};
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
    match table::claim(&app.db, &scope, key, &hash, Time::now()).await? {
        Claim::Ours => {}
        Claim::Unanswered { same_request: false }
        | Claim::Answered {
            same_request: false, ..
        } => {
            return Err(Problem::new(
                Code::IdempotencyKeyReused,
                "The Idempotency-Key was used for another request.",
            ));
        }
        Claim::Unanswered { same_request: true } if app.in_flight.contains(key) => {
            return Err(Problem::new(
                Code::IdempotencyKeyInFlight,
                "The first request with this key is still running.",
            )
            .with_retry_after(1));
        }
        Claim::Unanswered { same_request: true } => {
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
    let running = app.in_flight.enter(key);
    let (app, key) = (app.clone(), key.to_owned());
    // In a task of its own: a caller who hangs up must not stop what is being done half-way.
    let work = request_id::carried(async move {
        let response = next.run(Request::from_parts(parts, Body::from(body))).await;
        let kept = keep(&app, &scope, &key, response).await;
        drop(running);
        kept
    });
    tokio::spawn(work).await.map_err(Problem::internal)?
}

async fn keep(app: &App, scope: &TenantScope, key: &str, response: Response) -> Result<Response, Problem> {
    // A timeout may have had its effect; everything else that fails has had none.
    let done = response.status().is_success() || response.status() == StatusCode::GATEWAY_TIMEOUT;
    if !done {
        table::release(&app.db, scope, key).await?;
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
    table::keep(&app.db, scope, key, &answer).await?;
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

/// Keys whose requests this process is serving now. What the table has claimed beyond these was interrupted.
#[derive(Debug, Clone, Default)]
pub struct InFlight(std::sync::Arc<std::sync::Mutex<std::collections::HashSet<String>>>);

impl InFlight {
    fn keys(&self) -> std::sync::MutexGuard<'_, std::collections::HashSet<String>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn contains(&self, key: &str) -> bool {
        self.keys().contains(key)
    }

    fn enter(&self, key: &str) -> Running {
        self.keys().insert(key.to_owned());
        Running {
            keys: self.clone(),
            key: key.to_owned(),
        }
    }
}

struct Running {
    keys: InFlight,
    key: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.keys.keys().remove(&self.key);
    }
}

//! Who makes a request, and whether they may: asked before anything else is looked at.

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::codes::Code;
use super::permissions::{Access, Permissions};
use super::problem::Problem;
use super::rate::{self, Allowance};
use super::{App, audited};
use crate::access::Caller;
use crate::store::again::again;

/// What the layer knows.
#[derive(Clone)]
pub struct Guard {
    pub app: App,
    pub permissions: Permissions,
}

/// Lets through who may do what the request asks for, before anything of it is read. A handler asks once more, for the
/// scope to work in. What changes something, and what is refused, leaves a row in the audit.
pub async fn layer(State(guard): State<Guard>, mut request: Request, next: Next) -> Response {
    // What is nowhere is told to callers only: a stranger does not learn which paths exist.
    let route = request.extensions().get::<MatchedPath>();
    let (operation, access) = route.map_or(("unknown", Access::SignedIn), |route| {
        guard.permissions.of(request.method(), route.as_str())
    });
    let (method, path, headers) = (request.method(), request.uri().path(), request.headers());
    match caller(&guard, access, method, path, headers).await {
        Ok((caller, allowances)) => {
            if let Some(caller) = &caller {
                request.extensions_mut().insert(caller.clone());
            }
            let answered = audited::run(&guard.app, operation, caller.as_ref(), request, next).await;
            let mut response = answered.unwrap_or_else(IntoResponse::into_response);
            rate::tell(&allowances, response.headers_mut());
            response
        }
        // Many at once are not news each.
        Err((problem, _)) if problem.code() == Code::RateLimited => problem.into_response(),
        Err((problem, caller)) => {
            let asked = audited::asked(operation, caller.as_ref(), &request);
            audited::refused(&guard.app, asked, &problem).await;
            problem.into_response()
        }
    }
}

/// Who comes in; `None`: somebody who does not say, to what is open to everybody. With a problem comes who it was.
async fn caller(
    guard: &Guard,
    access: Access,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
) -> Result<(Option<Caller>, Vec<Allowance>), (Problem, Option<Caller>)> {
    let recognized = match again(|| guard.app.gate.recognize(method, headers)).await {
        Ok(recognized) => recognized,
        // The cookie of a session that has ended must not keep anybody from signing in.
        Err(_) if access == Access::Everybody => return Ok((None, Vec::new())),
        Err(problem) => return Err((problem, None)),
    };
    let caller = recognized.caller;
    let allowances = match guard.app.buckets.take(&caller, recognized.requests_per_second).await {
        Ok(allowances) => allowances,
        Err(problem) => return Err((problem, Some(caller))),
    };
    if recognized.must_change_password && !path.starts_with("/v1/session") {
        let detail = "The password that you were given is good for choosing one of your own only.";
        return Err((Problem::new(Code::PasswordChangeRequired, detail), Some(caller)));
    }
    match access.check(&caller) {
        Ok(()) => Ok((Some(caller), allowances)),
        Err(problem) => Err((problem, Some(caller))),
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Caller, Problem> {
        let caller = parts.extensions.get::<Caller>().cloned();
        caller.ok_or_else(|| Problem::new(Code::Unauthenticated, "The request carries no token."))
    }
}

/// The caller of an operation that is for everybody, if they have said who they are.
pub struct Anybody(pub Option<Caller>);

impl<S: Send + Sync> FromRequestParts<S> for Anybody {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Anybody, Self::Rejection> {
        Ok(Anybody(parts.extensions.get::<Caller>().cloned()))
    }
}

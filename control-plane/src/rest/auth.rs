//! Who makes a request, and whether they may: asked before anything else is looked at.

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::codes::Code;
use super::permissions::{Access, Permissions};
use super::problem::Problem;
use crate::access::{Caller, Gate};

/// What the layer knows.
#[derive(Clone)]
pub struct Guard {
    pub gate: Gate,
    pub permissions: Permissions,
}

/// Lets through who may do what the request asks for, before anything of it is read. A handler asks once more, for the
/// scope to work in.
pub async fn layer(State(guard): State<Guard>, mut request: Request, next: Next) -> Response {
    // What is nowhere is told to callers only: a stranger does not learn which paths exist.
    let route = request.extensions().get::<MatchedPath>();
    let access = route.map_or(Access::SignedIn, |route| {
        guard.permissions.of(request.method(), route.as_str())
    });
    match caller(
        &guard,
        access,
        request.method(),
        request.uri().path(),
        request.headers(),
    )
    .await
    {
        Ok(caller) => {
            if let Some(caller) = caller {
                request.extensions_mut().insert(caller);
            }
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

async fn caller(
    guard: &Guard,
    access: Access,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
) -> Result<Option<Caller>, Problem> {
    let recognized = match guard.gate.recognize(method, headers).await {
        Ok(recognized) => recognized,
        // The cookie of a session that has ended must not keep anybody from signing in.
        Err(_) if access == Access::Everybody => return Ok(None),
        Err(problem) => return Err(problem),
    };
    if recognized.must_change_password && !path.starts_with("/v1/session") {
        let detail = "The password that you were given is good for choosing one of your own only.";
        return Err(Problem::new(Code::PasswordChangeRequired, detail));
    }
    access.check(&recognized.caller)?;
    Ok(Some(recognized.caller))
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

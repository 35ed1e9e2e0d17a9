//! A request that only reads is carried out once more when the database was lost meanwhile.

use axum::body::Body;
use axum::extract::Request;
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;

use super::codes::Code;
use crate::store::again::{Transient, again};

/// Repeats what may be repeated. Reading is; that a browser comes back from an OpenID provider by GET is not.
pub async fn layer(request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if !reads || request.uri().path().starts_with("/v1/sign-in") {
        return next.run(request).await;
    }
    // Whatever a reading request has in its body is not looked at.
    let (parts, _) = request.into_parts();
    let read = || {
        let answered = next.clone().run(Request::from_parts(parts.clone(), Body::empty()));
        async {
            let response = answered.await;
            match response.extensions().get::<Code>() {
                Some(Code::DatabaseUnreachable) => Err(Unanswered(response)),
                _ => Ok(response),
            }
        }
    };
    again(read).await.unwrap_or_else(|Unanswered(response)| response)
}

/// An answer that says that the database was lost.
struct Unanswered(Response);

impl Transient for Unanswered {
    fn is_transient(&self) -> bool {
        true
    }
}

//! Custom verbs: `POST /v1/…/orderer0:restart` (AIP-136).
//!
//! The router matches whole path segments only, so before routing the verb becomes a segment of its own, with a mark
//! that no name can hold: `/v1/…/orderer0/!restart`.

use axum::extract::Request;
use axum::http::Uri;

const MARK: &str = "/!";

/// Rewrites the path of a request from the public form to the one that the router knows.
pub fn rewrite<B>(mut request: axum::http::Request<B>) -> axum::http::Request<B> {
    if let Some(uri) = routed(request.uri()) {
        *request.uri_mut() = uri;
    }
    request
}

/// [`rewrite`] for axum's own request type, as a function pointer for `tower::util::MapRequestLayer`.
pub fn rewrite_request(request: Request) -> Request {
    rewrite(request)
}

fn routed(uri: &Uri) -> Option<Uri> {
    let (start, last) = uri.path().rsplit_once('/')?;
    let (name, verb) = last.rsplit_once(':')?;
    let is_verb = !verb.is_empty() && verb.bytes().all(|b| b.is_ascii_alphabetic());
    if !is_verb {
        return None;
    }
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let path = format!("{start}/{name}{MARK}{verb}{query}");
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path.parse().ok()?);
    Uri::from_parts(parts).ok()
}

/// The router's form of a path of the OpenAPI document: `/v1/{a}:wait` becomes `/v1/{a}/!wait`.
pub fn route(documented: &str) -> String {
    match documented.rsplit_once(':') {
        Some((start, verb)) => format!("{start}{MARK}{verb}"),
        None => documented.to_owned(),
    }
}

/// The path as the caller wrote it.
pub fn public_path(routed: &str) -> String {
    routed.replacen(MARK, ":", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(path: &str) -> String {
        rewrite(axum::http::Request::get(path).body(()).unwrap())
            .uri()
            .to_string()
    }

    #[test]
    fn a_verb_becomes_a_segment_and_back() {
        let path = rewritten("/v1/operations/0193:wait?timeout=5s");

        assert_eq!(path, "/v1/operations/0193/!wait?timeout=5s");
        assert_eq!(public_path("/v1/operations/0193/!wait"), "/v1/operations/0193:wait");
        assert_eq!(
            route("/v1/operations/{operation}:wait"),
            "/v1/operations/{operation}/!wait"
        );
    }

    #[test]
    fn a_verb_can_stand_on_a_collection() {
        assert_eq!(rewritten("/v1/identities:enroll"), "/v1/identities/!enroll");
    }

    #[test]
    fn other_paths_are_left_alone() {
        assert_eq!(rewritten("/v1/chains/a"), "/v1/chains/a");
        assert_eq!(rewritten("/v1/chains/a:"), "/v1/chains/a:");
        assert_eq!(rewritten("/v1/chains/10:30"), "/v1/chains/10:30");
    }
}

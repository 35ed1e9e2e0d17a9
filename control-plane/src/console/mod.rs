//! Serves the web console: static files that are embedded in release builds, and read from the build's folder in others.
//!
//! The console is a client of the API as every other: what is here knows files and paths, and nothing of sessions. It answers
//! before the API is asked, and leaves alone what is the API's.

mod encoding;
mod page;

use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY,
    VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use self::encoding::Encoding;

/// The folder that `web-console/build` leaves the console in, below `app`. The folder is always there, so that the platform
/// builds with nothing but cargo; what is in it need not be.
#[derive(RustEmbed)]
#[folder = "../web-console/dist"]
struct Dist;

fn file(name: &str) -> Option<EmbeddedFile> {
    Dist::get(&format!("app/{name}"))
}

const INDEX: &str = "index.html";
/// Paths that are never a screen's: a client that mistypes one must get the API's problem, not a page.
const OF_THE_API: &[&str] = &["/v1", "/.well-known", "/metrics", "/healthz", "/readyz"];
/// Nothing comes from elsewhere, no script or style stands in the page, and no page of others shows this one.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
                      connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Answers what is the console's, and passes on what is not.
pub async fn layer(request: Request, next: Next) -> Response {
    let is_reading = matches!(*request.method(), Method::GET | Method::HEAD);
    if !is_reading || is_of_the_api(request.uri().path()) {
        return next.run(request).await;
    }
    answer(request.uri().path(), request.headers())
}

fn is_of_the_api(path: &str) -> bool {
    let below = |start: &&str| {
        path.strip_prefix(*start)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ':']))
    };
    OF_THE_API.iter().any(below)
}

/// A file, or the page that makes a screen of any other path. What looks like a file and is none is absent: a browser must
/// not take the page for a script of an earlier build.
fn answer(path: &str, headers: &HeaderMap) -> Response {
    let name = path.trim_start_matches('/');
    let is_listed = !matches!(name, "" | INDEX | "manifest.json");
    if is_listed && let Some(file) = file(name) {
        return served(name, file, headers);
    }
    if name.starts_with("assets/") {
        return plain(StatusCode::NOT_FOUND, "There is no such file.\n");
    }
    match file(INDEX) {
        Some(file) => served(INDEX, file, headers),
        None => page::unbuilt(),
    }
}

fn served(name: &str, file: EmbeddedFile, headers: &HeaderMap) -> Response {
    let etag = format!("\"{}\"", hex::encode(&file.metadata.sha256_hash()[..16]));
    let seen = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let (encoding, body) = Encoding::accepted(headers)
        .filter_map(|encoding| Some((Some(encoding), self::file(&encoding.file(name))?)))
        .next()
        .unwrap_or((None, file));
    let mut response = if seen.is_some_and(|seen| seen.contains(&etag)) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        body.data.into_response()
    };
    let answer = response.headers_mut();
    answer.insert(CONTENT_TYPE, HeaderValue::from_static(content_type(name)));
    answer.insert(CACHE_CONTROL, HeaderValue::from_static(caching(name)));
    answer.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        answer.insert(ETAG, etag);
    }
    if let Some(encoding) = encoding {
        answer.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding.name()));
    }
    guarded(response)
}

/// Names of assets hold a hash of their content; the rest is asked for each time.
fn caching(name: &str) -> &'static str {
    if name.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    }
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    guarded((status, text).into_response())
}

fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Tokens of invitations are in fragments, which are never sent; what is looked at is nobody else's business either.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_apis_is_never_a_screen() {
        let asked = [
            "/v1",
            "/v1/chains",
            "/v1:x",
            "/.well-known/jwks.json",
            "/metrics",
            "/healthz",
        ];

        assert!(asked.iter().all(|path| is_of_the_api(path)));
    }

    #[test]
    fn every_other_path_may_be_a_screen() {
        let asked = ["/", "/chains", "/v1x", "/metricsandmore", "/chains/v1/nodes"];

        assert!(!asked.iter().any(|path| is_of_the_api(path)));
    }

    #[test]
    fn an_asset_that_is_not_there_is_no_page() {
        let response = answer("/assets/gone-1a2b3c.js", &HeaderMap::new());

        assert_eq!(response.status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn every_answer_carries_the_policy() {
        let response = answer("/chains", &HeaderMap::new());

        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[CONTENT_SECURITY_POLICY], POLICY);
        assert_eq!(response.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff");
    }
}

//! What stands in the console's place where it was not built.

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

const UNBUILT: &str = "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Entente</title>\n\
    <h1>The console was not built</h1>\n\
    <p>The platform runs, and its API is complete; this build of it has no web console in it.\n\
    <p>With Node.js 20.19 or newer, in the source folder:\n\
    <pre>web-console/build\nmake up</pre>\n\
    <p>The API is described by <a href=\"/v1/openapi.json\">/v1/openapi.json</a>.\n";

/// Says how the console comes into the platform.
pub fn unbuilt() -> Response {
    super::guarded(([(CONTENT_TYPE, "text/html; charset=utf-8")], UNBUILT).into_response())
}

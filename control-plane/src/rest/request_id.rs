//! A name for every request: taken from `X-Request-Id` or made up, answered in the same header, written in every
//! problem and log line. With it goes the request's place in a trace: `traceparent`, taken over and answered likewise.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument as _;
use uuid::Uuid;

use super::language::Language;
use crate::audit::Note;
use crate::trace::{TraceContext, context, export};

/// The header, in requests and answers.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

const LONGEST: usize = 128;

/// The request that the current task answers.
#[derive(Debug, Clone, Default)]
pub struct CurrentRequest {
    pub id: String,
    pub path: String,
    /// Its span: what it causes elsewhere is below it.
    pub trace: Option<TraceContext>,
    /// What people are answered in.
    pub language: Language,
    /// What the handler says for the audit's row.
    pub note: Note,
}

tokio::task_local! {
    static CURRENT: CurrentRequest;
}

/// The request that the current task answers; empty outside of one.
pub fn current() -> CurrentRequest {
    CURRENT.try_with(Clone::clone).unwrap_or_default()
}

/// Takes the current request along into another task.
pub fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> {
    CURRENT.scope(current(), work)
}

/// Runs the request under its id.
pub async fn layer(request: Request, next: Next) -> Response {
    let given = request
        .headers()
        .get(HEADER)
        .and_then(|value| value.to_str().ok())
        .filter(|id| is_usable(id));
    let id = given.map_or_else(|| Uuid::now_v7().to_string(), str::to_owned);
    let path = super::verbs::public_path(request.uri().path());
    let language = Language::of(request.headers());
    let parent = TraceContext::of(request.headers());
    let span = export::request(request.method().as_str(), &path, &id, parent);
    let trace = export::context(&span).unwrap_or_else(|| TraceContext::below(parent));
    let mut response = CURRENT
        .scope(
            CurrentRequest {
                id: id.clone(),
                path,
                trace: Some(trace),
                language,
                note: Note::default(),
            },
            next.run(request).instrument(span.clone()),
        )
        .await;
    export::answered(&span, response.status().as_u16());
    if let Some(value) = trace.header() {
        response.headers_mut().insert(context::HEADER, value);
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

/// An id from outside goes into the log, so it may hold nothing that could forge a line.
fn is_usable(id: &str) -> bool {
    let character = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':' | b'/' | b'=' | b'+');
    !id.is_empty() && id.len() <= LONGEST && id.bytes().all(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_could_forge_a_log_line_is_replaced() {
        assert!(is_usable("7b1c-42:a"));
        assert!(!is_usable("a b"));
        assert!(!is_usable("a\u{1b}[0m"));
        assert!(!is_usable(""));
        assert!(!is_usable(&"a".repeat(129)));
    }
}

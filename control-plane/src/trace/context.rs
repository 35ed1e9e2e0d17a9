//! `traceparent`: which trace a request belongs to, and which of its spans has caused it.
//!
//! Read as the recommendation says (<https://www.w3.org/TR/trace-context/>, §3.2): what cannot be understood is as if it were
//! absent, and the request begins a trace of its own.

use std::fmt;

use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// The header, in requests and answers.
pub const HEADER: HeaderName = HeaderName::from_static("traceparent");

/// One span of a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    pub trace: [u8; 16],
    pub span: [u8; 8],
    /// Whether who began the trace wants it to be kept.
    pub is_sampled: bool,
}

impl TraceContext {
    /// What a request says that it is part of.
    pub fn of(headers: &HeaderMap) -> Option<TraceContext> {
        let mut given = headers.get_all(&HEADER).iter();
        let value = given.next()?.to_str().ok()?;
        // Two of them contradict each other.
        given.next().is_none().then(|| read(value)).flatten()
    }

    /// A span of its own: below the given one, or the first of a new trace.
    pub fn below(parent: Option<TraceContext>) -> TraceContext {
        TraceContext {
            trace: parent.map_or_else(rand::random, |parent| parent.trace),
            span: rand::random(),
            is_sampled: parent.is_some_and(|parent| parent.is_sampled),
        }
    }

    /// The value of the header.
    pub fn header(self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.to_string()).ok()
    }

    /// The trace's id, as logs and backends of traces show it.
    pub fn trace_id(self) -> String {
        hex::encode(self.trace)
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = u8::from(self.is_sampled);
        write!(
            f,
            "00-{}-{}-{flags:02x}",
            hex::encode(self.trace),
            hex::encode(self.span)
        )
    }
}

/// `version-trace-parent-flags`, each in lower-case hexadecimal of fixed length.
fn read(value: &str) -> Option<TraceContext> {
    let mut parts = value.split('-');
    let version: [u8; 1] = digits(parts.next()?)?;
    let trace = digits(parts.next()?)?;
    let span = digits(parts.next()?)?;
    let [flags] = digits(parts.next()?)?;
    // Later versions may append; this one may not, and there is no version ff.
    let is_complete = version != [0] || parts.next().is_none();
    let is_valid = is_complete && version != [0xff] && trace != [0; 16] && span != [0; 8];
    is_valid.then_some(TraceContext {
        trace,
        span,
        is_sampled: flags & 1 == 1,
    })
}

fn digits<const N: usize>(text: &str) -> Option<[u8; N]> {
    let is_lower = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let mut bytes = [0; N];
    (is_lower && hex::decode_to_slice(text, &mut bytes).is_ok()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_below_it_is_the_same_trace() {
        let given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

        let parent = read(given).unwrap();
        let child = TraceContext::below(Some(parent));

        assert_eq!(parent.to_string(), given);
        assert_eq!((child.trace, child.is_sampled), (parent.trace, true));
        assert_ne!(child.span, parent.span);
    }

    #[test]
    fn what_cannot_be_understood_is_as_if_it_were_absent() {
        let wrong = [
            "",
            "00",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-\u{e9}1",
        ];
        assert_eq!(wrong.map(read), [None; 9]);
        assert!(read("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more").is_some());
    }

    #[test]
    fn two_headers_contradict_each_other() {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_static("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        headers.append(HEADER, value.clone());
        assert!(TraceContext::of(&headers).is_some());

        headers.append(HEADER, value);

        assert_eq!(TraceContext::of(&headers), None);
    }
}

//! What a caller is told when a request fails: problem details (RFC 9457).
//!
//! [`Code`] is the stable vocabulary; programs branch on it, never on the text. A cause that is ours to mend stays in
//! the log, under the request id that the caller is given.

use std::fmt;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::quota::QuotaShortage;
use super::request_id;
use crate::rest::codes::Code;
use crate::trace::TraceContext;

pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The media type of problem details.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// One field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldError {
    /// JSON pointer into the request body, for example `/spec/members/0/organization`.
    pub pointer: String,
    /// What kind of wrong, for programs: `required`, `invalid`, `unknown_field` or `immutable`.
    pub code: String,
    /// What is wrong, for people.
    pub detail: String,
}

impl FieldError {
    pub fn new(pointer: impl Into<String>, code: &str, detail: impl Into<String>) -> FieldError {
        FieldError {
            pointer: pointer.into(),
            code: code.to_owned(),
            detail: detail.into(),
        }
    }

    /// A value that cannot be used.
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> FieldError {
        FieldError::new(pointer, "invalid", detail)
    }
}

/// A request that failed. Built by [`Problem::new`] and the `with_` functions.
#[derive(Debug)]
pub struct Problem(Box<Parts>);

#[derive(Debug)]
struct Parts {
    code: Code,
    detail: String,
    errors: Vec<FieldError>,
    hint: Option<String>,
    operation_id: Option<String>,
    transaction_id: Option<String>,
    quota: Option<QuotaShortage>,
    retry_after_seconds: Option<u32>,
    source: Option<BoxError>,
}

impl Problem {
    pub fn new(code: Code, detail: impl Into<String>) -> Problem {
        Problem(Box::new(Parts {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            hint: code.hint().map(str::to_owned),
            operation_id: None,
            transaction_id: None,
            quota: None,
            retry_after_seconds: None,
            source: None,
        }))
    }

    /// A failure of ours: the cause goes to the log, the caller learns only the request id.
    pub fn internal(source: impl Into<BoxError>) -> Problem {
        let mut problem = Problem::new(
            Code::Internal,
            "The platform failed to answer. Its log has the cause under this request id.",
        );
        problem.0.source = Some(source.into());
        problem
    }

    /// There is no such thing, or none that the caller may know of.
    pub fn not_found(noun: &str, name: &str) -> Problem {
        Problem::new(Code::NotFound, format!("There is no {noun} \"{name}\"."))
    }

    /// The body is well formed, but these fields of it cannot be used.
    pub fn invalid(errors: Vec<FieldError>) -> Problem {
        let detail = match errors.as_slice() {
            [one] if one.pointer.is_empty() => one.detail.clone(),
            [one] => format!("{}: {}", one.pointer, one.detail),
            many => format!("{} fields are wrong; errors[] names each.", many.len()),
        };
        let code = match errors.as_slice() {
            [one] if one.code == "immutable" => Code::ImmutableField,
            _ => Code::ValidationFailed,
        };
        Problem::new(code, detail).with_errors(errors)
    }

    /// That no field is wrong.
    ///
    /// # Errors
    /// [`Problem::invalid`], with those that are.
    pub fn unless_valid(errors: Vec<FieldError>) -> Result<(), Problem> {
        match errors.is_empty() {
            true => Ok(()),
            false => Err(Problem::invalid(errors)),
        }
    }

    /// A query parameter that cannot be used.
    pub fn parameter(name: &str, detail: impl fmt::Display) -> Problem {
        Problem::new(Code::InvalidParameter, format!("{name}: {detail}"))
    }

    /// Keeps a cause for the log.
    pub fn because(mut self, source: impl Into<BoxError>) -> Problem {
        self.0.source = Some(source.into());
        self
    }

    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Problem {
        self.0.errors = errors;
        self
    }

    pub fn with_hint(mut self, hint: impl Into<String>) -> Problem {
        self.0.hint = Some(hint.into());
        self
    }

    pub fn with_operation(mut self, id: impl Into<String>) -> Problem {
        self.0.operation_id = Some(id.into());
        self
    }

    pub fn with_transaction(mut self, id: impl Into<String>) -> Problem {
        self.0.transaction_id = Some(id.into());
        self
    }

    pub fn with_quota(mut self, quota: QuotaShortage) -> Problem {
        self.0.quota = Some(quota);
        self
    }

    pub fn with_retry_after(mut self, seconds: u32) -> Problem {
        self.0.retry_after_seconds = Some(seconds);
        self
    }

    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    pub fn code(&self) -> Code {
        self.0.code
    }

    pub fn detail(&self) -> &str {
        &self.0.detail
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.detail)
    }
}

impl std::error::Error for Problem {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|source| source as &(dyn std::error::Error + 'static))
    }
}

/// Problem details (RFC 9457), as they are answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// Reference to the description of this kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind of problem in a few words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What went wrong this time.
    pub detail: String,
    /// Path of the request.
    pub instance: String,
    /// The kind of problem for programs; stable.
    pub code: String,
    /// Names this request in the platform's log.
    pub request_id: String,
    /// The fields that are wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The operation that stands in the way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation_id: Option<String>,
    /// The transaction that this is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<String>,
    /// The quota that does not suffice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<QuotaShortage>,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let parts = *self.0;
        let request = request_id::current();
        if let Some(source) = &parts.source {
            let trace = request.trace.map(TraceContext::trace_id).unwrap_or_default();
            tracing::error!(request = %request.id, trace, path = %request.path, error = %chain_of(source.as_ref()), "request failed");
        }
        let status = parts.code.status();
        let language = request.language;
        // A hint of the case's own stays as it is.
        let hint = match parts.hint {
            Some(hint) if parts.code.hint() == Some(&hint) => language.hint(parts.code).map(str::to_owned),
            other => other,
        };
        let body = ProblemBody {
            kind: format!("/v1/problems/{}", parts.code.as_str()),
            title: language.title(parts.code).to_owned(),
            status: status.as_u16(),
            detail: language.detail(parts.code, parts.detail),
            instance: request.path,
            code: parts.code.as_str().to_owned(),
            request_id: request.id,
            errors: parts.errors.into_iter().map(|error| language.field(error)).collect(),
            hint,
            operation_id: parts.operation_id,
            transaction_id: parts.transaction_id,
            quota: parts.quota,
        };
        let bytes = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, MEDIA_TYPE)], bytes).into_response();
        response.extensions_mut().insert(parts.code);
        response.headers_mut().insert(header::CONTENT_LANGUAGE, language.tag());
        if status == StatusCode::UNAUTHORIZED {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = parts.retry_after_seconds {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// An error and its causes on one line.
pub fn chain_of(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

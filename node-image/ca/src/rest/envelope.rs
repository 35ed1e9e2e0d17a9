//! The form of every answer: `{"result", "errors": [{"code", "message"}], "messages", "success"}`.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use crate::refusal::Refusal;

/// What is answered to a request that was granted.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub result: Value,
    pub location: Option<String>,
}

impl Answer {
    pub fn ok(result: Value) -> Answer {
        Answer {
            status: 200,
            result,
            location: None,
        }
    }

    pub fn created(result: Value) -> Answer {
        Answer {
            status: 201,
            ..Answer::ok(result)
        }
    }
}

pub fn response(outcome: Result<Answer, Refusal>) -> Response {
    let (status, location, body) = match outcome {
        Ok(answer) => (
            answer.status,
            answer.location,
            json!({ "result": answer.result, "errors": [], "messages": [], "success": true }),
        ),
        Err(refusal) => {
            let (code, message) = refusal.told();
            let errors = json!([{ "code": code, "message": message }]);
            (
                refusal.status,
                None,
                json!({ "result": "", "errors": errors, "messages": [], "success": false }),
            )
        }
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, Json(body)).into_response();
    // Secrets and certificates are for who asked, and for now.
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(location) = location.and_then(|location| HeaderValue::from_str(&location).ok()) {
        headers.insert(header::LOCATION, location);
    }
    response
}

//! What the participation API answers with.

use axum::Json;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::registrar::{ChannelInfo, Relation, Status};

pub const CHANNELS: &str = "/participation/v1/channels";

/// `{"systemChannel":null,"channels":[…]}`; no channels are `null`.
#[derive(Debug, Serialize)]
pub struct List {
    #[serde(rename = "systemChannel")]
    system_channel: Option<Short>,
    channels: Option<Vec<Short>>,
}

#[derive(Debug, Serialize)]
pub struct Short {
    name: String,
    url: String,
}

#[derive(Debug, Serialize)]
pub struct ChannelJson {
    name: String,
    url: String,
    #[serde(rename = "consensusRelation")]
    relation: Relation,
    status: Status,
    height: u64,
}

impl From<ChannelInfo> for ChannelJson {
    fn from(info: ChannelInfo) -> ChannelJson {
        let ChannelInfo {
            name,
            relation,
            status,
            height,
        } = info;
        ChannelJson {
            url: format!("{CHANNELS}/{name}"),
            name,
            relation,
            status,
            height,
        }
    }
}

pub fn list(names: Vec<String>) -> List {
    let short = |name: String| Short {
        url: format!("{CHANNELS}/{name}"),
        name,
    };
    let channels = (!names.is_empty()).then(|| names.into_iter().map(short).collect());
    List {
        system_channel: None,
        channels,
    }
}

pub fn ok(content: &impl Serialize) -> Response {
    Json(content).into_response()
}

pub fn created(channel: &ChannelJson) -> Response {
    (
        StatusCode::CREATED,
        [(header::LOCATION, channel.url.clone())],
        Json(channel),
    )
        .into_response()
}

pub fn no_store(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// `{"error":"…"}` with a status.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    text: String,
    allow: Option<&'static str>,
}

impl Problem {
    pub fn new(status: StatusCode, text: impl ToString) -> Problem {
        Problem {
            status,
            text: text.to_string(),
            allow: None,
        }
    }

    pub fn bad(text: impl ToString) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, text)
    }

    pub fn method(method: &Method, allow: &'static str) -> Problem {
        Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            format!("invalid request method: {method}"),
        )
        .allowing(allow)
    }

    pub fn allowing(self, methods: &'static str) -> Problem {
        Problem {
            allow: Some(methods),
            ..self
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(serde_json::json!({ "error": self.text }))).into_response();
        if let Some(allow) = self.allow {
            response
                .headers_mut()
                .insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        response
    }
}

//! `register`.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::json;

use super::call::Call;
use super::envelope::Answer;
use crate::attribute::Attribute;
use crate::authority::Registration;
use crate::refusal::Refusal;

/// All but the unreserved characters (RFC 3986 §2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[derive(Deserialize)]
pub struct Body {
    #[serde(default)]
    id: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    affiliation: String,
    #[serde(default)]
    attrs: Vec<Attribute>,
    #[serde(default)]
    max_enrollments: i64,
    #[serde(default)]
    secret: String,
}

impl From<Body> for Registration {
    fn from(body: Body) -> Registration {
        Registration {
            id: body.id,
            kind: body.kind,
            affiliation: body.affiliation,
            attributes: body.attrs,
            max_enrollments: body.max_enrollments,
            secret: body.secret,
        }
    }
}

pub async fn register(call: &Call) -> Result<Answer, Refusal> {
    let body: Body = call.body()?;
    let (registrar, _) = call.caller().await?;
    let (new, secret) = call.ca.register(&registrar, &body.into()).await?;
    Ok(Answer {
        location: Some(location(&new.id)),
        ..Answer::created(json!({ "secret": secret }))
    })
}

/// Where a new identity is found.
pub fn location(id: &str) -> String {
    format!("/api/v1/identities/{}", utf8_percent_encode(id, RESERVED))
}

//! `register`.

use serde::Deserialize;
use serde_json::json;

use super::call::Call;
use super::envelope::Answer;
use crate::attribute::Attribute;
use crate::authority::Registration;
use crate::refusal::Refusal;

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
    let mut path = "/api/v1/identities/".to_owned();
    for byte in id.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => path.push(char::from(byte)),
            _ => path.push_str(&format!("%{byte:02X}")),
        }
    }
    path
}

//! `identities`.

use axum::http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::Call;
use super::envelope::Answer;
use super::register;
use crate::attribute::Attribute;
use crate::authority::Change;
use crate::identity::{Identity, IdentityInfo};
use crate::refusal::{Refusal, code};

#[derive(Deserialize)]
struct ChangeBody {
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

pub async fn serve(call: &Call) -> Result<Answer, Refusal> {
    let (caller, _) = call.caller().await?;
    match (&call.method, call.id.as_str()) {
        (&Method::GET, "") => list(call, &caller).await,
        (&Method::POST, _) => add(call, &caller).await,
        (&Method::GET, id) => Ok(Answer::ok(shown(call, &call.ca.managed(&caller, id).await?, ""))),
        (&Method::PUT, id) => modify(call, &caller, id).await,
        (_, id) => {
            let removed = call.ca.remove(&caller, id, call.switch("force")?).await?;
            Ok(Answer::ok(shown(call, &removed, "")))
        }
    }
}

/// Those at and below the caller's affiliation, of the kinds that it manages.
async fn list(call: &Call, caller: &Identity) -> Result<Answer, Refusal> {
    let kinds = caller
        .manages()
        .ok_or_else(|| Refusal::authorization(code::GETTING_USER, "Caller is not a registrar"))?;
    let managed = |identity: &Identity| kinds.iter().any(|kind| kind == "*" || *kind == identity.kind);
    let found = call.ca.store().identities_within(&caller.affiliation).await?;
    let found: Vec<IdentityInfo> = found
        .iter()
        .filter(|identity| managed(identity))
        .map(IdentityInfo::from)
        .collect();
    Ok(Answer::ok(json!({ "identities": found, "caname": call.name() })))
}

async fn add(call: &Call, caller: &Identity) -> Result<Answer, Refusal> {
    let body: register::Body = call.body()?;
    let (new, secret) = call.ca.register(caller, &body.into()).await?;
    Ok(Answer {
        location: Some(register::location(&new.id)),
        ..Answer::created(shown(call, &new, &secret))
    })
}

async fn modify(call: &Call, caller: &Identity, id: &str) -> Result<Answer, Refusal> {
    let body: ChangeBody = call.body()?;
    let change = Change {
        kind: body.kind,
        affiliation: body.affiliation,
        attributes: body.attrs,
        max_enrollments: body.max_enrollments,
        secret: body.secret,
    };
    let changed = call.ca.modify(caller, id, &change).await?;
    Ok(Answer::ok(shown(call, &changed, &change.secret)))
}

/// The secret is shown to who just set it or had it made.
fn shown(call: &Call, identity: &Identity, secret: &str) -> Value {
    let mut shown = json!(IdentityInfo::from(identity));
    shown["caname"] = call.name().into();
    if !secret.is_empty() {
        shown["secret"] = secret.into();
    }
    shown
}

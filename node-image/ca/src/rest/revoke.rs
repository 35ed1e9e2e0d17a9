//! `revoke` and `gencrl`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;

use super::call::Call;
use super::envelope::Answer;
use super::when;
use crate::authority::{CrlWindow, Reason, Revocation};
use crate::refusal::{Refusal, code};

#[derive(Deserialize)]
struct RevokeBody {
    #[serde(default)]
    id: String,
    #[serde(default)]
    serial: String,
    #[serde(default)]
    aki: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    gencrl: bool,
}

#[derive(Deserialize)]
struct CrlBody {
    #[serde(default)]
    revokedafter: String,
    #[serde(default)]
    revokedbefore: String,
    #[serde(default)]
    expireafter: String,
    #[serde(default)]
    expirebefore: String,
}

pub async fn revoke(call: &Call) -> Result<Answer, Refusal> {
    let body: RevokeBody = call.body()?;
    let (caller, shown) = call.caller().await?;
    let asked = Revocation {
        id: body.id,
        serial: body.serial,
        aki: body.aki,
        reason: Reason::named(&body.reason),
    };
    let revoked = call.ca.revoke(&caller, &shown, &asked).await?;
    let crl = match body.gencrl && !revoked.is_empty() {
        true => STANDARD.encode(call.ca.crl(call.face, &CrlWindow::default()).await?),
        false => String::new(),
    };
    let revoked: Vec<_> = revoked
        .iter()
        .map(|one| json!({ "Serial": one.serial, "AKI": one.aki }))
        .collect();
    Ok(Answer::ok(json!({ "RevokedCerts": revoked, "CRL": crl })))
}

pub async fn crl(call: &Call) -> Result<Answer, Refusal> {
    let body: CrlBody = call.body()?;
    let (caller, _) = call.caller().await?;
    let read = |name: &str, text: &str| {
        when::moment(text).map_err(|reason| Refusal::new(400, code::BAD_BODY, format!("{name}: {reason}")))
    };
    let window = CrlWindow {
        revoked_after: read("revokedafter", &body.revokedafter)?,
        revoked_before: read("revokedbefore", &body.revokedbefore)?,
        expire_after: read("expireafter", &body.expireafter)?,
        expire_before: read("expirebefore", &body.expirebefore)?,
    };
    let list = call.ca.crl_for(&caller, call.face, &window).await?;
    Ok(Answer::ok(json!({ "CRL": STANDARD.encode(list) })))
}

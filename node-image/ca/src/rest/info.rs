//! `cainfo`: what everybody may know of the authority.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::call::Call;
use super::envelope::Answer;
use crate::authority::Face;
use crate::refusal::Refusal;

pub fn show(call: &Call) -> Result<Answer, Refusal> {
    Ok(Answer::ok(server(call, call.face)))
}

/// The authority as clients keep it. There are no Idemix keys, and clients read the fields as text.
pub fn server(call: &Call, face: Face) -> Value {
    json!({
        "CAName": call.name(),
        "CAChain": STANDARD.encode(call.ca.issuer(face).chain_pem()),
        "IssuerPublicKey": "",
        "IssuerRevocationPublicKey": "",
        "Version": env!("CARGO_PKG_VERSION"),
    })
}

//! `certificates`.

use serde_json::json;

use super::call::Call;
use super::envelope::Answer;
use super::{is_trusted, when};
use crate::certificate;
use crate::refusal::{Refusal, code};
use crate::store::certificates::Filter;

/// Those of the identities at and below the caller's affiliation, by filters (`lib/servercertificates.go`).
pub async fn list(call: &Call) -> Result<Answer, Refusal> {
    let (caller, _) = call.caller().await?;
    if !is_trusted(&caller) {
        return Err(Refusal::authorization(
            code::AUTHORIZATION,
            "Caller does not posses either hf.Registrar.Roles or hf.Revoker attribute",
        ));
    }
    let filter = Filter {
        affiliation: caller.affiliation.clone(),
        ..filter(call)?
    };
    let found = call.ca.store().certificates(&filter).await?;
    let found: Vec<_> = found.into_iter().map(|pem| json!({ "PEM": pem })).collect();
    Ok(Answer::ok(json!({ "certs": found, "caname": call.name() })))
}

fn filter(call: &Call) -> Result<Filter, Refusal> {
    let wrong = |message: String| Refusal::new(400, code::GETTING_CERTIFICATE, format!("Invalid Request: {message}"));
    let now = call.ca.now();
    let time = |name: &str| {
        when::moment_or_distance(call.parameter(name), now)
            .map_err(|reason| wrong(format!("Invalid '{name}' value: {reason}")))
    };
    let (expires_from, expires_to) = (time("expired_start")?, time("expired_end")?);
    let (revoked_from, revoked_to) = (time("revoked_start")?, time("revoked_end")?);
    let (not_expired, not_revoked) = (call.switch("notexpired")?, call.switch("notrevoked")?);
    let by_expiry = expires_from.or(expires_to).is_some();
    let by_revocation = revoked_from.or(revoked_to).is_some();
    if not_expired && by_expiry {
        let message = "Can't specify expiration time filter and the 'notexpired' filter";
        return Err(wrong(message.to_owned()));
    }
    if not_revoked && by_revocation {
        let message = "Can't specify revocation time filter and the 'notrevoked' filter";
        return Err(wrong(message.to_owned()));
    }
    Ok(Filter {
        affiliation: String::new(),
        identity: call.parameter("id").to_owned(),
        serial: certificate::normal(call.parameter("serial")),
        aki: certificate::normal(call.parameter("aki")),
        expires_from: if not_expired { Some(now) } else { expires_from },
        expires_to,
        revoked_from,
        revoked_to,
        only_good: not_revoked,
        only_revoked: by_revocation,
    })
}

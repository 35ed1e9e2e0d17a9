//! What a ServiceAccount's token says of itself, before anybody has checked it: enough to know whether to ask.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entente_api::time::Time;
use serde::Deserialize;

use super::PREFIX;

/// No cluster makes longer ones.
const LONGEST: usize = 16 * 1024;

/// The claims that matter here (RFC 7519 §4.1). A token without an end is of the old kind, which no ServiceAccount gets by
/// itself any more, and is not taken.
#[derive(Debug, Deserialize)]
pub struct Claims {
    sub: String,
    aud: Audiences,
    exp: i64,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audiences {
    One(String),
    Several(Vec<String>),
}

/// The claims of a JSON Web Token that says to be of a ServiceAccount.
pub fn read(token: &str) -> Option<Claims> {
    let mut parts = Some(token).filter(|token| token.len() <= LONGEST)?.split('.');
    let (_, payload, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else {
        return None;
    };
    let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    claims.sub.starts_with(PREFIX).then_some(claims)
}

impl Claims {
    /// Whether it is worth asking: a token for others is not shown around.
    pub fn are_for(&self, audience: &str, now: Time) -> bool {
        let is_ours = match &self.aud {
            Audiences::One(one) => one == audience,
            Audiences::Several(several) => several.iter().any(|one| one == audience),
        };
        is_ours && now < self.expire_time()
    }

    /// Until when it is good, as it says. A time that is none has passed.
    pub fn expire_time(&self) -> Time {
        Time::from_seconds(self.exp)
    }
}

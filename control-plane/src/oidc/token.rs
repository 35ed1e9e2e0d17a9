//! Believes an identity token, or says why not (OpenID Connect Core 1.0 §3.1.3.7). No I/O, no clock.

use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Map, Value};

/// How far the provider's clock may be from ours, in seconds.
const LEEWAY: i64 = 60;
/// Signatures that nobody can make with the published keys. A shared secret's are not among them: the published key could
/// be used as the secret.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// What a token must say to be an answer to what was asked.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    pub issuer: &'a str,
    pub client_id: &'a str,
    pub nonce: &'a str,
    /// Seconds since 1970.
    pub now: i64,
}

/// Why a token is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("it is no signed token")]
    Malformed,
    #[error("it is signed with {0}, which proves nothing")]
    Algorithm(String),
    #[error("the provider publishes no key that it is signed with")]
    UnknownKey,
    #[error("the signature is wrong")]
    Signature,
    #[error("it is of another issuer")]
    Issuer,
    #[error("it is for another client")]
    Audience,
    #[error("it does not answer this sign-in")]
    Nonce,
    #[error("it has expired")]
    Expired,
    #[error("it is of a time to come")]
    NotYet,
    #[error("it names nobody")]
    Subject,
}

/// What the token says, once it is believed.
pub fn check(token: &str, keys: &[Jwk], expected: Expected<'_>) -> Result<Map<String, Value>, TokenError> {
    let claims = signed(token, keys)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let number = |name: &str| claims.get(name).and_then(Value::as_f64).map(|number| number as i64);
    if text("iss") != Some(expected.issuer) {
        return Err(TokenError::Issuer);
    }
    let is_audience = match claims.get("aud") {
        Some(Value::String(audience)) => audience == expected.client_id,
        // Others may read it as well; who it was issued to then stands in `azp`.
        Some(Value::Array(all)) => {
            all.iter().any(|audience| audience == expected.client_id)
                && (all.len() == 1 || text("azp") == Some(expected.client_id))
        }
        _ => false,
    };
    if !is_audience || text("azp").is_some_and(|party| party != expected.client_id) {
        return Err(TokenError::Audience);
    }
    if text("nonce") != Some(expected.nonce) {
        return Err(TokenError::Nonce);
    }
    if number("exp").is_none_or(|expires| expires.saturating_add(LEEWAY) <= expected.now) {
        return Err(TokenError::Expired);
    }
    let latest = expected.now + LEEWAY;
    if number("iat").is_none_or(|issued| issued > latest) || number("nbf").is_some_and(|begins| begins > latest) {
        return Err(TokenError::NotYet);
    }
    if text("sub").is_none_or(|subject| subject.is_empty() || subject.len() > 255) {
        return Err(TokenError::Subject);
    }
    Ok(claims)
}

/// The claims of a token that one of the keys has signed.
fn signed(token: &str, keys: &[Jwk]) -> Result<Map<String, Value>, TokenError> {
    let header = decode_header(token).map_err(|_| TokenError::Malformed)?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(TokenError::Algorithm(format!("{:?}", header.alg)));
    }
    let fits = |key: &&Jwk| {
        let common = &key.common;
        header.kid.is_none() || common.key_id == header.kid
    };
    let signs = |key: &&Jwk| key.common.public_key_use != Some(PublicKeyUse::Encryption);
    let mut validation = Validation::new(header.alg);
    // Times and audience are looked at by the caller, with its own clock.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let mut outcome = Err(TokenError::UnknownKey);
    for key in keys.iter().filter(fits).filter(signs) {
        let Ok(key) = DecodingKey::from_jwk(key) else {
            continue;
        };
        match decode::<Map<String, Value>>(token, &key, &validation) {
            Ok(data) => return Ok(data.claims),
            Err(_) => outcome = Err(TokenError::Signature),
        }
    }
    outcome
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{EncodingKey, Header, encode};
    use serde_json::json;

    use super::*;

    const EXPECTED: Expected<'static> = Expected {
        issuer: "https://id.example",
        client_id: "entente",
        nonce: "n-1",
        now: 1_800_000_000,
    };

    struct Issuer {
        key: EncodingKey,
        public: Jwk,
    }

    fn issuer(id: &str) -> Issuer {
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let key = EncodingKey::from_ec_pem(pair.serialize_pem().as_bytes()).unwrap();
        let mut public = Jwk::from_encoding_key(&key, Algorithm::ES256).unwrap();
        public.common.key_id = Some(id.to_owned());
        Issuer { key, public }
    }

    fn claims(changed: Value) -> Value {
        let mut claims = json!({
            "iss": "https://id.example", "aud": "entente", "sub": "42", "nonce": "n-1",
            "iat": EXPECTED.now - 5, "exp": EXPECTED.now + 300,
        });
        for (name, value) in changed.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    }

    fn token(issuer: &Issuer, changed: Value) -> String {
        let header = Header {
            kid: issuer.public.common.key_id.clone(),
            ..Header::new(Algorithm::ES256)
        };
        encode(&header, &claims(changed), &issuer.key).unwrap()
    }

    #[test]
    fn a_token_that_answers_the_sign_in_is_believed() {
        let issuer = issuer("a");

        let found = check(
            &token(&issuer, json!({})),
            std::slice::from_ref(&issuer.public),
            EXPECTED,
        );

        assert_eq!(found.map(Value::Object), Ok(claims(json!({}))));
    }

    #[test]
    fn a_token_that_answers_something_else_is_not() {
        let issuer = issuer("a");
        let refused = |changed: Value| {
            let keys = std::slice::from_ref(&issuer.public);
            check(&token(&issuer, changed), keys, EXPECTED).unwrap_err()
        };
        let now = EXPECTED.now;

        assert_eq!(refused(json!({"iss": "https://id.example/"})), TokenError::Issuer);
        assert_eq!(refused(json!({"aud": "another"})), TokenError::Audience);
        assert_eq!(refused(json!({"aud": ["entente", "another"]})), TokenError::Audience);
        assert_eq!(refused(json!({"azp": "another"})), TokenError::Audience);
        assert_eq!(refused(json!({"aud": null})), TokenError::Audience);
        assert_eq!(refused(json!({"nonce": "n-2"})), TokenError::Nonce);
        assert_eq!(refused(json!({"nonce": null})), TokenError::Nonce);
        assert_eq!(refused(json!({"exp": now - 61})), TokenError::Expired);
        assert_eq!(refused(json!({"exp": null})), TokenError::Expired);
        assert_eq!(refused(json!({"iat": now + 61})), TokenError::NotYet);
        assert_eq!(refused(json!({"nbf": now + 61})), TokenError::NotYet);
        assert_eq!(refused(json!({"sub": ""})), TokenError::Subject);
    }

    #[test]
    fn a_clock_that_is_a_little_off_keeps_nobody_out() {
        let issuer = issuer("a");
        let late = token(&issuer, json!({"exp": EXPECTED.now - 30}));
        let early = token(&issuer, json!({"iat": EXPECTED.now + 30, "nbf": EXPECTED.now + 30}));

        for token in [late, early] {
            assert!(check(&token, std::slice::from_ref(&issuer.public), EXPECTED).is_ok());
        }
    }

    #[test]
    fn a_signature_that_proves_nothing_is_not_believed() {
        let (ours, stranger) = (issuer("a"), issuer("a"));
        let keys = std::slice::from_ref(&ours.public);
        let shared = EncodingKey::from_secret(serde_json::to_string(&ours.public).unwrap().as_bytes());
        let symmetric = encode(&Header::new(Algorithm::HS256), &claims(json!({})), &shared).unwrap();
        let good = token(&ours, json!({}));
        let body = good.split('.').nth(1).unwrap();
        // {"alg":"none"}
        let unsigned = format!("eyJhbGciOiJub25lIn0.{body}.");

        assert_eq!(
            check(&token(&stranger, json!({})), keys, EXPECTED),
            Err(TokenError::Signature)
        );
        assert_eq!(
            check(&good, &[issuer("b").public], EXPECTED),
            Err(TokenError::UnknownKey)
        );
        assert_eq!(
            check(&symmetric, keys, EXPECTED),
            Err(TokenError::Algorithm("HS256".to_owned()))
        );
        assert_eq!(check(&unsigned, keys, EXPECTED), Err(TokenError::Malformed));
        assert_eq!(check("", keys, EXPECTED), Err(TokenError::Malformed));
    }
}

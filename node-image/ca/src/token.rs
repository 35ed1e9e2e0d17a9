//! Fabric CA's authorization token: `base64(certificate PEM).base64(signature)`, a signature over the request
//! (`util/util.go`, `VerifyToken`).

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA256_ASN1, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::certificate::{self, CertificateError, Facts};

/// A certificate and a signature fit many times.
const LONGEST: usize = 32 << 10;

/// What was signed.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    pub method: &'a str,
    /// Path and query, as the request line has them.
    pub uri: &'a str,
    pub body: &'a [u8],
}

/// Why a token is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("the token has more than {LONGEST} bytes")]
    TooLong,
    #[error("the token does not have two parts with a dot between them")]
    Parts,
    #[error("the token's {0} is not base64")]
    Base64(&'static str),
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    #[error("the signature is not that of the certificate's key over this request")]
    Signature,
}

/// Checks the signature and gives the certificate. Whether this authority issued it is another question.
pub fn verify(token: &str, signed: Signed<'_>, older_form: bool) -> Result<Facts, TokenError> {
    if token.len() > LONGEST {
        return Err(TokenError::TooLong);
    }
    let (certificate, signature) = token
        .split_once('.')
        .filter(|(_, signature)| !signature.contains('.'))
        .ok_or(TokenError::Parts)?;
    let decode = |part: &str, what| STANDARD.decode(part).map_err(|_| TokenError::Base64(what));
    let facts = certificate::read(&decode(certificate, "certificate")?)?;
    let signature = decode(signature, "signature")?;
    let body = STANDARD.encode(signed.body);
    let uri = STANDARD.encode(signed.uri);
    let message = format!("{}.{uri}.{body}.{certificate}", signed.method);
    let older = format!("{body}.{certificate}");
    let is_good = is_signed(&facts.public_key, &message, &signature)
        || older_form && is_signed(&facts.public_key, &older, &signature);
    match is_good {
        true => Ok(facts),
        false => Err(TokenError::Signature),
    }
}

/// Key identifier of the issuer that a token's certificate names. Nothing is checked.
pub fn issuer(token: &str) -> Option<String> {
    if token.len() > LONGEST {
        return None;
    }
    let (certificate, _) = token.split_once('.')?;
    let facts = certificate::read(&STANDARD.decode(certificate).ok()?).ok()?;
    Some(facts.aki)
}

/// Always over SHA-256, whatever the curve.
fn is_signed(public_key: &[u8], message: &str, signature: &[u8]) -> bool {
    // Uncompressed points: 65 bytes on P-256, 97 on P-384.
    let algorithm = match public_key.len() {
        65 => &ECDSA_P256_SHA256_ASN1,
        97 => &ECDSA_P384_SHA256_ASN1,
        _ => return false,
    };
    UnparsedPublicKey::new(algorithm, public_key)
        .verify(message.as_bytes(), signature)
        .is_ok()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::keys::signer::{Signer as _, SoftwareKey};

    /// A token over a request.
    pub(crate) fn token(certificate: &str, key: &SoftwareKey, signed: Signed<'_>) -> String {
        let certificate = STANDARD.encode(certificate);
        let message = format!(
            "{}.{}.{}.{certificate}",
            signed.method,
            STANDARD.encode(signed.uri),
            STANDARD.encode(signed.body)
        );
        format!(
            "{certificate}.{}",
            STANDARD.encode(key.sign(message.as_bytes()).unwrap())
        )
    }

    fn pair() -> (String, SoftwareKey) {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let certificate = rcgen::CertificateParams::default().self_signed(&key).unwrap();
        (certificate.pem(), SoftwareKey::from_pem(&key.serialize_pem()).unwrap())
    }

    const REQUEST: Signed<'_> = Signed {
        method: "POST",
        uri: "/api/v1/register?ca=bank",
        body: b"{}",
    };

    #[test]
    fn a_token_is_good_for_its_own_request_alone() {
        let (certificate, key) = pair();
        let made = token(&certificate, &key, REQUEST);
        let elsewhere = Signed {
            uri: "/api/v1/revoke",
            ..REQUEST
        };

        assert!(verify(&made, REQUEST, false).is_ok());
        assert_eq!(verify(&made, elsewhere, true), Err(TokenError::Signature));
        assert_eq!(
            verify(&made, Signed { body: b"", ..REQUEST }, true),
            Err(TokenError::Signature)
        );
    }

    #[test]
    fn the_older_form_is_taken_where_it_is_allowed() {
        let (certificate, key) = pair();
        let certificate = STANDARD.encode(certificate);
        let message = format!("{}.{certificate}", STANDARD.encode(REQUEST.body));
        let made = format!(
            "{certificate}.{}",
            STANDARD.encode(key.sign(message.as_bytes()).unwrap())
        );

        assert!(verify(&made, REQUEST, true).is_ok());
        assert_eq!(verify(&made, REQUEST, false), Err(TokenError::Signature));
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let wrong = |token: &str| verify(token, REQUEST, true).unwrap_err();

        assert_eq!(wrong("abc"), TokenError::Parts);
        assert_eq!(wrong("a.b.c"), TokenError::Parts);
        assert_eq!(wrong("!.AAAA"), TokenError::Base64("certificate"));
        assert_eq!(wrong("AAAA.AAAA"), TokenError::Certificate(CertificateError::NoPem));
        assert_eq!(wrong(&"a".repeat(LONGEST + 1)), TokenError::TooLong);
    }
}

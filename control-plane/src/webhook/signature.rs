//! Signs deliveries as Standard Webhooks defines it (<https://www.standardwebhooks.com>): HMAC-SHA256 over id, time and body,
//! so that a receiver can tell a delivery of ours from another's and an old one from a new one.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Marks a secret as one of these.
const PREFIX: &str = "whsec_";

/// A new secret.
pub fn secret() -> String {
    format!("{PREFIX}{}", STANDARD.encode(rand::random::<[u8; 32]>()))
}

/// The value of `webhook-signature`.
pub fn sign(secret: &str, id: &str, timestamp: i64, body: &str) -> String {
    // Every secret was made above; what is no base64 would still be a key.
    let text = secret.strip_prefix(PREFIX).unwrap_or(secret);
    let bytes = STANDARD.decode(text).unwrap_or_else(|_| text.as_bytes().to_vec());
    let key = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
    let tag = hmac::sign(&key, format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_the_specification() {
        // The example of the specification's reference libraries.
        let signature = sign(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );

        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn secrets_differ_and_hold_256_bits() {
        let secret = secret();

        let bytes = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();

        assert_eq!(bytes.len(), 32);
        assert_ne!(secret, super::secret());
    }
}

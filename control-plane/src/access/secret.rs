//! Secrets that are given out once: long, random, and kept here as hashes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entente_fabric::crypto::sha256;

/// 256 random bits as 43 characters for headers, cookies and addresses.
pub fn random() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// What is kept of a secret. It needs no slow hash: nobody guesses 256 bits.
pub fn hash(secret: &str) -> String {
    hex::encode(sha256(secret.as_bytes()))
}

/// Compares in constant time, so that an answer's time tells nothing.
pub fn matches(one: &str, other: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}

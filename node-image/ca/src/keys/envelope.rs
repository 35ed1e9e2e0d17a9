//! AES-256-GCM under a key, with what the sealed bytes are for bound to them.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub const KEY_BYTES: usize = 32;

/// Seals and opens.
pub struct SealingKey(RandomizedNonceKey);

/// Bytes cannot be opened: another key sealed them, they are for something else, or somebody changed them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed bytes do not open: they were sealed by another key, for another purpose, or were changed")]
pub struct DoesNotOpen;

impl SealingKey {
    pub fn new(key: &[u8; KEY_BYTES]) -> Option<SealingKey> {
        RandomizedNonceKey::new(&AES_256_GCM, key).ok().map(SealingKey)
    }

    /// Base64 of nonce, then ciphertext with its tag. `purpose` has to be the same when it is opened.
    pub fn seal(&self, purpose: &str, plain: &[u8]) -> Option<String> {
        let mut sealed = plain.to_vec();
        let nonce = self
            .0
            .seal_in_place_append_tag(Aad::from(purpose.as_bytes()), &mut sealed)
            .ok()?;
        Some(STANDARD.encode([&nonce.as_ref()[..], &sealed].concat()))
    }

    pub fn open(&self, purpose: &str, sealed: &str) -> Result<Vec<u8>, DoesNotOpen> {
        let mut bytes = STANDARD.decode(sealed.trim()).map_err(|_| DoesNotOpen)?;
        let nonce: [u8; NONCE_LEN] = bytes
            .get(..NONCE_LEN)
            .and_then(|nonce| nonce.try_into().ok())
            .ok_or(DoesNotOpen)?;
        let plain = self
            .0
            .open_in_place(
                Nonce::from(&nonce),
                Aad::from(purpose.as_bytes()),
                &mut bytes[NONCE_LEN..],
            )
            .map_err(|_| DoesNotOpen)?;
        Ok(plain.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_bytes_open_under_their_key_and_purpose_alone() {
        let (one, two) = (SealingKey::new(&[1; 32]).unwrap(), SealingKey::new(&[2; 32]).unwrap());

        let sealed = one.seal("identity", b"key").unwrap();

        assert_eq!(one.open("identity", &sealed), Ok(b"key".to_vec()));
        assert_eq!(one.open("tls", &sealed), Err(DoesNotOpen));
        assert_eq!(two.open("identity", &sealed), Err(DoesNotOpen));
        assert_eq!(one.open("identity", "AAAA"), Err(DoesNotOpen));
        assert_ne!(sealed, one.seal("identity", b"key").unwrap());
    }
}

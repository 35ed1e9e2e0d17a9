//! What signs for a certificate authority.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _,
};

use crate::der;

/// How a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    EcdsaP256Sha256,
    EcdsaP384Sha384,
}

impl Algorithm {
    /// `AlgorithmIdentifier` of its signatures (RFC 5758).
    pub(crate) fn identifier(self) -> Vec<u8> {
        let last = match self {
            Algorithm::EcdsaP256Sha256 => 2,
            Algorithm::EcdsaP384Sha384 => 3,
        };
        der::sequence(&[der::oid(&[1, 2, 840, 10045, 4, 3, last])])
    }

    fn curve(self) -> Vec<u8> {
        match self {
            Algorithm::EcdsaP256Sha256 => der::oid(&[1, 2, 840, 10045, 3, 1, 7]),
            Algorithm::EcdsaP384Sha384 => der::oid(&[1, 3, 132, 0, 34]),
        }
    }
}

/// A private key that signs and never leaves its place. The seam for keys in other places than this process, for
/// example behind PKCS#11.
pub trait Signer: Send + Sync {
    fn algorithm(&self) -> Algorithm;
    /// `SubjectPublicKeyInfo`, DER.
    fn public_key_info(&self) -> &[u8];
    /// A DER signature over `message`.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError>;
}

/// Why a key cannot be used. Never says anything of the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignerError {
    #[error("the key is neither PKCS#8 nor SEC1 in PEM, on the curve P-256 or P-384")]
    Unreadable,
    #[error("no key can be made")]
    Generate,
    #[error("the key cannot sign")]
    Sign,
}

/// A key in the memory of this process.
pub struct SoftwareKey {
    algorithm: Algorithm,
    public_key_info: Vec<u8>,
    key: EcdsaKeyPair,
}

impl fmt::Debug for SoftwareKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SoftwareKey")
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

impl SoftwareKey {
    /// A new P-256 key, as PKCS#8 in PEM.
    pub fn generate() -> Result<String, SignerError> {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new())
            .map_err(|_| SignerError::Generate)?;
        Ok(pem::encode(&pem::Pem::new("PRIVATE KEY", document.as_ref())))
    }

    /// Reads PKCS#8 or SEC1.
    pub fn from_pem(text: &str) -> Result<SoftwareKey, SignerError> {
        let block = pem::parse_many(text)
            .map_err(|_| SignerError::Unreadable)?
            .into_iter()
            .find(|block| block.tag().ends_with("PRIVATE KEY"))
            .ok_or(SignerError::Unreadable)?;
        let read = |algorithm| {
            let signing = match algorithm {
                Algorithm::EcdsaP256Sha256 => &ECDSA_P256_SHA256_ASN1_SIGNING,
                Algorithm::EcdsaP384Sha384 => &ECDSA_P384_SHA384_ASN1_SIGNING,
            };
            let key = EcdsaKeyPair::from_pkcs8(signing, block.contents())
                .or_else(|_| EcdsaKeyPair::from_private_key_der(signing, block.contents()))
                .ok()?;
            Some(SoftwareKey::new(algorithm, key))
        };
        read(Algorithm::EcdsaP256Sha256)
            .or_else(|| read(Algorithm::EcdsaP384Sha384))
            .ok_or(SignerError::Unreadable)
    }

    fn new(algorithm: Algorithm, key: EcdsaKeyPair) -> SoftwareKey {
        let kind = der::sequence(&[der::oid(&[1, 2, 840, 10045, 2, 1]), algorithm.curve()]);
        SoftwareKey {
            algorithm,
            public_key_info: der::sequence(&[kind, der::bits(key.public_key().as_ref(), 0)]),
            key,
        }
    }
}

impl Signer for SoftwareKey {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn public_key_info(&self) -> &[u8] {
        &self.public_key_info
    }

    /// With a low S on P-256: Fabric's MSP rewrites a certificate whose signature has a high one (`msp/cert.go`,
    /// `sanitizeECDSASignedCert`), after which the bytes in ledgers differ from what was issued.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        loop {
            let signature = self
                .key
                .sign(&SystemRandom::new(), message)
                .map_err(|_| SignerError::Sign)?;
            // Half of all signatures have a low S: two tries on average.
            if self.algorithm != Algorithm::EcdsaP256Sha256 || is_low_s(signature.as_ref()) {
                return Ok(signature.as_ref().to_vec());
            }
        }
    }
}

/// Half of the order of P-256, rounded down.
const HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0x80, 0x00, 0x00, 0x00, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xde, 0x73, 0x7d,
    0x56, 0xd3, 0x8b, 0xcf, 0x42, 0x79, 0xdc, 0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8,
];

/// Whether S, the last integer of a DER signature over P-256, is at most half the order.
fn is_low_s(signature: &[u8]) -> bool {
    // 30 len 02 len R 02 len S; all lengths of P-256 fit one byte.
    let Some(s) = signature.get(3).and_then(|r| signature.get(usize::from(*r) + 6..)) else {
        return false;
    };
    let digits = &s[s.iter().take_while(|byte| **byte == 0).count()..];
    digits.len() < HALF_ORDER.len() || digits.len() == HALF_ORDER.len() && *digits <= HALF_ORDER[..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_again_and_all_its_signatures_have_a_low_s() {
        let text = SoftwareKey::generate().unwrap();

        let key = SoftwareKey::from_pem(&text).unwrap();

        assert_eq!(key.algorithm(), Algorithm::EcdsaP256Sha256);
        assert!((0..16).all(|_| is_low_s(&key.sign(b"message").unwrap())));
        assert_eq!(format!("{key:?}"), "SoftwareKey { algorithm: EcdsaP256Sha256, .. }");
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_repeated() {
        assert_eq!(SoftwareKey::from_pem("secret").err(), Some(SignerError::Unreadable));
    }
}

//! Certificates with low-S signatures.
//!
//! Fabric's MSP rewrites a certificate whose signature has a high S before it uses it (`msp/cert.go`,
//! `sanitizeECDSASignedCert`), after which the bytes in ledgers differ from the file that was issued. We issue none.

use rcgen::{KeyPair, PublicKeyData, SignatureAlgorithm, SigningKey};

/// Half of the order of P-256, rounded down.
const HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0x80, 0x00, 0x00, 0x00, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xde, 0x73, 0x7d,
    0x56, 0xd3, 0x8b, 0xcf, 0x42, 0x79, 0xdc, 0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8,
];

/// A P-256 key that signs again until the signature has a low S: two tries on average.
pub struct LowS(pub KeyPair);

impl PublicKeyData for LowS {
    fn der_bytes(&self) -> &[u8] {
        self.0.der_bytes()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.0.algorithm()
    }
}

impl SigningKey for LowS {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        loop {
            let signature = self.0.sign(message)?;
            if is_low_s(&signature) {
                return Ok(signature);
            }
        }
    }
}

/// Whether S, the last integer of a DER signature over P-256, is at most half the order.
pub(super) fn is_low_s(signature: &[u8]) -> bool {
    // 30 len 02 len R 02 len S; all lengths of P-256 fit one byte.
    let s = signature
        .get(3)
        .and_then(|r| signature.get(usize::from(*r) + 6..))
        .unwrap_or_default();
    let significant = &s[s.iter().take_while(|byte| **byte == 0).count()..];
    significant.len() < 32 || (significant.len() == 32 && significant <= &HALF_ORDER[..])
}

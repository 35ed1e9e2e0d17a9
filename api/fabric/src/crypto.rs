//! Hashes and signatures as Fabric uses them: SHA-256, ECDSA with low S, Ed25519.

pub mod ecdsa;
pub mod key;
pub mod pem;

/// SHA-256 of `data`.
pub fn sha256(data: &[u8]) -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, data);
    digest.as_ref().try_into().expect("a SHA-256 digest has 32 bytes")
}

/// SHA-256 of the concatenation of `parts`.
pub fn sha256_parts(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    parts.iter().for_each(|part| context.update(part));
    context
        .finish()
        .as_ref()
        .try_into()
        .expect("a SHA-256 digest has 32 bytes")
}

/// 24 random bytes, the nonce length of Fabric's signature headers (`common/crypto/random.go`).
pub fn nonce() -> Vec<u8> {
    rand::random::<[u8; 24]>().to_vec()
}

/// Why a key could not be read or used.
#[derive(Debug, thiserror::Error)]
pub enum CryptoError {
    #[error("the private key cannot be read: {0}")]
    Key(String),
    #[error("the certificate cannot be read: {0}")]
    Certificate(String),
    #[error("the certificate of {subject} is not for this private key; use the pair that belongs together")]
    Mismatch { subject: String },
    #[error("signing failed")]
    Sign,
}

/// Signs on behalf of one identity.
pub trait Signer: Send + Sync {
    /// The marshalled `msp.SerializedIdentity` that goes into signature headers.
    fn identity(&self) -> &[u8];
    /// Signs `message` (hashing is the signer's business). ECDSA signatures come out with low S.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CryptoError>;
}

//! The signatures that CAs make over certificates and revocation lists, by Go's `crypto/x509`. SHA-1 is refused.
//!
//! This is not how identities sign messages: here the algorithm names the hash, and s may be high.

use aws_lc_rs::signature::{self as lc, UnparsedPublicKey, VerificationAlgorithm};
use x509_parser::oid_registry as oid;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

use crate::crypto::ecdsa::Curve;
use crate::crypto::key::{KeyKind, PublicKey};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

/// What a signature says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    Ecdsa(Hash),
    Rsa(Hash),
    RsaPss(Hash),
    Ed25519,
    EcdsaSha1,
    Unknown,
}

impl Algorithm {
    pub fn read(identifier: &AlgorithmIdentifier<'_>) -> Algorithm {
        let known = [
            (oid::OID_SIG_ECDSA_WITH_SHA256, Algorithm::Ecdsa(Hash::Sha256)),
            (oid::OID_SIG_ECDSA_WITH_SHA384, Algorithm::Ecdsa(Hash::Sha384)),
            (oid::OID_SIG_ECDSA_WITH_SHA512, Algorithm::Ecdsa(Hash::Sha512)),
            (oid::OID_SIG_ED25519, Algorithm::Ed25519),
            (oid::OID_PKCS1_SHA256WITHRSA, Algorithm::Rsa(Hash::Sha256)),
            (oid::OID_PKCS1_SHA384WITHRSA, Algorithm::Rsa(Hash::Sha384)),
            (oid::OID_PKCS1_SHA512WITHRSA, Algorithm::Rsa(Hash::Sha512)),
        ];
        if identifier.algorithm.to_id_string() == "1.2.840.10045.4.1" {
            return Algorithm::EcdsaSha1;
        }
        if identifier.algorithm == oid::OID_PKCS1_RSASSAPSS {
            return pss_hash(identifier).map_or(Algorithm::Unknown, Algorithm::RsaPss);
        }
        known
            .iter()
            .find(|(oid, _)| *oid == identifier.algorithm)
            .map_or(Algorithm::Unknown, |(_, known)| *known)
    }

    /// Whether Fabric rewrites such a signature to low s (`isECDSASignedCert` in `msp/cert.go`).
    pub fn is_ecdsa(self) -> bool {
        matches!(self, Algorithm::Ecdsa(_) | Algorithm::EcdsaSha1)
    }
}

fn pss_hash(identifier: &AlgorithmIdentifier<'_>) -> Option<Hash> {
    let parameters = identifier.parameters.as_ref()?;
    let pss = x509_parser::signature_algorithm::RsaSsaPssParams::try_from(parameters).ok()?;
    let hashes = [
        (oid::OID_NIST_HASH_SHA256, Hash::Sha256),
        (oid::OID_NIST_HASH_SHA384, Hash::Sha384),
        (oid::OID_NIST_HASH_SHA512, Hash::Sha512),
    ];
    hashes
        .iter()
        .find(|(oid, _)| oid == pss.hash_algorithm_oid())
        .map(|(_, hash)| *hash)
}

/// The key in a certificate.
#[derive(Debug)]
pub enum SubjectKey {
    Ecdsa {
        curve: Curve,
        point: Vec<u8>,
    },
    Ed25519(Vec<u8>),
    Rsa(Vec<u8>),
    /// Of a kind that Go does not know either: such a certificate can be read but is good for nothing.
    Unknown,
}

impl SubjectKey {
    /// An ECDSA point off its curve, or a curve that is not supported, makes the whole certificate unreadable.
    pub fn read(info: &SubjectPublicKeyInfo<'_>) -> Result<SubjectKey, String> {
        let bytes = info.subject_public_key.data.to_vec();
        let algorithm = &info.algorithm.algorithm;
        if *algorithm == oid::OID_KEY_TYPE_EC_PUBLIC_KEY {
            let curve = info
                .algorithm
                .parameters
                .as_ref()
                .and_then(|parameters| parameters.as_oid().ok());
            let curve = match curve {
                Some(id) if id == oid::OID_EC_P256 => Curve::P256,
                Some(id) if id == oid::OID_NIST_EC_P384 => Curve::P384,
                Some(id) if id == oid::OID_NIST_EC_P521 => Curve::P521,
                _ => return Err("x509: unsupported elliptic curve".into()),
            };
            PublicKey::new(KeyKind::Ecdsa(curve), &bytes).ok_or("x509: failed to unmarshal elliptic curve point")?;
            return Ok(SubjectKey::Ecdsa { curve, point: bytes });
        }
        if *algorithm == oid::OID_SIG_ED25519 {
            PublicKey::new(KeyKind::Ed25519, &bytes).ok_or("x509: wrong Ed25519 public key size")?;
            return Ok(SubjectKey::Ed25519(bytes));
        }
        Ok(if *algorithm == oid::OID_PKCS1_RSAENCRYPTION {
            SubjectKey::Rsa(bytes)
        } else {
            SubjectKey::Unknown
        })
    }

    /// The key as one that identities verify messages with. `None` for those that no identity may have.
    pub fn identity_key(&self) -> Option<PublicKey> {
        match self {
            SubjectKey::Ecdsa { curve, point } => PublicKey::new(KeyKind::Ecdsa(*curve), point),
            SubjectKey::Ed25519(bytes) => PublicKey::new(KeyKind::Ed25519, bytes),
            SubjectKey::Rsa(_) | SubjectKey::Unknown => None,
        }
    }

    /// Checks that this key signed `message`.
    pub fn check(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> Result<(), String> {
        use Hash::{Sha256, Sha384, Sha512};
        let (verifier, key): (&dyn VerificationAlgorithm, &[u8]) = match (self, algorithm) {
            (SubjectKey::Ecdsa { curve, point }, Algorithm::Ecdsa(hash)) => (ecdsa(*curve, hash), point),
            (SubjectKey::Ed25519(bytes), Algorithm::Ed25519) => (&lc::ED25519, bytes),
            (SubjectKey::Rsa(bytes), Algorithm::Rsa(Sha256)) => (&lc::RSA_PKCS1_2048_8192_SHA256, bytes),
            (SubjectKey::Rsa(bytes), Algorithm::Rsa(Sha384)) => (&lc::RSA_PKCS1_2048_8192_SHA384, bytes),
            (SubjectKey::Rsa(bytes), Algorithm::Rsa(Sha512)) => (&lc::RSA_PKCS1_2048_8192_SHA512, bytes),
            (SubjectKey::Rsa(bytes), Algorithm::RsaPss(Sha256)) => (&lc::RSA_PSS_2048_8192_SHA256, bytes),
            (SubjectKey::Rsa(bytes), Algorithm::RsaPss(Sha384)) => (&lc::RSA_PSS_2048_8192_SHA384, bytes),
            (SubjectKey::Rsa(bytes), Algorithm::RsaPss(Sha512)) => (&lc::RSA_PSS_2048_8192_SHA512, bytes),
            (_, Algorithm::EcdsaSha1) => return Err("x509: cannot verify signature: insecure algorithm SHA1".into()),
            _ => return Err("x509: cannot verify signature: algorithm unimplemented or not for this key".into()),
        };
        let verified = UnparsedPublicKey::new(verifier, key).verify(message, signature);
        verified.map_err(|_| "x509: signature verification failure".into())
    }
}

fn ecdsa(curve: Curve, hash: Hash) -> &'static dyn VerificationAlgorithm {
    match (curve, hash) {
        (Curve::P256, Hash::Sha256) => &lc::ECDSA_P256_SHA256_ASN1,
        (Curve::P256, Hash::Sha384) => &lc::ECDSA_P256_SHA384_ASN1,
        (Curve::P256, Hash::Sha512) => &lc::ECDSA_P256_SHA512_ASN1,
        (Curve::P384, Hash::Sha256) => &lc::ECDSA_P384_SHA256_ASN1,
        (Curve::P384, Hash::Sha384) => &lc::ECDSA_P384_SHA384_ASN1,
        (Curve::P384, Hash::Sha512) => &lc::ECDSA_P384_SHA512_ASN1,
        (Curve::P521, Hash::Sha256) => &lc::ECDSA_P521_SHA256_ASN1,
        (Curve::P521, Hash::Sha384) => &lc::ECDSA_P521_SHA384_ASN1,
        (Curve::P521, Hash::Sha512) => &lc::ECDSA_P521_SHA512_ASN1,
    }
}

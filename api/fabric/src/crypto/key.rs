//! Private keys that sign and public keys that verify, by Fabric's rules: SHA-256 whatever the curve, low S, and
//! Ed25519 over the message itself.

use std::fmt;

use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, ParsedPublicKey, VerificationAlgorithm,
};

use super::ecdsa::{Curve, Signature};
use super::{CryptoError, pem, sha256};

/// What an identity's key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    Ecdsa(Curve),
    Ed25519,
}

/// A key that signs. It has no way to show itself, and prints only its kind.
pub struct PrivateKey(Pair);

enum Pair {
    Ecdsa(Curve, EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

const CURVES: [(Curve, &EcdsaSigningAlgorithm); 3] = [
    (Curve::P256, &signature::ECDSA_P256_SHA256_ASN1_SIGNING),
    (Curve::P384, &signature::ECDSA_P384_SHA384_ASN1_SIGNING),
    (Curve::P521, &signature::ECDSA_P521_SHA256_ASN1_SIGNING),
];

impl PrivateKey {
    /// Reads PKCS#8 or SEC1 PEM, unencrypted. Other blocks in the text, such as `EC PARAMETERS`, are skipped.
    pub fn from_pem(text: &[u8]) -> Result<PrivateKey, CryptoError> {
        let block = pem::all(text)
            .find(|block| block.label.ends_with("PRIVATE KEY"))
            .ok_or_else(|| CryptoError::Key("there is no PEM block \"PRIVATE KEY\" in it".into()))?;
        if block.label.starts_with("ENCRYPTED") {
            return Err(CryptoError::Key(
                "it is encrypted; store it unencrypted with mode 0600".into(),
            ));
        }
        let ecdsa = CURVES.iter().find_map(|(curve, algorithm)| {
            let pair = EcdsaKeyPair::from_private_key_der(algorithm, &block.contents).ok()?;
            Some(Pair::Ecdsa(*curve, pair))
        });
        let ed25519 = || {
            Ed25519KeyPair::from_pkcs8_maybe_unchecked(&block.contents)
                .ok()
                .map(Pair::Ed25519)
        };
        let pair = ecdsa.or_else(ed25519).ok_or_else(|| {
            CryptoError::Key("it is no ECDSA key on P-256, P-384 or P-521 and no Ed25519 key".into())
        })?;
        Ok(PrivateKey(pair))
    }

    pub fn kind(&self) -> KeyKind {
        match &self.0 {
            Pair::Ecdsa(curve, _) => KeyKind::Ecdsa(*curve),
            Pair::Ed25519(_) => KeyKind::Ed25519,
        }
    }

    /// The public half, as a certificate's `subjectPublicKey` holds it: an uncompressed point, or 32 bytes.
    pub fn public_key_bytes(&self) -> &[u8] {
        match &self.0 {
            Pair::Ecdsa(_, pair) => pair.public_key().as_ref(),
            Pair::Ed25519(pair) => pair.public_key().as_ref(),
        }
    }

    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let (curve, der) = match &self.0 {
            Pair::Ed25519(pair) => {
                return Ok(pair.try_sign(message).map_err(|_| CryptoError::Sign)?.as_ref().to_vec());
            }
            Pair::Ecdsa(Curve::P384, pair) => (Curve::P384, pair.sign_digest(&p384_digest(message)?)),
            Pair::Ecdsa(curve, pair) => (*curve, pair.sign(&SystemRandom::new(), message)),
        };
        let der = der.map_err(|_| CryptoError::Sign)?;
        let low = Signature::parse(der.as_ref()).and_then(|signature| signature.into_low_s(curve));
        Ok(low.ok_or(CryptoError::Sign)?.to_der())
    }
}

/// Fabric hashes with SHA-256 also on P-384, where aws-lc-rs knows SHA-384 only. A digest that is no longer than the
/// group order is signed as a number, so the 32 bytes with 16 zeros before them are the same digest.
fn p384_digest(message: &[u8]) -> Result<Digest, CryptoError> {
    let mut padded = [0; 48];
    padded[16..].copy_from_slice(&sha256(message));
    Digest::import_less_safe(&padded, &digest::SHA384).map_err(|_| CryptoError::Sign)
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({:?})", self.kind())
    }
}

/// A key that verifies. Parsed once: the point is checked to be on its curve when the key is made.
pub struct PublicKey {
    kind: KeyKind,
    key: ParsedPublicKey,
}

impl PublicKey {
    /// `bytes` is a certificate's `subjectPublicKey`. `None` when it is no key of this kind.
    pub fn new(kind: KeyKind, bytes: &[u8]) -> Option<PublicKey> {
        let algorithm: &'static dyn VerificationAlgorithm = match kind {
            KeyKind::Ecdsa(Curve::P256) => &signature::ECDSA_P256_SHA256_ASN1,
            KeyKind::Ecdsa(Curve::P384) => &signature::ECDSA_P384_SHA256_ASN1,
            KeyKind::Ecdsa(Curve::P521) => &signature::ECDSA_P521_SHA256_ASN1,
            KeyKind::Ed25519 => &signature::ED25519,
        };
        let key = ParsedPublicKey::new(algorithm, bytes).ok()?;
        Some(PublicKey { kind, key })
    }

    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// Checks a signature over `message`: `verifyECDSA` and `ed25519` of fabric-lib-go's `bccsp/sw`.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        let KeyKind::Ecdsa(curve) = self.kind else {
            return self.key.verify_sig(message, signature).is_ok();
        };
        // Encoded again, because the library refuses the trailing bytes that Fabric ignores.
        Signature::parse(signature)
            .filter(|signature| signature.is_low_s(curve))
            .is_some_and(|signature| self.key.verify_sig(message, &signature.to_der()).is_ok())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({:?})", self.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_kind() -> [(KeyKind, rcgen::KeyPair); 3] {
        [
            (KeyKind::Ecdsa(Curve::P256), &rcgen::PKCS_ECDSA_P256_SHA256),
            (KeyKind::Ecdsa(Curve::P384), &rcgen::PKCS_ECDSA_P384_SHA384),
            (KeyKind::Ed25519, &rcgen::PKCS_ED25519),
        ]
        .map(|(kind, algorithm)| (kind, rcgen::KeyPair::generate_for(algorithm).unwrap()))
    }

    #[test]
    fn each_kind_of_key_signs_what_it_verifies() {
        for (kind, generated) in every_kind() {
            let private = PrivateKey::from_pem(generated.serialize_pem().as_bytes()).unwrap();
            let public = PublicKey::new(kind, private.public_key_bytes()).unwrap();

            for i in 0..20 {
                let message = vec![7; i];
                let signature = private.sign(&message).unwrap();

                assert!(public.verify(&message, &signature), "{kind:?}");
                assert!(!public.verify(b"another", &signature), "{kind:?}");
            }
        }
    }

    #[test]
    fn high_s_is_refused_and_trailing_bytes_are_not() {
        let generated = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let private = PrivateKey::from_pem(generated.serialize_pem().as_bytes()).unwrap();
        let public = PublicKey::new(private.kind(), private.public_key_bytes()).unwrap();
        let Pair::Ecdsa(curve, pair) = &private.0 else {
            panic!("an ECDSA key")
        };
        let high = std::iter::repeat_with(|| pair.sign(&SystemRandom::new(), b"m").unwrap())
            .find(|der| !Signature::parse(der.as_ref()).unwrap().is_low_s(*curve))
            .unwrap();
        let low = Signature::parse(high.as_ref())
            .unwrap()
            .into_low_s(*curve)
            .unwrap()
            .to_der();

        assert!(!public.verify(b"m", high.as_ref()));
        assert!(public.verify(b"m", &low));
        assert!(public.verify(b"m", &[&low[..], &[0]].concat()));
    }

    #[test]
    fn a_sec1_key_is_read_behind_its_parameters() {
        use aws_lc_rs::encoding::{AsDer as _, EcPrivateKeyRfc5915Der};
        for (curve, algorithm) in CURVES {
            let pair = EcdsaKeyPair::generate(algorithm).unwrap();
            let sec1: EcPrivateKeyRfc5915Der<'_> = pair.private_key().as_der().unwrap();
            let text = pem::encode("EC PARAMETERS", b"ignored") + &pem::encode("EC PRIVATE KEY", sec1.as_ref());

            let private = PrivateKey::from_pem(text.as_bytes()).unwrap();

            assert_eq!(private.kind(), KeyKind::Ecdsa(curve));
            assert_eq!(private.public_key_bytes(), pair.public_key().as_ref());
        }
    }

    #[test]
    fn a_key_that_cannot_be_read_is_explained() {
        let cases = [
            (
                "",
                "the private key cannot be read: there is no PEM block \"PRIVATE KEY\" in it",
            ),
            (
                &pem::encode("ENCRYPTED PRIVATE KEY", b"x"),
                "the private key cannot be read: it is encrypted; store it unencrypted with mode 0600",
            ),
            (
                &pem::encode("PRIVATE KEY", b"x"),
                "the private key cannot be read: it is no ECDSA key on P-256, P-384 or P-521 and no Ed25519 key",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(PrivateKey::from_pem(text.as_bytes()).unwrap_err().to_string(), expected);
        }
    }
}

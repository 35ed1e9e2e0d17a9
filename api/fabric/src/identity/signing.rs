//! An identity that holds its private key.

use std::fmt;

use prost::Message as _;
use x509_parser::prelude::FromDer as _;

use crate::crypto::key::PrivateKey;
use crate::crypto::{CryptoError, Signer, pem};
use crate::proto::msp::SerializedIdentity;

/// An identity together with its private key. Printing it shows no secret.
pub struct SigningIdentity {
    msp_id: String,
    certificate_pem: Vec<u8>,
    serialized: Vec<u8>,
    key: PrivateKey,
}

impl SigningIdentity {
    /// `key_pem` is PKCS#8 PEM (P-256, P-384, P-521 or Ed25519), or SEC1 PEM. The certificate must be for this key;
    /// it is sent to others as one clean PEM block, because stock peers refuse identities with text around it.
    pub fn new(msp_id: &str, certificate_pem: &[u8], key_pem: &[u8]) -> Result<SigningIdentity, CryptoError> {
        let unreadable = |why: &str| CryptoError::Certificate(why.to_owned());
        let block = pem::first(certificate_pem).ok_or_else(|| unreadable("there is no PEM block in it"))?;
        let (_, certificate) = x509_parser::certificate::X509Certificate::from_der(&block.contents)
            .map_err(|_| unreadable("the PEM block holds no X.509 certificate"))?;
        let key = PrivateKey::from_pem(key_pem)?;
        if *certificate.public_key().subject_public_key.data != *key.public_key_bytes() {
            return Err(CryptoError::Mismatch {
                subject: certificate.subject().to_string(),
            });
        }
        let certificate_pem = pem::encode("CERTIFICATE", &block.contents).into_bytes();
        let serialized = SerializedIdentity {
            mspid: msp_id.to_owned(),
            id_bytes: certificate_pem.clone(),
        };
        Ok(SigningIdentity {
            msp_id: msp_id.to_owned(),
            certificate_pem,
            serialized: serialized.encode_to_vec(),
            key,
        })
    }

    pub fn msp_id(&self) -> &str {
        &self.msp_id
    }

    pub fn certificate_pem(&self) -> &[u8] {
        &self.certificate_pem
    }
}

impl Signer for SigningIdentity {
    fn identity(&self) -> &[u8] {
        &self.serialized
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.key.sign(message)
    }
}

impl fmt::Debug for SigningIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningIdentity")
            .field("msp_id", &self.msp_id)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certified(algorithm: &'static rcgen::SignatureAlgorithm) -> (String, String) {
        let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
        let certificate = rcgen::CertificateParams::new(vec![])
            .unwrap()
            .self_signed(&key)
            .unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    #[test]
    fn the_identity_is_one_clean_pem_block() {
        let (certificate, key) = certified(&rcgen::PKCS_ECDSA_P256_SHA256);
        let untidy = format!("Certificate:\n{}trailing", certificate.replace('\n', "\r\n"));

        let signer = SigningIdentity::new("Org1MSP", untidy.as_bytes(), key.as_bytes()).unwrap();

        let expected = SerializedIdentity {
            mspid: "Org1MSP".into(),
            id_bytes: certificate.replace("\r\n", "\n").into(),
        };
        assert_eq!(SerializedIdentity::decode(signer.identity()).unwrap(), expected);
    }

    #[test]
    fn a_certificate_for_another_key_is_refused() {
        let (certificate, _) = certified(&rcgen::PKCS_ECDSA_P256_SHA256);
        let (_, key) = certified(&rcgen::PKCS_ED25519);

        let refused = SigningIdentity::new("Org1MSP", certificate.as_bytes(), key.as_bytes()).unwrap_err();

        assert_eq!(
            refused.to_string(),
            "the certificate of CN=rcgen self signed cert is not for this private key; use the pair that belongs together"
        );
    }
}

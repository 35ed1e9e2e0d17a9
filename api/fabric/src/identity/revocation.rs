//! Certificate revocation lists (`validateCertAgainstChain` in `msp/mspimplvalidate.go`).
//!
//! Fabric ignores a list's dates: a certificate is revoked from the configuration that carries the list on.

use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer as _;
use x509_parser::revocation_list::CertificateRevocationList;

use super::certificate::Certificate;
use super::signature::Algorithm;
use crate::crypto::ecdsa::Signature;
use crate::crypto::pem;

/// One revocation list.
#[derive(Debug)]
pub struct Crl {
    tbs: Vec<u8>,
    algorithm: Algorithm,
    signature: Vec<u8>,
    /// The key identifier of the CA that issued the list. The outer `None`: it does not say.
    authority: Option<Option<Vec<u8>>>,
    /// Big-endian without leading zeros.
    serials: Vec<Vec<u8>>,
}

impl Crl {
    /// Reads DER, or PEM labelled `X509 CRL`.
    pub fn read(bytes: &[u8]) -> Result<Crl, String> {
        let block = pem::first(bytes).filter(|block| block.label == "X509 CRL");
        let der = block.as_ref().map_or(bytes, |block| &block.contents);
        let (rest, crl) = CertificateRevocationList::from_der(der)
            .map_err(|why| format!("could not parse RevocationList: {why}"))?;
        if !rest.is_empty() {
            return Err("could not parse RevocationList: trailing data".into());
        }
        let algorithm = Algorithm::read(&crl.signature_algorithm);
        let mut signature = crl.signature_value.data.to_vec();
        if algorithm.is_ecdsa() {
            let numbers = Signature::parse(&signature).ok_or("could not parse RevocationList: no ECDSA signature")?;
            signature = numbers.to_der();
        }
        let authority = crl
            .extensions()
            .iter()
            .find_map(|extension| match extension.parsed_extension() {
                ParsedExtension::AuthorityKeyIdentifier(aki) => {
                    Some(aki.key_identifier.as_ref().map(|id| id.0.to_vec()))
                }
                _ => None,
            });
        let serials = crl.iter_revoked_certificates().map(|revoked| {
            let serial = revoked.raw_serial();
            serial[serial.iter().take_while(|byte| **byte == 0).count()..].to_vec()
        });
        let tbs = crl.tbs_cert_list.as_ref().to_vec();
        Ok(Crl {
            tbs,
            algorithm,
            signature,
            authority,
            serials: serials.collect(),
        })
    }
}

/// Whether one of `crls` revokes `certificate`, which `issuer` made. A list without authority key identifier makes
/// every certificate of the MSP invalid.
pub fn check(crls: &[Crl], certificate: &Certificate, issuer: &Certificate) -> Result<(), String> {
    let Some(issuer_id) = &issuer.subject_key_id else {
        return Err(
            "could not obtain Subject Key Identifier for signer cert: subjectKeyIdentifier not found in certificate"
                .into(),
        );
    };
    for crl in crls {
        let Some(authority) = &crl.authority else {
            return Err(
                "could not obtain Authority Key Identifier for crl: authorityKeyIdentifier not found in certificate"
                    .into(),
            );
        };
        let listed = authority.as_ref() == Some(issuer_id) && crl.serials.contains(&certificate.serial);
        // A list in the name of a CA that did not sign it revokes nothing.
        if listed && issuer.key.check(crl.algorithm, &crl.tbs, &crl.signature).is_ok() {
            return Err("The certificate has been revoked".into());
        }
    }
    Ok(())
}

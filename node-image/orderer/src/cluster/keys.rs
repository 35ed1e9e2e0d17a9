//! Telling consenters apart by public key (`CertificatesWithSamePublicKey` in `common/crypto`): a certificate that was
//! renewed with its key is still the same consenter.

use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::raft::membership::Membership;

/// The marshalled public key of a DER certificate.
pub fn public_key_of_der(der: &[u8]) -> Option<Vec<u8>> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    Some(certificate.public_key().raw.to_vec())
}

/// The DER of a PEM certificate.
pub(super) fn der_of_pem(pem: &[u8]) -> Option<Vec<u8>> {
    let (_, block) = x509_parser::pem::parse_x509_pem(pem).ok()?;
    Some(block.contents)
}

/// The marshalled public key of a PEM certificate.
pub(super) fn public_key_of_pem(pem: &[u8]) -> Option<Vec<u8>> {
    public_key_of_der(&der_of_pem(pem)?)
}

/// The id of the consenter whose server certificate has this public key (`detectSelfID` in
/// `orderer/consensus/etcdraft/consenter.go`).
pub fn own_id(membership: &Membership, public_key: &[u8]) -> Option<u64> {
    let own = |pem: &[u8]| public_key_of_pem(pem).is_some_and(|key| key == public_key);
    membership
        .consenters
        .iter()
        .find(|(_, consenter)| own(&consenter.server_tls_cert))
        .map(|(id, _)| *id)
}

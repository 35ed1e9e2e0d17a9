//! The TLS certificates of Raft nodes: issued by an authority of the ordering organizations.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::server::ParsedCertificate;
use rustls_pki_types::{CertificateDer, UnixTime};

use crate::config::ConfigError;
use crate::proto::etcdraft::Consenter;

/// What an expired certificate means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Expired {
    Accept,
    Refuse,
}

/// Checks both certificates of a node.
pub(super) fn check_certificates(
    consenter: &Consenter,
    authorities: &[Vec<u8>],
    now: SystemTime,
    expired: Expired,
) -> Result<(), ConfigError> {
    let at = format!("{}:{}", consenter.host, consenter.port);
    let client =
        der(&consenter.client_tls_cert).map_err(|error| error.within(&format!("parsing tls client cert of {at}")))?;
    let server =
        der(&consenter.server_tls_cert).map_err(|error| error.within(&format!("parsing tls server cert of {at}")))?;
    check_certificate("client", &client, authorities, now, expired)?;
    check_certificate("server", &server, authorities, now, expired)
}

fn der(certificate: &[u8]) -> Result<Vec<u8>, ConfigError> {
    let found = pem::parse(certificate).map_err(|_| {
        let bytes: Vec<String> = certificate.iter().map(|byte| format!("{byte:02x}")).collect();
        ConfigError(format!("no PEM data found in cert[{}]", bytes.join(" ")))
    })?;
    match x509_parser::parse_x509_certificate(found.contents()) {
        Ok(_) => Ok(found.into_contents()),
        Err(error) => Err(ConfigError(format!(
            "TLS certificate has invalid ASN1 structure: {error}"
        ))),
    }
}

/// Whether an authority issued the certificate for TLS, as a server or as a client.
fn check_certificate(
    which: &str,
    der: &[u8],
    authorities: &[Vec<u8>],
    now: SystemTime,
    expired: Expired,
) -> Result<(), ConfigError> {
    let (_, parsed) = x509_parser::parse_x509_certificate(der)
        .map_err(|error| ConfigError(format!("TLS certificate has invalid ASN1 structure: {error}")))?;
    let refused = |reason: &str| {
        ConfigError(format!(
            "verifying tls {which} cert with serial number {}: x509: {reason}",
            parsed.serial
        ))
    };
    let not_after = u64::try_from(parsed.validity().not_after.timestamp()).unwrap_or(0);
    let now = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    if now > not_after && expired == Expired::Refuse {
        return Err(refused("certificate has expired or is not yet valid"));
    }
    let at = UnixTime::since_unix_epoch(Duration::from_secs(now.min(not_after)));
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(authorities.iter().map(|der| CertificateDer::from(&der[..])));
    let certificate = CertificateDer::from(der);
    let algorithms = rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms;
    let parsed_for_tls = ParsedCertificate::try_from(&certificate).map_err(|error| refused(&error.to_string()))?;
    rustls::client::verify_server_cert_signed_by_trust_anchor(&parsed_for_tls, &roots, &[], at, algorithms.all)
        .map_err(|error| match error {
            rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer) => {
                refused("certificate signed by unknown authority")
            }
            other => refused(&other.to_string()),
        })
}

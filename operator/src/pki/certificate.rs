//! What a certificate says, as far as we ask.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use x509_parser::prelude::{FromDer as _, GeneralName, ParsedExtension, X509Certificate};
use x509_parser::revocation_list::CertificateRevocationList;

use super::PkiError;

/// What we ask of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    pub not_before: SystemTime,
    pub not_after: SystemTime,
    /// Hexadecimal.
    pub serial_number: String,
    /// DNS names and addresses.
    pub hosts: Vec<String>,
}

impl Facts {
    /// Whether a new one should be issued: less than a third of its life is left.
    pub fn is_due(&self, now: SystemTime) -> bool {
        let life = self.not_after.duration_since(self.not_before).unwrap_or_default();
        now + life / 3 > self.not_after
    }
}

/// Reads a PEM certificate.
pub fn facts(certificate_pem: &[u8]) -> Result<Facts, PkiError> {
    let wrong = |reason: String| PkiError::Read {
        what: "a certificate".to_owned(),
        reason,
    };
    let block = pem::parse(certificate_pem).map_err(|error| wrong(error.to_string()))?;
    let (_, certificate) = X509Certificate::from_der(block.contents()).map_err(|error| wrong(error.to_string()))?;
    let validity = certificate.validity();
    let names = certificate.subject_alternative_name().ok().flatten();
    Ok(Facts {
        not_before: moment(validity.not_before.timestamp()),
        not_after: moment(validity.not_after.timestamp()),
        serial_number: hex::encode(certificate.raw_serial()),
        hosts: names
            .iter()
            .flat_map(|names| &names.value.general_names)
            .filter_map(host)
            .collect(),
    })
}

/// Subject key identifier of a PEM certificate of an authority.
pub(super) fn key_identifier(certificate_pem: &str) -> Result<Vec<u8>, PkiError> {
    let wrong = |reason: String| PkiError::Read {
        what: "the certificate authority's certificate".to_owned(),
        reason,
    };
    let block = pem::parse(certificate_pem).map_err(|error| wrong(error.to_string()))?;
    let (_, certificate) = X509Certificate::from_der(block.contents()).map_err(|error| wrong(error.to_string()))?;
    let mut extensions = certificate.extensions().iter();
    let found = extensions.find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
        _ => None,
    });
    found.ok_or_else(|| wrong("it has no key identifier".to_owned()))
}

/// Serial numbers in a revocation list, in its order. `None` when it cannot be read.
pub fn revoked(list_pem: &str) -> Option<Vec<Vec<u8>>> {
    let block = pem::parse(list_pem).ok()?;
    let (_, list) = CertificateRevocationList::from_der(block.contents()).ok()?;
    let serials = list.iter_revoked_certificates();
    Some(serials.map(|entry| significant(entry.raw_serial()).to_vec()).collect())
}

/// A serial number without the zeros in front of it.
pub fn significant(serial: &[u8]) -> &[u8] {
    &serial[serial.iter().take_while(|byte| **byte == 0).count()..]
}

fn moment(seconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

fn host(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes)
                .ok()
                .map(|b| std::net::IpAddr::from(b).to_string()),
            16 => <[u8; 16]>::try_from(*bytes)
                .ok()
                .map(|b| std::net::IpAddr::from(b).to_string()),
            _ => None,
        },
        _ => None,
    }
}

//! What a certificate says, as far as the authority asks.

use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// A certificate that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    pub der: Vec<u8>,
    /// See [`hexadecimal`].
    pub serial: String,
    /// Authority key identifier, see [`hexadecimal`]; empty when it has none.
    pub aki: String,
    pub common_name: String,
    /// Seconds since the Unix epoch.
    pub not_before: i64,
    pub not_after: i64,
    /// The public key's bytes as they are signed with: for elliptic curves the point.
    pub public_key: Vec<u8>,
}

/// Why bytes are no certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    #[error("no PEM block of a certificate was found")]
    NoPem,
    #[error("the certificate cannot be read: {0}")]
    Malformed(String),
}

/// Reads the first certificate in `text`.
pub fn read(text: &[u8]) -> Result<Facts, CertificateError> {
    let block = pem::parse(text).map_err(|_| CertificateError::NoPem)?;
    if block.tag() != "CERTIFICATE" {
        return Err(CertificateError::NoPem);
    }
    read_der(block.contents())
}

pub fn read_der(der: &[u8]) -> Result<Facts, CertificateError> {
    let malformed = |reason: &str| CertificateError::Malformed(reason.to_owned());
    let (rest, certificate) = X509Certificate::from_der(der).map_err(|error| malformed(&error.to_string()))?;
    if !rest.is_empty() {
        return Err(malformed("there are bytes after its end"));
    }
    let aki = certificate
        .extensions()
        .iter()
        .find_map(|e| match e.parsed_extension() {
            ParsedExtension::AuthorityKeyIdentifier(id) => id.key_identifier.as_ref().map(|id| hexadecimal(id.0)),
            _ => None,
        });
    let common_name = certificate
        .subject()
        .iter_common_name()
        .next()
        .and_then(|name| name.as_str().ok());
    Ok(Facts {
        der: der.to_vec(),
        serial: hexadecimal(certificate.raw_serial()),
        aki: aki.unwrap_or_default(),
        common_name: common_name.unwrap_or_default().to_owned(),
        not_before: certificate.validity().not_before.timestamp(),
        not_after: certificate.validity().not_after.timestamp(),
        public_key: certificate.public_key().subject_public_key.data.to_vec(),
    })
}

/// Subject key identifier of the first certificate in `text`, as certificates that it issued name it.
pub fn subject_key(text: &[u8]) -> Result<Option<String>, CertificateError> {
    let block = pem::parse(text).map_err(|_| CertificateError::NoPem)?;
    let (_, certificate) = X509Certificate::from_der(block.contents())
        .map_err(|error| CertificateError::Malformed(error.to_string()))?;
    let found = certificate
        .extensions()
        .iter()
        .find_map(|e| match e.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(id) => Some(hexadecimal(id.0)),
            _ => None,
        });
    Ok(found)
}

/// Lower case without leading zeros: how Fabric CA names serial numbers and key identifiers.
pub fn hexadecimal(bytes: &[u8]) -> String {
    normal(&hex::encode(bytes))
}

/// What a person or client wrote, in the form of [`hexadecimal`] (`parseInput` in `lib/serverrevoke.go`).
pub fn normal(text: &str) -> String {
    let text = text.to_ascii_lowercase().replace(':', "");
    text.trim_start_matches('0').to_owned()
}

pub fn to_pem(der: &[u8]) -> String {
    let block = pem::Pem::new("CERTIFICATE", der);
    pem::encode_config(&block, pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF))
}

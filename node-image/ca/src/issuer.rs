//! A certificate that may issue others, with what signs for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lc_rs::digest;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::certificate;
use crate::csr::{Host, Subject};
use crate::der;
use crate::keys::signer::{Signer, SignerError};

/// Where Fabric CA puts attributes (`lib/attrmgr/attrmgr.go`), and contracts look for them.
const ATTRIBUTES: &[u64] = &[1, 2, 3, 4, 5, 6, 7, 8, 1];
/// Twenty bytes at most, and positive (RFC 5280 §4.1.2.2).
const SERIAL_BYTES: usize = 20;

/// What a certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// Signs messages.
    Signing,
    /// Serves and dials TLS.
    Tls,
    /// Issues certificates, to no further authorities.
    Intermediate,
    /// Issues certificates, also to authorities.
    Root,
}

/// What a certificate is to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pub subject: Subject,
    /// `SubjectPublicKeyInfo`, DER.
    pub public_key_info: Vec<u8>,
    pub hosts: Vec<Host>,
    pub usage: Usage,
    /// `None`: no extension at all.
    pub attributes: Option<BTreeMap<String, String>>,
    /// Seconds since the Unix epoch; cut to the issuer's own life.
    pub not_before: i64,
    pub not_after: i64,
}

/// A certificate that stands in a revocation list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// Hexadecimal.
    pub serial: String,
    /// Seconds since the Unix epoch.
    pub at: i64,
    pub not_after: i64,
}

/// Why a certificate chain and a key cannot issue.
#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    #[error("the chain has no certificate in PEM")]
    Empty,
    #[error("certificate {place} of the chain cannot be read: {reason}")]
    Malformed { place: usize, reason: String },
    #[error("certificate {place} of the chain is not allowed to issue certificates: {reason}")]
    NotAnIssuer { place: usize, reason: &'static str },
    #[error("certificate {place} of the chain was not issued by the one after it")]
    Broken { place: usize },
    #[error("the key is not that of the chain's first certificate")]
    Key,
    #[error("the chain's first certificate is not valid now")]
    Expired,
    #[error(transparent)]
    Signer(#[from] SignerError),
}

/// Issues certificates and revocation lists.
pub struct Issuer {
    key: Arc<dyn Signer>,
    chain_pem: String,
    /// `Name`, DER, as its own certificate has it.
    name: Vec<u8>,
    key_id: Vec<u8>,
    not_before: i64,
    not_after: i64,
}

impl Issuer {
    /// `chain_pem`: the issuer's certificate first, then those above it.
    pub fn new(chain_pem: &str, key: Arc<dyn Signer>, now: i64) -> Result<Issuer, IssuerError> {
        let blocks = pem::parse_many(chain_pem).map_err(|_| IssuerError::Empty)?;
        let mut chain = Vec::new();
        for (at, block) in blocks.iter().filter(|block| block.tag() == "CERTIFICATE").enumerate() {
            let (_, read) = X509Certificate::from_der(block.contents()).map_err(|error| IssuerError::Malformed {
                place: at + 1,
                reason: error.to_string(),
            })?;
            check(&read).map_err(|reason| IssuerError::NotAnIssuer { place: at + 1, reason })?;
            chain.push(read);
        }
        let own = chain.first().ok_or(IssuerError::Empty)?;
        for (at, (below, above)) in chain.iter().zip(chain.iter().skip(1)).enumerate() {
            if below.issuer().as_raw() != above.subject().as_raw()
                || below.verify_signature(Some(above.public_key())).is_err()
            {
                return Err(IssuerError::Broken { place: at + 1 });
            }
        }
        if own.public_key().raw != key.public_key_info() {
            return Err(IssuerError::Key);
        }
        let (not_before, not_after) = (
            own.validity().not_before.timestamp(),
            own.validity().not_after.timestamp(),
        );
        if now < not_before || now > not_after {
            return Err(IssuerError::Expired);
        }
        let named = own.extensions().iter().find_map(|e| match e.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
            _ => None,
        });
        let pem = blocks.iter().filter(|block| block.tag() == "CERTIFICATE");
        Ok(Issuer {
            chain_pem: pem.map(|block| certificate::to_pem(block.contents())).collect(),
            name: own.subject().as_raw().to_vec(),
            key_id: named.unwrap_or_else(|| key_identifier(&own.public_key().subject_public_key.data)),
            not_before,
            not_after,
            key,
        })
    }

    /// A self-signed certificate for a key that is to be a root, in PEM.
    pub fn root(subject: &Subject, key: &dyn Signer, not_before: i64, not_after: i64) -> Result<String, SignerError> {
        let public_key_info = key.public_key_info().to_vec();
        let own = key_identifier(&key_bits(&public_key_info));
        let template = Template {
            subject: subject.clone(),
            public_key_info,
            hosts: Vec::new(),
            usage: Usage::Root,
            attributes: None,
            not_before,
            not_after,
        };
        let der = signed(key, certificate_body(key, &name(subject), &own, &template)?)?;
        Ok(certificate::to_pem(&der))
    }

    /// Issues a certificate, in PEM.
    pub fn issue(&self, template: &Template) -> Result<String, SignerError> {
        let template = Template {
            not_before: template.not_before.max(self.not_before),
            not_after: template.not_after.min(self.not_after),
            ..template.clone()
        };
        let body = certificate_body(&*self.key, &self.name, &self.key_id, &template)?;
        Ok(certificate::to_pem(&signed(&*self.key, body)?))
    }

    /// A revocation list (RFC 5280 §5), in PEM.
    pub fn revocation_list(&self, revoked: &[Revoked], now: i64, next: i64) -> Result<String, SignerError> {
        let entries: Vec<Vec<u8>> = revoked
            .iter()
            .map(|entry| der::sequence(&[der::integer(&serial_bytes(&entry.serial)), der::time(entry.at)]))
            .collect();
        let extensions = der::sequence(&[
            extension(
                &[2, 5, 29, 35],
                false,
                &der::sequence(&[der::implicit(0, &self.key_id)]),
            ),
            // Grows with the clock, and every list has a larger number than those before it.
            extension(&[2, 5, 29, 20], false, &der::integer(&now.max(0).to_be_bytes())),
        ]);
        let mut body = vec![
            der::integer(&[1]),
            self.key.algorithm().identifier(),
            self.name.clone(),
            der::time(now),
            der::time(next),
        ];
        if !entries.is_empty() {
            body.push(der::sequence(&entries));
        }
        body.push(der::explicit(0, &extensions));
        let list = signed(&*self.key, der::sequence(&body))?;
        let block = pem::Pem::new("X509 CRL", list);
        Ok(pem::encode_config(
            &block,
            pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF),
        ))
    }

    /// The issuer's certificate and those above it, in PEM.
    pub fn chain_pem(&self) -> &str {
        &self.chain_pem
    }

    /// As certificates that it issued name it; see [`certificate::hexadecimal`].
    pub fn aki(&self) -> String {
        certificate::hexadecimal(&self.key_id)
    }

    pub fn not_after(&self) -> i64 {
        self.not_after
    }
}

/// What Fabric's MSP asks of an issuer (`msp/mspimplsetup.go`).
fn check(certificate: &X509Certificate<'_>) -> Result<(), &'static str> {
    if !certificate.is_ca() {
        return Err("its basic constraints do not say CA");
    }
    match certificate.key_usage() {
        Ok(Some(usage)) if usage.value.key_cert_sign() => Ok(()),
        _ => Err("its key usage does not say certificate signing"),
    }
}

fn signed(key: &dyn Signer, body: Vec<u8>) -> Result<Vec<u8>, SignerError> {
    let signature = key.sign(&body)?;
    Ok(der::sequence(&[
        body,
        key.algorithm().identifier(),
        der::bits(&signature, 0),
    ]))
}

/// `TBSCertificate`.
fn certificate_body(
    key: &dyn Signer,
    issuer: &[u8],
    issuer_key_id: &[u8],
    template: &Template,
) -> Result<Vec<u8>, SignerError> {
    let mut serial = [0; SERIAL_BYTES];
    aws_lc_rs::rand::fill(&mut serial).map_err(|_| SignerError::Generate)?;
    serial[0] &= 0x7f;
    Ok(der::sequence(&[
        der::explicit(0, &der::integer(&[2])),
        der::integer(&serial),
        key.algorithm().identifier(),
        issuer.to_vec(),
        der::sequence(&[der::time(template.not_before), der::time(template.not_after)]),
        name(&template.subject),
        template.public_key_info.clone(),
        der::explicit(3, &der::sequence(&extensions(template, issuer_key_id))),
    ]))
}

fn extensions(template: &Template, issuer_key_id: &[u8]) -> Vec<Vec<u8>> {
    // Bit 0 is the highest: digitalSignature, …, keyEncipherment 2, keyAgreement 4, keyCertSign 5, cRLSign 6.
    let usage = match template.usage {
        Usage::Signing => der::bits(&[0b1000_0000], 7),
        Usage::Tls => der::bits(&[0b1010_1000], 3),
        Usage::Intermediate => der::bits(&[0b0000_0110], 1),
        Usage::Root => der::bits(&[0b1000_0110], 1),
    };
    let constraints = match template.usage {
        Usage::Signing | Usage::Tls => der::sequence(&[]),
        Usage::Intermediate => der::sequence(&[der::boolean(true), der::integer(&[0])]),
        Usage::Root => der::sequence(&[der::boolean(true)]),
    };
    let own_key_id = key_identifier(&key_bits(&template.public_key_info));
    let mut all = vec![
        extension(&[2, 5, 29, 15], true, &usage),
        extension(&[2, 5, 29, 19], true, &constraints),
        extension(&[2, 5, 29, 14], false, &der::octets(&own_key_id)),
    ];
    if template.usage != Usage::Root {
        all.push(extension(
            &[2, 5, 29, 35],
            false,
            &der::sequence(&[der::implicit(0, issuer_key_id)]),
        ));
    }
    if template.usage == Usage::Tls {
        let purpose = |last| der::oid(&[1, 3, 6, 1, 5, 5, 7, 3, last]);
        all.push(extension(
            &[2, 5, 29, 37],
            false,
            &der::sequence(&[purpose(1), purpose(2)]),
        ));
    }
    if !template.hosts.is_empty() {
        let names: Vec<Vec<u8>> = template.hosts.iter().map(alternative_name).collect();
        all.push(extension(&[2, 5, 29, 17], false, &der::sequence(&names)));
    }
    if let Some(attributes) = &template.attributes {
        let json = serde_json::json!({ "attrs": attributes }).to_string();
        all.push(extension(ATTRIBUTES, false, json.as_bytes()));
    }
    all
}

fn extension(id: &[u64], critical: bool, content: &[u8]) -> Vec<u8> {
    let mut parts = vec![der::oid(id)];
    if critical {
        parts.push(der::boolean(true));
    }
    parts.push(der::octets(content));
    der::sequence(&parts)
}

fn alternative_name(host: &Host) -> Vec<u8> {
    match host {
        Host::Email(text) => der::implicit(1, text.as_bytes()),
        Host::Dns(text) => der::implicit(2, text.as_bytes()),
        Host::Uri(text) => der::implicit(6, text.as_bytes()),
        Host::Address(std::net::IpAddr::V4(address)) => der::implicit(7, &address.octets()),
        Host::Address(std::net::IpAddr::V6(address)) => der::implicit(7, &address.octets()),
    }
}

/// A distinguished name in the order that Go writes it, with all units in one set: contracts print identities by it.
fn name(subject: &Subject) -> Vec<u8> {
    let attribute = |last: u64, value: Vec<u8>| der::sequence(&[der::oid(&[2, 5, 4, last]), value]);
    let mut parts = Vec::new();
    let mut push = |last: u64, value: &Option<String>| {
        if let Some(text) = value.as_deref().filter(|text| !text.is_empty()) {
            // Country and serial number are PrintableString by RFC 5280, when their letters allow it.
            let value = match last {
                5 | 6 if text.bytes().all(|byte| byte.is_ascii_alphanumeric()) => der::printable(text),
                _ => der::utf8(text),
            };
            parts.push(der::set(vec![attribute(last, value)]));
        }
    };
    push(6, &subject.country);
    push(10, &subject.organization);
    let units: Vec<Vec<u8>> = subject
        .units
        .iter()
        .filter(|unit| !unit.is_empty())
        .map(|unit| attribute(11, der::utf8(unit)))
        .collect();
    if !units.is_empty() {
        parts.push(der::set(units));
    }
    let mut push = |last: u64, value: &Option<String>| {
        if let Some(text) = value.as_deref().filter(|text| !text.is_empty()) {
            parts.push(der::set(vec![attribute(last, der::utf8(text))]));
        }
    };
    push(7, &subject.locality);
    push(8, &subject.state);
    push(3, &Some(subject.common_name.clone()));
    push(5, &subject.serial_number);
    der::sequence(&parts)
}

/// RFC 5280 §4.2.1.2, method 1.
fn key_identifier(public_key: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, public_key)
        .as_ref()
        .to_vec()
}

/// The bits of the key in a `SubjectPublicKeyInfo`.
fn key_bits(public_key_info: &[u8]) -> Vec<u8> {
    x509_parser::x509::SubjectPublicKeyInfo::from_der(public_key_info)
        .map(|(_, info)| info.subject_public_key.data.to_vec())
        .unwrap_or_default()
}

fn serial_bytes(serial: &str) -> Vec<u8> {
    let even = match serial.len() % 2 {
        0 => serial.to_owned(),
        _ => format!("0{serial}"),
    };
    hex::decode(even).unwrap_or_default()
}

//! X.509 certificates, read once into what the membership rules ask about.
//!
//! What makes a certificate unreadable follows Go's `crypto/x509`, which decides it for stock nodes. Two of its freedoms
//! are not taken over: keys on P-224 and RSA keys under 2048 bits are refused.

use std::collections::HashSet;
use std::sync::Arc;

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, GeneralSubtree, ParsedExtension, X509Extension};
use x509_parser::oid_registry as oid;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::X509Version;

use super::signature::{Algorithm, SubjectKey};
use crate::crypto::ecdsa::Signature;
use crate::crypto::pem;

/// A certificate that was read, with nothing said about who vouches for it.
#[derive(Debug)]
pub struct Certificate {
    pub der: Vec<u8>,
    pub tbs: Vec<u8>,
    pub signature: Vec<u8>,
    pub signature_algorithm: Algorithm,
    pub issuer: Vec<u8>,
    pub subject: Vec<u8>,
    pub subject_text: String,
    pub common_name: String,
    pub organizational_units: Vec<String>,
    /// Big-endian without leading zeros.
    pub serial: Vec<u8>,
    /// Seconds since 1970, as `not_after`.
    pub not_before: i64,
    pub not_after: i64,
    pub key_info: Vec<u8>,
    pub key: SubjectKey,
    pub version_3: bool,
    /// Whether the basic constraints say CA:TRUE; `None` without that extension.
    pub ca: Option<bool>,
    pub path_length: Option<u32>,
    /// Whether the key usage allows to sign certificates; `None` when it says nothing.
    pub may_sign_certificates: Option<bool>,
    /// Whether the extended key usage allows TLS servers; `None` without that extension.
    pub server_auth: Option<bool>,
    pub subject_key_id: Option<Vec<u8>>,
    pub alternative_names: Option<Names>,
    /// The content of the alternative names extension, to compare.
    pub alternative_names_der: Option<Vec<u8>>,
    pub constraints: Option<Constraints>,
    pub unhandled_critical: bool,
}

/// Names of the kinds that constraints can be put on.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Names {
    pub dns: Vec<String>,
    pub emails: Vec<String>,
    pub uris: Vec<String>,
    /// An address, or for a constraint an address and a mask.
    pub ips: Vec<Vec<u8>>,
}

/// Which names a CA may vouch for.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Constraints {
    pub permitted: Names,
    pub excluded: Names,
}

impl Certificate {
    /// Reads the first PEM block, whatever its label (`getCertFromPem` in `msp/mspimpl.go`).
    pub fn from_pem(text: &[u8]) -> Result<Arc<Certificate>, String> {
        let block = pem::first(text).ok_or("could not decode the PEM structure")?;
        Certificate::from_der(&block.contents)
    }

    pub fn from_der(der: &[u8]) -> Result<Arc<Certificate>, String> {
        let (rest, parsed) = X509Certificate::from_der(der).map_err(|e| format!("parseCertificate failed: {e}"))?;
        if !rest.is_empty() {
            return Err("parseCertificate failed: x509: trailing data".into());
        }
        read(der, &parsed)
            .map(Arc::new)
            .map_err(|why| format!("parseCertificate failed: {why}"))
    }

    pub fn is_ca(&self) -> bool {
        self.ca == Some(true)
    }

    /// Hexadecimal, for messages.
    pub fn serial_text(&self) -> String {
        hex::encode(&self.serial)
    }

    /// Whether the key of `issuer` made this certificate, and `issuer` may sign certificates
    /// (`CheckSignatureFrom` in Go's `crypto/x509`).
    pub fn check_signed_by(&self, issuer: &Certificate) -> Result<(), String> {
        let no_ca = issuer.version_3 && issuer.ca.is_none() || issuer.ca == Some(false);
        if no_ca || issuer.may_sign_certificates == Some(false) {
            return Err("x509: invalid signature: parent certificate cannot sign this kind of certificate".into());
        }
        issuer.key.check(self.signature_algorithm, &self.tbs, &self.signature)
    }

    /// The same certificate with an ECDSA signature of low s (`sanitizeECDSASignedCert` in `msp/cert.go`). Two spellings
    /// of one certificate would otherwise count as two signers.
    pub fn with_low_s(self: &Arc<Self>, issuer: &Certificate) -> Result<Arc<Certificate>, String> {
        let SubjectKey::Ecdsa { curve, .. } = issuer.key else {
            return Err("the issuer of an ECDSA-signed certificate has no ECDSA key".into());
        };
        let low = Signature::parse(&self.signature)
            .and_then(|signature| signature.into_low_s(curve))
            .ok_or("the certificate's signature is no ECDSA signature")?
            .to_der();
        if low == self.signature {
            return Ok(Arc::clone(self));
        }
        // The certificate is SEQUENCE { tbs, algorithm, BIT STRING }; what lies between the first and the last is kept.
        let outer = der_content(&self.der).ok_or("the certificate is not a DER sequence")?;
        let algorithm = outer
            .get(self.tbs.len()..)
            .and_then(first_element)
            .ok_or("the certificate is cut off")?;
        let bits = der_element(0x03, &[&[0], &low[..]].concat());
        let body = [&self.tbs[..], algorithm, &bits].concat();
        Certificate::from_der(&der_element(0x30, &body))
    }
}

fn read(der: &[u8], parsed: &X509Certificate<'_>) -> Result<Certificate, String> {
    let key_info = parsed.public_key();
    let text = |value: &x509_parser::x509::AttributeTypeAndValue<'_>| value.as_str().ok().map(str::to_owned);
    let mut certificate = Certificate {
        der: der.to_vec(),
        tbs: parsed.tbs_certificate.as_ref().to_vec(),
        signature: parsed.signature_value.data.to_vec(),
        signature_algorithm: Algorithm::read(&parsed.signature_algorithm),
        issuer: parsed.issuer().as_raw().to_vec(),
        subject: parsed.subject().as_raw().to_vec(),
        subject_text: parsed.subject().to_string(),
        common_name: parsed
            .subject()
            .iter_common_name()
            .filter_map(text)
            .last()
            .unwrap_or_default(),
        organizational_units: parsed.subject().iter_organizational_unit().filter_map(text).collect(),
        serial: without_leading_zeros(parsed.raw_serial()).to_vec(),
        not_before: parsed.validity().not_before.timestamp(),
        not_after: parsed.validity().not_after.timestamp(),
        key_info: key_info.raw.to_vec(),
        key: SubjectKey::read(key_info)?,
        version_3: parsed.version() == X509Version::V3,
        ca: None,
        path_length: None,
        may_sign_certificates: None,
        server_auth: None,
        subject_key_id: None,
        alternative_names: None,
        alternative_names_der: None,
        constraints: None,
        unhandled_critical: false,
    };
    let mut seen = HashSet::new();
    for extension in parsed.extensions() {
        if !seen.insert(&extension.oid) {
            return Err("x509: certificate contains duplicate extensions".into());
        }
        let handled = read_extension(&mut certificate, extension)?;
        certificate.unhandled_critical |= extension.critical && !handled;
    }
    Ok(certificate)
}

/// Takes over what an extension says. `false` when its meaning is not known, which matters when it is critical.
fn read_extension(certificate: &mut Certificate, extension: &X509Extension<'_>) -> Result<bool, String> {
    match extension.parsed_extension() {
        ParsedExtension::BasicConstraints(basic) => {
            certificate.ca = Some(basic.ca);
            certificate.path_length = basic.path_len_constraint;
        }
        ParsedExtension::KeyUsage(usage) if usage.flags != 0 => {
            certificate.may_sign_certificates = Some(usage.key_cert_sign());
        }
        ParsedExtension::ExtendedKeyUsage(usage) => certificate.server_auth = Some(usage.any || usage.server_auth),
        ParsedExtension::SubjectKeyIdentifier(_) | ParsedExtension::AuthorityKeyIdentifier(_)
            if extension.critical =>
        {
            return Err("x509: key identifier incorrectly marked critical".into());
        }
        ParsedExtension::SubjectKeyIdentifier(id) => certificate.subject_key_id = Some(id.0.to_vec()),
        ParsedExtension::SubjectAlternativeName(san) => {
            let (names, _) = names(&san.general_names)?;
            let known = names != Names::default();
            certificate.alternative_names = Some(names);
            certificate.alternative_names_der = Some(extension.value.to_vec());
            return Ok(known);
        }
        ParsedExtension::NameConstraints(constraints) => {
            let (permitted, all_known) = subtrees(constraints.permitted_subtrees.as_deref())?;
            let (excluded, all_known_too) = subtrees(constraints.excluded_subtrees.as_deref())?;
            certificate.constraints = Some(Constraints { permitted, excluded });
            return Ok(all_known && all_known_too);
        }
        ParsedExtension::KeyUsage(_)
        | ParsedExtension::AuthorityKeyIdentifier(_)
        | ParsedExtension::CertificatePolicies(_)
        | ParsedExtension::CRLDistributionPoints(_) => {}
        ParsedExtension::ParseError { error } if is_read_by_go(extension) => {
            return Err(format!("x509: invalid extension {}: {error}", extension.oid));
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn is_read_by_go(extension: &X509Extension<'_>) -> bool {
    [
        oid::OID_X509_EXT_KEY_USAGE,
        oid::OID_X509_EXT_BASIC_CONSTRAINTS,
        oid::OID_X509_EXT_SUBJECT_ALT_NAME,
        oid::OID_X509_EXT_NAME_CONSTRAINTS,
        oid::OID_X509_EXT_EXTENDED_KEY_USAGE,
        oid::OID_X509_EXT_SUBJECT_KEY_IDENTIFIER,
        oid::OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER,
        oid::OID_X509_EXT_CERTIFICATE_POLICIES,
        oid::OID_X509_EXT_CRL_DISTRIBUTION_POINTS,
    ]
    .contains(&extension.oid)
}

fn subtrees(subtrees: Option<&[GeneralSubtree<'_>]>) -> Result<(Names, bool), String> {
    let bases: Vec<GeneralName<'_>> = subtrees
        .unwrap_or_default()
        .iter()
        .map(|subtree| subtree.base.clone())
        .collect();
    names(&bases)
}

/// The names of known kinds, and whether there were no others.
fn names(general: &[GeneralName<'_>]) -> Result<(Names, bool), String> {
    let mut names = Names::default();
    let mut all_known = true;
    for name in general {
        match name {
            GeneralName::DNSName(name) => names.dns.push((*name).to_owned()),
            GeneralName::RFC822Name(name) => names.emails.push((*name).to_owned()),
            GeneralName::URI(name) => names.uris.push((*name).to_owned()),
            GeneralName::IPAddress(address) => names.ips.push(address.to_vec()),
            GeneralName::Invalid(..) => return Err("x509: malformed name".into()),
            _ => all_known = false,
        }
    }
    Ok((names, all_known))
}

fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

/// The length of a DER element's header and of its content. The input is DER that was parsed before.
fn der_lengths(element: &[u8]) -> Option<(usize, usize)> {
    let first = usize::from(*element.get(1)?);
    if first < 0x80 {
        return Some((2, first));
    }
    let bytes = element.get(2..2 + (first & 0x7f)).filter(|bytes| bytes.len() <= 4)?;
    let length = bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
    Some((2 + bytes.len(), length))
}

fn der_content(element: &[u8]) -> Option<&[u8]> {
    let (header, content) = der_lengths(element)?;
    element.get(header..header.checked_add(content)?)
}

fn first_element(elements: &[u8]) -> Option<&[u8]> {
    let (header, content) = der_lengths(elements)?;
    elements.get(..header.checked_add(content)?)
}

fn der_element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 6);
    crate::block::der_element(tag, content, &mut out);
    out
}

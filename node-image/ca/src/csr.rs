//! Reads a certificate signing request (PKCS#10). What it says is a wish: the authority decides what it takes over.

use std::net::IpAddr;

use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::{SubjectPublicKeyInfo, X509Name};

/// More than any request needs that asks for a few names.
const LARGEST: usize = 64 << 10;
const MOST_HOSTS: usize = 100;
/// RFC 1035, and what Fabric CA takes of other kinds of names.
const LONGEST_HOST: usize = 253;

/// A request whose signature is that of the key it brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningRequest {
    pub subject: Subject,
    /// `SubjectPublicKeyInfo`, DER.
    pub public_key_info: Vec<u8>,
    pub hosts: Vec<Host>,
    /// Whether it asks for a certificate that may issue others.
    pub wants_ca: bool,
}

/// The parts of a distinguished name that certificates carry. The units are the authority's to say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    pub country: Option<String>,
    pub state: Option<String>,
    pub locality: Option<String>,
    pub organization: Option<String>,
    pub units: Vec<String>,
    pub common_name: String,
    pub serial_number: Option<String>,
}

/// A subject alternative name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    Dns(String),
    Address(IpAddr),
    Email(String),
    Uri(String),
}

/// Why a request cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    #[error("CSR Decode failed")]
    NoPem,
    #[error("the PEM block is a {0}, not a certificate request")]
    Kind(String),
    #[error("the request has more than {LARGEST} bytes")]
    TooLarge,
    #[error("the request cannot be read: {0}")]
    Malformed(String),
    #[error("the request's signature is not that of the key in it")]
    Signature,
    #[error("the key is none that Fabric accepts; use ECDSA on P-256 or P-384")]
    Key,
    #[error("The {what} '{value}' exceeds the maximum character limit of {most}")]
    TooLong {
        what: &'static str,
        value: String,
        most: usize,
    },
    #[error("the request names more than {MOST_HOSTS} hosts")]
    TooManyHosts,
    #[error("'{0}' cannot stand in a certificate as a host")]
    Host(String),
}

/// Reads a request in PEM.
pub fn read(text: &str) -> Result<SigningRequest, RequestError> {
    if text.len() > LARGEST {
        return Err(RequestError::TooLarge);
    }
    let block = pem::parse(text).map_err(|_| RequestError::NoPem)?;
    if !matches!(block.tag(), "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST") {
        return Err(RequestError::Kind(block.tag().chars().take(64).collect()));
    }
    read_der(block.contents())
}

/// Reads a request in DER.
pub fn read_der(der: &[u8]) -> Result<SigningRequest, RequestError> {
    let malformed = |reason: String| RequestError::Malformed(reason);
    let (rest, request) = X509CertificationRequest::from_der(der).map_err(|error| malformed(error.to_string()))?;
    if !rest.is_empty() {
        return Err(malformed("there are bytes after its end".to_owned()));
    }
    let info = &request.certification_request_info;
    key(&info.subject_pki)?;
    request.verify_signature().map_err(|_| RequestError::Signature)?;
    let mut wishes = SigningRequest {
        subject: subject(&info.subject)?,
        public_key_info: info.subject_pki.raw.to_vec(),
        hosts: Vec::new(),
        wants_ca: false,
    };
    for extension in request.requested_extensions().into_iter().flatten() {
        match extension {
            ParsedExtension::SubjectAlternativeName(names) => {
                for name in &names.general_names {
                    wishes.hosts.extend(named(name)?);
                }
            }
            ParsedExtension::BasicConstraints(constraints) => wishes.wants_ca |= constraints.ca,
            ParsedExtension::ParseError { error } => return Err(malformed(error.to_string())),
            _ => {}
        }
    }
    check_count(&wishes.hosts)?;
    Ok(wishes)
}

/// What a request's JSON lists as `hosts`, which then stand for those in the signing request.
pub fn hosts(listed: &[String]) -> Result<Vec<Host>, RequestError> {
    let hosts: Result<Vec<Host>, RequestError> = listed
        .iter()
        .map(|text| text.trim())
        .filter(|text| !text.is_empty())
        .map(host)
        .collect();
    let hosts = hosts?;
    check_count(&hosts)?;
    Ok(hosts)
}

fn check_count(hosts: &[Host]) -> Result<(), RequestError> {
    match hosts.len() > MOST_HOSTS {
        true => Err(RequestError::TooManyHosts),
        false => Ok(()),
    }
}

/// Tells the kind of a host by its look, as Fabric CA's signer does.
fn host(text: &str) -> Result<Host, RequestError> {
    // IA5String holds ASCII alone, and no name has a use for anything invisible.
    if text.len() > LONGEST_HOST || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(RequestError::Host(text.chars().take(LONGEST_HOST).collect()));
    }
    if let Ok(address) = text.parse() {
        return Ok(Host::Address(address));
    }
    if text.contains("://") {
        return Ok(Host::Uri(text.to_owned()));
    }
    if text.contains('@') {
        return Ok(Host::Email(text.to_owned()));
    }
    Ok(Host::Dns(text.to_owned()))
}

/// `None` for kinds of names that certificates here do not carry.
fn named(name: &GeneralName<'_>) -> Result<Option<Host>, RequestError> {
    let checked = |text: &str, of: fn(String) -> Host| host(text).map(|_| Some(of(text.to_owned())));
    match name {
        GeneralName::DNSName(text) => checked(text, Host::Dns),
        GeneralName::RFC822Name(text) => checked(text, Host::Email),
        GeneralName::URI(text) => checked(text, Host::Uri),
        GeneralName::IPAddress(bytes) => match (<[u8; 4]>::try_from(*bytes), <[u8; 16]>::try_from(*bytes)) {
            (Ok(four), _) => Ok(Some(Host::Address(four.into()))),
            (_, Ok(sixteen)) => Ok(Some(Host::Address(sixteen.into()))),
            _ => Err(RequestError::Host(hex::encode(bytes.get(..16).unwrap_or(bytes)))),
        },
        _ => Ok(None),
    }
}

/// Fabric's MSP takes signatures of elliptic curves alone (`bccsp/sw`), and its channels P-256 and P-384.
fn key(info: &SubjectPublicKeyInfo<'_>) -> Result<(), RequestError> {
    let is_curve = info.algorithm.algorithm.to_id_string() == "1.2.840.10045.2.1";
    let curve = info.algorithm.parameters.as_ref().and_then(|p| p.as_oid().ok());
    match curve.map(|curve| curve.to_id_string()).as_deref() {
        Some("1.2.840.10045.3.1.7" | "1.3.132.0.34") if is_curve => Ok(()),
        _ => Err(RequestError::Key),
    }
}

/// Lengths are those of RFC 5280's appendix A, as `csrInputLengthCheck` in `lib/serverenroll.go` has them.
fn subject(name: &X509Name<'_>) -> Result<Subject, RequestError> {
    let mut subject = Subject::default();
    for attribute in name.iter_attributes() {
        let value = attribute
            .as_str()
            .map_err(|_| RequestError::Malformed("a part of its subject is no text".to_owned()))?;
        let bounded = |what, most| match value.len() > most {
            true => Err(RequestError::TooLong {
                what,
                value: value.chars().take(256).collect(),
                most,
            }),
            false => Ok(Some(value.to_owned())),
        };
        match attribute.attr_type().to_id_string().as_str() {
            "2.5.4.3" => subject.common_name = bounded("CN", 64)?.unwrap_or_default(),
            "2.5.4.5" => subject.serial_number = bounded("serial number", 64)?,
            "2.5.4.6" => subject.country = bounded("country name", 2)?,
            "2.5.4.7" => subject.locality = bounded("locality name", 128)?,
            "2.5.4.8" => subject.state = bounded("state name", 128)?,
            "2.5.4.10" => subject.organization = bounded("organization name", 64)?,
            "2.5.4.11" => subject.units.extend(bounded("organizational unit name", 64)?),
            _ => {}
        }
    }
    Ok(subject)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519};

    use super::*;

    fn request(common_name: &str, hosts: &[&str]) -> String {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let mut params = CertificateParams::new(hosts).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, common_name);
        params.distinguished_name.push(DnType::OrganizationName, "bank");
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        params.serialize_request(&key).unwrap().pem().unwrap()
    }

    #[test]
    fn a_request_tells_its_subject_and_its_hosts() {
        let read = read(&request("peer0", &["peer0.example.com", "10.0.0.1"])).unwrap();

        assert_eq!(
            read.subject,
            Subject {
                organization: Some("bank".into()),
                common_name: "peer0".into(),
                ..Subject::default()
            }
        );
        assert_eq!(
            read.hosts,
            [
                Host::Dns("peer0.example.com".into()),
                Host::Address("10.0.0.1".parse().unwrap())
            ]
        );
        assert!(!read.wants_ca);
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_the_reason() {
        let wrong = |text: &str| read(text).unwrap_err().to_string();
        let pem = request("x", &[]);
        let mut forged = pem::parse(&pem).unwrap().into_contents();
        let last = forged.len() - 1;
        forged[last] ^= 1;
        let forged = pem::encode(&pem::Pem::new("CERTIFICATE REQUEST", forged));
        let ed25519 = CertificateParams::default()
            .serialize_request(&KeyPair::generate_for(&PKCS_ED25519).unwrap())
            .unwrap()
            .pem()
            .unwrap();

        assert_eq!(wrong("hello"), "CSR Decode failed");
        assert_eq!(
            wrong(&pem.replace("CERTIFICATE REQUEST", "CERTIFICATE")),
            "the PEM block is a CERTIFICATE, not a certificate request"
        );
        assert_eq!(wrong(&forged), "the request's signature is not that of the key in it");
        assert_eq!(
            wrong(&ed25519),
            "the key is none that Fabric accepts; use ECDSA on P-256 or P-384"
        );
        assert_eq!(
            wrong(&request(&"x".repeat(65), &[])),
            format!("The CN '{}' exceeds the maximum character limit of 64", "x".repeat(65))
        );
        assert_eq!(wrong(&" ".repeat(LARGEST + 1)), "the request has more than 65536 bytes");
    }

    #[test]
    fn a_damaged_request_is_refused_or_says_the_same() {
        let der = pem::parse(request("peer0", &["peer0.example.com", "10.0.0.1"]))
            .unwrap()
            .into_contents();
        let whole = read_der(&der).unwrap();

        for at in 0..der.len() {
            for flipped in [0x01, 0x80, 0xff] {
                let mut damaged = der.clone();
                damaged[at] ^= flipped;
                // What is taken from it is signed; its wrapping is not.
                let same = read_der(&damaged).is_ok_and(|read| read == whole);
                assert!(same || read_der(&damaged).is_err(), "byte {at} xor {flipped:#x}");
            }
            assert!(read_der(&der[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn listed_hosts_are_told_by_their_look() {
        let listed = ["::1", "a@b.c", "https://x/y", " peer0 ", ""].map(str::to_owned);

        assert_eq!(
            hosts(&listed).unwrap(),
            [
                Host::Address("::1".parse().unwrap()),
                Host::Email("a@b.c".into()),
                Host::Uri("https://x/y".into()),
                Host::Dns("peer0".into())
            ]
        );
        assert_eq!(
            hosts(&["a b".to_owned()]).unwrap_err().to_string(),
            "'a b' cannot stand in a certificate as a host"
        );
    }
}

//! A certificate authority: its root, and what it issues. No storage.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertificateSigningRequestParams,
    CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, RevokedCertParams, SerialNumber,
};

use super::low_s::LowS;
use super::{PkiError, certificate};

const DAY: Duration = Duration::from_secs(24 * 3600);
/// How long a root is valid.
pub const ROOT_LIFE: Duration = Duration::from_secs(10 * 365 * 24 * 3600);
/// How long what a root issues to nodes and administrators is valid.
pub const LEAF_LIFE: Duration = Duration::from_secs(365 * 24 * 3600);
/// Certificates begin a little in the past, for machines whose clocks disagree.
const BACKDATE: Duration = Duration::from_secs(300);
/// Where Fabric CA puts attributes (`lib/attrmgr/attrmgr.go` there), and contracts look for them.
const ATTRIBUTES: &[u64] = &[1, 2, 3, 4, 5, 6, 7, 8, 1];

/// A root certificate and its key.
pub struct Authority {
    pub certificate_pem: String,
    pub key_pem: String,
}

/// What a certificate is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// Signs messages; the role is Fabric's organizational unit: `client`, `peer`, `orderer` or `admin`.
    Signing {
        role: String,
        attributes: BTreeMap<String, String>,
    },
    /// Serves and dials TLS under these names.
    Tls { hosts: Vec<String> },
}

/// What is asked of an authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    pub common_name: String,
    pub organization: String,
    pub purpose: Purpose,
    pub life: Duration,
}

/// A certificate with its key.
#[derive(Clone)]
pub struct Issued {
    pub certificate_pem: String,
    /// PKCS#8.
    pub key_pem: String,
}

impl Authority {
    /// Makes a new root with a new key.
    pub fn create(common_name: &str, organization: &str, now: SystemTime) -> Result<Authority, PkiError> {
        let what = || format!("the root certificate of {common_name}");
        let failed = |source| PkiError::Issue { what: what(), source };
        let key = LowS(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(failed)?);
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = subject(common_name, organization, None);
        // Fabric wants no length limit's absence, only a CA that may sign certificates and revocation lists and that
        // carries a key identifier (`msp/mspimplsetup.go`).
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::CrlSign,
        ];
        parameters.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
        valid(&mut parameters, now, ROOT_LIFE);
        let certificate = parameters.self_signed(&key).map_err(failed)?;
        Ok(Authority {
            certificate_pem: certificate.pem(),
            key_pem: key.0.serialize_pem(),
        })
    }

    /// Issues a certificate for `key`, or for a new key.
    pub fn issue(&self, leaf: &Leaf, key: Option<&str>, now: SystemTime) -> Result<Issued, PkiError> {
        let failed = |source| PkiError::Issue {
            what: format!("a certificate for {}", leaf.common_name),
            source,
        };
        let key = match key {
            Some(pem) => KeyPair::from_pem(pem),
            None => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256),
        };
        let key = key.map_err(failed)?;
        let certificate = parameters(leaf, now)?
            .signed_by(&key, &self.issuer()?)
            .map_err(failed)?;
        Ok(Issued {
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
        })
    }

    /// Issues a certificate for the key of a certificate signing request. Nothing but the key is taken from it.
    pub fn issue_for_request(&self, leaf: &Leaf, request_pem: &str, now: SystemTime) -> Result<String, PkiError> {
        let refused = |error: rcgen::Error| PkiError::Request(error.to_string());
        let mut request = CertificateSigningRequestParams::from_pem(request_pem).map_err(refused)?;
        request.params = parameters(leaf, now)?;
        let certificate = request.signed_by(&self.issuer()?).map_err(refused)?;
        Ok(certificate.pem())
    }

    /// A list of certificates that are no longer good, given by serial number and since when, in PEM.
    pub fn revocation_list(&self, revoked: &[(Vec<u8>, SystemTime)], now: SystemTime) -> Result<String, PkiError> {
        let failed = |source| PkiError::Issue {
            what: "a revocation list".to_owned(),
            source,
        };
        let entry = |(serial, since): &(Vec<u8>, SystemTime)| RevokedCertParams {
            serial_number: SerialNumber::from_slice(serial),
            revocation_time: (*since).into(),
            reason_code: None,
            invalidity_date: None,
        };
        let seconds = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let list = CertificateRevocationListParams {
            this_update: now.into(),
            // Fabric takes a list for as long as the channel's configuration has it, whatever this says.
            next_update: (now + ROOT_LIFE).into(),
            crl_number: SerialNumber::from(seconds.as_secs()),
            issuing_distribution_point: None,
            revoked_certs: revoked.iter().map(entry).collect(),
            // Fabric looks for lists by it (`getAuthorityKeyIdentifierFromCrl` in `msp/mspimplvalidate.go`).
            key_identifier_method: KeyIdMethod::PreSpecified(certificate::key_identifier(&self.certificate_pem)?),
        };
        list.signed_by(&self.issuer()?)
            .and_then(|list| list.pem())
            .map_err(failed)
    }

    fn issuer(&self) -> Result<Issuer<'static, LowS>, PkiError> {
        let read = |error: rcgen::Error| PkiError::Read {
            what: "the certificate authority's key".to_owned(),
            reason: error.to_string(),
        };
        let key = KeyPair::from_pem(&self.key_pem).map_err(read)?;
        Issuer::from_ca_cert_pem(&self.certificate_pem, LowS(key)).map_err(read)
    }
}

fn parameters(leaf: &Leaf, now: SystemTime) -> Result<CertificateParams, PkiError> {
    let failed = |source| PkiError::Issue {
        what: format!("a certificate for {}", leaf.common_name),
        source,
    };
    let (hosts, role) = match &leaf.purpose {
        Purpose::Signing { role, .. } => (Vec::new(), Some(role.as_str())),
        Purpose::Tls { hosts } => (hosts.clone(), None),
    };
    let mut parameters = CertificateParams::new(hosts).map_err(failed)?;
    parameters.distinguished_name = subject(&leaf.common_name, &leaf.organization, role);
    parameters.is_ca = IsCa::ExplicitNoCa;
    parameters.use_authority_key_identifier_extension = true;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    match &leaf.purpose {
        Purpose::Signing { attributes, .. } if !attributes.is_empty() => {
            let content = serde_json::json!({ "attrs": attributes }).to_string().into_bytes();
            parameters.custom_extensions = vec![CustomExtension::from_oid_content(ATTRIBUTES, content)];
        }
        Purpose::Signing { .. } => {}
        Purpose::Tls { .. } => {
            parameters.key_usages.push(KeyUsagePurpose::KeyEncipherment);
            parameters.extended_key_usages =
                vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        }
    }
    valid(&mut parameters, now, leaf.life);
    Ok(parameters)
}

fn subject(common_name: &str, organization: &str, role: Option<&str>) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::OrganizationName, organization);
    if let Some(role) = role {
        subject.push(DnType::OrganizationalUnitName, role);
    }
    subject.push(DnType::CommonName, common_name);
    subject
}

fn valid(parameters: &mut CertificateParams, now: SystemTime, life: Duration) {
    parameters.not_before = (now - BACKDATE).into();
    parameters.not_after = (now + life.max(DAY)).into();
}

#[cfg(test)]
mod tests {
    use rcgen::PublicKeyData as _;
    use x509_parser::prelude::{FromDer as _, ParsedExtension, X509Certificate};

    use super::super::low_s::is_low_s;
    use super::*;

    fn signing(role: &str) -> Leaf {
        Leaf {
            common_name: "peer0-bank".to_owned(),
            organization: "bank".to_owned(),
            purpose: Purpose::Signing {
                role: role.to_owned(),
                attributes: BTreeMap::new(),
            },
            life: LEAF_LIFE,
        }
    }

    fn der(pem: &str) -> Vec<u8> {
        pem::parse(pem).unwrap().into_contents()
    }

    #[test]
    fn a_leaf_names_its_issuer_by_key_identifier_and_its_role_by_unit() {
        let authority = Authority::create("ca.bank", "bank", SystemTime::now()).unwrap();

        let issued = authority.issue(&signing("peer"), None, SystemTime::now()).unwrap();

        let (root, leaf) = (der(&authority.certificate_pem), der(&issued.certificate_pem));
        let root = X509Certificate::from_der(&root).unwrap().1;
        let leaf = X509Certificate::from_der(&leaf).unwrap().1;
        let identifier = |certificate: &X509Certificate<'_>, own: bool| {
            certificate
                .extensions()
                .iter()
                .find_map(|e| match e.parsed_extension() {
                    ParsedExtension::SubjectKeyIdentifier(id) if own => Some(id.0.to_vec()),
                    ParsedExtension::AuthorityKeyIdentifier(id) if !own => {
                        id.key_identifier.as_ref().map(|i| i.0.to_vec())
                    }
                    _ => None,
                })
        };
        assert_eq!(leaf.subject().to_string(), "O=bank, OU=peer, CN=peer0-bank");
        assert!(identifier(&root, true).is_some());
        assert_eq!(identifier(&leaf, false), identifier(&root, true));
        assert!(leaf.verify_signature(Some(root.public_key())).is_ok());
    }

    #[test]
    fn every_signature_has_a_low_s() {
        let authority = Authority::create("ca.bank", "bank", SystemTime::now()).unwrap();

        for _ in 0..16 {
            let issued = authority.issue(&signing("peer"), None, SystemTime::now()).unwrap();
            let bytes = der(&issued.certificate_pem);
            assert!(is_low_s(
                &X509Certificate::from_der(&bytes).unwrap().1.signature_value.data
            ));
        }
    }

    #[test]
    fn a_renewed_certificate_keeps_its_key() {
        let authority = Authority::create("ca.bank", "bank", SystemTime::now()).unwrap();
        let first = authority.issue(&signing("peer"), None, SystemTime::now()).unwrap();

        let second = authority
            .issue(&signing("peer"), Some(&first.key_pem), SystemTime::now())
            .unwrap();

        let key = |issued: &Issued| {
            let bytes = der(&issued.certificate_pem);
            X509Certificate::from_der(&bytes).unwrap().1.public_key().raw.to_vec()
        };
        assert_eq!(key(&first), key(&second));
        assert_ne!(first.certificate_pem, second.certificate_pem);
    }

    #[test]
    fn a_request_gives_its_key_and_nothing_else() {
        let authority = Authority::create("ca.bank", "bank", SystemTime::now()).unwrap();
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let mut wanted = CertificateParams::default();
        wanted.distinguished_name = subject("root", "rival", Some("admin"));
        let request = wanted.serialize_request(&key).unwrap().pem().unwrap();

        let issued = authority
            .issue_for_request(&signing("client"), &request, SystemTime::now())
            .unwrap();

        let bytes = der(&issued);
        let certificate = X509Certificate::from_der(&bytes).unwrap().1;
        assert_eq!(certificate.subject().to_string(), "O=bank, OU=client, CN=peer0-bank");
        assert_eq!(certificate.public_key().raw, key.subject_public_key_info());
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let authority = Authority::create("ca.bank", "bank", SystemTime::now()).unwrap();

        let refused = authority
            .issue_for_request(&signing("client"), "hello", SystemTime::now())
            .unwrap_err();

        assert!(
            refused
                .to_string()
                .starts_with("the certificate request cannot be used")
        );
    }
}

//! Organizations for tests: an identity CA and a TLS CA each, issued on the spot.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use entente_fabric::config::genesis::membership;
use entente_fabric::identity::SigningIdentity;
use entente_fabric::identity::local::{self, KeyPair as MspKey};
use entente_fabric::proto::msp::FabricMspConfig;
use entente_fabric::tls::{TlsClient, TlsIdentity};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType,
};

/// A certificate and its key, both PEM.
pub struct Pair {
    pub certificate: String,
    pub key: String,
}

struct Authority {
    params: CertificateParams,
    key: KeyPair,
    pem: String,
}

impl Authority {
    fn new(name: &str) -> Authority {
        let mut params = CertificateParams::default();
        params.distinguished_name = subject(name, None);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Authority { params, key, pem }
    }

    fn issue(&self, name: &str, unit: Option<&str>) -> Pair {
        let mut params = CertificateParams::default();
        params.distinguished_name = subject(name, unit);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        params.subject_alt_names = vec![
            SanType::DnsName("localhost".try_into().unwrap()),
            SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        ];
        let key = KeyPair::generate().unwrap();
        let issuer = Issuer::from_params(&self.params, &self.key);
        Pair {
            certificate: params.signed_by(&key, &issuer).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }
}

fn subject(name: &str, unit: Option<&str>) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    if let Some(unit) = unit {
        subject.push(DnType::OrganizationalUnitName, unit);
    }
    subject
}

/// An organization of the test network.
pub struct Organization {
    pub msp_id: String,
    identities: Authority,
    tls: Authority,
}

impl Organization {
    pub fn new(msp_id: &str) -> Organization {
        let identities = Authority::new(&format!("ca.{msp_id}"));
        Organization {
            msp_id: msp_id.to_owned(),
            identities,
            tls: Authority::new(&format!("tlsca.{msp_id}")),
        }
    }

    pub fn definition(&self) -> FabricMspConfig {
        membership(&self.msp_id, self.identities.pem.as_bytes(), self.tls.pem.as_bytes())
    }

    /// A signer of the organizational unit `unit`: `client`, `admin`, `peer` or `orderer`.
    pub fn signer(&self, name: &str, unit: &str) -> SigningIdentity {
        let pair = self.identities.issue(name, Some(unit));
        SigningIdentity::new(&self.msp_id, pair.certificate.as_bytes(), pair.key.as_bytes()).unwrap()
    }

    /// Writes `msp/` and `tls/` of a node.
    pub fn write_node(&self, dir: &Path, name: &str, unit: &str) -> Pair {
        let pair = self.identities.issue(name, Some(unit));
        let signer = MspKey {
            certificate_pem: pair.certificate.as_bytes(),
            key_pem: pair.key.as_bytes(),
        };
        local::write(&dir.join("msp"), &self.definition(), Some(signer)).unwrap();
        let tls = self.tls.issue(name, None);
        std::fs::create_dir_all(dir.join("tls")).unwrap();
        std::fs::write(dir.join("tls/cert.pem"), &tls.certificate).unwrap();
        std::fs::write(dir.join("tls/key.pem"), &tls.key).unwrap();
        std::fs::write(dir.join("tls/ca.pem"), &self.tls.pem).unwrap();
        tls
    }

    /// Trusts the organization's nodes, and shows them a certificate of their own TLS CA.
    pub fn tls_client(&self) -> TlsClient {
        let pair = self.tls.issue("client", None);
        let identity = TlsIdentity::from_pem(pair.certificate.as_bytes(), pair.key.as_bytes()).unwrap();
        TlsClient::trusting_pem(self.tls.pem.as_bytes())
            .unwrap()
            .with_identity(identity)
    }
}

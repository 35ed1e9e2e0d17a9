//! Certificates for tests, as a CA that knows Fabric issues them.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName, DnType, IsCa, Issuer,
    KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber, date_time_ymd,
};

use super::{Msp, MspError, MspVersion};
use crate::proto::msp::{FabricMspConfig, FabricNodeOUs, FabricOuIdentifier};

/// A CA with its key.
pub struct Authority {
    params: CertificateParams,
    key: KeyPair,
    pem: String,
}

/// A certificate and its key, both PEM.
pub type Pair = (String, String);

impl Authority {
    pub fn root(name: &str) -> Authority {
        Authority::root_with(name, |_| {})
    }

    pub fn root_with(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Authority {
        let mut params = authority_params(name);
        change(&mut params);
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let pem = tidy(&params.self_signed(&key).unwrap().pem());
        Authority { params, key, pem }
    }

    /// A CA below this one.
    pub fn authority(&self, name: &str) -> Authority {
        self.authority_with(name, |_| {})
    }

    pub fn authority_with(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Authority {
        let mut params = authority_params(name);
        change(&mut params);
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let pem = tidy(&params.signed_by(&key, &self.issuer()).unwrap().pem());
        Authority { params, key, pem }
    }

    /// The same CA, certified by this one.
    pub fn crossed(&self, other: &Authority) -> Authority {
        let key = KeyPair::from_pem(&other.key.serialize_pem()).unwrap();
        let pem = tidy(&other.params.signed_by(&key, &self.issuer()).unwrap().pem());
        Authority {
            params: other.params.clone(),
            key,
            pem,
        }
    }

    pub fn pem(&self) -> Vec<u8> {
        self.pem.clone().into_bytes()
    }

    pub fn identity(&self, name: &str, units: &[&str]) -> Pair {
        self.identity_with(name, units, &rcgen::PKCS_ECDSA_P256_SHA256, |_| {})
    }

    pub fn identity_with(
        &self,
        name: &str,
        units: &[&str],
        algorithm: &'static rcgen::SignatureAlgorithm,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Pair {
        let mut params = common_params(name);
        // A name holds one value of each type; by its number the unit is another type with the same meaning.
        let types = [DnType::OrganizationalUnitName, DnType::CustomDnType(vec![2, 5, 4, 11])];
        assert!(units.len() <= types.len());
        types
            .into_iter()
            .zip(units)
            .for_each(|(kind, unit)| params.distinguished_name.push(kind, *unit));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        change(&mut params);
        let key = KeyPair::generate_for(algorithm).unwrap();
        let certificate = params.signed_by(&key, &self.issuer()).unwrap();
        (tidy(&certificate.pem()), key.serialize_pem())
    }

    pub fn crl(&self, serials: &[u64]) -> Vec<u8> {
        let revoked = |serial: &u64| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: date_time_ymd(2040, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2000, 1, 1),
            next_update: date_time_ymd(2000, 1, 2),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuer()).unwrap().pem().unwrap().into_bytes()
    }

    fn issuer(&self) -> Issuer<'_, &KeyPair> {
        Issuer::from_params(&self.params, &self.key)
    }
}

fn common_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2030, 1, 1));
    params.use_authority_key_identifier_extension = true;
    params
}

fn authority_params(name: &str) -> CertificateParams {
    let mut params = common_params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn tidy(pem: &str) -> String {
    pem.replace("\r\n", "\n")
}

pub fn unit(name: &str) -> Option<FabricOuIdentifier> {
    Some(FabricOuIdentifier {
        certificate: vec![],
        organizational_unit_identifier: name.into(),
    })
}

/// A definition with all four node units, as the platform makes it.
pub fn definition(roots: &[&Authority], intermediates: &[&Authority]) -> FabricMspConfig {
    FabricMspConfig {
        name: "Org1MSP".into(),
        root_certs: roots.iter().map(|ca| ca.pem()).collect(),
        intermediate_certs: intermediates.iter().map(|ca| ca.pem()).collect(),
        fabric_node_ous: Some(FabricNodeOUs {
            enable: true,
            client_ou_identifier: unit("client"),
            peer_ou_identifier: unit("peer"),
            admin_ou_identifier: unit("admin"),
            orderer_ou_identifier: unit("orderer"),
        }),
        ..Default::default()
    }
}

pub fn msp(roots: &[&Authority], intermediates: &[&Authority]) -> Arc<Msp> {
    build(&definition(roots, intermediates)).unwrap()
}

pub fn build(definition: &FabricMspConfig) -> Result<Arc<Msp>, MspError> {
    Msp::from_definition(definition, MspVersion::V1_4_3)
}

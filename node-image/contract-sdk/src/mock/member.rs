//! Who submits transactions in tests.

use entente_fabric::proto::msp::SerializedIdentity;
use prost::Message as _;
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, DnType, KeyPair};

/// Where Fabric's CA writes attributes into a certificate.
const ATTRIBUTES: [u64; 9] = [1, 2, 3, 4, 5, 6, 7, 8, 1];

/// Somebody with a certificate.
#[derive(Debug, Clone)]
pub struct Member {
    serialized: Vec<u8>,
    id: String,
}

impl Member {
    /// A client of an organization.
    ///
    /// # Panics
    /// When the name cannot stand in a certificate.
    pub fn new(msp_id: &str, name: &str) -> Member {
        Member::with_attributes(msp_id, name, &[])
    }

    /// A client whose certificate has attributes.
    ///
    /// # Panics
    /// When the name cannot stand in a certificate.
    pub fn with_attributes(msp_id: &str, name: &str, attributes: &[(&str, &str)]) -> Member {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.distinguished_name.push(DnType::OrganizationalUnitName, "client");
        if !attributes.is_empty() {
            let attributes: serde_json::Map<_, _> = attributes
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).into()))
                .collect();
            let content = serde_json::json!({ "attrs": attributes }).to_string().into_bytes();
            params
                .custom_extensions
                .push(CustomExtension::from_oid_content(&ATTRIBUTES, content));
        }
        let certificate = KeyPair::generate().and_then(|key| params.self_signed(&key));
        let pem = certificate.expect("a certificate of plain names can be made").pem();
        let serialized = SerializedIdentity {
            mspid: msp_id.to_owned(),
            id_bytes: pem.into_bytes(),
        };
        let id = format!("{msp_id}/CN={name}, OU=client");
        Member {
            serialized: serialized.encode_to_vec(),
            id,
        }
    }

    pub(super) fn serialized(&self) -> &[u8] {
        &self.serialized
    }

    /// What [`crate::Creator::id`] says of this member.
    pub fn id(&self) -> &str {
        &self.id
    }
}

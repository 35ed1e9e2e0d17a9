//! Who submitted a transaction. The peer has checked the signature and that the identity belongs to its organization.

use std::collections::BTreeMap;

use entente_fabric::crypto::pem;
use entente_fabric::proto::msp::SerializedIdentity;
use prost::Message as _;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

use crate::error::ContractError;

/// Where Fabric's CA writes attributes into a certificate.
const ATTRIBUTES_OID: &str = "1.2.3.4.5.6.7.8.1";

/// Who submitted a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Creator {
    msp_id: String,
    certificate_pem: Vec<u8>,
    subject: String,
    common_name: String,
    attributes: BTreeMap<String, String>,
}

#[derive(serde::Deserialize)]
struct Attributes {
    #[serde(default)]
    attrs: BTreeMap<String, String>,
}

impl Creator {
    /// Reads a marshalled `msp.SerializedIdentity`.
    pub fn read(serialized: &[u8]) -> Result<Creator, ContractError> {
        let unreadable = |why: String| ContractError::Creator(why);
        let identity = SerializedIdentity::decode(serialized).map_err(|why| unreadable(why.to_string()))?;
        let block = pem::first(&identity.id_bytes).ok_or_else(|| unreadable("it holds no PEM block".into()))?;
        let (_, certificate) =
            X509Certificate::from_der(&block.contents).map_err(|why| unreadable(why.to_string()))?;
        let common_name = certificate
            .subject()
            .iter_common_name()
            .filter_map(|name| name.as_str().ok())
            .last();
        let extension = certificate
            .extensions()
            .iter()
            .find(|each| each.oid.to_id_string() == ATTRIBUTES_OID);
        let attributes = match extension {
            Some(extension) => {
                serde_json::from_slice::<Attributes>(extension.value)
                    .map_err(|why| unreadable(format!("its attributes are not the JSON of Fabric's CA: {why}")))?
                    .attrs
            }
            None => BTreeMap::new(),
        };
        Ok(Creator {
            subject: certificate.subject().to_string(),
            common_name: common_name.unwrap_or_default().to_owned(),
            attributes,
            msp_id: identity.mspid,
            certificate_pem: identity.id_bytes,
        })
    }

    /// The organization, by the id of its MSP.
    pub fn msp_id(&self) -> &str {
        &self.msp_id
    }

    /// The certificate as the client sent it.
    pub fn certificate_pem(&self) -> &[u8] {
        &self.certificate_pem
    }

    /// The certificate's subject: `CN=User1@org1, OU=client`.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    pub fn common_name(&self) -> &str {
        &self.common_name
    }

    /// Organization and subject: a name that stays the same when the certificate is renewed.
    pub fn id(&self) -> String {
        format!("{}/{}", self.msp_id, self.subject)
    }

    /// An attribute that the organization's CA put into the certificate.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }
}

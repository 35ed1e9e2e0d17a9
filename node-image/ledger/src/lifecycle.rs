//! Committed chaincode definitions: how `_lifecycle` keeps them in state, and reading them
//! (`core/chaincode/lifecycle/serializer.go`, `lifecycle.go`).
//!
//! A definition is spread over `namespaces/metadata/<name>` and four `namespaces/fields/<name>/<field>`. Which of them
//! are read, and in which order, shows in read-write sets: every reader goes through here.

use entente_fabric::proto::common::{
    MspPrincipal, MspRole, SignaturePolicy, SignaturePolicyEnvelope, msp_principal, msp_role, signature_policy,
};
use entente_fabric::proto::lifecycle::{
    ChaincodeEndorsementInfo, ChaincodeValidationInfo, StateData, StateMetadata, state_data,
};
use entente_fabric::proto::protos::{
    CollectionConfigPackage, CollectionPolicyConfig, StaticCollectionConfig, collection_config,
    collection_policy_config,
};
use prost::Message as _;

use crate::LedgerError;

/// The system chaincode's namespace.
pub const NAMESPACE: &str = "_lifecycle";
/// First part of the keys of committed definitions.
pub const DEFINITIONS: &str = "namespaces";
/// First part of the keys that say which package an organization runs.
pub const SOURCES: &str = "chaincode-sources";
/// What collections of organizations' own are called, in front of the MSP id.
pub const IMPLICIT_COLLECTION: &str = "_implicit_org_";

const DATATYPE: &str = "ChaincodeDefinition";

/// `<kind>/metadata/<name>`.
pub fn metadata_key(kind: &str, name: &str) -> String {
    format!("{kind}/metadata/{name}")
}

/// `<kind>/fields/<name>/<field>`.
pub fn field_key(kind: &str, name: &str, field: &str) -> String {
    format!("{kind}/fields/{name}/{field}")
}

/// The key that every simulation of a user chaincode reads.
pub fn sequence_key(name: &str) -> String {
    field_key(DEFINITIONS, name, "Sequence")
}

/// A committed definition.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Definition {
    pub sequence: i64,
    pub endorsement: ChaincodeEndorsementInfo,
    pub validation: ChaincodeValidationInfo,
    pub collections: CollectionConfigPackage,
}

/// Why a definition cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DefinitionError {
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("{0}")]
    Malformed(String),
}

impl Definition {
    /// Reads the definition of `name`; `get` looks up a key of namespace `_lifecycle`. `None` when it is not defined.
    /// `_lifecycle` itself is always defined, by an empty definition and without a read.
    pub fn read(
        name: &str,
        mut get: impl FnMut(&str) -> Result<Option<Vec<u8>>, LedgerError>,
    ) -> Result<Option<Definition>, DefinitionError> {
        if name == NAMESPACE {
            return Ok(Some(Definition::default()));
        }
        let key = metadata_key(DEFINITIONS, name);
        let Some(metadata) = get(&key)? else { return Ok(None) };
        let metadata = StateMetadata::decode(metadata.as_slice()).map_err(|e| malformed(&key, e))?;
        if metadata.datatype != DATATYPE {
            return Err(DefinitionError::Malformed(format!(
                "not a chaincode type: {}",
                metadata.datatype
            )));
        }
        Ok(Some(Definition {
            sequence: read_int64(&sequence_key(name), &mut get)?,
            endorsement: read_message(&field_key(DEFINITIONS, name, "EndorsementInfo"), &mut get)?,
            validation: read_message(&field_key(DEFINITIONS, name, "ValidationInfo"), &mut get)?,
            collections: read_message(&field_key(DEFINITIONS, name, "Collections"), &mut get)?,
        }))
    }

    /// The definition's own collections.
    pub fn explicit_collections(&self) -> impl Iterator<Item = &StaticCollectionConfig> {
        self.collections.config.iter().filter_map(|config| {
            let collection_config::Payload::StaticCollectionConfig(collection) = config.payload.as_ref()?;
            Some(collection)
        })
    }

    /// A collection of the definition, or the implicit one of an organization, whether or not that is on the channel.
    pub fn collection(&self, name: &str) -> Option<StaticCollectionConfig> {
        match name.strip_prefix(IMPLICIT_COLLECTION) {
            Some(msp_id) => Some(implicit_collection(msp_id)),
            None => self
                .explicit_collections()
                .find(|collection| collection.name == name)
                .cloned(),
        }
    }
}

/// The collection that every organization has in every namespace; only its members see into it.
pub fn implicit_collection(msp_id: &str) -> StaticCollectionConfig {
    let role = MspRole {
        msp_identifier: msp_id.to_owned(),
        role: msp_role::MspRoleType::Member as i32,
    };
    let member = MspPrincipal {
        principal_classification: msp_principal::Classification::Role as i32,
        principal: role.encode_to_vec(),
    };
    let first = SignaturePolicy {
        r#type: Some(signature_policy::Type::SignedBy(0)),
    };
    let rule = signature_policy::Type::NOutOf(signature_policy::NOutOf {
        n: 1,
        rules: vec![first],
    });
    let rule = SignaturePolicy { r#type: Some(rule) };
    let policy = SignaturePolicyEnvelope {
        version: 0,
        rule: Some(rule),
        identities: vec![member],
    };
    let payload = Some(collection_policy_config::Payload::SignaturePolicy(policy));
    StaticCollectionConfig {
        name: format!("{IMPLICIT_COLLECTION}{msp_id}"),
        member_orgs_policy: Some(CollectionPolicyConfig { payload }),
        ..Default::default()
    }
}

/// The value of an Int64 field; 0 when the key is missing.
pub fn read_int64(
    key: &str,
    mut get: impl FnMut(&str) -> Result<Option<Vec<u8>>, LedgerError>,
) -> Result<i64, DefinitionError> {
    match read_field(key, get(key)?)? {
        None => Ok(0),
        Some(state_data::Type::Int64(number)) => Ok(number),
        Some(_) => Err(wrong_type(key, "Int64")),
    }
}

/// The message in a Bytes field; the empty one when the key is missing.
pub fn read_message<M: prost::Message + Default>(
    key: &str,
    mut get: impl FnMut(&str) -> Result<Option<Vec<u8>>, LedgerError>,
) -> Result<M, DefinitionError> {
    match read_field(key, get(key)?)? {
        None => Ok(M::default()),
        Some(state_data::Type::Bytes(bytes)) => M::decode(bytes.as_slice()).map_err(|e| malformed(key, e)),
        Some(_) => Err(wrong_type(key, "[]byte")),
    }
}

/// The value of a String field; empty when the key is missing.
pub fn read_string(
    key: &str,
    mut get: impl FnMut(&str) -> Result<Option<Vec<u8>>, LedgerError>,
) -> Result<String, DefinitionError> {
    match read_field(key, get(key)?)? {
        None => Ok(String::new()),
        Some(state_data::Type::String(text)) => Ok(text),
        Some(_) => Err(wrong_type(key, "String")),
    }
}

fn read_field(key: &str, value: Option<Vec<u8>>) -> Result<Option<state_data::Type>, DefinitionError> {
    let data = StateData::decode(value.unwrap_or_default().as_slice()).map_err(|e| malformed(key, e))?;
    Ok(data.r#type)
}

fn malformed(key: &str, error: prost::DecodeError) -> DefinitionError {
    DefinitionError::Malformed(format!("could not unmarshal state for key {key}: {error}"))
}

fn wrong_type(key: &str, wanted: &str) -> DefinitionError {
    DefinitionError::Malformed(format!("expected key {key} to encode a value of type {wanted}"))
}

//! How a structure is laid out in state (`core/chaincode/lifecycle/serializer.go`).
//!
//! It is several keys: `<folder>/metadata/<name>` names its type and fields, and `<folder>/fields/<name>/<Field>` holds
//! each. Only keys whose value changes are written, and what is compared for that is in the read set: the order and
//! number of reads here is part of the protocol.

use entente_fabric::crypto::sha256;
use entente_fabric::proto::lifecycle::{StateData, StateMetadata, state_data};
use prost::Message as _;

use super::state::{OrgState, PublicState};
use crate::failure::Failure;

/// Folder of definitions.
pub const NAMESPACES: &str = "namespaces";
/// Folder of where an organization finds a chaincode; only in implicit collections.
pub const SOURCES: &str = "chaincode-sources";

pub const LOCAL_PACKAGE_TYPE: &str = "ChaincodeLocalPackage";

/// A structure in state: its type and its fields with their encoded values.
pub struct Record {
    datatype: &'static str,
    fields: Vec<(&'static str, Vec<u8>)>,
}

impl Record {
    pub fn new(datatype: &'static str, fields: Vec<(&'static str, Vec<u8>)>) -> Record {
        Record { datatype, fields }
    }

    /// What names the type and the fields.
    pub fn metadata(&self) -> Vec<u8> {
        let fields = self.fields.iter().map(|(name, _)| (*name).to_owned()).collect();
        StateMetadata {
            datatype: self.datatype.to_owned(),
            fields,
        }
        .encode_to_vec()
    }

    pub fn datatype(&self) -> &'static str {
        self.datatype
    }

    pub fn fields(&self) -> &[(&'static str, Vec<u8>)] {
        &self.fields
    }
}

/// Where an organization finds a chaincode: a package on its peers. Empty: nowhere, they do not endorse.
pub fn local_package(package_id: &str) -> Record {
    Record {
        datatype: LOCAL_PACKAGE_TYPE,
        fields: vec![("PackageID", package_id_value(package_id))],
    }
}

/// The encoded PackageID field.
pub fn package_id_value(package_id: &str) -> Vec<u8> {
    value(state_data::Type::String(package_id.to_owned()))
}

/// A field that holds a message; an empty one is still written.
pub fn bytes(message: Vec<u8>) -> Vec<u8> {
    value(state_data::Type::Bytes(message))
}

/// A field's encoding.
pub fn value(value: state_data::Type) -> Vec<u8> {
    StateData { r#type: Some(value) }.encode_to_vec()
}

pub fn metadata_key(folder: &str, name: &str) -> String {
    format!("{folder}/metadata/{name}")
}

pub fn field_key(folder: &str, name: &str, field: &str) -> String {
    format!("{folder}/fields/{name}/{field}")
}

/// The name under which an organization keeps its approval.
pub fn private_name(name: &str, sequence: i64) -> String {
    format!("{name}#{sequence}")
}

/// Writes a record into the public state: what changed of it.
pub fn write(state: &mut PublicState<'_>, name: &str, record: &Record) -> Result<(), Failure> {
    let metadata_key = metadata_key(NAMESPACES, name);
    let existing = state.get(&metadata_key)?;
    for (field, value) in record.fields() {
        let key = field_key(NAMESPACES, name, field);
        let unchanged = existing.is_some() && state.get(&key)?.as_deref() == Some(value);
        if !unchanged {
            state.put(&key, value)?;
        }
    }
    let metadata = record.metadata();
    if existing.as_deref() != Some(&metadata) {
        state.put(&metadata_key, &metadata)?;
    }
    Ok(())
}

/// Writes a record into an organization's collection: what changed of it, told by hashes.
pub fn write_private(state: &mut OrgState<'_>, folder: &str, name: &str, record: &Record) -> Result<(), Failure> {
    let metadata_key = metadata_key(folder, name);
    let existing = state.hash(&metadata_key)?;
    for (field, value) in record.fields() {
        let key = field_key(folder, name, field);
        let unchanged = existing.is_some() && state.hash(&key)?.as_deref() == Some(&sha256(value));
        if !unchanged {
            state.put(&key, value)?;
        }
    }
    let metadata = record.metadata();
    if existing.as_deref() != Some(&sha256(&metadata)) {
        state.put(&metadata_key, &metadata)?;
    }
    Ok(())
}

/// What keeps an organization's hashed state from being `record`: nothing, the type, or the fields that differ.
/// `hash` answers the SHA-256 of a key's value.
pub fn mismatches(
    mut hash: impl FnMut(&str) -> Result<Option<Vec<u8>>, Failure>,
    name: &str,
    record: &Record,
) -> Result<Vec<String>, Failure> {
    let metadata = hash(&metadata_key(NAMESPACES, name))?;
    // All keys are read, whatever the first ones say: they belong to the read set.
    let mut found = Vec::with_capacity(record.fields().len());
    for (field, _) in record.fields() {
        found.push(hash(&field_key(NAMESPACES, name, field))?);
    }
    if metadata.as_deref() != Some(&sha256(&record.metadata())) {
        return Ok(vec![record.datatype().to_owned()]);
    }
    let differing = record.fields().iter().zip(found);
    let differing = differing.filter(|((_, value), found)| found.as_deref() != Some(&sha256(value)));
    Ok(differing.map(|((field, _), _)| (*field).to_owned()).collect())
}

//! Chaincode definitions and how they are laid out in state (`core/chaincode/lifecycle/{lifecycle,serializer}.go`).
//!
//! A definition is several keys: `namespaces/metadata/<name>` names its type and fields, and
//! `namespaces/fields/<name>/<Field>` holds each. Organizations keep what they approved under the same keys of their
//! implicit collection, with `<name>#<sequence>` for the name. Only keys whose value changes are written.

use entente_fabric::crypto::sha256;
use entente_fabric::proto::lifecycle::{
    ChaincodeEndorsementInfo, ChaincodeValidationInfo, StateData, StateMetadata, state_data,
};
use entente_fabric::proto::protos::CollectionConfigPackage;
use prost::Message as _;

use super::state::{OrgState, PublicState};
use crate::failure::{Failure, decode};

/// Folder of definitions.
pub const NAMESPACES: &str = "namespaces";
/// Folder of where an organization finds a chaincode; only in implicit collections.
pub const SOURCES: &str = "chaincode-sources";

const DEFINITION_TYPE: &str = "ChaincodeDefinition";
pub const PARAMETERS_TYPE: &str = "ChaincodeParameters";
pub const LOCAL_PACKAGE_TYPE: &str = "ChaincodeLocalPackage";

/// What a channel agrees on about a chaincode, apart from the sequence.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    pub endorsement: ChaincodeEndorsementInfo,
    pub validation: ChaincodeValidationInfo,
    pub collections: CollectionConfigPackage,
}

/// A definition as it is committed.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    pub sequence: i64,
    pub parameters: Parameters,
}

/// A structure in state: its type and its fields with their encoded values.
pub struct Record {
    datatype: &'static str,
    fields: Vec<(&'static str, Vec<u8>)>,
}

impl Record {
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

impl Parameters {
    pub fn record(&self) -> Record {
        Record {
            datatype: PARAMETERS_TYPE,
            fields: self.fields().into(),
        }
    }

    fn fields(&self) -> [(&'static str, Vec<u8>); 3] {
        [
            ("EndorsementInfo", bytes(self.endorsement.encode_to_vec())),
            ("ValidationInfo", bytes(self.validation.encode_to_vec())),
            ("Collections", bytes(self.collections.encode_to_vec())),
        ]
    }

    /// What differs between what was agreed (`self`) and what is `passed`, in stock's words.
    pub fn compare(&self, passed: &Parameters) -> Result<(), Failure> {
        let differs = |what: &str, ours: &dyn std::fmt::Display, theirs: &dyn std::fmt::Display| {
            Err(Failure(format!(
                "expected {what} '{ours}' does not match passed {what} '{theirs}'"
            )))
        };
        let (ours, theirs) = (&self.endorsement, &passed.endorsement);
        if ours.version != theirs.version {
            return differs("Version", &ours.version, &theirs.version);
        }
        if ours.endorsement_plugin != theirs.endorsement_plugin {
            return differs(
                "EndorsementPlugin",
                &ours.endorsement_plugin,
                &theirs.endorsement_plugin,
            );
        }
        if ours.init_required != theirs.init_required {
            return differs("InitRequired", &ours.init_required, &theirs.init_required);
        }
        let (ours, theirs) = (&self.validation, &passed.validation);
        if ours.validation_plugin != theirs.validation_plugin {
            return differs("ValidationPlugin", &ours.validation_plugin, &theirs.validation_plugin);
        }
        if ours.validation_parameter != theirs.validation_parameter {
            let (ours, theirs) = (
                hex::encode(&ours.validation_parameter),
                hex::encode(&theirs.validation_parameter),
            );
            return differs("ValidationParameter", &ours, &theirs);
        }
        if self.collections != passed.collections {
            return Err(Failure::new("Collections do not match"));
        }
        Ok(())
    }
}

impl Definition {
    pub fn record(&self) -> Record {
        let mut fields = vec![("Sequence", state_data(state_data::Type::Int64(self.sequence)))];
        fields.extend(self.parameters.fields());
        Record {
            datatype: DEFINITION_TYPE,
            fields,
        }
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
    state_data(state_data::Type::String(package_id.to_owned()))
}

fn bytes(value: Vec<u8>) -> Vec<u8> {
    state_data(state_data::Type::Bytes(value))
}

fn state_data(value: state_data::Type) -> Vec<u8> {
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

/// Reads fields by key, wherever they are.
pub struct Fields<'a, R> {
    pub read: R,
    pub folder: &'a str,
    pub name: &'a str,
}

impl<R: FnMut(&str) -> Result<Option<Vec<u8>>, Failure>> Fields<'_, R> {
    /// The type that the metadata names; `None` when there is nothing of that name.
    pub fn datatype(&mut self) -> Result<Option<String>, Failure> {
        let (folder, name) = (self.folder, self.name);
        let Some(value) = (self.read)(&metadata_key(folder, name))? else {
            return Ok(None);
        };
        let metadata = decode::<StateMetadata>(&value).map_err(|failure| {
            failure.within(format_args!(
                "could not unmarshal metadata for namespace {folder}/{name}"
            ))
        })?;
        Ok(Some(metadata.datatype))
    }

    fn field(&mut self, field: &str) -> Result<(String, Option<state_data::Type>), Failure> {
        let key = field_key(self.folder, self.name, field);
        let value = (self.read)(&key)?.unwrap_or_default();
        let data = decode::<StateData>(&value)
            .map_err(|failure| failure.within(format_args!("could not unmarshal state for key {key}")))?;
        Ok((key, data.r#type))
    }

    /// A number; 0 when there is none.
    pub fn int64(&mut self, field: &str) -> Result<i64, Failure> {
        match self.field(field)? {
            (_, None) => Ok(0),
            (_, Some(state_data::Type::Int64(value))) => Ok(value),
            (key, Some(other)) => Err(unexpected(&key, "Int64", &other)),
        }
    }

    /// A string; empty when there is none.
    pub fn string(&mut self, field: &str) -> Result<String, Failure> {
        match self.field(field)? {
            (_, None) => Ok(String::new()),
            (_, Some(state_data::Type::String(value))) => Ok(value),
            (key, Some(other)) => Err(unexpected(&key, "String", &other)),
        }
    }

    fn message<M: prost::Message + Default>(&mut self, field: &str) -> Result<M, Failure> {
        match self.field(field)? {
            (_, None) => Ok(M::default()),
            (key, Some(state_data::Type::Bytes(value))) => {
                decode(&value).map_err(|failure| failure.within(format_args!("could not unmarshal key {key}")))
            }
            (key, Some(other)) => Err(unexpected(&key, "[]byte", &other)),
        }
    }

    pub fn parameters(&mut self) -> Result<Parameters, Failure> {
        Ok(Parameters {
            endorsement: self.message("EndorsementInfo")?,
            validation: self.message("ValidationInfo")?,
            collections: self.message("Collections")?,
        })
    }
}

fn unexpected(key: &str, expected: &str, found: &state_data::Type) -> Failure {
    let found = match found {
        state_data::Type::Int64(_) => "*lifecycle.StateData_Int64",
        state_data::Type::Bytes(_) => "*lifecycle.StateData_Bytes",
        state_data::Type::String(_) => "*lifecycle.StateData_String_",
    };
    Failure(format!(
        "expected key {key} to encode a value of type {expected}, but was {found}"
    ))
}

/// Reads a committed definition with `read`; `None` when there is none of that name.
pub fn read_with(
    read: impl FnMut(&str) -> Result<Option<Vec<u8>>, Failure>,
    name: &str,
) -> Result<Option<Definition>, Failure> {
    let mut fields = Fields {
        read,
        folder: NAMESPACES,
        name,
    };
    let Some(datatype) = fields.datatype()? else {
        return Ok(None);
    };
    if datatype != DEFINITION_TYPE {
        return Err(Failure(format!("not a chaincode type: {datatype}")));
    }
    let sequence = fields.int64("Sequence")?;
    Ok(Some(Definition {
        sequence,
        parameters: fields.parameters()?,
    }))
}

/// Reads a committed definition in a transaction.
pub fn read(state: &mut PublicState<'_>, name: &str) -> Result<Option<Definition>, Failure> {
    read_with(|key| state.get(key), name)
}

/// The sequence of the committed definition, 0 when there is none. Reads that one key only.
pub fn sequence(state: &mut PublicState<'_>, name: &str) -> Result<i64, Failure> {
    Fields {
        read: |key: &str| state.get(key),
        folder: NAMESPACES,
        name,
    }
    .int64("Sequence")
}

/// Writes a committed definition: what changed of it.
pub fn write(state: &mut PublicState<'_>, name: &str, definition: &Definition) -> Result<(), Failure> {
    let record = definition.record();
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

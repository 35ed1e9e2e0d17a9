//! Chaincode definitions, and reading them from state (`core/chaincode/lifecycle/lifecycle.go`).
//!
//! Organizations keep what they approved under the same keys of their implicit collection as the channel keeps what is
//! committed, with `<name>#<sequence>` for the name.

use entente_fabric::proto::lifecycle::{
    ApproveChaincodeDefinitionForMyOrgArgs, ChaincodeEndorsementInfo, ChaincodeValidationInfo,
    CheckCommitReadinessArgs, CommitChaincodeDefinitionArgs, StateData, StateMetadata, state_data,
};
use entente_fabric::proto::protos::CollectionConfigPackage;
use prost::Message as _;

use super::record::{self, NAMESPACES, Record, field_key, metadata_key};
use super::state::PublicState;
use crate::failure::{Failure, decode};

const DEFINITION_TYPE: &str = "ChaincodeDefinition";
pub const PARAMETERS_TYPE: &str = "ChaincodeParameters";

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

/// The requests of the lifecycle name a definition by the same fields, each in a message of its own.
macro_rules! definitions_in {
    ($($args:ty),+) => {$(
        impl From<&$args> for Definition {
            fn from(args: &$args) -> Definition {
                let args = args.clone();
                let endorsement = ChaincodeEndorsementInfo {
                    version: args.version,
                    init_required: args.init_required,
                    endorsement_plugin: args.endorsement_plugin,
                };
                let validation = ChaincodeValidationInfo {
                    validation_plugin: args.validation_plugin,
                    validation_parameter: args.validation_parameter,
                };
                Definition {
                    sequence: args.sequence,
                    parameters: Parameters {
                        endorsement,
                        validation,
                        collections: args.collections.unwrap_or_default(),
                    },
                }
            }
        }
    )+};
}

definitions_in!(
    ApproveChaincodeDefinitionForMyOrgArgs,
    CheckCommitReadinessArgs,
    CommitChaincodeDefinitionArgs
);

impl Parameters {
    pub fn record(&self) -> Record {
        Record::new(PARAMETERS_TYPE, self.fields().into())
    }

    fn fields(&self) -> [(&'static str, Vec<u8>); 3] {
        [
            ("EndorsementInfo", record::bytes(self.endorsement.encode_to_vec())),
            ("ValidationInfo", record::bytes(self.validation.encode_to_vec())),
            ("Collections", record::bytes(self.collections.encode_to_vec())),
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
        let mut fields = vec![("Sequence", record::value(state_data::Type::Int64(self.sequence)))];
        fields.extend(self.parameters.fields());
        Record::new(DEFINITION_TYPE, fields)
    }
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

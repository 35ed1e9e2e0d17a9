//! What a function sees of the transaction it runs in, and of the ledger.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use entente_fabric::policy::dsl;
use entente_fabric::proto::common::{ChannelHeader, Header, SignatureHeader, SignaturePolicyEnvelope};
use entente_fabric::proto::protos::chaincode_message::Type;
use entente_fabric::proto::protos::{
    ChaincodeProposalPayload, GetState, GetStateMetadata, GetStateMultiple, GetStateMultipleResult, Proposal,
    SignedProposal, StateMetadata, StateMetadataResult, WriteRecord, write_record,
};
use prost::Message as _;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::call::Call;
use crate::creator::Creator;
use crate::error::ContractError;
use crate::private::Private;

/// The name under which a key's own endorsement policy is kept (`MetaDataKeys` in Fabric's protocol).
const VALIDATION_PARAMETER: &str = "VALIDATION_PARAMETER";

/// The transaction that a function runs in, and through it the ledger. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    pub(crate) call: Arc<Call>,
    proposed: Arc<Proposed>,
    pub(crate) function: Arc<str>,
    pub(crate) read_only: bool,
}

/// What the client signed.
struct Proposed {
    creator: Creator,
    timestamp: DateTime<Utc>,
    transient: BTreeMap<String, Vec<u8>>,
}

impl Context {
    pub(crate) fn new(call: Arc<Call>, proposal: Option<&SignedProposal>) -> Result<Context, ContractError> {
        let signed = proposal.ok_or_else(|| ContractError::Protocol("a transaction without its proposal".into()))?;
        let proposal = Proposal::decode(&signed.proposal_bytes[..])?;
        let header = Header::decode(&proposal.header[..])?;
        let channel = ChannelHeader::decode(&header.channel_header[..])?;
        let creator = SignatureHeader::decode(&header.signature_header[..])?.creator;
        let timestamp = channel
            .timestamp
            .and_then(|at| DateTime::from_timestamp(at.seconds, u32::try_from(at.nanos).ok()?))
            .ok_or_else(|| ContractError::Protocol("the transaction has no usable timestamp".into()))?;
        let transient = ChaincodeProposalPayload::decode(&proposal.payload[..])?.transient_map;
        let proposed = Proposed {
            creator: Creator::read(&creator)?,
            timestamp,
            transient,
        };
        Ok(Context {
            call,
            proposed: Arc::new(proposed),
            function: Arc::from(""),
            read_only: false,
        })
    }

    pub(crate) fn within(self, function: &str, read_only: bool) -> Context {
        Context {
            function: Arc::from(function),
            read_only,
            ..self
        }
    }

    pub fn transaction_id(&self) -> &str {
        &self.call.transaction_id
    }

    pub fn channel_id(&self) -> &str {
        &self.call.channel_id
    }

    /// When the client made the transaction, by its own clock: the same on every peer. Peers refuse it when it is more
    /// than 15 minutes off.
    pub fn timestamp(&self) -> DateTime<Utc> {
        self.proposed.timestamp
    }

    pub fn creator(&self) -> &Creator {
        &self.proposed.creator
    }

    /// Data that travels with the proposal but is not part of the transaction.
    pub fn transient(&self, name: &str) -> Option<&[u8]> {
        self.proposed.transient.get(name).map(Vec::as_slice)
    }

    /// What a key holds. `None` when it holds nothing.
    pub async fn get_bytes(&self, key: &str) -> Result<Option<Vec<u8>>, ContractError> {
        self.get_in("", key).await
    }

    /// What a key holds, from JSON.
    pub async fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, ContractError> {
        self.get_bytes(key)
            .await?
            .map(|value| from_json(key, &value))
            .transpose()
    }

    /// What several keys hold, in their order; in one request when the peer can.
    pub async fn get_many(&self, keys: &[&str]) -> Result<Vec<Option<Vec<u8>>>, ContractError> {
        self.get_many_in("", keys).await
    }

    /// An empty value would mean that there is none, and is refused.
    pub async fn put_bytes(&self, key: &str, value: Vec<u8>) -> Result<(), ContractError> {
        self.put_in("", key, value).await
    }

    /// Writes a value as JSON.
    pub async fn put<T: Serialize>(&self, key: &str, value: &T) -> Result<(), ContractError> {
        self.put_bytes(key, to_json(&self.function, value)?).await
    }

    pub async fn delete(&self, key: &str) -> Result<(), ContractError> {
        self.write(write_record::Type::DelState, "", key, Vec::new(), None)
            .await
    }

    /// Tells listeners about the transaction once it is committed. Of several events the last one counts.
    pub fn set_event<T: Serialize>(&self, name: &str, payload: &T) -> Result<(), ContractError> {
        if name.is_empty() {
            return Err(ContractError::refused("an event needs a name"));
        }
        self.call.set_event(name, to_json(&self.function, payload)?);
        Ok(())
    }

    /// The data of a private collection.
    pub fn private<'a>(&'a self, collection: &'a str) -> Private<'a> {
        Private {
            context: self,
            collection,
        }
    }

    /// Sets who must endorse changes of one key from now on, in the language of `peer --signature-policy`:
    /// `AND('Org1MSP.peer', 'Org2MSP.peer')`.
    pub async fn set_endorsement_policy(&self, key: &str, policy: &str) -> Result<(), ContractError> {
        self.set_policy_in("", key, policy).await
    }

    /// Who must endorse changes of one key. `None` when the contract's own policy holds.
    pub async fn endorsement_policy(&self, key: &str) -> Result<Option<String>, ContractError> {
        self.policy_in("", key).await
    }

    pub(crate) async fn get_in(&self, collection: &str, key: &str) -> Result<Option<Vec<u8>>, ContractError> {
        check_key(key)?;
        let request = GetState {
            key: key.to_owned(),
            collection: collection.to_owned(),
        };
        let value = self.call.ask(Type::GetState, request.encode_to_vec()).await?;
        Ok(Some(value).filter(|value| !value.is_empty()))
    }

    pub(crate) async fn get_many_in(
        &self,
        collection: &str,
        keys: &[&str],
    ) -> Result<Vec<Option<Vec<u8>>>, ContractError> {
        let mut values = Vec::with_capacity(keys.len());
        if !self.call.offered.use_get_multiple_keys {
            for key in keys {
                values.push(self.get_in(collection, key).await?);
            }
            return Ok(values);
        }
        keys.iter().try_for_each(|key| check_key(key))?;
        let most = usize::try_from(self.call.offered.max_size_get_multiple_keys)
            .unwrap_or(usize::MAX)
            .max(1);
        for some in keys.chunks(most) {
            let keys = some.iter().map(|key| (*key).to_owned()).collect();
            let request = GetStateMultiple {
                keys,
                collection: collection.to_owned(),
            };
            let answer = self.call.ask(Type::GetStateMultiple, request.encode_to_vec()).await?;
            let result = GetStateMultipleResult::decode(&answer[..])?.values;
            if result.len() != some.len() {
                return Err(ContractError::Protocol(format!(
                    "{} values for {} keys",
                    result.len(),
                    some.len()
                )));
            }
            values.extend(
                result
                    .into_iter()
                    .map(|value| Some(value).filter(|value| !value.is_empty())),
            );
        }
        Ok(values)
    }

    pub(crate) async fn put_in(&self, collection: &str, key: &str, value: Vec<u8>) -> Result<(), ContractError> {
        if value.is_empty() {
            let reason = "its value is empty, which would delete it; use delete";
            return Err(ContractError::Key {
                key: key.to_owned(),
                reason,
            });
        }
        self.write(write_record::Type::PutState, collection, key, value, None)
            .await
    }

    pub(crate) async fn write(
        &self,
        kind: write_record::Type,
        collection: &str,
        key: &str,
        value: Vec<u8>,
        metadata: Option<StateMetadata>,
    ) -> Result<(), ContractError> {
        if self.read_only {
            let (function, what) = (self.function.to_string(), format!("{key:?}"));
            return Err(ContractError::ReadOnly { function, what });
        }
        check_key(key)?;
        let (key, collection) = (key.to_owned(), collection.to_owned());
        self.call
            .write(WriteRecord {
                key,
                value,
                collection,
                metadata,
                r#type: kind as i32,
            })
            .await
    }

    pub(crate) async fn set_policy_in(&self, collection: &str, key: &str, policy: &str) -> Result<(), ContractError> {
        let envelope = dsl::parse(policy).map_err(|why| ContractError::Refused(format!("policy {policy}: {why}")))?;
        let metadata = StateMetadata {
            metakey: VALIDATION_PARAMETER.into(),
            value: envelope.encode_to_vec(),
        };
        self.write(
            write_record::Type::PutStateMetadata,
            collection,
            key,
            Vec::new(),
            Some(metadata),
        )
        .await
    }

    pub(crate) async fn policy_in(&self, collection: &str, key: &str) -> Result<Option<String>, ContractError> {
        check_key(key)?;
        let request = GetStateMetadata {
            key: key.to_owned(),
            collection: collection.to_owned(),
        };
        let answer = self.call.ask(Type::GetStateMetadata, request.encode_to_vec()).await?;
        let entries = StateMetadataResult::decode(&answer[..])?.entries;
        let Some(entry) = entries.iter().find(|entry| entry.metakey == VALIDATION_PARAMETER) else {
            return Ok(None);
        };
        let envelope = SignaturePolicyEnvelope::decode(&entry.value[..])?;
        let text = dsl::print(&envelope).ok_or_else(|| ContractError::Stored {
            key: key.to_owned(),
            reason: "its endorsement policy cannot be written as text".into(),
        })?;
        Ok(Some(text))
    }
}

pub(crate) fn check_key(key: &str) -> Result<(), ContractError> {
    if key.is_empty() {
        return Err(ContractError::Key {
            key: String::new(),
            reason: "it must not be empty",
        });
    }
    Ok(())
}

pub(crate) fn from_json<T: DeserializeOwned>(key: &str, value: &[u8]) -> Result<T, ContractError> {
    serde_json::from_slice(value).map_err(|why| ContractError::Stored {
        key: key.to_owned(),
        reason: why.to_string(),
    })
}

pub(crate) fn to_json<T: Serialize>(function: &str, value: &T) -> Result<Vec<u8>, ContractError> {
    serde_json::to_vec(value).map_err(|why| ContractError::Result {
        function: function.to_owned(),
        reason: why.to_string(),
    })
}

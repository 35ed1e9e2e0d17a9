//! Data that only some organizations hold; the ledger has its hashes.

use entente_fabric::proto::protos::chaincode_message::Type;
use entente_fabric::proto::protos::{GetState, write_record};
use prost::Message as _;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::context::{Context, check_key, from_json, to_json};
use crate::error::ContractError;
use crate::keys;
use crate::rows::Rows;

/// One private collection.
#[derive(Clone, Copy)]
pub struct Private<'a> {
    pub(crate) context: &'a Context,
    pub(crate) collection: &'a str,
}

impl Private<'_> {
    pub async fn get_bytes(&self, key: &str) -> Result<Option<Vec<u8>>, ContractError> {
        self.context.get_in(self.collection, key).await
    }

    pub async fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, ContractError> {
        self.get_bytes(key)
            .await?
            .map(|value| from_json(key, &value))
            .transpose()
    }

    pub async fn get_many(&self, keys: &[&str]) -> Result<Vec<Option<Vec<u8>>>, ContractError> {
        self.context.get_many_in(self.collection, keys).await
    }

    /// The hash of a value: also peers that do not hold the data can tell it.
    pub async fn hash(&self, key: &str) -> Result<Option<Vec<u8>>, ContractError> {
        check_key(key)?;
        let request = GetState {
            key: key.to_owned(),
            collection: self.collection.to_owned(),
        };
        let hash = self
            .context
            .call
            .ask(Type::GetPrivateDataHash, request.encode_to_vec())
            .await?;
        Ok(Some(hash).filter(|hash| !hash.is_empty()))
    }

    pub async fn put_bytes(&self, key: &str, value: Vec<u8>) -> Result<(), ContractError> {
        self.context.put_in(self.collection, key, value).await
    }

    pub async fn put<T: Serialize>(&self, key: &str, value: &T) -> Result<(), ContractError> {
        self.put_bytes(key, to_json(&self.context.function, value)?).await
    }

    pub async fn delete(&self, key: &str) -> Result<(), ContractError> {
        self.context
            .write(write_record::Type::DelState, self.collection, key, Vec::new(), None)
            .await
    }

    /// Deletes a key with everything that it ever held.
    pub async fn purge(&self, key: &str) -> Result<(), ContractError> {
        self.context
            .write(
                write_record::Type::PurgePrivateData,
                self.collection,
                key,
                Vec::new(),
                None,
            )
            .await
    }

    /// As [`Context::range`]. The peer refuses it in transactions that write.
    pub async fn range(&self, start: &str, end: &str) -> Result<Rows, ContractError> {
        self.context
            .range_in(self.collection, keys::range_start(start)?, keys::range_end(end)?)
            .await
    }

    /// As [`Context::composite_range`].
    pub async fn composite_range(&self, object_type: &str, attributes: &[&str]) -> Result<Rows, ContractError> {
        let start = keys::composite_key(object_type, attributes)?;
        self.context
            .range_in(self.collection, &start, &format!("{start}{}", keys::LAST))
            .await
    }

    /// As [`Context::query`].
    pub async fn query(&self, selector: &str) -> Result<Rows, ContractError> {
        self.context.query_in(self.collection, selector).await
    }

    /// As [`Context::set_endorsement_policy`].
    pub async fn set_endorsement_policy(&self, key: &str, policy: &str) -> Result<(), ContractError> {
        self.context.set_policy_in(self.collection, key, policy).await
    }

    /// As [`Context::endorsement_policy`].
    pub async fn endorsement_policy(&self, key: &str) -> Result<Option<String>, ContractError> {
        self.context.policy_in(self.collection, key).await
    }
}

//! What a committed chaincode definition says about endorsement.

use entente_fabric::proto::protos::{ApplicationPolicy, CollectionConfig, collection_config};
use prost::Message as _;

use super::policies::Definition;
use crate::channels::Channel;
use crate::lifecycle::{NAMESPACE, definition};

/// `None` when the chaincode is not defined, or its definition cannot be read.
pub(super) fn read(channel: &Channel, chaincode: &str) -> Option<Definition> {
    let public = |key: &str| Ok(channel.ledger.state(NAMESPACE, key)?.map(|found| found.value));
    let parameters = definition::read_with(public, chaincode).ok()??.parameters;
    let policy = ApplicationPolicy::decode(parameters.validation.validation_parameter.as_slice()).ok()?;
    let of = |config: CollectionConfig| match config.payload? {
        collection_config::Payload::StaticCollectionConfig(collection) => Some(collection),
    };
    Some(Definition {
        policy,
        collections: parameters.collections.config.into_iter().filter_map(of).collect(),
    })
}

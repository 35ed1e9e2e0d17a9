//! What a committed chaincode definition says about endorsement.

use entente_fabric::proto::protos::ApplicationPolicy;
use prost::Message as _;

use super::policies::Definition;
use crate::channels::Channel;

/// `None` when the chaincode is not defined, or its definition cannot be read.
pub(super) fn read(channel: &Channel, chaincode: &str) -> Option<Definition> {
    let committed = channel.ledger.definition(chaincode).ok()??;
    let policy = ApplicationPolicy::decode(committed.validation.validation_parameter.as_slice()).ok()?;
    Some(Definition {
        policy,
        collections: committed.explicit_collections().cloned().collect(),
    })
}

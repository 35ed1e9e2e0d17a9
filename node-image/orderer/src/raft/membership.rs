//! Who the consenters of a channel are, and what a configuration changes about them
//! (`orderer/consensus/etcdraft/membership.go`).

use std::collections::BTreeMap;

use entente_fabric::block;
use entente_fabric::config::consenters::{self, ChangeKind};
use entente_fabric::proto::common::{Block, ConfigEnvelope, Envelope, Metadata};
use entente_fabric::proto::etcdraft::{BlockMetadata, ConfigMetadata, Consenter};
use entente_fabric::proto::orderer::ConsensusType;
use entente_fabric::proto::raftpb::ConfChange;
use prost::Message as _;

/// The consensus type of this engine, as the channel configuration names it.
pub const CONSENSUS_TYPE: &str = "etcdraft";

/// Raft's number for adding a node.
pub const ADD_NODE: i32 = 0;
/// Raft's number for removing a node.
pub const REMOVE_NODE: i32 = 1;

/// Consenters by Raft id, and what is written into each block about them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Membership {
    pub metadata: BlockMetadata,
    pub consenters: BTreeMap<u64, Consenter>,
}

/// What a new list of consenters does to a membership.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub next: Membership,
    /// The consenter who has a new certificate, and keeps its id.
    pub rotated: Option<u64>,
    /// What Raft must agree on besides the block.
    pub conf_change: Option<ConfChange>,
}

impl Membership {
    /// Matches the metadata of a block with the consenters of the configuration in force. Without metadata, as in block 0,
    /// ids count from 1 in the order of the configuration.
    pub fn new(metadata: Option<BlockMetadata>, config: &ConfigMetadata) -> Membership {
        let count = config.consenters.len() as u64;
        let metadata = metadata.unwrap_or_else(|| BlockMetadata {
            consenter_ids: (1..=count).collect(),
            next_consenter_id: count + 1,
            raft_index: 0,
        });
        Membership {
            consenters: consenters::by_id(&metadata, config),
            metadata,
        }
    }

    /// Compares with the consenters of a new configuration.
    pub fn change(&self, new: &[Consenter]) -> Result<Change, String> {
        let change = consenters::membership_change(&self.metadata, &self.consenters, new);
        let change = change.map_err(|error| error.to_string())?;
        let (rotated, conf_change) = match change.kind {
            ChangeKind::None => (None, None),
            ChangeKind::Rotate(id) => (Some(id), None),
            ChangeKind::Add(id) => (None, Some(conf_change(ADD_NODE, id))),
            ChangeKind::Remove(id) => (None, Some(conf_change(REMOVE_NODE, id))),
        };
        let next = Membership {
            metadata: change.metadata,
            consenters: change.consenters,
        };
        Ok(Change {
            next,
            rotated,
            conf_change,
        })
    }

    /// The change that was agreed on in a block but not yet in Raft: what a leader that took over in between must
    /// propose. One change at a time is allowed, so sizes tell (`ConfChange` in `orderer/consensus/etcdraft/util.go`).
    pub fn outstanding(&self, voters: &[u64]) -> Option<ConfChange> {
        let ids = &self.metadata.consenter_ids;
        if voters.len() == ids.len() {
            return None;
        }
        let missing = ids
            .iter()
            .find(|id| !voters.contains(id))
            .map(|id| conf_change(ADD_NODE, *id));
        let superfluous = voters
            .iter()
            .find(|id| !ids.contains(id))
            .map(|id| conf_change(REMOVE_NODE, *id));
        if voters.len() < ids.len() { missing } else { superfluous }
    }
}

fn conf_change(kind: i32, node: u64) -> ConfChange {
    ConfChange {
        id: None,
        r#type: Some(kind),
        node_id: Some(node),
        context: None,
    }
}

/// The consenters and options in a CONFIG envelope; `None` when it is no Raft configuration.
pub fn in_envelope(config: &Envelope) -> Option<ConfigMetadata> {
    let (payload, _) = entente_fabric::envelope::payload(config).ok()?;
    in_config(ConfigEnvelope::decode(payload.data.as_slice()).ok()?)
}

/// The same for a configuration block.
pub fn in_block(config: &Block) -> Option<ConfigMetadata> {
    in_config(block::config_envelope(config).ok()?)
}

fn in_config(envelope: ConfigEnvelope) -> Option<ConfigMetadata> {
    let orderer = envelope.config?.channel_group?.groups.remove("Orderer")?;
    let consensus = ConsensusType::decode(orderer.values.get("ConsensusType")?.value.as_slice()).ok()?;
    if consensus.r#type != CONSENSUS_TYPE {
        return None;
    }
    ConfigMetadata::decode(consensus.metadata.as_slice()).ok()
}

/// What a block says about consenters and the Raft log; `None` when it says nothing.
pub fn block_metadata(of: &Block) -> Option<BlockMetadata> {
    let signed = block::orderer_metadata(of)?;
    let inner = Metadata::decode(signed.consenter_metadata.as_slice()).ok()?;
    BlockMetadata::decode(inner.value.as_slice())
        .ok()
        .filter(|_| !inner.value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn consenters(names: &[&str]) -> Vec<Consenter> {
        let one = |name: &&str| Consenter {
            host: (*name).to_owned(),
            port: 1,
            client_tls_cert: (*name).into(),
            server_tls_cert: (*name).into(),
        };
        names.iter().map(one).collect()
    }

    fn members(names: &[&str]) -> Membership {
        Membership::new(
            None,
            &ConfigMetadata {
                consenters: consenters(names),
                options: None,
            },
        )
    }

    #[test]
    fn ids_count_from_one_in_the_order_of_the_configuration() {
        let three = members(&["a", "b", "c"]);

        let metadata = BlockMetadata {
            consenter_ids: vec![1, 2, 3],
            next_consenter_id: 4,
            raft_index: 0,
        };
        assert_eq!(three.metadata, metadata);
        assert_eq!(three.consenters[&2].host, "b");
    }

    #[test]
    fn an_added_consenter_takes_an_id_that_was_never_used() {
        let without_b = members(&["a", "b"]).change(&consenters(&["a"])).unwrap().next;

        let change = without_b.change(&consenters(&["d", "a"])).unwrap();

        let metadata = BlockMetadata {
            consenter_ids: vec![3, 1],
            next_consenter_id: 4,
            raft_index: 0,
        };
        assert_eq!(change.next.metadata, metadata);
        assert_eq!(change.conf_change, Some(conf_change(ADD_NODE, 3)));
    }

    #[test]
    fn a_change_that_raft_does_not_know_is_outstanding() {
        let change = members(&["a", "b", "c"]).change(&consenters(&["a", "c"])).unwrap();

        assert_eq!(change.conf_change, Some(conf_change(REMOVE_NODE, 2)));
        assert_eq!(change.next.outstanding(&[1, 2, 3]), Some(conf_change(REMOVE_NODE, 2)));
        assert_eq!(change.next.outstanding(&[1, 3]), None);
        assert_eq!(change.next.outstanding(&[1]), Some(conf_change(ADD_NODE, 3)));
    }

    #[test]
    fn a_new_certificate_needs_no_membership_change() {
        let change = members(&["a", "b", "c"])
            .change(&consenters(&["a", "b2", "c"]))
            .unwrap();

        assert_eq!(change.next.metadata.consenter_ids, [1, 2, 3]);
        assert_eq!((change.rotated, change.conf_change), (Some(2), None));
    }
}

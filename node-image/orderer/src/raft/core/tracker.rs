//! Who is alive, as far as the leader knows, and telling the others (`orderer/consensus/etcdraft/tracker.go` and
//! `disseminator.go`). Consenters that know of too few live ones refuse changes to the consenter set.

use std::collections::BTreeSet;

use ::raft::{RawNode, StateRole};
use entente_fabric::proto::etcdraft::ClusterMetadata;
use prost::Message as _;

use super::NONE;
use crate::raft::log::Log;

/// Ticks for which the number of live nodes must hold before it is told: it dips whenever Raft starts a new round of
/// checking its quorum.
const STABLE_AFTER: u32 = 3;

#[derive(Debug, Default)]
pub(super) struct Tracker {
    active: Vec<u64>,
    stable_for: u32,
    metadata: Vec<u8>,
    told: BTreeSet<u64>,
}

impl Tracker {
    pub fn active(&self) -> &[u64] {
        &self.active
    }

    /// Looks before each tick, because a tick may begin a new round.
    pub fn check(&mut self, node: &RawNode<Log>, leader: u64) {
        if leader == NONE {
            self.active.clear();
            return;
        }
        if node.raft.state != StateRole::Leader {
            return;
        }
        let own = node.raft.id;
        let others = node
            .raft
            .prs()
            .iter()
            .filter(|(id, progress)| **id != own && progress.recent_active);
        let mut current: Vec<u64> = others.map(|(id, _)| *id).collect();
        current.push(own);
        current.sort_unstable();
        let stable = current.len() == self.active.len();
        self.active = current;
        if !stable {
            self.stable_for = 0;
        } else if self.stable_for < STABLE_AFTER {
            self.stable_for += 1;
        } else {
            self.stable_for = 0;
            self.metadata = ClusterMetadata {
                active_nodes: self.active.clone(),
            }
            .encode_to_vec();
            self.told.clear();
        }
    }

    /// The leader has told who is alive.
    pub fn told(&mut self, active: Vec<u64>) {
        self.active = active;
    }

    /// What to send along with the next message to this node: each announcement goes to each node once.
    pub fn metadata_for(&mut self, id: u64) -> Vec<u8> {
        if self.metadata.is_empty() || !self.told.insert(id) {
            Vec::new()
        } else {
            self.metadata.clone()
        }
    }

    /// Only a leader announces.
    pub fn lost_lead(&mut self) {
        self.metadata.clear();
        self.told.clear();
        self.stable_for = 0;
    }
}

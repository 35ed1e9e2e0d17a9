//! How the set of Raft nodes may change (`orderer/consensus/etcdraft/membership.go`).

use std::collections::{BTreeMap, HashSet};

use crate::config::ConfigError;
use crate::proto::etcdraft::{BlockMetadata, Consenter};

/// How an update changes the set of nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub kind: ChangeKind,
    /// The block metadata that goes with the new set. Ids are never used again.
    pub metadata: BlockMetadata,
    /// The new set by id.
    pub consenters: BTreeMap<u64, Consenter>,
    pub added: Vec<Consenter>,
    pub removed: Vec<Consenter>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    None,
    Add(u64),
    Remove(u64),
    /// One removed and one added are the same node with another certificate: it keeps its id, and Raft is not asked.
    Rotate(u64),
}

/// What happens to the set when `new` replaces `old`. Nodes are told apart by client certificate.
pub fn membership_change(
    block: &BlockMetadata,
    old: &BTreeMap<u64, Consenter>,
    new: &[Consenter],
) -> Result<Change, ConfigError> {
    let known: BTreeMap<&[u8], u64> = old.iter().map(|(id, c)| (&c.client_tls_cert[..], *id)).collect();
    let staying: HashSet<&[u8]> = new.iter().map(|c| &c.client_tls_cert[..]).collect();
    let removed: Vec<(u64, Consenter)> = old
        .iter()
        .filter(|(_, c)| !staying.contains(&c.client_tls_cert[..]))
        .map(|(id, c)| (*id, c.clone()))
        .collect();
    let added: Vec<Consenter> = new
        .iter()
        .filter(|c| !known.contains_key(&c.client_tls_cert[..]))
        .cloned()
        .collect();

    let kind = match (&added[..], &removed[..]) {
        ([], []) => ChangeKind::None,
        ([_], []) => ChangeKind::Add(block.next_consenter_id),
        ([], [(id, _)]) => ChangeKind::Remove(*id),
        ([_], [(id, _)]) => ChangeKind::Rotate(*id),
        _ => {
            return Err(ConfigError(format!(
                "update of more than one consenter at a time is not supported, requested changes: \
                 add {} node(s), remove {} node(s)",
                added.len(),
                removed.len()
            )));
        }
    };
    let new_id = match kind {
        ChangeKind::Add(id) | ChangeKind::Rotate(id) => id,
        ChangeKind::None | ChangeKind::Remove(_) => 0,
    };
    let ids: Vec<u64> = new
        .iter()
        .map(|c| known.get(&c.client_tls_cert[..]).copied().unwrap_or(new_id))
        .collect();
    let next = block
        .next_consenter_id
        .saturating_add(u64::from(matches!(kind, ChangeKind::Add(_))));
    Ok(Change {
        kind,
        consenters: ids.iter().copied().zip(new.iter().cloned()).collect(),
        metadata: BlockMetadata {
            consenter_ids: ids,
            next_consenter_id: next,
            raft_index: block.raft_index,
        },
        added,
        removed: removed.into_iter().map(|(_, consenter)| consenter).collect(),
    })
}

impl Change {
    /// Whether the new set would stand without a quorum although starting more nodes could have avoided it. With one
    /// or two nodes a loss cannot be avoided.
    pub fn loses_quorum(&self, active: &[u64]) -> bool {
        let tolerant = self.consenters.len() > 2;
        let quorum = self.consenters.len() / 2 + 1;
        let without = |id: u64| active.iter().filter(|other| **other != id).count();
        match self.kind {
            ChangeKind::None => false,
            ChangeKind::Add(_) => tolerant && active.len() < quorum,
            ChangeKind::Rotate(id) => tolerant && without(id) < quorum,
            ChangeKind::Remove(id) => without(id) < quorum,
        }
    }
}

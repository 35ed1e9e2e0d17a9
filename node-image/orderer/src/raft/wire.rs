//! Raft messages on the network: etcd's `raftpb`, translated to and from the types of the Raft library.
//!
//! Bytes of strangers are only ever decoded with our own types. The library's are close to etcd's but not equal: its
//! fields 13 and 14 mean something else there (and 14 makes a stock decoder fail), so they are never written.

use ::raft::eraftpb;
use bytes::Bytes;
use entente_fabric::proto::raftpb;
use prost::Message as _;

/// Why a message of another consenter is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    #[error("failed to unmarshal StepRequest payload to Raft Message: {0}")]
    Malformed(#[from] prost::DecodeError),
    #[error("a Raft message of type {0} does not travel between nodes")]
    Type(i32),
    #[error("a Raft entry of type {0} is unknown")]
    EntryType(i32),
}

/// Decodes a message. Kinds that only exist inside a node, proposals among them, are refused: every proposal is made by
/// the leader itself.
pub fn decode(payload: &[u8]) -> Result<eraftpb::Message, WireError> {
    from_wire(raftpb::Message::decode(payload)?)
}

/// Encodes a message.
pub fn encode(message: &eraftpb::Message) -> Vec<u8> {
    to_wire(message).encode_to_vec()
}

fn from_wire(message: raftpb::Message) -> Result<eraftpb::Message, WireError> {
    let mut out = eraftpb::Message {
        msg_type: message_type(message.r#type.unwrap_or_default())?,
        to: message.to.unwrap_or_default(),
        from: message.from.unwrap_or_default(),
        term: message.term.unwrap_or_default(),
        log_term: message.log_term.unwrap_or_default(),
        index: message.index.unwrap_or_default(),
        commit: message.commit.unwrap_or_default(),
        reject: message.reject.unwrap_or_default(),
        reject_hint: message.reject_hint.unwrap_or_default(),
        context: Bytes::from(message.context.unwrap_or_default()),
        ..Default::default()
    };
    let entries = message
        .entries
        .into_iter()
        .map(entry_from_wire)
        .collect::<Result<Vec<_>, _>>()?;
    out.set_entries(entries.into());
    if let Some(snapshot) = message.snapshot {
        out.set_snapshot(snapshot_from_wire(snapshot));
    }
    Ok(out)
}

fn message_type(number: i32) -> Result<eraftpb::MessageType, WireError> {
    use eraftpb::MessageType;
    Ok(match number {
        3 => MessageType::MsgAppend,
        4 => MessageType::MsgAppendResponse,
        5 => MessageType::MsgRequestVote,
        6 => MessageType::MsgRequestVoteResponse,
        7 => MessageType::MsgSnapshot,
        8 => MessageType::MsgHeartbeat,
        9 => MessageType::MsgHeartbeatResponse,
        14 => MessageType::MsgTimeoutNow,
        17 => MessageType::MsgRequestPreVote,
        18 => MessageType::MsgRequestPreVoteResponse,
        other => return Err(WireError::Type(other)),
    })
}

fn entry_from_wire(entry: raftpb::Entry) -> Result<eraftpb::Entry, WireError> {
    let entry_type = match entry.r#type.unwrap_or_default() {
        0 => eraftpb::EntryType::EntryNormal,
        1 => eraftpb::EntryType::EntryConfChange,
        other => return Err(WireError::EntryType(other)),
    };
    Ok(eraftpb::Entry {
        entry_type,
        term: entry.term.unwrap_or_default(),
        index: entry.index.unwrap_or_default(),
        data: Bytes::from(entry.data.unwrap_or_default()),
        ..Default::default()
    })
}

fn snapshot_from_wire(snapshot: raftpb::Snapshot) -> eraftpb::Snapshot {
    let metadata = snapshot.metadata.unwrap_or_default();
    let conf_state = metadata.conf_state.unwrap_or_default();
    let mut out = eraftpb::Snapshot {
        data: Bytes::from(snapshot.data.unwrap_or_default()),
        ..Default::default()
    };
    let to = out.mut_metadata();
    to.index = metadata.index.unwrap_or_default();
    to.term = metadata.term.unwrap_or_default();
    to.mut_conf_state().voters = conf_state.voters;
    out
}

fn to_wire(message: &eraftpb::Message) -> raftpb::Message {
    // Every field is written, as etcd does: a decoder of proto2 may insist on them.
    raftpb::Message {
        r#type: Some(message.msg_type as i32),
        to: Some(message.to),
        from: Some(message.from),
        term: Some(message.term),
        log_term: Some(message.log_term),
        index: Some(message.index),
        entries: message.entries.iter().map(entry_to_wire).collect(),
        commit: Some(message.commit),
        snapshot: Some(
            message
                .snapshot
                .as_ref()
                .map(snapshot_to_wire)
                .unwrap_or_else(empty_snapshot),
        ),
        reject: Some(message.reject),
        reject_hint: Some(message.reject_hint),
        context: (!message.context.is_empty()).then(|| message.context.to_vec()),
    }
}

fn entry_to_wire(entry: &eraftpb::Entry) -> raftpb::Entry {
    raftpb::Entry {
        r#type: Some(entry.entry_type as i32),
        term: Some(entry.term),
        index: Some(entry.index),
        data: (!entry.data.is_empty()).then(|| entry.data.to_vec()),
    }
}

fn snapshot_to_wire(snapshot: &eraftpb::Snapshot) -> raftpb::Snapshot {
    let metadata = snapshot.get_metadata();
    raftpb::Snapshot {
        data: Some(snapshot.data.to_vec()),
        metadata: Some(raftpb::SnapshotMetadata {
            conf_state: Some(conf_state(metadata.get_conf_state().voters.clone())),
            index: Some(metadata.index),
            term: Some(metadata.term),
        }),
    }
}

fn empty_snapshot() -> raftpb::Snapshot {
    let metadata = raftpb::SnapshotMetadata {
        conf_state: Some(conf_state(Vec::new())),
        index: Some(0),
        term: Some(0),
    };
    raftpb::Snapshot {
        data: None,
        metadata: Some(metadata),
    }
}

/// Voters are sorted: the library keeps them in a hash set, and stock nodes compare.
fn conf_state(mut voters: Vec<u64>) -> raftpb::ConfState {
    voters.sort_unstable();
    raftpb::ConfState {
        voters,
        auto_leave: Some(false),
        ..Default::default()
    }
}

/// The membership change in an entry, with every field set: the library leaves out zeros, stock writes them.
pub fn conf_change(data: &[u8]) -> Result<raftpb::ConfChange, prost::DecodeError> {
    let change = raftpb::ConfChange::decode(data)?;
    Ok(raftpb::ConfChange {
        r#type: Some(change.r#type.unwrap_or_default()),
        node_id: Some(change.node_id.unwrap_or_default()),
        ..change
    })
}

/// The library's form of a membership change.
pub fn to_library(change: &raftpb::ConfChange) -> eraftpb::ConfChange {
    let change_type = match change.r#type.unwrap_or_default() {
        1 => eraftpb::ConfChangeType::RemoveNode,
        _ => eraftpb::ConfChangeType::AddNode,
    };
    eraftpb::ConfChange {
        id: change.id.unwrap_or_default(),
        change_type,
        node_id: change.node_id.unwrap_or_default(),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn append() -> eraftpb::Message {
        let mut message = eraftpb::Message {
            msg_type: eraftpb::MessageType::MsgAppend,
            to: 2,
            from: 1,
            term: 7,
            log_term: 6,
            index: 40,
            commit: 39,
            reject_hint: 3,
            context: Bytes::from_static(b"context"),
            ..Default::default()
        };
        message.set_entries(
            vec![eraftpb::Entry {
                term: 7,
                index: 41,
                data: Bytes::from_static(b"block"),
                ..Default::default()
            }]
            .into(),
        );
        message
    }

    fn snapshot() -> eraftpb::Message {
        let mut message = eraftpb::Message {
            msg_type: eraftpb::MessageType::MsgSnapshot,
            to: 3,
            from: 1,
            term: 2,
            ..Default::default()
        };
        let metadata = message.mut_snapshot().mut_metadata();
        (metadata.index, metadata.term) = (9, 2);
        metadata.mut_conf_state().voters = vec![1, 2, 3];
        message.mut_snapshot().data = Bytes::from_static(b"block");
        message
    }

    #[test]
    fn a_message_comes_back_as_it_was_sent() {
        assert_eq!(
            decode(&encode(&append())),
            Ok({
                let mut sent = append();
                sent.mut_snapshot().mut_metadata().mut_conf_state();
                sent
            })
        );
        assert_eq!(decode(&encode(&snapshot())), Ok(snapshot()));
    }

    #[test]
    fn fields_that_stock_nodes_choke_on_are_never_written() {
        let mut message = append();
        message.priority = 5;
        message.request_snapshot = 5;
        message.commit_term = 5;

        assert_eq!(encode(&message), encode(&append()));
    }

    #[test]
    fn messages_that_do_not_travel_are_refused() {
        let payload = |number| {
            raftpb::Message {
                r#type: Some(number),
                ..Default::default()
            }
            .encode_to_vec()
        };

        for number in [0, 1, 2, 10, 11, 12, 13, 15, 16, 19, 23, -1] {
            assert_eq!(decode(&payload(number)), Err(WireError::Type(number)));
        }
        assert!(matches!(decode(b"\xff\xff"), Err(WireError::Malformed(_))));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_decoder_panic(bytes: Vec<u8>) {
            decode(&bytes).map(|message| encode(&message)).ok();
        }
    }
}

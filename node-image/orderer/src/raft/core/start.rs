//! Making a core: for a new channel, for one that it joins, or from what is on disk.

use std::collections::VecDeque;

use ::raft::eraftpb::{Entry, EntryType, HardState};
use ::raft::{Config, RawNode, StateRole};
use bytes::Bytes;
use entente_fabric::proto::raftpb::ConfChange;
use prost::Message as _;

use super::tracker::Tracker;
use super::{Core, Effect, NONE, Tip};
use crate::cutter::{Cutter, Limits};
use crate::raft::log::{Checkpoint, Log};
use crate::raft::membership::{ADD_NODE, Membership};
use crate::raft::wal::{Batch, Recovered};

/// What a channel's Raft group runs with.
#[derive(Debug, Clone)]
pub struct Options {
    /// Our id in the group.
    pub id: u64,
    pub channel: String,
    pub election_tick: usize,
    pub heartbeat_tick: usize,
    /// Range that election timeouts are drawn from, instead of one to two times `election_tick`.
    pub election_range: Option<(usize, usize)>,
    pub max_inflight_blocks: usize,
    pub max_bytes_per_message: u64,
    /// The log is folded when entries of so many bytes have been applied.
    pub snapshot_interval: u64,
}

/// How a node comes to its channel.
#[derive(Debug)]
pub enum Start {
    /// With the first block: every consenter begins with the same log.
    NewChannel,
    /// Later: the leader sends it the log.
    Join,
    /// Again, with the log of before.
    Resume(Recovered),
}

impl Core {
    /// `tip` is the last block written, `membership` what it says.
    pub fn new(
        options: Options,
        start: Start,
        tip: Tip,
        membership: Membership,
        limits: Limits,
    ) -> Result<Core, String> {
        let mut effects = Vec::new();
        let log = match start {
            Start::NewChannel => new_channel(&membership, &mut effects),
            Start::Join => Log::default(),
            Start::Resume(found) => Log::restore(found.hard_state, found.checkpoint, found.entries),
        };
        let checkpoint = log.checkpoint().clone();
        let config = config(&options, checkpoint.index);
        let node = RawNode::new(&config, log, &slog::Logger::root(slog::Discard, slog::o!()))
            .map_err(|error| format!("the Raft log cannot be used: {error}"))?;
        let mut core = Core {
            node,
            limits,
            tip,
            applied: membership.metadata.raft_index.max(checkpoint.index),
            membership,
            waiting: VecDeque::new(),
            catching_up: None,
            halted: false,
            leader: NONE,
            role: StateRole::Follower,
            just_elected: false,
            config_in_flight: false,
            conf_change: None,
            blocks_in_flight: 0,
            proposed: None,
            cutter: Cutter::default(),
            orphans: Vec::new(),
            abdication: None,
            tracker: Tracker::default(),
            had_leader: false,
            unsaved: VecDeque::new(),
            unsaved_commit: false,
            bytes_since_fold: 0,
            effects,
            options,
        };
        core.catch_up_to(&checkpoint);
        core.pump();
        Ok(core)
    }

    /// Whether this node is the one that stands for the first election of a new channel: the one that the hash of the
    /// channel's name picks (`node.start` in `orderer/consensus/etcdraft/node.go`).
    pub fn stands_first(&self) -> bool {
        let hash = entente_fabric::crypto::sha256(self.options.channel.as_bytes());
        let number = varint(&hash[24..]);
        let size = self.membership.consenters.len().max(1) as u64;
        self.tip.number == 0 && self.options.id == number % size + 1
    }
}

fn config(options: &Options, applied: u64) -> Config {
    let (min_election_tick, max_election_tick) = options.election_range.unwrap_or_default();
    Config {
        id: options.id,
        election_tick: options.election_tick,
        heartbeat_tick: options.heartbeat_tick,
        min_election_tick,
        max_election_tick,
        applied,
        max_size_per_msg: options.max_bytes_per_message,
        max_inflight_msgs: options.max_inflight_blocks,
        check_quorum: true,
        pre_vote: true,
        ..Config::default()
    }
}

/// The log that all consenters of a new channel begin with: one membership change for each, agreed on in term 1
/// (`raft.StartNode` of etcd).
fn new_channel(membership: &Membership, effects: &mut Vec<Effect>) -> Log {
    let mut ids = membership.metadata.consenter_ids.clone();
    ids.sort_unstable();
    let entry = |(index, id): (u64, &u64)| {
        let change = ConfChange {
            id: Some(0),
            r#type: Some(ADD_NODE),
            node_id: Some(*id),
            context: None,
        };
        let data = Bytes::from(change.encode_to_vec());
        Entry {
            entry_type: EntryType::EntryConfChange,
            term: 1,
            index,
            data,
            ..Default::default()
        }
    };
    let entries: Vec<Entry> = (1..).zip(&ids).map(entry).collect();
    let hard_state = HardState {
        term: 1,
        commit: entries.len() as u64,
        ..Default::default()
    };
    let batch = Batch {
        hard_state: Some(hard_state.clone()),
        entries: entries.clone(),
        installed: None,
    };
    effects.push(Effect::Persist { number: 0, batch });
    Log::restore(hard_state, Checkpoint::default(), entries)
}

/// A protobuf varint; 0 when the bytes end before it does.
fn varint(bytes: &[u8]) -> u64 {
    prost::encoding::decode_varint(&mut &bytes[..]).unwrap_or(0)
}

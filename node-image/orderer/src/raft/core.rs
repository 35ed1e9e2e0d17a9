//! One channel's ordering, without I/O: what happened comes in, what must be done goes out.
//!
//! Every method is an event. What follows from it is collected by [`Core::effects`], to be carried out in order. Messages
//! that promise something durable are held back until the driver reports [`Core::persisted`]; a leader's own are sent at
//! once, so that followers write while it does (Raft thesis, 10.2.1).

mod apply;
mod lead;
#[cfg(test)]
mod simulation;
mod tracker;

use std::collections::{BTreeMap, VecDeque};

use ::raft::eraftpb::{Entry, EntryType, HardState, Message as RaftMessage, MessageType};
use ::raft::{Config, RawNode, StateRole};
use bytes::Bytes;
use entente_fabric::block;
use entente_fabric::proto::common::{Block, BlockHeader};
use entente_fabric::proto::etcdraft::{ClusterMetadata, Consenter};
use entente_fabric::proto::raftpb::ConfChange;
use prost::Message as _;

use super::log::{Checkpoint, Log};
use super::membership::{ADD_NODE, Membership};
use super::wal::{Batch, Recovered};
use crate::cutter::{Cutter, Limits, Message};
use lead::Abdication;
use tracker::Tracker;

/// No node: what Raft calls the leader when there is none.
pub const NONE: u64 = 0;

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

/// The last block of a chain: what the next one is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tip {
    pub number: u64,
    pub hash: [u8; 32],
}

impl Tip {
    pub fn of(header: &BlockHeader) -> Tip {
        Tip {
            number: header.number,
            hash: block::header_hash(header),
        }
    }
}

/// What becomes of a submitted message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Submission {
    /// It will be in a block, unless this node loses the lead first.
    Taken,
    /// It is the business of this consenter.
    Forward(u64),
    NoLeader,
}

/// A checked message together with what ordering must know about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub message: Message,
    /// A CONFIG envelope: gets a block of its own, and nothing else is ordered until that is written.
    pub is_config: bool,
}

/// Why a node takes no further part in its group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Halt {
    /// A configuration has removed it.
    Evicted,
    /// It is addressed by an id that is not its own, so its own idea of the group is out of date.
    Misaddressed,
    /// It met something that it cannot go on with; the text is for the operator.
    Fault(String),
}

/// What must be done, in order.
#[derive(Debug)]
pub enum Effect {
    /// Losing it is harmless. `metadata` goes along for the receiver (`ClusterMetadata`), and is mostly empty.
    Send {
        message: RaftMessage,
        metadata: Vec<u8>,
    },
    /// Make durable, in order, then report [`Core::persisted`].
    Persist {
        number: u64,
        batch: Batch,
    },
    /// Append to the chain. `metadata` is the marshalled `BlockMetadata` to sign along.
    Write {
        block: Block,
        metadata: Vec<u8>,
    },
    /// Append to the chain as it is: pulled from another orderer, verified, with its signature.
    WritePulled {
        block: Block,
    },
    /// Once the chain is durable, begin a new log file with this.
    Fold {
        checkpoint: Checkpoint,
        entries: Vec<Entry>,
        hard_state: HardState,
    },
    /// Pull blocks from other orderers up to this number and hand them to [`Core::pulled`].
    CatchUp {
        to: u64,
    },
    /// The consenters are these from now on.
    Connect(BTreeMap<u64, Consenter>),
    /// Submit these again: they were waiting for a block when this node lost the lead, and are in none.
    Resubmit(Vec<Request>),
    Halt(Halt),
}

/// A ready that is not durable yet, with what waits for it.
struct Unsaved {
    number: u64,
    messages: Vec<RaftMessage>,
    /// Index of the snapshot in it.
    installed: Option<u64>,
    /// There is nothing in it to make durable; it only waits for those before it.
    empty: bool,
}

/// A consenter's state.
pub struct Core {
    options: Options,
    node: RawNode<Log>,
    limits: Limits,
    membership: Membership,
    tip: Tip,
    /// Entries up to here are in the chain or have had their effect.
    applied: u64,
    /// Committed entries that wait for blocks to be pulled.
    waiting: VecDeque<Entry>,
    catching_up: Option<u64>,
    halted: bool,

    leader: u64,
    role: StateRole,
    /// Elected, but entries of leaders before are still on their way into the chain.
    just_elected: bool,
    config_in_flight: bool,
    conf_change: Option<ConfChange>,
    blocks_in_flight: usize,
    /// The block that the next proposal follows; only while this node leads.
    proposed: Option<Tip>,
    cutter: Cutter,
    /// Messages to submit again once there is a leader to send them to.
    orphans: Vec<Request>,
    abdication: Option<Abdication>,
    tracker: Tracker,
    had_leader: bool,

    unsaved: VecDeque<Unsaved>,
    /// A commit index that was not worth a write of its own.
    unsaved_commit: bool,
    bytes_since_fold: u64,
    effects: Vec<Effect>,
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

    /// What follows from the events so far. Empty once taken.
    pub fn effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    pub fn leader(&self) -> u64 {
        self.leader
    }

    pub fn leads(&self) -> bool {
        self.leader == self.options.id && self.role == StateRole::Leader
    }

    /// Whether there is nobody to order anything: no leader, or an election is on.
    pub fn leaderless(&self) -> bool {
        self.leader == NONE || matches!(self.role, StateRole::Candidate | StateRole::PreCandidate)
    }

    /// Whether there has been a leader since the start.
    pub fn had_leader(&self) -> bool {
        self.had_leader
    }

    pub fn membership(&self) -> &Membership {
        &self.membership
    }

    /// Consenters that are alive, as the leader sees it.
    pub fn active(&self) -> &[u64] {
        self.tracker.active()
    }

    /// Whether messages wait for a block, so that the batch timeout must run.
    pub fn pending(&self) -> bool {
        !self.cutter.is_empty()
    }

    /// Batch limits of the configuration now in force.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Whether this node is the one that stands for the first election of a new channel: the one that the hash of the
    /// channel's name picks (`node.start` in `orderer/consensus/etcdraft/node.go`).
    pub fn stands_first(&self) -> bool {
        let hash = entente_fabric::crypto::sha256(self.options.channel.as_bytes());
        let number = varint(&hash[24..]);
        let size = self.membership.consenters.len().max(1) as u64;
        self.tip.number == 0 && self.options.id == number % size + 1
    }

    /// Asks to be elected, unless there is a leader.
    pub fn campaign(&mut self) {
        if !self.halted && self.leader == NONE && !self.installing() {
            // An error means that this node may not lead yet; the next attempt will tell.
            self.node.campaign().ok();
            self.pump();
        }
    }

    /// One tick of Raft's clock.
    pub fn tick(&mut self) {
        if self.halted {
            return;
        }
        self.tracker.check(&self.node, self.leader);
        if !self.installing() {
            self.node.tick();
        }
        self.pump();
        self.abdication_tick();
        self.propose_conf_change();
        self.pump();
    }

    /// A message of consenter `sender`, with what its leader says about who is alive.
    pub fn receive(&mut self, message: RaftMessage, metadata: &[u8], sender: u64) {
        if self.halted || message.from != sender {
            return;
        }
        if message.to != self.options.id {
            self.halt(Halt::Misaddressed);
            return;
        }
        if self.installing() && message.msg_type == MessageType::MsgTimeoutNow {
            return;
        }
        // What Raft refuses (stale, or from a node it does not know) is not worth more than its silence.
        self.node.step(message).ok();
        self.pump();
        if !metadata.is_empty() && sender == self.leader {
            if let Ok(cluster) = ClusterMetadata::decode(metadata) {
                self.tracker.told(cluster.active_nodes);
            }
        }
    }

    /// Everything in the [`Effect::Persist`] of this number, and of those before it, is durable.
    pub fn persisted(&mut self, number: u64) {
        if self.halted {
            return;
        }
        while self
            .unsaved
            .front()
            .is_some_and(|unsaved| unsaved.number <= number || unsaved.empty)
        {
            self.release();
        }
        self.pump();
    }

    /// A message did not reach this consenter.
    pub fn unreachable(&mut self, id: u64) {
        if !self.halted {
            self.node.report_unreachable(id);
            self.pump();
        }
    }

    /// A snapshot was sent to this consenter, or could not be.
    pub fn snapshot_sent(&mut self, to: u64, delivered: bool) {
        if !self.halted {
            let status = if delivered {
                ::raft::SnapshotStatus::Finish
            } else {
                ::raft::SnapshotStatus::Failure
            };
            self.node.report_snapshot(to, status);
            self.pump();
        }
    }

    /// Whether a snapshot is being written. The library cannot stand for election then: it would look for entries that
    /// the snapshot has replaced.
    fn installing(&self) -> bool {
        self.unsaved.iter().any(|unsaved| unsaved.installed.is_some())
    }

    fn halt(&mut self, reason: Halt) {
        if !std::mem::replace(&mut self.halted, true) {
            self.effects.push(Effect::Halt(reason));
        }
    }

    /// Takes everything that Raft has ready, until it rests.
    fn pump(&mut self) {
        while !self.halted && self.node.has_ready() {
            let mut ready = self.node.ready();
            let number = ready.number();
            let mut batch = Batch {
                entries: ready.take_entries(),
                ..Batch::default()
            };
            if !ready.snapshot().is_empty() {
                let checkpoint = Checkpoint::from_snapshot(ready.snapshot());
                self.node.mut_store().install(checkpoint.clone());
                batch.installed = Some(checkpoint);
            }
            self.node.mut_store().append(&batch.entries);
            if let Some(hard_state) = ready.hs() {
                self.node.mut_store().hard_state = hard_state.clone();
                // A commit index alone can be learnt again, so it waits for company.
                self.unsaved_commit = true;
            }
            let (sent, held_back) = (ready.take_messages(), ready.take_persisted_messages());
            let committed = ready.take_committed_entries();
            let role = ready.ss().map(|soft| (soft.leader_id, soft.raft_state));
            let must_sync = ready.must_sync();
            self.node.advance_append_async(ready);

            self.send(sent);
            let checkpoint = batch.installed.clone();
            let installed = checkpoint.as_ref().map(|checkpoint| checkpoint.index);
            // Whoever is a member decides who may vote, so a restart must not know less about that.
            let members_change = committed
                .iter()
                .any(|entry| entry.entry_type == EntryType::EntryConfChange);
            let empty = !must_sync && !members_change;
            let unsaved = Unsaved {
                number,
                messages: held_back,
                installed,
                empty,
            };
            if !empty {
                if std::mem::take(&mut self.unsaved_commit) {
                    batch.hard_state = Some(self.node.store().hard_state.clone());
                }
                self.effects.push(Effect::Persist { number, batch });
                self.unsaved.push_back(unsaved);
            } else {
                let rests = self.unsaved.is_empty();
                self.unsaved.push_back(unsaved);
                if rests {
                    self.release();
                }
            }
            if let Some((leader, role)) = role {
                self.role_changed(leader, role);
            }
            if let Some(checkpoint) = checkpoint {
                self.installed(&checkpoint);
            }
            self.waiting.extend(committed);
            self.apply();
            self.settle_lead();
        }
    }

    /// Marks the oldest unsaved ready as durable and sends what waited for it.
    fn release(&mut self) {
        if let Some(Unsaved {
            number,
            messages,
            installed,
            ..
        }) = self.unsaved.pop_front()
        {
            self.node.on_persist_ready(number);
            if let Some(index) = installed {
                self.node.advance_apply_to(index);
            }
            self.send(messages);
        }
    }

    fn send(&mut self, messages: Vec<RaftMessage>) {
        for message in messages {
            let metadata = self.tracker.metadata_for(message.to);
            self.effects.push(Effect::Send { message, metadata });
        }
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

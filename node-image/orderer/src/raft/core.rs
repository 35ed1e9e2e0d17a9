//! One channel's ordering, without I/O: what happened comes in, what must be done goes out.
//!
//! Every method is an event. What follows from it is collected by [`Core::effects`], to be carried out in order. Messages
//! that promise something durable are held back until the driver reports [`Core::persisted`]; a leader's own are sent at
//! once, so that followers write while it does (Raft thesis, 10.2.1).

mod apply;
mod lead;
#[cfg(test)]
mod simulation;
mod start;
mod tracker;
mod words;

use std::collections::VecDeque;

use ::raft::eraftpb::{Entry, EntryType, Message as RaftMessage, MessageType};
use ::raft::{RawNode, StateRole};
use entente_fabric::proto::etcdraft::ClusterMetadata;
use entente_fabric::proto::raftpb::ConfChange;
use prost::Message as _;

use super::log::{Checkpoint, Log};
use super::membership::Membership;
use super::wal::Batch;
use crate::cutter::{Cutter, Limits};
use lead::Abdication;
pub use start::{Options, Start};
use tracker::Tracker;
pub use words::{Effect, Halt, NONE, Request, Submission, Tip};

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

    pub fn term(&self) -> u64 {
        self.node.raft.term
    }

    /// The current term, once it has a leader and everything that this leader has taken over from those before is in the
    /// chain here.
    pub fn settled_term(&self) -> Option<u64> {
        let (raft, log) = (&self.node.raft, &self.node.raft.raft_log);
        let taken_over = log.term(log.applied).is_ok_and(|term| term == raft.term);
        (taken_over && !self.leaderless() && self.catching_up.is_none()).then_some(raft.term)
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
        if !metadata.is_empty()
            && sender == self.leader
            && let Ok(cluster) = ClusterMetadata::decode(metadata)
        {
            self.tracker.told(cluster.active_nodes);
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

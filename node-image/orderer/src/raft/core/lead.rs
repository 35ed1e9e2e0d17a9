//! Leading: making blocks of what is submitted, and giving the lead away.

use ::raft::StateRole;
use bytes::Bytes;
use entente_fabric::block;
use entente_fabric::proto::common::{Block, BlockData, BlockHeader, BlockMetadata};
use prost::Message as _;

use super::{Core, Effect, NONE, Request, Submission, Tip};
use crate::cutter::Message;
use crate::raft::{membership, wire};

/// How often giving the lead away is tried for the sake of one message.
const ABDICATION_ATTEMPTS: u32 = 5;

/// Slots of a block's metadata, all empty until the block is written.
const METADATA_SLOTS: usize = 5;

/// A configuration that removes this node, or changes its certificate, must be ordered by another leader: this one could
/// not see it through (`checkForEvictionNCertRotation` in `orderer/consensus/etcdraft/chain.go`).
#[derive(Debug)]
pub(super) struct Abdication {
    request: Request,
    attempts: u32,
}

impl Core {
    /// Whether [`Core::submit`] may be called. A leader that has enough under way makes submitters wait.
    pub fn accepts(&self) -> bool {
        !self.leads() || self.may_propose()
    }

    fn may_propose(&self) -> bool {
        !self.just_elected
            && !self.config_in_flight
            && self.blocks_in_flight < self.options.max_inflight_blocks
            && self.node.raft.lead_transferee.is_none()
            && self.abdication.is_none()
            && self.proposed.is_some()
    }

    /// A checked message, to be ordered.
    pub fn submit(&mut self, request: Request) -> Submission {
        if self.halted || self.leaderless() {
            return Submission::NoLeader;
        }
        if !self.leads() {
            return Submission::Forward(self.leader);
        }
        if !self.may_propose() {
            self.orphans.push(request);
            return Submission::Taken;
        }
        if request.is_config && self.concerns_this_node(&request.message.bytes) {
            self.abdication = Some(Abdication { request, attempts: 0 });
            self.abdication_tick();
        } else if request.is_config {
            let waiting = self.cutter.cut();
            waiting
                .into_iter()
                .chain([vec![request.message]])
                .for_each(|batch| self.propose(batch));
            self.config_in_flight = true;
        } else {
            self.cutter
                .ordered(request.message, self.limits)
                .into_iter()
                .for_each(|batch| self.propose(batch));
        }
        self.pump();
        Submission::Taken
    }

    /// The batch timeout has passed. Returns whether the waiting messages were cut; if not, enough is under way already,
    /// and the timeout must be reported again.
    pub fn batch_timeout(&mut self) -> bool {
        if self.cutter.is_empty() || !self.leads() {
            return true;
        }
        if !self.may_propose() {
            return false;
        }
        if let Some(batch) = self.cutter.cut() {
            self.propose(batch);
        }
        self.pump();
        true
    }

    /// Makes the next block and has Raft agree on it. Its metadata is empty: each node signs its own copy.
    fn propose(&mut self, batch: Vec<Message>) {
        let Some(previous) = self.proposed else {
            return self.orphan(batch);
        };
        let data: Vec<Bytes> = batch.iter().map(|message| message.bytes.clone()).collect();
        let header = BlockHeader {
            number: previous.number + 1,
            previous_hash: previous.hash.to_vec(),
            data_hash: block::data_hash(&data).to_vec(),
        };
        let tip = Tip::of(&header);
        let metadata = BlockMetadata {
            metadata: vec![Vec::new(); METADATA_SLOTS],
        };
        let block = Block {
            header: Some(header),
            data: Some(BlockData { data }),
            metadata: Some(metadata),
        };
        match self.node.propose(Vec::new(), block.encode_to_vec()) {
            Ok(()) => {
                self.proposed = Some(tip);
                self.blocks_in_flight += 1;
            }
            // The lead was lost in this very step.
            Err(_) => self.orphan(batch),
        }
    }

    fn orphan(&mut self, batch: Vec<Message>) {
        self.orphans.extend(batch.into_iter().map(|message| Request {
            message,
            is_config: false,
        }));
    }

    pub(super) fn role_changed(&mut self, leader: u64, role: StateRole) {
        let led = self.leads();
        (self.leader, self.role) = (leader, role);
        self.had_leader |= leader != NONE;
        match (led, self.leads()) {
            (false, true) => {
                self.blocks_in_flight = 0;
                self.just_elected = true;
            }
            (true, false) => self.lost_lead(),
            _ => {}
        }
        if !self.leaderless() && !self.leads() {
            let abdicated = self.abdication.take().map(|abdication| abdication.request);
            let again: Vec<Request> = std::mem::take(&mut self.orphans).into_iter().chain(abdicated).collect();
            if !again.is_empty() {
                self.effects.push(Effect::Resubmit(again));
            }
        }
    }

    fn lost_lead(&mut self) {
        self.blocks_in_flight = 0;
        self.just_elected = false;
        self.proposed = None;
        // A block that was only proposed may never be.
        self.config_in_flight = self.conf_change.is_some();
        self.tracker.lost_lead();
        if let Some(waiting) = self.cutter.cut() {
            self.orphan(waiting);
        }
    }

    /// Begins to serve once everything of the leaders before is in the chain, and what they left undone is done.
    pub(super) fn settle_lead(&mut self) {
        if !self.leads() || self.halted {
            return;
        }
        let applied = self.node.raft.raft_log.applied >= self.node.raft.raft_log.last_index();
        if self.just_elected && applied && self.catching_up.is_none() {
            if self.conf_change.is_none() {
                self.conf_change = self.membership.outstanding(self.node.store().voters());
                self.config_in_flight = self.conf_change.is_some();
            }
            if !self.config_in_flight {
                self.just_elected = false;
                self.proposed = Some(self.tip);
                let orphans = std::mem::take(&mut self.orphans);
                if !orphans.is_empty() {
                    self.effects.push(Effect::Resubmit(orphans));
                }
            }
        }
        self.propose_conf_change();
    }

    /// Proposes the membership change that a configuration block asked for, if that has not been done. Raft lets only one
    /// be under way, and only after everything before it is applied.
    pub(super) fn propose_conf_change(&mut self) {
        let Some(change) = &self.conf_change else { return };
        let under_way = self.node.raft.pending_conf_index > self.node.raft.raft_log.applied;
        if self.leads() && !self.halted && !under_way && self.node.raft.lead_transferee.is_none() {
            // Refused when the lead is being lost; whoever gets it proposes the change again.
            self.node.propose_conf_change(Vec::new(), wire::to_library(change)).ok();
        }
    }

    fn concerns_this_node(&self, config: &Bytes) -> bool {
        let envelope = entente_fabric::proto::common::Envelope::decode(config.clone());
        let Some(new) = envelope.ok().and_then(|envelope| membership::in_envelope(&envelope)) else {
            return false;
        };
        let Ok(change) = self.membership.change(&new.consenters) else {
            return false;
        };
        change.rotated == Some(self.options.id) || !change.next.consenters.contains_key(&self.options.id)
    }

    /// Tries to give the lead away while a message asks for it. Raft gives up an attempt after an election timeout.
    pub(super) fn abdication_tick(&mut self) {
        let Some(abdication) = &mut self.abdication else { return };
        if self.leader != self.options.id || self.node.raft.lead_transferee.is_some() {
            return;
        }
        abdication.attempts += 1;
        if abdication.attempts > ABDICATION_ATTEMPTS || self.give_lead_away(|_| true).is_none() {
            tracing::warn!(
                channel = self.options.channel,
                "a configuration that changes this consenter is dropped: no other consenter can take the lead"
            );
            self.abdication = None;
        }
    }

    /// Asks the most advanced live consenter that is `reachable` to take over. Returns which one, if there is one.
    pub fn give_lead_away(&mut self, reachable: impl Fn(u64) -> bool) -> Option<u64> {
        if !self.leads() || self.halted {
            return None;
        }
        let own = self.options.id;
        let voters = self.node.store().voters().to_vec();
        let able = self.node.raft.prs().iter().filter(|(id, progress)| {
            **id != own && voters.contains(id) && progress.recent_active && !progress.is_paused() && reachable(**id)
        });
        let (to, _) = able.max_by_key(|(id, progress)| (progress.matched, **id))?;
        let to = *to;
        self.node.transfer_leader(to);
        self.pump();
        Some(to)
    }

    /// Whether this node and the consenters that are `reachable` are enough to agree on anything.
    pub fn has_quorum(&self, reachable: impl Fn(u64) -> bool) -> bool {
        let voters = self.node.store().voters();
        let there = voters.iter().filter(|id| **id == self.options.id || reachable(**id));
        there.count() > voters.len() / 2
    }

    /// Whether everything taken is in the chain, as far as this node can tell.
    pub fn idle(&self) -> bool {
        self.cutter.is_empty() && (!self.leads() || self.blocks_in_flight == 0) && self.unsaved.is_empty()
    }
}

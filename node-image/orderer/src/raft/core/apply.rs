//! What follows from committed entries: blocks, changes of the group, and folding the log.

use ::raft::eraftpb::{Entry, EntryType};
use bytes::Bytes;
use entente_fabric::block;
use entente_fabric::proto::common::{Block, BlockHeader};
use entente_fabric::proto::raftpb::ConfChange;
use prost::Message as _;

use super::{Core, Effect, Halt, Tip};
use crate::raft::log::Checkpoint;
use crate::raft::{membership, wire};

impl Core {
    /// Applies what is committed, up to a snapshot whose blocks are still being pulled.
    pub(super) fn apply(&mut self) {
        let mut last_block: Option<Bytes> = None;
        while self.catching_up.is_none() && !self.halted {
            let Some(entry) = self.waiting.pop_front() else { break };
            let (index, data) = (entry.index, entry.data.clone());
            let applied = match entry.entry_type {
                EntryType::EntryNormal if data.is_empty() => Ok(()),
                EntryType::EntryNormal => {
                    self.bytes_since_fold += data.len() as u64;
                    let applied = self.apply_block(&entry);
                    last_block = Some(data);
                    applied
                }
                EntryType::EntryConfChange => self.apply_conf_change(&entry),
                EntryType::EntryConfChangeV2 => {
                    Err("a membership change of an unknown kind was agreed on".to_owned())
                }
            };
            if let Err(reason) = applied {
                return self.halt(Halt::Fault(format!("Raft entry {index}: {reason}")));
            }
            self.applied = self.applied.max(index);
            self.node.advance_apply_to(index);
        }
        if let Some(block) = last_block {
            self.fold_if_due(block);
        }
    }

    fn apply_block(&mut self, entry: &Entry) -> Result<(), String> {
        // Entries come again after a restart; what they did must not be done twice.
        if entry.index <= self.applied {
            return Ok(());
        }
        let block = Block::decode(entry.data.clone()).map_err(|error| format!("no block: {error}"))?;
        let header = block.header.clone().ok_or("a block without a header")?;
        if header.number <= self.tip.number {
            // Pulled from another orderer meanwhile.
            return Ok(());
        }
        self.check_follows(&header)?;
        self.blocks_in_flight = self.blocks_in_flight.saturating_sub(1);
        self.write(block, &header, entry.index)
    }

    fn check_follows(&self, header: &BlockHeader) -> Result<(), String> {
        if header.number != self.tip.number + 1 {
            return Err(format!(
                "block {} does not follow block {}",
                header.number, self.tip.number
            ));
        }
        if header.previous_hash != self.tip.hash {
            return Err(format!(
                "block {} does not name the hash of block {}",
                header.number, self.tip.number
            ));
        }
        Ok(())
    }

    fn write(&mut self, block: Block, header: &BlockHeader, index: u64) -> Result<(), String> {
        self.tip = Tip::of(header);
        let is_config = block::is_config(&block);
        if is_config {
            self.conf_change = self.take_configuration(&block)?;
            self.config_in_flight = self.conf_change.is_some();
        }
        self.membership.metadata.raft_index = index;
        let metadata = self.membership.metadata.encode_to_vec();
        self.effects.push(Effect::Write { block, metadata });
        // A consenter that was added can be talked to as soon as Raft knows it, a removed one until then. Also without a
        // change: the authorities of the same consenters may be others.
        if is_config && self.conf_change.is_none() {
            self.effects.push(Effect::Connect(self.membership.consenters.clone()));
        }
        Ok(())
    }

    /// Follows the consenter set of a configuration block. Returns the change that Raft must still agree on.
    fn take_configuration(&mut self, block: &Block) -> Result<Option<ConfChange>, String> {
        let Some(config) = membership::in_block(block) else {
            return Ok(None);
        };
        if let Some(options) = config.options.filter(|options| options.snapshot_interval_size > 0) {
            self.options.snapshot_interval = u64::from(options.snapshot_interval_size);
        }
        let change = self.membership.change(&config.consenters)?;
        self.membership = change.next;
        Ok(change.conf_change)
    }

    fn apply_conf_change(&mut self, entry: &Entry) -> Result<(), String> {
        let change = wire::conf_change(&entry.data).map_err(|error| format!("no membership change: {error}"))?;
        if change.r#type == Some(membership::REMOVE_NODE) && self.leads() {
            // Who is removed learns that this is agreed on now or never: afterwards nobody talks to it.
            self.node.ping();
            let farewell = std::mem::take(&mut self.node.raft.msgs);
            self.send(farewell);
        }
        let state = self
            .node
            .apply_conf_change(&wire::to_library(&change))
            .map_err(|error| format!("the membership change cannot be applied: {error}"))?;
        self.node.mut_store().set_voters(state.voters);
        let expected = |own: &ConfChange| own.r#type == change.r#type && own.node_id == change.node_id;
        if self.conf_change.as_ref().is_some_and(expected) {
            self.conf_change = None;
            self.config_in_flight = false;
            self.effects.push(Effect::Connect(self.membership.consenters.clone()));
        }
        // Only a removal that was not undone since: the log may be read again from long ago.
        let removed = change.r#type == Some(membership::REMOVE_NODE) && change.node_id == Some(self.options.id);
        if removed && !self.membership.consenters.contains_key(&self.options.id) {
            self.halt(Halt::Evicted);
        }
        Ok(())
    }

    fn fold_if_due(&mut self, block: Bytes) {
        if self.bytes_since_fold < self.options.snapshot_interval || self.halted {
            return;
        }
        self.bytes_since_fold = 0;
        let applied = self.node.raft.raft_log.applied;
        let log = self.node.mut_store();
        log.compact(applied, block);
        let (checkpoint, entries, hard_state) = (log.checkpoint().clone(), log.contents(), log.hard_state.clone());
        self.effects.push(Effect::Fold {
            checkpoint,
            entries,
            hard_state,
        });
    }

    /// A snapshot of the leader has replaced the log.
    pub(super) fn installed(&mut self, checkpoint: &Checkpoint) {
        self.waiting.clear();
        self.bytes_since_fold = 0;
        self.applied = self.applied.max(checkpoint.index);
        self.catch_up_to(checkpoint);
    }

    /// Gets the blocks up to a checkpoint that are not in the chain: the only missing one from the checkpoint itself, more
    /// from other orderers.
    pub(super) fn catch_up_to(&mut self, checkpoint: &Checkpoint) {
        if checkpoint.index == 0 {
            return;
        }
        let missing = Block::decode(checkpoint.block.clone()).map_err(|error| error.to_string());
        let header = missing.as_ref().ok().and_then(|block| block.header.clone());
        let (Ok(block), Some(header)) = (missing, header) else {
            return self.halt(Halt::Fault(format!(
                "the snapshot at Raft index {} holds no block",
                checkpoint.index
            )));
        };
        if header.number <= self.tip.number {
            return;
        }
        if self.check_follows(&header).is_err() {
            self.catching_up = Some(header.number);
            return self.effects.push(Effect::CatchUp { to: header.number });
        }
        if let Err(reason) = self.write(block, &header, checkpoint.index) {
            self.halt(Halt::Fault(reason));
        }
    }

    /// The next block of those asked for by [`Effect::CatchUp`], verified.
    pub fn pulled(&mut self, block: Block) {
        let Some(target) = self.catching_up.filter(|_| !self.halted) else {
            return;
        };
        let Some(header) = block.header.clone().filter(|header| self.check_follows(header).is_ok()) else {
            return;
        };
        self.tip = Tip::of(&header);
        let is_config = block::is_config(&block);
        if is_config {
            // Raft has learnt of a change of its members from the snapshot.
            if let Err(reason) = self.take_configuration(&block) {
                return self.halt(Halt::Fault(reason));
            }
        }
        // Keep ids and counter as the others have written them.
        if let Some(metadata) = membership::block_metadata(&block) {
            self.membership.metadata = metadata;
        }
        self.effects.push(Effect::WritePulled { block });
        if is_config {
            self.effects.push(Effect::Connect(self.membership.consenters.clone()));
        }
        if header.number >= target {
            self.catching_up = None;
            self.apply();
            self.settle_lead();
            self.pump();
        }
    }
}

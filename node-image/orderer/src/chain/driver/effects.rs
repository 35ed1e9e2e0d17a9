//! Carries out what the core asks for.

use ::raft::eraftpb::MessageType;
use entente_fabric::block;
use entente_fabric::proto::common::Block;
use entente_fabric::proto::orderer::ConsensusRequest;
use tokio::sync::mpsc;
use tracing::{error, info, trace};

use super::Driver;
use crate::chain::{End, Input};
use crate::channel::{limits, orderer};
use crate::raft::core::{Effect, Halt};
use crate::raft::wire;
use crate::writer::Writer;

impl Driver {
    pub(super) fn carry_out(&mut self, effect: Effect, inputs: &mpsc::WeakSender<Input>) {
        match effect {
            Effect::Send { message, metadata } => {
                trace!(channel = self.channel.id, kind = ?message.msg_type, to = message.to, term = message.term, "send");
                let payload = wire::encode(&message);
                let request = ConsensusRequest {
                    channel: self.channel.id.clone(),
                    payload,
                    metadata,
                };
                self.transport.send(message.to, request);
                if message.msg_type == MessageType::MsgSnapshot {
                    self.core.snapshot_sent(message.to, true);
                }
            }
            Effect::Persist { number, batch } => self.disk.persist(number, batch),
            Effect::Fold {
                checkpoint,
                entries,
                hard_state,
            } => {
                info!(
                    channel = self.channel.id,
                    index = checkpoint.index,
                    "folding the Raft log into the chain"
                );
                self.metrics
                    .snapshot_block_number
                    .set((self.channel.blocks.height().saturating_sub(1)) as i64);
                self.disk.fold(checkpoint, entries, hard_state);
            }
            Effect::Write { block, metadata } => self.write(block, |writer, block| writer.write(block, &metadata)),
            Effect::WritePulled { block } => self.write(block, Writer::write_signed),
            Effect::CatchUp { to } => self.catch_up(to, inputs),
            Effect::Connect(consenters) => self.transport.connect(consenters),
            Effect::Resubmit(requests) => self.again.extend(requests),
            Effect::Halt(halt) => {
                if let Halt::Fault(reason) = &halt {
                    error!(
                        channel = self.channel.id,
                        reason, "ordering on this channel has stopped"
                    );
                }
                self.end.get_or_insert(End::Halted(halt));
            }
        }
    }

    fn write(&mut self, block: Block, write: impl FnOnce(&mut Writer, Block) -> Result<(), String>) {
        let messages = block.data.as_ref().map(|data| data.data.clone()).unwrap_or_default();
        let is_config = block::is_config(&block);
        if let Err(reason) = write(&mut self.writer, block) {
            return self.fault(reason);
        }
        self.receipts.written(&messages);
        if let Some(config) = messages.first().filter(|_| is_config) {
            self.reconfigured(config);
        }
        self.metrics
            .committed_block_number
            .set((self.channel.blocks.height() - 1) as i64);
        if let Ok(orderer) = orderer(&self.channel.bundle()) {
            self.core.set_limits(limits(orderer));
        }
    }

    pub(super) fn fault(&mut self, reason: String) {
        if self.end.is_none() {
            error!(
                channel = self.channel.id,
                reason, "ordering on this channel has stopped"
            );
            self.end = Some(End::Halted(Halt::Fault(reason)));
        }
    }

    pub(super) fn catch_up(&mut self, to: u64, inputs: &mpsc::WeakSender<Input>) {
        info!(
            channel = self.channel.id,
            from = self.channel.blocks.height(),
            to,
            "catching up with other orderers"
        );
        let (sender, mut blocks) = mpsc::channel(16);
        let pull = self.puller.pull(self.channel.clone(), to, sender);
        let inputs = inputs.clone();
        let hand_in = async move {
            while let Some(block) = blocks.recv().await {
                let Some(inputs) = inputs.upgrade() else { return };
                if inputs.send(Input::Pulled(block)).await.is_err() {
                    return;
                }
            }
        };
        if let Some(before) = self.pulling.replace(tokio::spawn(async move {
            tokio::join!(pull, hand_in);
        })) {
            before.abort();
        }
    }
}

//! Validates and commits blocks in order, and tells those who wait.

use std::sync::Arc;
use std::time::Instant;

use entente_fabric::block;
use entente_fabric::proto::common::{ChannelHeader, Envelope, HeaderType, Payload};
use entente_fabric::proto::protos::{ChaincodeHeaderExtension, TxValidationCode};
use entente_ledger::Committed;
use prost::Message as _;
use tracing::{debug, info};

use super::pull::Verified;
use super::{Channel, Metrics};
use crate::transient::Transient;
use crate::validate;

/// Commits the blocks of one channel.
pub(super) struct Committer {
    pub channel: Arc<Channel>,
    pub metrics: Metrics,
    pub transient: Arc<Transient>,
}

impl Committer {
    /// Commits one block that the ordering service has signed. `Err` says why the channel cannot go on.
    pub fn commit(&self, verified: Verified) -> Result<(), String> {
        let channel = &*self.channel;
        let number = verified.block.header.as_ref().map_or(0, |header| header.number);
        let started = Instant::now();
        let verdicts = validate::block(&verified.block, &channel.bundle(), &channel.ledger)
            .map_err(|error| format!("block {number} cannot be validated: {error}"))?;
        let validated = started.elapsed();
        let private = self.transient.of_block(&channel.id, &verified.block);
        let committed = channel
            .ledger
            .commit_with(Arc::unwrap_or_clone(verified.block), verdicts.codes, private)
            .map_err(|error| format!("block {number} cannot be committed: {error}"))?;
        if let Some(bundle) = verdicts.configuration {
            info!(
                channel = channel.id,
                block = number,
                sequence = bundle.sequence,
                "a configuration is in force"
            );
            channel.set_bundle(Arc::new(bundle));
        }
        let transactions = self.tell(number, &committed);
        self.metrics.block(&channel.id, number + 1, started.elapsed());
        debug!(
            channel = channel.id,
            block = number,
            transactions,
            validated_ms = validated.as_millis(),
            took_ms = started.elapsed().as_millis(),
            "committed a block"
        );
        Ok(())
    }

    /// Tells those who wait, and counts.
    fn tell(&self, number: u64, committed: &Committed) -> usize {
        let channel = &*self.channel;
        let transactions = transactions(committed);
        for transaction in &transactions {
            if !transaction.id.is_empty() {
                channel.commits().tell(&transaction.id, (number, transaction.code));
            }
            self.metrics
                .transaction(&channel.id, transaction.kind, &transaction.chaincode, transaction.code);
        }
        self.transient.forget_block(&channel.id, &committed.block);
        transactions.len()
    }
}

struct Transaction {
    id: String,
    kind: HeaderType,
    /// `name:version` is what stock shows; the version takes decoding the whole transaction, so it is the name alone.
    chaincode: String,
    code: TxValidationCode,
}

fn transactions(committed: &Committed) -> Vec<Transaction> {
    let data = committed.block.data.as_ref().map_or(&[][..], |data| &data.data);
    let read = |(envelope, code): (&bytes::Bytes, &TxValidationCode)| {
        let header = header(envelope).unwrap_or_default();
        let extension = ChaincodeHeaderExtension::decode(header.extension.as_slice()).unwrap_or_default();
        Transaction {
            kind: HeaderType::try_from(header.r#type).unwrap_or(HeaderType::Message),
            chaincode: extension.chaincode_id.unwrap_or_default().name,
            id: header.tx_id,
            code: *code,
        }
    };
    data.iter().zip(&committed.codes).map(read).collect()
}

fn header(envelope: &[u8]) -> Option<ChannelHeader> {
    let payload = Payload::decode(Envelope::decode(envelope).ok()?.payload.as_slice()).ok()?;
    ChannelHeader::decode(payload.header?.channel_header.as_slice()).ok()
}

/// The hash that the next block must name.
pub(super) fn tip(channel: &Channel) -> Option<(u64, [u8; 32])> {
    channel
        .ledger
        .blocks()
        .tip()
        .map(|header| (header.number, block::header_hash(&header)))
}

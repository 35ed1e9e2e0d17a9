//! Writes blocks: fills their metadata, signs them, and puts new configurations in force
//! (`orderer/common/multichannel/blockwriter.go`).

use std::sync::Arc;

use entente_fabric::block;
use entente_fabric::config::Bundle;
use entente_fabric::crypto::{self, Signer};
use entente_fabric::envelope;
use entente_fabric::proto::common::{
    Block, BlockMetadataIndex, ConfigEnvelope, Envelope, HeaderType, LastConfig, Metadata, MetadataSignature,
    OrdererBlockMetadata, SignatureHeader,
};
use prost::Message as _;

use crate::channel::Channel;

/// Slots of a block's metadata.
const SLOTS: usize = 5;

/// Appends to one channel. There is one at a time.
pub struct Writer {
    channel: Arc<Channel>,
    last_config: u64,
    last_sequence: u64,
}

impl Writer {
    pub fn new(channel: Arc<Channel>) -> Result<Writer, String> {
        let tip = channel.blocks.height().checked_sub(1);
        let tip = tip
            .map(|last| channel.block(last))
            .transpose()
            .map_err(|error| error.to_string())?
            .flatten();
        let last_config = match tip {
            Some(tip) if block::is_config(&tip) => tip.header.as_ref().map_or(0, |header| header.number),
            Some(tip) => block::last_config(&tip).unwrap_or(0),
            None => 0,
        };
        let last_sequence = channel.bundle().sequence;
        Ok(Writer {
            channel,
            last_config,
            last_sequence,
        })
    }

    /// Writes a block that was agreed on; `metadata` is what consensus wants to find in it after a restart.
    pub fn write(&mut self, mut block: Block, metadata: &[u8]) -> Result<(), String> {
        self.take_configuration(&block)?;
        self.note_last_config(&mut block);
        sign(&mut block, self.last_config, metadata, &*self.channel.signer)?;
        self.append(&block)
    }

    /// Writes a block that another orderer has signed.
    pub fn write_signed(&mut self, mut block: Block) -> Result<(), String> {
        self.take_configuration(&block)?;
        self.note_last_config(&mut block);
        self.append(&block)
    }

    fn append(&self, block: &Block) -> Result<(), String> {
        self.channel.blocks.append(block).map_err(|error| error.to_string())
    }

    /// Puts the configuration of a configuration block in force, after deriving it once more from the update that led to
    /// it: what other orderers agreed on is not believed blindly.
    fn take_configuration(&self, block: &Block) -> Result<(), String> {
        let Some(envelope) = config_envelope(block)? else {
            return Ok(());
        };
        let current = self.channel.bundle();
        let number = block.header.as_ref().map_or(0, |header| header.number);
        let refused = |error: String| format!("the configuration in block {number} cannot be applied: {error}");
        current
            .validate(&envelope)
            .map_err(|error| refused(error.to_string()))?;
        let config = envelope.config.unwrap_or_default();
        let next = Bundle::new(&self.channel.id, config).map_err(|error| refused(error.to_string()))?;
        next.check_for_orderer().map_err(|error| refused(error.to_string()))?;
        self.channel.set_bundle(next);
        Ok(())
    }

    fn note_last_config(&mut self, block: &mut Block) {
        let sequence = self.channel.bundle().sequence;
        if sequence > self.last_sequence {
            self.last_sequence = sequence;
            self.last_config = block.header.as_ref().map_or(0, |header| header.number);
        }
        let value = LastConfig {
            index: self.last_config,
        }
        .encode_to_vec();
        let slot = Metadata {
            value,
            signatures: Vec::new(),
        }
        .encode_to_vec();
        set_slot(block, BlockMetadataIndex::LastConfig, slot);
    }
}

/// The configuration in a block, if its first envelope is one.
pub fn config_envelope(block: &Block) -> Result<Option<ConfigEnvelope>, String> {
    if !block::is_config(block) {
        return Ok(None);
    }
    let first = block
        .data
        .as_ref()
        .and_then(|data| data.data.first())
        .ok_or("the block is empty")?;
    let envelope = Envelope::decode(first.as_ref()).map_err(|error| error.to_string())?;
    let header = envelope::channel_header(&envelope).map_err(|error| error.to_string())?;
    if header.r#type != HeaderType::Config as i32 {
        return Err("a configuration of the former system channel is not supported".to_owned());
    }
    let (payload, _) = envelope::payload(&envelope).map_err(|error| error.to_string())?;
    ConfigEnvelope::decode(payload.data.as_slice())
        .map(Some)
        .map_err(|error| error.to_string())
}

/// Fills slot SIGNATURES, unless it is already: signed over its value, the signature header and the block header.
fn sign(block: &mut Block, last_config: u64, metadata: &[u8], signer: &dyn Signer) -> Result<(), String> {
    if !block::metadata(block, BlockMetadataIndex::Signatures).is_empty() {
        return Ok(());
    }
    let header = block.header.as_ref().ok_or("the block has no header")?;
    let consenter = Metadata {
        value: metadata.to_vec(),
        signatures: Vec::new(),
    };
    let value = OrdererBlockMetadata {
        last_config: Some(LastConfig { index: last_config }),
        consenter_metadata: consenter.encode_to_vec(),
    }
    .encode_to_vec();
    let signature_header = SignatureHeader {
        creator: signer.identity().to_vec(),
        nonce: crypto::nonce(),
    }
    .encode_to_vec();
    let signed = [value.as_slice(), &signature_header, &block::header_bytes(header)].concat();
    let signature = signer.sign(&signed).map_err(|error| error.to_string())?;
    let signature = MetadataSignature {
        signature_header,
        signature,
        identifier_header: Vec::new(),
    };
    let slot = Metadata {
        value,
        signatures: vec![signature],
    }
    .encode_to_vec();
    set_slot(block, BlockMetadataIndex::Signatures, slot);
    Ok(())
}

fn set_slot(block: &mut Block, slot: BlockMetadataIndex, bytes: Vec<u8>) {
    let slots = &mut block.metadata.get_or_insert_default().metadata;
    if slots.len() < SLOTS {
        slots.resize(SLOTS, Vec::new());
    }
    slots[slot as usize] = bytes;
}

//! The five slots beside a block's data: signatures, last configuration, validation codes, consensus, commit hash.

use prost::Message as _;

use crate::proto::common::{Block, BlockMetadata, BlockMetadataIndex, LastConfig, Metadata, OrdererBlockMetadata};

const SLOTS: usize = 5;

/// Five empty slots, what a new block starts with.
pub fn empty_metadata() -> BlockMetadata {
    BlockMetadata {
        metadata: vec![Vec::new(); SLOTS],
    }
}

/// One metadata slot; empty when the block does not have it.
pub fn metadata(block: &Block, slot: BlockMetadataIndex) -> &[u8] {
    block
        .metadata
        .as_ref()
        .and_then(|m| m.metadata.get(slot as usize))
        .map_or(&[], Vec::as_slice)
}

/// Writes one metadata slot. Missing slots are added first, so the block comes out with all five.
pub fn set_metadata(block: &mut Block, slot: BlockMetadataIndex, bytes: Vec<u8>) {
    let slots = &mut block.metadata.get_or_insert_with(empty_metadata).metadata;
    if slots.len() < SLOTS {
        slots.resize(SLOTS, Vec::new());
    }
    slots[slot as usize] = bytes;
}

/// What the orderer signed about the block: its last configuration block and its consensus metadata. `None` when the
/// block carries no such thing, as blocks from before Fabric 2.0 and block 0 of some tools do.
pub fn orderer_metadata(block: &Block) -> Option<OrdererBlockMetadata> {
    let signatures = Metadata::decode(metadata(block, BlockMetadataIndex::Signatures)).ok()?;
    OrdererBlockMetadata::decode(signatures.value.as_slice())
        .ok()
        .filter(|_| !signatures.value.is_empty())
}

/// Number of the configuration block in force for this block (`protoutil.GetLastConfigIndexFromBlock`): what the
/// orderer signed, or the LAST_CONFIG slot of older blocks.
pub fn last_config(block: &Block) -> Option<u64> {
    if let Some(signed) = orderer_metadata(block) {
        return Some(signed.last_config.unwrap_or_default().index);
    }
    let slot = Metadata::decode(metadata(block, BlockMetadataIndex::LastConfig)).ok()?;
    LastConfig::decode(slot.value.as_slice()).ok().map(|last| last.index)
}

/// The peer's verdict on each transaction, one `TxValidationCode` a byte; empty on blocks that come from an orderer.
pub fn validation_codes(block: &Block) -> &[u8] {
    metadata(block, BlockMetadataIndex::TransactionsFilter)
}

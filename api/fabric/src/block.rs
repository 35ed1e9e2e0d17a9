//! Blocks: the header that is hashed, metadata slots, and the transactions inside.

use prost::Message as _;

use crate::crypto;
use crate::envelope;
use crate::proto::common::{
    Block, BlockHeader, BlockMetadataIndex, Envelope, HeaderType, LastConfig, Metadata, OrdererBlockMetadata,
};

/// The DER encoding of a header: what is hashed and signed (`protoutil/blockutils.go`, `BlockHeaderBytes`).
pub fn header_bytes(header: &BlockHeader) -> Vec<u8> {
    let mut number = header.number.to_be_bytes().iter().copied().skip_while(|b| *b == 0).collect::<Vec<u8>>();
    if number.first().is_none_or(|first| *first >= 0x80) {
        number.insert(0, 0);
    }
    let mut body = Vec::with_capacity(number.len() + 80);
    for (tag, content) in [(0x02, &number[..]), (0x04, &header.previous_hash[..]), (0x04, &header.data_hash[..])] {
        der_element(tag, content, &mut body);
    }
    let mut out = Vec::with_capacity(body.len() + 4);
    der_element(0x30, &body, &mut out);
    out
}

pub(crate) fn der_element(tag: u8, content: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    if content.len() < 0x80 {
        out.push(content.len() as u8);
    } else {
        let length = content.len().to_be_bytes();
        let significant = &length[content.len().leading_zeros() as usize / 8..];
        out.push(0x80 | significant.len() as u8);
        out.extend_from_slice(significant);
    }
    out.extend_from_slice(content);
}

/// The block hash: SHA-256 of [`header_bytes`].
pub fn header_hash(header: &BlockHeader) -> [u8; 32] {
    crypto::sha256(&header_bytes(header))
}

/// SHA-256 of the concatenated envelopes.
pub fn data_hash<T: AsRef<[u8]>>(data: &[T]) -> [u8; 32] {
    let parts: Vec<&[u8]> = data.iter().map(AsRef::as_ref).collect();
    crypto::sha256_parts(&parts)
}

/// One metadata slot; empty when the block does not have it.
pub fn metadata(block: &Block, slot: BlockMetadataIndex) -> &[u8] {
    block.metadata.as_ref().and_then(|m| m.metadata.get(slot as usize)).map_or(&[], Vec::as_slice)
}

/// Whether the block carries a channel configuration: its first envelope says so (`protoutil.IsConfigBlock`).
pub fn is_config(block: &Block) -> bool {
    let first = block.data.as_ref().and_then(|data| data.data.first());
    let Some(Ok(envelope)) = first.map(|bytes| Envelope::decode(bytes.as_ref())) else { return false };
    envelope::channel_header(&envelope).is_ok_and(|header| {
        [HeaderType::Config as i32, HeaderType::OrdererTransaction as i32].contains(&header.r#type)
    })
}

/// What the orderer signed about the block: its last configuration block and its consensus metadata. `None` when the
/// block carries no such thing, as blocks from before Fabric 2.0 and block 0 of some tools do.
pub fn orderer_metadata(block: &Block) -> Option<OrdererBlockMetadata> {
    let signatures = Metadata::decode(metadata(block, BlockMetadataIndex::Signatures)).ok()?;
    OrdererBlockMetadata::decode(signatures.value.as_slice()).ok().filter(|_| !signatures.value.is_empty())
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

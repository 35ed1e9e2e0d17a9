//! Blocks: the header that is hashed, metadata slots, and the transactions inside.

use crate::crypto;
use crate::proto::common::{Block, BlockHeader, BlockMetadataIndex};

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

fn der_element(tag: u8, content: &[u8], out: &mut Vec<u8>) {
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

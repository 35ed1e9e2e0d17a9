//! Blocks: the header that is hashed, metadata slots, and the transactions inside.

mod metadata;
mod transactions;
mod verify;

pub use metadata::{empty_metadata, last_config, metadata, orderer_metadata, set_metadata, validation_codes};
pub use transactions::{Endorsed, Transaction, channel_id, config_envelope, endorsed, is_config, transactions};
pub use verify::{VerifyError, check_data_hash, signatures, verify};

use crate::crypto;
use crate::proto::common::BlockHeader;

/// The DER encoding of a header: what is hashed and signed (`protoutil/blockutils.go`, `BlockHeaderBytes`).
pub fn header_bytes(header: &BlockHeader) -> Vec<u8> {
    let mut number = header
        .number
        .to_be_bytes()
        .iter()
        .copied()
        .skip_while(|b| *b == 0)
        .collect::<Vec<u8>>();
    if number.first().is_none_or(|first| *first >= 0x80) {
        number.insert(0, 0);
    }
    let mut body = Vec::with_capacity(number.len() + 80);
    for (tag, content) in [
        (0x02, &number[..]),
        (0x04, &header.previous_hash[..]),
        (0x04, &header.data_hash[..]),
    ] {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::common::Block;
    use prost::Message as _;

    #[test]
    fn hashes_of_stock_blocks_come_out_the_same() {
        let bytes = include_bytes!("../../../../tests/golden/config/genesis_golden/genesis.pb");
        let genesis = Block::decode(&bytes[..]).unwrap();
        let header = genesis.header.as_ref().unwrap();

        assert_eq!(
            hex::encode(data_hash(&genesis.data.as_ref().unwrap().data)),
            hex::encode(&header.data_hash)
        );
        assert_eq!(hex::encode(header_hash(header)), GENESIS_HASH);
    }

    #[test]
    fn header_numbers_are_minimal_der_integers() {
        let bytes = |number| {
            header_bytes(&BlockHeader {
                number,
                ..Default::default()
            })
        };

        assert_eq!(hex::encode(bytes(0)), "300702010004000400");
        assert_eq!(hex::encode(bytes(127)), "300702017f04000400");
        assert_eq!(hex::encode(bytes(128)), "30080202008004000400");
        assert_eq!(hex::encode(bytes(u64::MAX)), "300f020900ffffffffffffffff04000400");
    }

    /// `header_hash` of block 0 of the golden chain, as the stock peer computed it.
    const GENESIS_HASH: &str = "68d91fc4b318ef8468130ada14290d3644059238bda3361cb931c26abd11a3a4";
}

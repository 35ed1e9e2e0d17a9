//! A block as an orderer sends it: its transactions and its configuration are read, and nothing panics.
#![no_main]

use entente_fabric::config::Bundle;
use entente_fabric::proto::common::Block;
use entente_ledger::transaction;
use libfuzzer_sys::fuzz_target;
use prost::Message as _;

fuzz_target!(|bytes: &[u8]| {
    let Ok(block) = Block::decode(bytes) else { return };
    let _ = entente_fabric::block::is_config(&block);
    let _ = Bundle::from_block(&block);
    for envelope in block.data.iter().flat_map(|data| &data.data) {
        let _ = transaction::open(envelope).map(|opened| (opened.tx_id(), opened.rwset().is_ok()));
    }
});

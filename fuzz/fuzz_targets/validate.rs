//! A transaction of a block on the golden channel: it gets a code, or the channel is stopped, and nothing panics.
#![no_main]

use std::sync::LazyLock;

use entente_fabric::config::Bundle;
use entente_fabric::proto::common::{Block, BlockData, BlockHeader};
use entente_fabric::proto::protos::TxValidationCode;
use entente_ledger::Ledger;
use entente_peer::validate;
use libfuzzer_sys::fuzz_target;
use prost::Message as _;

struct Channel {
    _dir: tempfile::TempDir,
    ledger: Ledger,
    bundle: Bundle,
}

static CHANNEL: LazyLock<Channel> = LazyLock::new(|| {
    let genesis = include_bytes!("../../tests/golden/config/genesis_golden/genesis.pb");
    let genesis = Block::decode(&genesis[..]).expect("a block");
    let dir = tempfile::tempdir().expect("a folder");
    let bundle = Bundle::from_block(&genesis).expect("a configuration");
    let ledger = Ledger::open(dir.path(), &bundle.channel_id).expect("an empty ledger");
    ledger.commit(genesis, vec![TxValidationCode::Valid]).expect("the first block");
    Channel { _dir: dir, ledger, bundle }
});

fuzz_target!(|bytes: &[u8]| {
    let data = Some(BlockData { data: vec![bytes.to_vec().into()] });
    let header = Some(BlockHeader { number: 1, ..Default::default() });
    let block = Block { header, data, metadata: None };
    let _ = validate::block(&block, &CHANNEL.bundle, &CHANNEL.ledger);
});

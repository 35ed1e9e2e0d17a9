//! Nothing that a block may hold makes validation panic; damage is answered with a code.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../../ledger/tests/golden/mod.rs"]
mod golden;

use std::sync::LazyLock;

use entente_fabric::config::Bundle;
use entente_fabric::proto::common::{Block, BlockData, BlockHeader};
use entente_fabric::proto::protos::TxValidationCode;
use entente_ledger::Ledger;
use entente_peer::validate;
use proptest::prelude::*;

/// The first 20 blocks committed, and the transactions of the next 200.
struct Golden {
    _dir: tempfile::TempDir,
    ledger: Ledger,
    bundle: Bundle,
    envelopes: Vec<Vec<u8>>,
}

static GOLDEN: LazyLock<Golden> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let blocks = golden::blocks();
    let bundle = Bundle::from_block(&blocks[0]).unwrap();
    let ledger = Ledger::open(dir.path(), "golden").unwrap();
    for (block, expected) in blocks[..20].iter().zip(golden::expected("chain/expected.jsonl")) {
        ledger.commit(block.clone(), expected.codes_before_mvcc()).unwrap();
    }
    let data = blocks[20..220]
        .iter()
        .flat_map(|block| &block.data.as_ref().unwrap().data);
    let envelopes = data.map(|envelope| envelope.to_vec()).collect();
    Golden {
        _dir: dir,
        ledger,
        bundle,
        envelopes,
    }
});

/// A transaction of the golden chain with some of its bytes changed, cut or repeated.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let place = (any::<prop::sample::Index>(), any::<u8>());
    let cut = prop::option::weighted(0.2, any::<prop::sample::Index>());
    let changes = prop::collection::vec(place, 0..4);
    (any::<prop::sample::Index>(), changes, cut).prop_map(|(which, changes, cut)| {
        let mut envelope = which.get(&GOLDEN.envelopes).clone();
        for (at, byte) in changes {
            let at = at.index(envelope.len());
            envelope[at] = byte;
        }
        envelope.truncate(cut.map_or(envelope.len(), |at| at.index(envelope.len())));
        envelope
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_transaction_of_any_block_gets_a_code(envelopes in prop::collection::vec(damaged(), 1..5)) {
        let data: Vec<_> = envelopes.into_iter().map(Into::into).collect();
        let count = data.len();
        let header = BlockHeader { number: 20, ..Default::default() };
        let block = Block { header: Some(header), data: Some(BlockData { data }), metadata: None };

        // A configuration that does not follow stops the channel, which is an answer too.
        if let Ok(verdicts) = validate::block(&block, &GOLDEN.bundle, &GOLDEN.ledger) {
            prop_assert_eq!(verdicts.codes.len(), count);
            prop_assert!(!verdicts.codes.contains(&TxValidationCode::NotValidated));
        }
    }
}

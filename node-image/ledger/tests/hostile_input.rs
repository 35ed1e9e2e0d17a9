//! Nothing that a block may hold makes the ledger panic.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod golden;

use std::sync::{LazyLock, Mutex};

use entente_fabric::block;
use entente_fabric::proto::common::{Block, BlockData, BlockHeader};
use entente_fabric::proto::protos::TxValidationCode;
use entente_ledger::rwset::TxRwSet;
use entente_ledger::{Ledger, transaction};
use proptest::prelude::*;

static ENVELOPES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let blocks = golden::blocks().into_iter().chain(golden::hostile_blocks());
    blocks
        .flat_map(|block| block.data.unwrap().data)
        .map(|envelope| envelope.to_vec())
        .collect()
});

/// One ledger for all cases: whatever was committed before must not matter.
static LEDGER: LazyLock<Mutex<(tempfile::TempDir, Ledger)>> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(dir.path(), "golden").unwrap();
    Mutex::new((dir, ledger))
});

/// An envelope of the golden chain with some of its bytes changed.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let place = (any::<prop::sample::Index>(), any::<u8>());
    (any::<prop::sample::Index>(), prop::collection::vec(place, 0..6)).prop_map(|(which, changes)| {
        let mut envelope = which.get(&ENVELOPES).clone();
        for (at, byte) in changes {
            let at = at.index(envelope.len());
            envelope[at] = byte;
        }
        envelope
    })
}

fn code() -> impl Strategy<Value = TxValidationCode> {
    prop_oneof![4 => Just(TxValidationCode::Valid), 1 => Just(TxValidationCode::EndorsementPolicyFailure)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn read_write_sets_decode_or_fail(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = TxRwSet::decode(&bytes);
    }

    #[test]
    fn envelopes_open_or_do_not(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let opened = transaction::open(&bytes);
        let _ = opened.map(|opened| (opened.tx_id(), opened.rwset().is_ok()));
    }

    #[test]
    fn any_block_is_committed_or_refused(transactions in prop::collection::vec((damaged(), code()), 0..6)) {
        let held = LEDGER.lock().unwrap();
        let ledger = &held.1;
        let (envelopes, codes): (Vec<_>, Vec<_>) = transactions.into_iter().unzip();
        let data: Vec<_> = envelopes.into_iter().map(Into::into).collect();
        let previous_hash = ledger.blocks().tip().map(|tip| block::header_hash(&tip).to_vec()).unwrap_or_default();
        let number = ledger.height();
        let header = BlockHeader { number, previous_hash, data_hash: block::data_hash(&data).to_vec() };
        let next = Block { header: Some(header), data: Some(BlockData { data }), metadata: None };

        let committed = ledger.commit(next, codes.clone()).unwrap();

        prop_assert_eq!(ledger.height(), number + 1);
        for (before, after) in codes.iter().zip(&committed.codes) {
            prop_assert!(*before == TxValidationCode::Valid || before == after);
        }
    }
}

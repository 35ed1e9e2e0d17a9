//! The golden chain through the ledger: with the verdicts of a stock peer's validator on signatures and policies, the
//! ledger comes to the same codes, commit hashes and state.

mod golden;

use entente_fabric::proto::protos::TxValidationCode;
use entente_ledger::Ledger;

/// What the validator said before versions were settled.
fn before_mvcc(code: TxValidationCode) -> TxValidationCode {
    match code {
        TxValidationCode::MvccReadConflict | TxValidationCode::PhantomReadConflict => TxValidationCode::Valid,
        code => code,
    }
}

#[test]
fn the_golden_chain_leads_to_the_same_codes_hashes_and_state() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(dir.path(), "golden").unwrap();
    let expected = golden::expected("chain/expected.jsonl");

    for (block, expected) in golden::blocks().into_iter().zip(&expected) {
        let codes = expected.codes().into_iter().map(before_mvcc).collect();
        let committed = ledger.commit(block, codes).unwrap();

        assert_eq!(committed.codes, expected.codes(), "block {}", expected.number);
        assert_eq!(
            hex::encode(&committed.commit_hash),
            expected.commit_hash,
            "block {}",
            expected.number
        );
        if expected.number == 234 {
            golden::assert_state(&ledger, "chain/state_234.jsonl");
        }
    }
    golden::assert_state(&ledger, "chain/state.jsonl");

    let hostile = golden::expected("hostile/expected.jsonl");
    for (block, expected) in golden::hostile_blocks().into_iter().zip(&hostile) {
        let codes = expected.codes().into_iter().map(before_mvcc).collect();
        let committed = ledger.commit(block, codes).unwrap();

        assert_eq!(committed.codes, expected.codes(), "block {}", expected.number);
        assert_eq!(
            hex::encode(&committed.commit_hash),
            expected.commit_hash,
            "block {}",
            expected.number
        );
    }
    for expected in expected.iter().chain(&hostile) {
        let hash = hex::decode(&expected.header_hash).unwrap();
        assert_eq!(ledger.block_number_by_hash(&hash).unwrap(), Some(expected.number));
    }
}

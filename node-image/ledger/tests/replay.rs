//! The golden chain through the ledger: with the verdicts of a stock peer's validator on signatures and policies, the
//! ledger comes to the same codes, commit hashes and state.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod golden;

use entente_ledger::Ledger;

#[test]
fn the_golden_chain_leads_to_the_same_codes_hashes_and_state() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(dir.path(), "golden").unwrap();
    let expected = golden::expected("chain/expected.jsonl");

    for (block, expected) in golden::blocks().into_iter().zip(&expected) {
        let committed = ledger.commit(block, expected.codes_before_mvcc()).unwrap();

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
        let committed = ledger.commit(block, expected.codes_before_mvcc()).unwrap();

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

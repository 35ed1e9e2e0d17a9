//! The golden chain through validation and commit: the same code for every transaction, the same commit hashes and the
//! same state as stock peers came to.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../../ledger/tests/golden/mod.rs"]
mod golden;

use std::sync::Arc;

use entente_fabric::config::Bundle;
use entente_fabric::proto::common::Block;
use entente_fabric::proto::protos::TxValidationCode;
use entente_ledger::Ledger;
use entente_peer::validate;
use golden::ExpectedBlock;

struct Peer {
    ledger: Ledger,
    bundle: Arc<Bundle>,
}

impl Peer {
    fn join(dir: &std::path::Path, genesis: Block) -> Peer {
        let bundle = Arc::new(Bundle::from_block(&genesis).unwrap());
        let ledger = Ledger::open(dir, &bundle.channel_id).unwrap();
        ledger.commit(genesis, vec![TxValidationCode::Valid]).unwrap();
        Peer { ledger, bundle }
    }

    /// Validates and commits; every difference is told by transaction.
    fn follow(&mut self, block: Block, expected: &ExpectedBlock) -> Vec<String> {
        let verdicts = validate::block(&block, &self.bundle, &self.ledger).unwrap();
        let committed = self.ledger.commit(block, verdicts.codes).unwrap();
        if let Some(bundle) = verdicts.configuration {
            self.bundle = Arc::new(bundle);
        }
        let mut differences = Vec::new();
        for (at, (got, wanted)) in committed.codes.iter().zip(expected.codes()).enumerate() {
            if *got != wanted {
                differences.push(format!("{}/{at}: {got:?} instead of {wanted:?}", expected.number));
            }
        }
        if hex::encode(&committed.commit_hash) != expected.commit_hash {
            differences.push(format!("{}: another commit hash", expected.number));
        }
        differences
    }
}

#[test]
fn the_golden_chain_is_judged_as_stock_judges_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut blocks = golden::blocks().into_iter();
    let mut peer = Peer::join(dir.path(), blocks.next().unwrap());
    let mut differences = Vec::new();

    for (block, expected) in blocks.zip(&golden::expected("chain/expected.jsonl")[1..]) {
        differences.extend(peer.follow(block, expected));
        if expected.number == 234 && differences.is_empty() {
            golden::assert_state(&peer.ledger, "chain/state_234.jsonl");
        }
    }
    assert_eq!(differences, Vec::<String>::new());
    golden::assert_state(&peer.ledger, "chain/state.jsonl");
    for (block, expected) in golden::hostile_blocks()
        .into_iter()
        .zip(golden::expected("hostile/expected.jsonl"))
    {
        differences.extend(peer.follow(block, &expected));
    }
    assert_eq!(differences, Vec::<String>::new());
}

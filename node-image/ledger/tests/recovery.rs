//! A ledger that was cut off at any moment is whole again when it is opened.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod golden;

use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};

use entente_fabric::proto::common::Block;
use entente_ledger::{Ledger, LedgerError};
use golden::ExpectedBlock;
use rand::Rng as _;

fn commit(ledger: &Ledger, block: Block, expected: &ExpectedBlock) {
    let committed = ledger.commit(block, expected.codes_before_mvcc()).unwrap();
    assert_eq!(
        hex::encode(&committed.commit_hash),
        expected.commit_hash,
        "block {}",
        expected.number
    );
}

/// Commits blocks up to `height`, from wherever the ledger is.
fn follow(ledger: &Ledger, height: u64) {
    let expected = golden::expected("chain/expected.jsonl");
    let from = ledger.height() as usize;
    for (block, expected) in golden::blocks()
        .into_iter()
        .zip(&expected)
        .skip(from)
        .take(height as usize - from)
    {
        commit(ledger, block, expected);
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_lost_state_is_made_again_from_the_blocks() {
    let dir = tempfile::tempdir().unwrap();
    follow(&Ledger::open(dir.path(), "golden").unwrap(), 358);
    std::fs::remove_dir_all(dir.path().join("state")).unwrap();

    let ledger = Ledger::open(dir.path(), "golden").unwrap();

    golden::assert_state(&ledger, "chain/state.jsonl");
    for (block, expected) in golden::hostile_blocks()
        .into_iter()
        .zip(golden::expected("hostile/expected.jsonl"))
    {
        commit(&ledger, block, &expected);
    }
}

#[test]
fn a_state_that_lags_behind_the_blocks_catches_up() {
    let (dir, lagging) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    follow(&Ledger::open(dir.path(), "golden").unwrap(), 150);
    copy(&dir.path().join("state"), &lagging.path().join("state"));
    follow(&Ledger::open(dir.path(), "golden").unwrap(), 358);
    copy(&dir.path().join("chains"), &lagging.path().join("chains"));

    let ledger = Ledger::open(lagging.path(), "golden").unwrap();

    assert_eq!(ledger.height(), 358);
    golden::assert_state(&ledger, "chain/state.jsonl");
    assert_eq!(
        ledger.history("ops", "cnt", 100).unwrap(),
        Ledger::open(dir.path(), "golden")
            .unwrap()
            .history("ops", "cnt", 100)
            .unwrap()
    );
}

#[test]
fn a_state_that_is_ahead_of_the_blocks_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    follow(&Ledger::open(dir.path(), "golden").unwrap(), 10);
    let segment = dir.path().join("chains/golden/00000000000000000000.blocks");
    let length = std::fs::metadata(&segment).unwrap().len();
    std::fs::OpenOptions::new()
        .write(true)
        .open(&segment)
        .unwrap()
        .set_len(length - 1)
        .unwrap();

    let refused = Ledger::open(dir.path(), "golden").err().unwrap();

    let LedgerError::Damaged { reason, .. } = refused else {
        panic!("{refused}")
    };
    assert_eq!(
        reason,
        "the state is of block 9, but the chain ends before block 9; restore the folder from a copy"
    );
}

/// Not a test of its own: the process that the next one kills.
#[test]
#[ignore = "run by a_killed_process_leaves_a_whole_ledger"]
fn commits_until_it_is_killed() {
    let Ok(dir) = std::env::var("LEDGER_DIR") else { return };
    let ledger = Ledger::open(Path::new(&dir), "golden").unwrap();
    println!("\ncommitting");
    follow(&ledger, 358);
}

#[test]
fn a_killed_process_leaves_a_whole_ledger() {
    let dir = tempfile::tempdir().unwrap();
    let (mut kills, mut height) = (0, 0);

    while height < 358 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "commits_until_it_is_killed", "--ignored", "--nocapture"])
            .env("LEDGER_DIR", dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // It says a word when it begins to commit, so that slow machines are killed in the middle too.
        let mut output = child.stdout.take().unwrap();
        let mut said = Vec::new();
        let mut byte = [0];
        while !said.ends_with(b"committing") && output.read(&mut byte).unwrap() > 0 {
            said.push(byte[0]);
        }
        std::thread::sleep(std::time::Duration::from_micros(rand::rng().random_range(0..150_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;

        let ledger = Ledger::open(dir.path(), "golden").unwrap();

        assert!(ledger.height() >= height, "no block that was committed is lost");
        height = ledger.height();
        if kills > 20 {
            follow(&ledger, 358);
            height = 358;
        }
    }

    let ledger = Ledger::open(dir.path(), "golden").unwrap();
    golden::assert_state(&ledger, "chain/state.jsonl");
    let last = golden::expected("chain/expected.jsonl").pop().unwrap();
    let block = ledger.blocks().block(last.number).unwrap().unwrap();
    let slot = entente_fabric::block::metadata(&block, entente_fabric::proto::common::BlockMetadataIndex::CommitHash);
    assert_eq!(hex::encode(&slot[2..]), last.commit_hash);
}

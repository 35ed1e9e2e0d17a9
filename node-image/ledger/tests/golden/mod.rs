//! The chain that stock peers made (tests/golden/chain).

#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use entente_fabric::proto::common::Block;
use entente_fabric::proto::protos::TxValidationCode;
use entente_ledger::Ledger;
use prost::Message as _;
use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
pub struct ExpectedBlock {
    pub number: u64,
    pub header_hash: String,
    pub commit_hash: String,
    pub txs: Vec<ExpectedTx>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct ExpectedTx {
    #[serde(default)]
    pub txid: Option<String>,
    pub code: i32,
}

impl ExpectedBlock {
    pub fn codes(&self) -> Vec<TxValidationCode> {
        self.txs
            .iter()
            .map(|tx| TxValidationCode::try_from(tx.code).unwrap())
            .collect()
    }

    /// What the validator said before versions were settled.
    pub fn codes_before_mvcc(&self) -> Vec<TxValidationCode> {
        let settled = [
            TxValidationCode::MvccReadConflict,
            TxValidationCode::PhantomReadConflict,
        ];
        let before = |code| {
            if settled.contains(&code) {
                TxValidationCode::Valid
            } else {
                code
            }
        };
        self.codes().into_iter().map(before).collect()
    }
}

pub fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/golden")
        .join(name)
}

/// Blocks 0-357, as the orderer sent them: without what peers add.
pub fn blocks() -> Vec<Block> {
    let archive = flate2::read::GzDecoder::new(std::fs::File::open(path("chain/blocks.tar.gz")).unwrap());
    let mut blocks = BTreeMap::new();
    for entry in tar::Archive::new(archive).entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        if !bytes.is_empty() {
            let block = Block::decode(bytes.as_slice()).unwrap();
            blocks.insert(block.header.as_ref().unwrap().number, ordered(block));
        }
    }
    blocks.into_values().collect()
}

/// Blocks 358-364, which no stock orderer makes.
pub fn hostile_blocks() -> Vec<Block> {
    let read = |n: u64| std::fs::read(path(&format!("hostile/{n}.pb"))).unwrap();
    (358..365)
        .map(|n| ordered(Block::decode(read(n).as_slice()).unwrap()))
        .collect()
}

fn ordered(mut block: Block) -> Block {
    let metadata = &mut block.metadata.as_mut().unwrap().metadata;
    metadata[2..].iter_mut().for_each(Vec::clear);
    block
}

pub fn expected(file: &str) -> Vec<ExpectedBlock> {
    lines(file)
}

pub fn lines<T: for<'a> Deserialize<'a>>(file: &str) -> Vec<T> {
    let text = std::fs::read_to_string(path(file)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Row {
    pub ns: String,
    #[serde(default)]
    pub coll: String,
    #[serde(alias = "key_hash")]
    pub key: String,
    #[serde(alias = "value_hash")]
    pub value: String,
    pub version: (u64, u64),
    #[serde(default)]
    pub metadata: String,
}

/// The whole state, in the form of the golden files.
pub fn state(ledger: &Ledger) -> Vec<Row> {
    let mut rows = Vec::new();
    for row in ledger.view().rows() {
        let (ns, key, versioned) = row.unwrap();
        let (ns, coll) = match ns.split_once("$$h") {
            Some((ns, coll)) => (ns.to_owned(), coll.to_owned()),
            None => (ns, String::new()),
        };
        rows.push(Row {
            ns,
            coll,
            key: STANDARD.encode(key),
            value: STANDARD.encode(versioned.value),
            version: (versioned.version.block, versioned.version.tx),
            metadata: STANDARD.encode(versioned.metadata),
        });
    }
    rows.sort();
    rows
}

/// Compares the whole state with a golden file, and tells the rows that differ only.
pub fn assert_state(ledger: &Ledger, file: &str) {
    let mut expected: Vec<Row> = lines(file);
    expected.sort();
    let mut state = state(ledger);
    let (unexpected, missing): (Vec<Row>, Vec<Row>) = (diff(&state, &expected), diff(&expected, &state));
    assert_eq!((unexpected, missing), (Vec::new(), Vec::new()), "{file}");
    state.dedup();
    assert_eq!(state.len(), expected.len(), "{file}");
}

fn diff(a: &[Row], b: &[Row]) -> Vec<Row> {
    a.iter().filter(|row| b.binary_search(row).is_err()).cloned().collect()
}

//! The golden chain's contract, run again on our simulator at the height at which stock endorsers ran it: the read-write
//! sets are byte for byte those of the transactions.
//!
//! The contract's operations are in the arguments of each proposal, so a small interpreter stands for it here. Private
//! writes in clear come out of the simulations and are handed to the commits, so private reads find what they found.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod golden;
mod operations;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use entente_fabric::proto::common::SignatureHeader;
use entente_fabric::proto::msp::SerializedIdentity;
use entente_fabric::proto::protos::{ChaincodeAction, ChaincodeInput, ProposalResponsePayload};
use entente_ledger::transaction::{self, Opened};
use entente_ledger::{Ledger, PrivateData, Simulator};
use operations::{Call, Contract};
use prost::Message as _;
use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
struct Source {
    block: u64,
    tx: u64,
    label: String,
    kind: String,
    cc: Option<String>,
    sim_height: Option<u64>,
    #[serde(default)]
    transient: BTreeMap<String, String>,
}

struct Simulated {
    source: Source,
    opened: Opened,
    action: ChaincodeAction,
    call: Call,
}

/// Simulated transactions of the two contracts, by the height at which they were simulated.
fn simulated(blocks: &[entente_fabric::proto::common::Block]) -> BTreeMap<u64, Vec<Simulated>> {
    let mut by_height: BTreeMap<u64, Vec<Simulated>> = BTreeMap::new();
    for source in golden::lines::<Source>("chain/txs.jsonl") {
        // Those that were damaged after they were simulated may be valid, and then their private writes count.
        if !source.kind.starts_with("sim") || source.cc.as_deref() == Some("_lifecycle") {
            continue;
        }
        let data = &blocks[source.block as usize].data.as_ref().unwrap().data;
        let opened = transaction::open(&data[source.tx as usize]).unwrap();
        let (Some(action), Some(call)) = (opened.action(), Call::of_proposal(&opened)) else {
            continue;
        };
        let height = source.sim_height.unwrap_or(source.block);
        by_height.entry(height).or_default().push(Simulated {
            source,
            opened,
            action,
            call,
        });
    }
    by_height
}

fn msp_of(creator: &str) -> String {
    match creator.as_bytes() {
        [b'u' | b'a' | b'p', digit, ..] if digit.is_ascii_digit() => format!("Org{}MSP", *digit as char),
        _ => "OrdMSP".to_owned(),
    }
}

fn simulate(ledger: &Ledger, transaction: &Simulated) -> (Simulator, Result<Value, String>) {
    let simulator = ledger.simulator(&transaction.opened.channel_header.tx_id).unwrap();
    let header = SignatureHeader::decode(transaction.opened.signature_header.as_slice()).unwrap();
    let creator = SerializedIdentity::decode(header.creator.as_slice()).unwrap().mspid;
    Contract::new(simulator, creator, transaction.source.transient.clone()).invoke(transaction.call.clone())
}

/// Commits the golden chain, with what the simulations wrote in clear. `each` is told the outcome of each of them.
fn follow(ledger: &Ledger, mut each: impl FnMut(Source, bool, Result<Value, String>)) {
    let blocks = golden::blocks();
    let mut by_height = simulated(&blocks);
    let mut private: BTreeMap<u64, PrivateData> = BTreeMap::new();
    for (block, expected) in blocks.into_iter().zip(golden::expected("chain/expected.jsonl")) {
        let codes = expected.codes_before_mvcc();
        let data = private.remove(&expected.number).unwrap_or_default();
        let committed = ledger.commit_with(block, codes, data).unwrap();
        assert_eq!(
            hex::encode(&committed.commit_hash),
            expected.commit_hash,
            "block {}",
            expected.number
        );
        for transaction in by_height.remove(&ledger.height()).unwrap_or_default() {
            let (simulator, outcome) = simulate(ledger, &transaction);
            let results = simulator.finish().unwrap();
            if let Some(set) = results.private {
                private
                    .entry(transaction.source.block)
                    .or_default()
                    .insert(transaction.source.tx, set);
            }
            each(
                transaction.source,
                results.public == transaction.action.results,
                outcome,
            );
        }
    }
}

#[test]
fn simulations_of_the_golden_chain_come_out_byte_for_byte() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(dir.path(), "golden").unwrap();
    let (mut same, mut different) = (0, Vec::new());

    follow(&ledger, |source, equal, outcome| match equal {
        true => same += 1,
        false => different.push(format!("{}/{} {}: {outcome:?}", source.block, source.tx, source.label)),
    });

    assert_eq!(different, Vec::<String>::new());
    assert_eq!(same, 2735);
}

#[derive(Debug, Deserialize)]
struct Query {
    #[serde(default)]
    cc: String,
    #[serde(default)]
    creator: String,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    status: i32,
    ops: Option<Value>,
    #[serde(default)]
    response_payload: String,
    #[serde(default)]
    proposal_response_payload: String,
    #[serde(default)]
    transient: BTreeMap<String, String>,
}

#[test]
fn queries_of_the_golden_chain_read_and_answer_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(dir.path(), "golden").unwrap();
    follow(&ledger, |_, _, _| {});
    let mut asked = 0;

    for query in golden::lines::<Query>("chain/queries.jsonl") {
        let Some(ops) = query.ops.filter(|_| !query.proposal_response_payload.is_empty()) else {
            continue;
        };
        let input = ChaincodeInput {
            args: query.args.iter().map(|arg| STANDARD.decode(arg).unwrap()).collect(),
            ..Default::default()
        };
        let contract = Contract::new(ledger.simulator("tx").unwrap(), msp_of(&query.creator), query.transient);

        let (simulator, outcome) = contract.invoke(Call::of_input(query.cc, input));

        let payload = STANDARD.decode(query.proposal_response_payload).unwrap();
        let payload = ProposalResponsePayload::decode(payload.as_slice()).unwrap();
        let action = ChaincodeAction::decode(payload.extension.as_slice()).unwrap();
        assert_eq!(simulator.finish().unwrap().public, action.results, "{ops}");
        let answer = STANDARD.decode(query.response_payload).unwrap();
        if query.status == 200
            && ops[0][0] != "txid"
            && ops[0][0] != "tran"
            && ops[0][0] != "cc"
            && ops[0][0] != "ccraw"
        {
            let answer: Value = serde_json::from_slice(&answer).unwrap_or(Value::Array(Vec::new()));
            assert_eq!(outcome, Ok(answer), "{ops}");
        }
        asked += 1;
    }
    assert_eq!(asked, 67);
}

#[derive(Debug, Deserialize)]
struct Lookup {
    txid_lookup: Option<String>,
    #[serde(rename = "GetBlockByTxID_number")]
    block: Option<u64>,
    #[serde(rename = "GetTransactionByID_code")]
    code: Option<i32>,
}

#[test]
fn a_repeated_transaction_id_stands_for_its_first_occurrence() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(dir.path(), "golden").unwrap();
    follow(&ledger, |_, _, _| {});

    for lookup in golden::lines::<Lookup>("chain/queries.jsonl") {
        let Some(tx_id) = lookup.txid_lookup else { continue };
        let found = ledger.transaction(&tx_id).unwrap().unwrap();

        assert_eq!(
            (Some(found.version.block), Some(found.code as i32)),
            (lookup.block, lookup.code),
            "{tx_id}"
        );
    }
    assert_eq!(ledger.transaction("nope").unwrap(), None);
}

//! A read-write set that decodes is committed: versions, ranges and sums of repeated writes are settled without a panic.
#![no_main]

use std::sync::{LazyLock, Mutex};

use entente_fabric::block;
use entente_fabric::proto::common::{
    Block, BlockData, BlockHeader, ChannelHeader, Envelope, Header, HeaderType, Payload,
};
use entente_fabric::proto::protos::{
    ChaincodeAction, ChaincodeActionPayload, ChaincodeEndorsedAction, ProposalResponsePayload, Transaction,
    TransactionAction, TxValidationCode,
};
use entente_ledger::Ledger;
use entente_ledger::rwset::TxRwSet;
use libfuzzer_sys::fuzz_target;
use prost::Message as _;

static LEDGER: LazyLock<Mutex<(tempfile::TempDir, Ledger)>> = LazyLock::new(|| {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = Ledger::open(dir.path(), "fuzz").expect("an empty ledger");
    Mutex::new((dir, ledger))
});

fn envelope(results: &[u8]) -> Vec<u8> {
    let action = ChaincodeAction { results: results.to_vec(), ..Default::default() };
    let response = ProposalResponsePayload { extension: action.encode_to_vec(), ..Default::default() };
    let proposal_response_payload = response.encode_to_vec();
    let action = Some(ChaincodeEndorsedAction { proposal_response_payload, endorsements: Vec::new() });
    let payload = ChaincodeActionPayload { action, ..Default::default() }.encode_to_vec();
    let body = Transaction { actions: vec![TransactionAction { header: Vec::new(), payload }] };
    let channel_header = ChannelHeader { r#type: HeaderType::EndorserTransaction as i32, ..Default::default() };
    let header = Header { channel_header: channel_header.encode_to_vec(), signature_header: Vec::new() };
    let payload = Payload { header: Some(header), data: body.encode_to_vec() };
    Envelope { payload: payload.encode_to_vec(), signature: Vec::new() }.encode_to_vec()
}

fuzz_target!(|bytes: &[u8]| {
    if TxRwSet::decode(bytes).is_err() {
        return;
    }
    let held = LEDGER.lock().expect("no case panicked");
    let ledger = &held.1;
    let data = vec![envelope(bytes).into()];
    let previous_hash = ledger.blocks().tip().map(|tip| block::header_hash(&tip).to_vec()).unwrap_or_default();
    let header = BlockHeader { number: ledger.height(), previous_hash, data_hash: Vec::new() };
    let block = Block { header: Some(header), data: Some(BlockData { data }), metadata: None };
    ledger.commit(block, vec![TxValidationCode::Valid]).expect("every block is committed");
});

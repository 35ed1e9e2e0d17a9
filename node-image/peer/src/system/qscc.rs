//! `qscc`: blocks and transactions of a channel (`core/scc/qscc/query.go`).

use std::sync::Arc;

use entente_fabric::block::header_hash;
use entente_fabric::proto::common::{BlockchainInfo, Envelope};
use entente_fabric::proto::protos::{ProcessedTransaction, Response};
use entente_ledger::Ledger;
use prost::Message as _;

use super::{called_directly, error, success};
use crate::acl::Acl;
use crate::chaincode::transaction::Transaction;
use crate::channels::Channels;
use crate::failure::Failure;

/// Answers a call: the function's name, the channel, and what is asked for.
pub fn invoke(channels: &Arc<Channels>, acl: &Acl, transaction: &Transaction, args: &[Vec<u8>]) -> Response {
    let [function, channel_id, rest @ ..] = args else {
        let n = args.len();
        return error(format!("Incorrect number of arguments, {n}"));
    };
    let (function, channel_id) = (String::from_utf8_lossy(function), String::from_utf8_lossy(channel_id));
    if let Err(refusal) = called_directly(transaction, "qscc", " because of potential for deadlocks") {
        return refusal;
    }
    let argument = rest.first().map(Vec::as_slice);
    if function != "GetChainInfo" && argument.is_none() {
        return error(format!("missing 3rd argument for {function}"));
    }
    let argument = argument.unwrap_or_default();
    let Some(channel) = channels.get(&channel_id) else {
        return error(format!("Invalid chain ID, {channel_id}"));
    };
    if let Err(failure) = acl.check(&format!("qscc/{function}"), &channel_id, &transaction.signed_data()) {
        return error(format!("access denied for [{function}][{channel_id}]: [{failure}]"));
    }
    let ledger = &channel.ledger;
    let text = String::from_utf8_lossy(argument);
    let outcome = match &*function {
        "GetChainInfo" => {
            chain_info(ledger).map_err(|failure| format!("Failed to get block info with error {failure}"))
        }
        "GetBlockByNumber" => match parse_number(&text) {
            Ok(number) => block_by_number(ledger, number)
                .map_err(|failure| format!("Failed to get block number {number}, error {failure}")),
            Err(reason) => Err(format!("Failed to parse block number with error {reason}")),
        },
        "GetBlockByHash" => block_by_hash(ledger, argument)
            .map_err(|failure| format!("Failed to get block hash {text}, error {failure}")),
        "GetBlockByTxID" => block_by_transaction(ledger, &text)
            .map_err(|failure| format!("Failed to get block for txID {text}, error {failure}")),
        "GetTransactionByID" => transaction_by_id(ledger, &text)
            .map_err(|failure| format!("Failed to get transaction with id {text}, error {failure}")),
        // Not reached while every function has an access rule and nothing else has.
        _ => Err(format!("Requested function {function} not found.")),
    };
    outcome.map_or_else(error, success)
}

fn chain_info(ledger: &Ledger) -> Result<Vec<u8>, Failure> {
    let mut info = BlockchainInfo::default();
    if let Some(tip) = ledger.blocks().tip() {
        info.height = tip.number + 1;
        info.current_block_hash = header_hash(&tip).to_vec();
        info.previous_block_hash = tip.previous_hash;
    }
    Ok(info.encode_to_vec())
}

/// The largest number means the last block.
fn block_by_number(ledger: &Ledger, number: u64) -> Result<Vec<u8>, Failure> {
    let number = match number {
        u64::MAX => ledger.height().saturating_sub(1),
        number => number,
    };
    let block = ledger.blocks().bytes(number)?;
    let block = block.ok_or_else(|| Failure(format!("no such block number [{number}] in index")))?;
    Ok(block.to_vec())
}

fn block_by_hash(ledger: &Ledger, hash: &[u8]) -> Result<Vec<u8>, Failure> {
    let number = ledger.block_number_by_hash(hash)?.ok_or_else(|| {
        let hash = hex::encode(hash);
        Failure(format!("no such block hash [{hash}] in index"))
    })?;
    block_by_number(ledger, number)
}

fn block_by_transaction(ledger: &Ledger, tx_id: &str) -> Result<Vec<u8>, Failure> {
    let location = ledger.transaction(tx_id)?.ok_or_else(|| no_such_transaction(tx_id))?;
    block_by_number(ledger, location.version.block)
}

fn transaction_by_id(ledger: &Ledger, tx_id: &str) -> Result<Vec<u8>, Failure> {
    let location = ledger.transaction(tx_id)?.ok_or_else(|| no_such_transaction(tx_id))?;
    let block = ledger
        .blocks()
        .block(location.version.block)?
        .ok_or_else(|| no_such_transaction(tx_id))?;
    let position = usize::try_from(location.version.tx).map_err(|_| no_such_transaction(tx_id))?;
    let envelope = block.data.as_ref().and_then(|data| data.data.get(position));
    let envelope = envelope.ok_or_else(|| no_such_transaction(tx_id))?;
    let envelope = Envelope::decode(&envelope[..]).map_err(|_| Failure::new("error unmarshalling Envelope"))?;
    let found = ProcessedTransaction {
        transaction_envelope: Some(envelope),
        validation_code: location.code as i32,
    };
    Ok(found.encode_to_vec())
}

fn no_such_transaction(tx_id: &str) -> Failure {
    Failure(format!("no such transaction ID [{tx_id}] in index"))
}

/// Reads a decimal number, with the errors of Go's `strconv.ParseUint`.
fn parse_number(text: &str) -> Result<u64, String> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("strconv.ParseUint: parsing {text:?}: invalid syntax"));
    }
    text.parse()
        .map_err(|_| format!("strconv.ParseUint: parsing {text:?}: value out of range"))
}

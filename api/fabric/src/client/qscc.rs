//! A peer's ledger: height, blocks, transactions.

use prost::Message;
use tonic::transport::Channel;

use super::{CallError, Code, endorser};
use crate::crypto::Signer;
use crate::proposal::Invocation;
use crate::proto::common::{Block, BlockchainInfo};
use crate::proto::protos::ProcessedTransaction;

pub async fn chain_info(peer: &Channel, channel: &str, signer: &dyn Signer) -> Result<BlockchainInfo, CallError> {
    ask(peer, channel, "GetChainInfo", None, signer).await
}

pub async fn block_by_number(
    peer: &Channel,
    channel: &str,
    number: u64,
    signer: &dyn Signer,
) -> Result<Block, CallError> {
    ask(
        peer,
        channel,
        "GetBlockByNumber",
        Some(number.to_string().into_bytes()),
        signer,
    )
    .await
}

/// `hash` is that of the block's header.
pub async fn block_by_hash(
    peer: &Channel,
    channel: &str,
    hash: &[u8],
    signer: &dyn Signer,
) -> Result<Block, CallError> {
    ask(peer, channel, "GetBlockByHash", Some(hash.to_vec()), signer).await
}

pub async fn block_by_transaction(
    peer: &Channel,
    channel: &str,
    transaction_id: &str,
    signer: &dyn Signer,
) -> Result<Block, CallError> {
    ask(
        peer,
        channel,
        "GetBlockByTxID",
        Some(transaction_id.as_bytes().to_vec()),
        signer,
    )
    .await
}

pub async fn transaction_by_id(
    peer: &Channel,
    channel: &str,
    transaction_id: &str,
    signer: &dyn Signer,
) -> Result<ProcessedTransaction, CallError> {
    ask(
        peer,
        channel,
        "GetTransactionByID",
        Some(transaction_id.as_bytes().to_vec()),
        signer,
    )
    .await
}

async fn ask<M: Message + Default>(
    peer: &Channel,
    channel: &str,
    function: &'static str,
    key: Option<Vec<u8>>,
    signer: &dyn Signer,
) -> Result<M, CallError> {
    let mut invocation = Invocation::new(channel, "qscc", function).arg(channel);
    invocation.args.extend(key);
    let response = endorser::query(peer, &invocation, signer).await.map_err(absent)?;
    M::decode(&response.payload[..]).map_err(|error| CallError::malformed(function, &error))
}

/// qscc answers 500 whatever the reason; that something does not exist stands in the text only.
fn absent(error: CallError) -> CallError {
    match error {
        CallError::Refused {
            code: Code::Status(500),
            message,
            ..
        } if message.contains("no such") || message.contains("not found") => CallError::NotFound { message },
        other => other,
    }
}

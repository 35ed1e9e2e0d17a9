//! A transaction from proposal to commit without a gateway: endorsed by named peers, handed to an orderer, waited
//! for. What lifecycle needs, which gateways of peers that have no chaincode yet cannot plan.

use std::time::Duration;

use futures::StreamExt as _;
use futures::future::try_join_all;
use tonic::transport::Channel;

use super::deliver::Blocks;
use super::{CallError, Caller, broadcast, deliver, endorser};
use crate::proposal::{self, Invocation};
use crate::proto::protos::{FilteredBlock, ProposalResponse, TxValidationCode};
use crate::transaction::{self, AssembleError};

/// Whom a transaction goes through.
#[derive(Clone, Copy)]
pub struct Route<'a> {
    /// All of these endorse. The first also tells when it has committed.
    pub endorsers: &'a [Channel],
    /// Tried in this order.
    pub orderers: &'a [Channel],
    /// How long ordering and committing may take together.
    pub commit_timeout: Duration,
}

/// A committed transaction.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    pub transaction_id: String,
    pub block: u64,
    /// What the chaincode returned.
    pub payload: Vec<u8>,
}

/// At which step a transaction failed.
#[derive(Debug, thiserror::Error)]
pub enum TransactError {
    #[error("endorsing failed: {0}")]
    Endorse(#[source] CallError),
    #[error("the peer does not tell what it commits: {0}")]
    Subscribe(#[source] CallError),
    #[error("the endorsements do not make a transaction: {0}")]
    Assemble(#[from] AssembleError),
    #[error("ordering failed: {0}")]
    Order(#[source] CallError),
    #[error("transaction {transaction_id} was ordered, but the peer cannot tell what became of it: {source}")]
    Watch { transaction_id: String, source: CallError },
    #[error("transaction {transaction_id} was not committed within {after:?}")]
    NotCommitted { transaction_id: String, after: Duration },
    #[error("transaction {transaction_id} in block {block} is invalid: {}", code.as_str_name())]
    Invalid {
        transaction_id: String,
        block: u64,
        code: TxValidationCode,
    },
}

impl TransactError {
    /// Whether trying the whole transaction again may help: somebody was away, or others changed the same keys.
    pub fn is_transient(&self) -> bool {
        match self {
            TransactError::Endorse(error) | TransactError::Subscribe(error) | TransactError::Order(error) => {
                error.is_transient()
            }
            TransactError::Watch { .. } | TransactError::NotCommitted { .. } => true,
            TransactError::Invalid { code, .. } => {
                matches!(
                    code,
                    TxValidationCode::MvccReadConflict | TxValidationCode::PhantomReadConflict
                )
            }
            TransactError::Assemble(_) => false,
        }
    }
}

/// Runs `invocation` as a transaction and waits until it is committed as valid.
pub async fn transact(
    invocation: &Invocation,
    route: Route<'_>,
    caller: Caller<'_>,
) -> Result<Outcome, TransactError> {
    let proposed =
        proposal::create(invocation, caller.signer).map_err(|error| TransactError::Endorse(error.into()))?;
    let asked = route.endorsers.iter().map(|peer| endorser::propose(peer, &proposed));
    let responses = try_join_all(asked).await.map_err(TransactError::Endorse)?;
    let envelope = transaction::signed(&proposed.proposal, &responses, caller.signer)?;

    let transaction_id = proposed.transaction_id;
    let watch_failed = |source| TransactError::Watch {
        transaction_id: transaction_id.clone(),
        source,
    };
    // Subscribed, with an answer, before it is submitted: blocks may be committed faster than the orderer answers.
    let peer = route.endorsers.first().ok_or(AssembleError::NoResponses)?;
    let mut watched = deliver::filtered(peer, &invocation.channel, deliver::from_newest(), caller)
        .map_err(TransactError::Subscribe)?;
    let subscribed = watched.next().await.transpose().map_err(TransactError::Subscribe)?;
    if subscribed.is_none() {
        return Err(TransactError::Subscribe(CallError::Unreachable(
            "the node ended the stream".to_owned(),
        )));
    }
    broadcast::submit_to_any(route.orderers, &envelope)
        .await
        .map_err(TransactError::Order)?;
    let found = tokio::time::timeout(route.commit_timeout, find(watched, &transaction_id)).await;
    let (block, code) = match found {
        Ok(found) => found.map_err(watch_failed)?,
        Err(_) => {
            return Err(TransactError::NotCommitted {
                transaction_id,
                after: route.commit_timeout,
            });
        }
    };
    if code != TxValidationCode::Valid {
        return Err(TransactError::Invalid {
            transaction_id,
            block,
            code,
        });
    }
    Ok(Outcome {
        transaction_id,
        block,
        payload: payload(responses),
    })
}

fn payload(responses: Vec<ProposalResponse>) -> Vec<u8> {
    let first = responses.into_iter().next();
    first
        .and_then(|answer| answer.response)
        .map(|response| response.payload)
        .unwrap_or_default()
}

/// The block with the transaction, and the verdict on it.
async fn find(mut blocks: Blocks<FilteredBlock>, transaction_id: &str) -> Result<(u64, TxValidationCode), CallError> {
    while let Some(block) = blocks.next().await {
        let block = block?;
        if let Some(found) = block.filtered_transactions.iter().find(|tx| tx.txid == transaction_id) {
            let code =
                TxValidationCode::try_from(found.tx_validation_code).unwrap_or(TxValidationCode::InvalidOtherReason);
            return Ok((block.number, code));
        }
    }
    Err(CallError::Unreachable("the node ended the stream".to_owned()))
}

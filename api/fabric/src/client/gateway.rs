//! The gateway of a peer: what official client libraries use, and what we use for customers' transactions.

use std::pin::Pin;

use futures::Stream;
use prost::Message as _;
use tonic::transport::Channel;

use super::answers::open;
use super::error::success;
use super::{CallError, MAX_MESSAGE_BYTES};
use crate::block;
use crate::crypto::Signer;
use crate::proposal::{self, Invocation};
use crate::proto::common::Envelope;
use crate::proto::gateway::gateway_client::GatewayClient;
use crate::proto::gateway::{
    ChaincodeEventsRequest, ChaincodeEventsResponse, CommitStatusRequest, EndorseRequest, EvaluateRequest,
    SignedChaincodeEventsRequest, SignedCommitStatusRequest, SubmitRequest,
};
use crate::proto::orderer::SeekPosition;
use crate::proto::protos::{Response, TxValidationCode};

/// A transaction that is endorsed, and signed by its client.
#[derive(Debug, Clone)]
pub struct Endorsed {
    pub transaction_id: String,
    pub channel: String,
    pub envelope: Envelope,
    /// What the chaincode returned.
    pub response: Response,
}

/// Where a transaction ended up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    pub block: u64,
    pub code: TxValidationCode,
}

fn client(peer: &Channel) -> GatewayClient<Channel> {
    GatewayClient::new(peer.clone())
        .max_decoding_message_size(MAX_MESSAGE_BYTES)
        .max_encoding_message_size(MAX_MESSAGE_BYTES)
}

/// Calls a chaincode on a suitable peer; nothing is ordered. `organizations` limits which MSPs may be asked.
pub async fn evaluate(
    peer: &Channel,
    invocation: &Invocation,
    organizations: &[String],
    signer: &dyn Signer,
) -> Result<Response, CallError> {
    let proposed = proposal::create(invocation, signer)?;
    let request = EvaluateRequest {
        transaction_id: proposed.transaction_id,
        channel_id: invocation.channel.clone(),
        proposed_transaction: Some(proposed.signed),
        target_organizations: organizations.to_vec(),
    };
    success(client(peer).evaluate(request).await?.into_inner().result)
}

/// Collects the endorsements that the chaincode's policy needs, and signs the transaction they make. `organizations`
/// of nothing leaves the choice to the gateway.
pub async fn endorse(
    peer: &Channel,
    invocation: &Invocation,
    organizations: &[String],
    signer: &dyn Signer,
) -> Result<Endorsed, CallError> {
    let proposed = proposal::create(invocation, signer)?;
    let request = EndorseRequest {
        transaction_id: proposed.transaction_id.clone(),
        channel_id: invocation.channel.clone(),
        proposed_transaction: Some(proposed.signed),
        endorsing_organizations: organizations.to_vec(),
    };
    let prepared = client(peer).endorse(request).await?.into_inner().prepared_transaction;
    let mut envelope =
        prepared.ok_or_else(|| CallError::Malformed("the gateway prepared no transaction".to_owned()))?;
    let response = outcome(&envelope, &proposed.transaction_id)?;
    envelope.signature = signer.sign(&envelope.payload)?;
    Ok(Endorsed {
        transaction_id: proposed.transaction_id,
        channel: invocation.channel.clone(),
        envelope,
        response,
    })
}

/// The chaincode's response in a prepared transaction. What we are about to sign must be what we asked for.
fn outcome(envelope: &Envelope, transaction_id: &str) -> Result<Response, CallError> {
    let unreadable = |error: crate::envelope::DecodeError| CallError::Malformed(error.to_string());
    let opened = crate::envelope::open(envelope).map_err(unreadable)?;
    if opened.channel_header.tx_id != transaction_id {
        let other = &opened.channel_header.tx_id;
        return Err(CallError::Malformed(format!(
            "the gateway prepared transaction {other}, not {transaction_id}"
        )));
    }
    let endorsed = block::endorsed(&opened.data).map_err(unreadable)?;
    Ok(endorsed.action.response.unwrap_or_default())
}

/// Hands an endorsed transaction to the ordering service.
pub async fn submit(peer: &Channel, endorsed: &Endorsed) -> Result<(), CallError> {
    let request = SubmitRequest {
        transaction_id: endorsed.transaction_id.clone(),
        channel_id: endorsed.channel.clone(),
        prepared_transaction: Some(endorsed.envelope.clone()),
    };
    client(peer).submit(request).await?;
    Ok(())
}

/// Waits until the peer has committed a transaction, and says how. Wrap it in a timeout: a transaction that is never
/// ordered is waited for without end.
pub async fn commit_status(
    peer: &Channel,
    channel: &str,
    transaction_id: &str,
    signer: &dyn Signer,
) -> Result<Committed, CallError> {
    let request = CommitStatusRequest {
        transaction_id: transaction_id.to_owned(),
        channel_id: channel.to_owned(),
        identity: signer.identity().to_vec(),
    };
    let request = request.encode_to_vec();
    let signature = signer.sign(&request)?;
    let answer = client(peer)
        .commit_status(SignedCommitStatusRequest { request, signature })
        .await?
        .into_inner();
    let code = TxValidationCode::try_from(answer.result).unwrap_or(TxValidationCode::InvalidOtherReason);
    Ok(Committed {
        block: answer.block_number,
        code,
    })
}

/// Where to begin with events.
#[derive(Debug, Clone, Default)]
pub struct EventsFrom {
    /// `None`: the next block.
    pub start: Option<SeekPosition>,
    /// Skips everything up to and including this transaction; `start` is where it is looked for when the peer does
    /// not know it.
    pub after_transaction: String,
}

/// Events of one chaincode, a message for each block that has some.
pub type Events = Pin<Box<dyn Stream<Item = Result<ChaincodeEventsResponse, CallError>> + Send>>;

/// Subscribes at once; the stream has its first item when there is a first event.
pub fn chaincode_events(
    peer: &Channel,
    channel: &str,
    chaincode: &str,
    from: &EventsFrom,
    signer: &dyn Signer,
) -> Result<Events, CallError> {
    let request = ChaincodeEventsRequest {
        channel_id: channel.to_owned(),
        chaincode_id: chaincode.to_owned(),
        identity: signer.identity().to_vec(),
        start_position: from.start,
        after_transaction_id: from.after_transaction.clone(),
    };
    let request = request.encode_to_vec();
    let signature = signer.sign(&request)?;
    let request = SignedChaincodeEventsRequest { request, signature };
    let mut client = client(peer);
    Ok(open(async move { client.chaincode_events(request).await }))
}

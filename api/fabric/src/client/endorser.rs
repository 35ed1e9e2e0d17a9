//! Sending proposals to a peer.

use tonic::transport::Channel;

use super::error::success;
use super::{CallError, MAX_MESSAGE_BYTES};
use crate::crypto::Signer;
use crate::proposal::{self, Invocation, Proposed};
use crate::proto::protos::endorser_client::EndorserClient;
use crate::proto::protos::{ProposalResponse, Response};

/// Asks a peer to endorse. An answer whose response is a refusal is an error.
pub async fn propose(peer: &Channel, proposed: &Proposed) -> Result<ProposalResponse, CallError> {
    let mut client = EndorserClient::new(peer.clone())
        .max_decoding_message_size(MAX_MESSAGE_BYTES)
        .max_encoding_message_size(MAX_MESSAGE_BYTES);
    let answer = client.process_proposal(proposed.signed.clone()).await?.into_inner();
    success(answer.response.clone())?;
    Ok(answer)
}

/// Calls a chaincode and takes its response; nothing is ordered.
pub async fn query(peer: &Channel, invocation: &Invocation, signer: &dyn Signer) -> Result<Response, CallError> {
    let proposed = proposal::create(invocation, signer)?;
    success(propose(peer, &proposed).await?.response)
}

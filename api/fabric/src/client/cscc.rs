//! A peer's channels: joining, and what it has joined.

use prost::Message as _;
use tonic::transport::Channel;

use super::{CallError, endorser};
use crate::crypto::Signer;
use crate::proposal::Invocation;
use crate::proto::common::{Block, Config};
use crate::proto::protos::ChannelQueryResponse;

/// Joins the channel that `genesis` begins. `signer` is an administrator of the peer's organization. A channel that the
/// peer has joined already is not an error.
pub async fn join(peer: &Channel, genesis: &Block, signer: &dyn Signer) -> Result<(), CallError> {
    let invocation = Invocation::new("", "cscc", "JoinChain").arg(genesis.encode_to_vec());
    match endorser::query(peer, &invocation, signer).await {
        Err(CallError::Refused { message, .. }) if message.contains("already exists") => Ok(()),
        outcome => outcome.map(drop),
    }
}

/// Names of the channels that the peer has joined.
pub async fn channels(peer: &Channel, signer: &dyn Signer) -> Result<Vec<String>, CallError> {
    let response = endorser::query(peer, &Invocation::new("", "cscc", "GetChannels"), signer).await?;
    let answer = ChannelQueryResponse::decode(&response.payload[..])
        .map_err(|error| CallError::malformed("channels", &error))?;
    Ok(answer.channels.into_iter().map(|channel| channel.channel_id).collect())
}

/// The newest config block that the peer has.
pub async fn config_block(peer: &Channel, channel: &str, signer: &dyn Signer) -> Result<Block, CallError> {
    let invocation = Invocation::new("", "cscc", "GetConfigBlock").arg(channel);
    let response = endorser::query(peer, &invocation, signer).await?;
    Block::decode(&response.payload[..]).map_err(|error| CallError::malformed("config block", &error))
}

/// The configuration in force at the peer.
pub async fn channel_config(peer: &Channel, channel: &str, signer: &dyn Signer) -> Result<Config, CallError> {
    let invocation = Invocation::new("", "cscc", "GetChannelConfig").arg(channel);
    let response = endorser::query(peer, &invocation, signer).await?;
    Config::decode(&response.payload[..]).map_err(|error| CallError::malformed("channel config", &error))
}

//! Handing an envelope to the ordering service.

use tonic::transport::Channel;

use super::{CallError, MAX_MESSAGE_BYTES};
use crate::proto::common::{Envelope, Status};
use crate::proto::orderer::atomic_broadcast_client::AtomicBroadcastClient;

/// Submits one envelope. Success means that it is in a block if the orderer is a native one, and taken for ordering if it is
/// a stock one.
pub async fn submit(orderer: &Channel, envelope: &Envelope) -> Result<(), CallError> {
    let mut client = AtomicBroadcastClient::new(orderer.clone()).max_encoding_message_size(MAX_MESSAGE_BYTES);
    let answers = client.broadcast(tokio_stream::once(envelope.clone())).await?;
    let answer = answers.into_inner().message().await?;
    let answer =
        answer.ok_or_else(|| CallError::Unreachable("the orderer ended the stream without an answer".to_owned()))?;
    if answer.status == Status::Success as i32 {
        Ok(())
    } else {
        Err(CallError::status(answer.status, answer.info))
    }
}

/// Submits to the first orderer that takes it: one that is away or has no leader is passed over, a refusal is final.
pub async fn submit_to_any(orderers: &[Channel], envelope: &Envelope) -> Result<(), CallError> {
    let mut last = CallError::Unreachable("no orderer is known".to_owned());
    for orderer in orderers {
        match submit(orderer, envelope).await {
            Err(error) if error.is_transient() => last = error,
            outcome => return outcome,
        }
    }
    Err(last)
}

//! Streams of blocks, from a peer or an orderer.

use std::pin::Pin;

use futures::{Stream, StreamExt as _, stream};
use prost::Message as _;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::transport::Channel;

use super::answers::{Answers, open};
use super::{CallError, Caller, MAX_MESSAGE_BYTES};
use crate::envelope;
use crate::proto::common::{Block, Envelope, HeaderType, Status};
use crate::proto::orderer::atomic_broadcast_client::AtomicBroadcastClient;
use crate::proto::orderer::deliver_response::Type as FromOrderer;
use crate::proto::orderer::seek_info::{SeekBehavior, SeekContentType, SeekErrorResponse};
use crate::proto::orderer::seek_position::Type as Position;
use crate::proto::orderer::{SeekInfo, SeekNewest, SeekOldest, SeekPosition, SeekSpecified};
use crate::proto::protos::FilteredBlock;
use crate::proto::protos::deliver_client::DeliverClient;
use crate::proto::protos::deliver_response::Type as FromPeer;

/// Blocks as they arrive. Ends after the last one asked for; a refusal is its last item.
pub type Blocks<T> = Pin<Box<dyn Stream<Item = Result<T, CallError>> + Send>>;

/// Every block from `start`, waiting for those to come.
pub fn from(start: u64) -> SeekInfo {
    between(start, u64::MAX)
}

/// The blocks from `start` to `stop`, waiting for those that are still to come.
pub fn between(start: u64, stop: u64) -> SeekInfo {
    SeekInfo {
        start: Some(at(start)),
        stop: Some(at(stop)),
        ..Default::default()
    }
}

/// One block; `NotFound` when it does not exist yet.
pub fn one(number: u64) -> SeekInfo {
    SeekInfo {
        behavior: SeekBehavior::FailIfNotReady as i32,
        ..between(number, number)
    }
}

/// The newest block, and nothing after it.
pub fn newest() -> SeekInfo {
    let newest = || {
        Some(SeekPosition {
            r#type: Some(Position::Newest(SeekNewest {})),
        })
    };
    SeekInfo {
        start: newest(),
        stop: newest(),
        ..Default::default()
    }
}

/// The newest block and every one after it.
pub fn from_newest() -> SeekInfo {
    SeekInfo {
        stop: Some(at(u64::MAX)),
        ..newest()
    }
}

/// The oldest block that the node has: block 0, unless a peer began from a snapshot.
pub fn oldest() -> SeekInfo {
    let oldest = || {
        Some(SeekPosition {
            r#type: Some(Position::Oldest(SeekOldest {})),
        })
    };
    SeekInfo {
        start: oldest(),
        stop: oldest(),
        ..Default::default()
    }
}

/// Lets an orderer answer although its cluster has no leader.
pub fn best_effort(seek: SeekInfo) -> SeekInfo {
    SeekInfo {
        error_response: SeekErrorResponse::BestEffort as i32,
        ..seek
    }
}

/// Asks for headers and signatures; only config blocks then carry data.
pub fn headers(seek: SeekInfo) -> SeekInfo {
    SeekInfo {
        content_type: SeekContentType::HeaderWithSig as i32,
        ..seek
    }
}

fn at(number: u64) -> SeekPosition {
    SeekPosition {
        r#type: Some(Position::Specified(SeekSpecified { number })),
    }
}

/// Blocks from an orderer.
pub fn from_orderer(
    orderer: &Channel,
    channel: &str,
    seek: SeekInfo,
    caller: Caller<'_>,
) -> Result<Blocks<Block>, CallError> {
    let (request, asking) = request(channel, &seek, caller)?;
    let mut client = AtomicBroadcastClient::new(orderer.clone()).max_decoding_message_size(MAX_MESSAGE_BYTES);
    Ok(until_status(
        open(async move { client.deliver(request).await }),
        asking,
        |answer| match answer.r#type {
            Some(FromOrderer::Block(block)) => Item::Block(block),
            Some(FromOrderer::Status(status)) => Item::Status(status),
            None => Item::Unknown,
        },
    ))
}

/// Blocks from a peer, with the verdict on each transaction.
pub fn from_peer(
    peer: &Channel,
    channel: &str,
    seek: SeekInfo,
    caller: Caller<'_>,
) -> Result<Blocks<Block>, CallError> {
    let (request, asking) = request(channel, &seek, caller)?;
    let mut client = DeliverClient::new(peer.clone()).max_decoding_message_size(MAX_MESSAGE_BYTES);
    Ok(until_status(
        open(async move { client.deliver(request).await }),
        asking,
        |answer| match answer.r#type {
            Some(FromPeer::Block(block)) => Item::Block(block),
            Some(FromPeer::Status(status)) => Item::Status(status),
            _ => Item::Unknown,
        },
    ))
}

/// What happened in each block, without its content: transaction ids, verdicts, event names.
pub fn filtered(
    peer: &Channel,
    channel: &str,
    seek: SeekInfo,
    caller: Caller<'_>,
) -> Result<Blocks<FilteredBlock>, CallError> {
    let (request, asking) = request(channel, &seek, caller)?;
    let mut client = DeliverClient::new(peer.clone()).max_decoding_message_size(MAX_MESSAGE_BYTES);
    Ok(until_status(
        open(async move { client.deliver_filtered(request).await }),
        asking,
        |answer| match answer.r#type {
            Some(FromPeer::FilteredBlock(block)) => Item::Block(block),
            Some(FromPeer::Status(status)) => Item::Status(status),
            _ => Item::Unknown,
        },
    ))
}

/// The config block in force at an orderer: the newest block names it.
pub async fn config_block(orderer: &Channel, channel: &str, caller: Caller<'_>) -> Result<Block, CallError> {
    let newest = first(from_orderer(orderer, channel, best_effort(newest()), caller)?).await?;
    let number = crate::block::last_config(&newest)
        .ok_or_else(|| CallError::Malformed("the newest block names no config block".to_owned()))?;
    if newest.header.as_ref().is_some_and(|header| header.number == number) {
        return Ok(newest);
    }
    first(from_orderer(orderer, channel, best_effort(one(number)), caller)?).await
}

/// The first item of a stream.
pub async fn first<T>(mut blocks: Blocks<T>) -> Result<T, CallError> {
    match blocks.next().await {
        Some(item) => item,
        None => Err(CallError::Malformed("the stream ended without a block".to_owned())),
    }
}

fn request(
    channel: &str,
    seek: &SeekInfo,
    caller: Caller<'_>,
) -> Result<(impl Stream<Item = Envelope> + Send + use<>, DropGuard), CallError> {
    let kind = HeaderType::DeliverSeekInfo;
    let envelope = envelope::signed(kind, channel, seek.encode_to_vec(), caller.tls_cert_hash, caller.signer)?;
    Ok(asking(envelope))
}

/// A stream of one request that stays open, as a node may take its end for the client's departure, until the guard is
/// dropped. Whoever reads the answers holds the guard: an open request keeps the call, and the connection under it, alive
/// on both sides although nobody reads any more.
pub fn asking(request: Envelope) -> (impl Stream<Item = Envelope> + Send + use<>, DropGuard) {
    let done = CancellationToken::new();
    let until = done.clone().cancelled_owned();
    let requests = stream::once(std::future::ready(request))
        .chain(stream::pending())
        .take_until(until);
    (requests, done.drop_guard())
}

enum Item<T> {
    Block(T),
    Status(i32),
    Unknown,
}

fn until_status<A, T, F>(answers: Answers<A>, asking: DropGuard, read: F) -> Blocks<T>
where
    A: Send + 'static,
    T: Send + 'static,
    F: Fn(A) -> Item<T> + Send + 'static,
{
    Box::pin(stream::unfold(Some((answers, asking, read)), |state| async {
        let (mut answers, asking, read) = state?;
        match answers.next().await.map(|answer| answer.map(&read)) {
            Some(Ok(Item::Block(block))) => Some((Ok(block), Some((answers, asking, read)))),
            Some(Ok(Item::Status(status))) if status == Status::Success as i32 => None,
            Some(Ok(Item::Status(status))) => Some((Err(refusal(status)), None)),
            Some(Ok(Item::Unknown)) => Some((
                Err(CallError::Malformed("a deliver response of an unknown kind".to_owned())),
                None,
            )),
            Some(Err(error)) => Some((Err(error), None)),
            None => Some((
                Err(CallError::Unreachable("the node ended the stream".to_owned())),
                None,
            )),
        }
    }))
}

/// Deliver streams refuse with a number only.
fn refusal(status: i32) -> CallError {
    let meaning = match Status::try_from(status) {
        Ok(Status::BadRequest) => "the node takes the seek request for malformed",
        Ok(Status::Forbidden) => "the node does not let this identity read the channel",
        Ok(Status::NotFound) => "the node has no such channel or block",
        Ok(Status::ServiceUnavailable) => "the node cannot serve blocks now",
        _ => "the node refused to deliver blocks",
    };
    CallError::status(status, format!("{meaning} (status {status})"))
}

//! A channel that this node helps to order: the handle that other parts of the node use.
//!
//! The work is done by a driver task, which owns the [`crate::raft::core::Core`] and connects it to the disk, the network
//! and the clock.

mod disk;
mod driver;
pub(crate) mod receipts;
mod start;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ::raft::eraftpb::Message as RaftMessage;
use entente_fabric::proto::common::{Block, Envelope};
use entente_fabric::proto::etcdraft::Consenter;
use entente_fabric::proto::orderer::{ConsensusRequest, SubmitRequest};
use futures::future::BoxFuture;
use prost::Message as _;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use crate::channel::Channel;
use crate::cutter::Message;
use crate::filters::{Consenters, Rejection};
use crate::metrics::ChannelMetrics;
use crate::raft::core::{Halt, Request, Submission};
use crate::stamp::Stamp;
use receipts::{Asker, Doubt, Doubts, Outcome};

/// How long forwarding a message to the leader may take (`General.Cluster.RPCTimeout`).
const FORWARD_TIMEOUT: Duration = Duration::from_secs(7);

/// Messages that may wait for the driver; more make their senders wait.
const SUBMIT_QUEUE: usize = 512;
const INPUT_QUEUE: usize = 1024;

/// What may be kept until it is in a block, of all clients of a channel together, and the unit in which it is counted; more
/// makes its senders wait.
const UNORDERED_BYTES: usize = 64 << 20;
const UNIT: usize = 1 << 10;

/// The way to the other consenters of a channel.
pub trait Transport: Send + Sync + 'static {
    /// Sends if it can, at once; what cannot be sent is reported by [`Chain::unreachable`] and dropped.
    fn send(&self, to: u64, request: ConsensusRequest);

    /// Whether this consenter was there when it was last talked to.
    fn reaches(&self, id: u64) -> bool;

    /// Sends a message to be ordered. Done when it is on its way.
    fn submit(&self, to: u64, request: SubmitRequest) -> BoxFuture<'static, Result<(), String>>;

    /// The consenters are these from now on.
    fn connect(&self, consenters: BTreeMap<u64, Consenter>);
}

/// Where blocks that this node missed come from.
pub trait Puller: Send + Sync + 'static {
    /// Sends the blocks from the end of the channel's chain up to `to`, verified and in order. Tries until it has them.
    fn pull(&self, channel: Arc<Channel>, to: u64, blocks: mpsc::Sender<Block>) -> BoxFuture<'static, ()>;
}

/// What others may know about a running chain.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// 0 when there is none.
    pub leader: u64,
    /// Whether it is this node.
    pub leads: bool,
    /// For configuration updates.
    pub group: Consenters,
}

/// How a chain came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// It was asked to.
    Stopped,
    Halted(Halt),
}

enum Input {
    Received {
        message: RaftMessage,
        metadata: Vec<u8>,
        sender: u64,
    },
    Unreachable(u64),
    Pulled(Block),
    Stop,
}

struct Submit {
    request: Request,
    answer: oneshot::Sender<Handed>,
    /// Told when the message is in a block, if somebody waits for that.
    asker: Option<Asker>,
}

/// What became of a [`Submit`].
struct Handed {
    outcome: Submission,
    /// Goes along when the message is forwarded.
    stamp: Option<Stamp>,
}

/// The promise to tell when a message is in a block, or that it takes too long. Until then, and while this is kept, the
/// message is submitted again whenever its leader was lost.
#[derive(Debug)]
pub struct Receipt(oneshot::Receiver<Outcome>);

impl Receipt {
    /// Waits until the message is in a block of this node's chain.
    pub async fn ordered(self) -> Outcome {
        self.0
            .await
            .unwrap_or_else(|_| Err(Rejection::unavailable(stopped().to_string())))
    }
}

/// What a chain is made of, besides its channel.
pub struct Surroundings {
    pub transport: Arc<dyn Transport>,
    pub puller: Arc<dyn Puller>,
    pub metrics: ChannelMetrics,
}

/// A running chain. Dropping it stops the driver without ceremony.
pub struct Chain {
    channel: Arc<Channel>,
    transport: Arc<dyn Transport>,
    metrics: ChannelMetrics,
    submits: mpsc::Sender<Submit>,
    /// Shares of [`UNORDERED_BYTES`].
    room: Arc<Semaphore>,
    /// Looked at by the driver with each tick.
    doubts: Doubts,
    inputs: mpsc::Sender<Input>,
    view: watch::Receiver<View>,
    end: watch::Receiver<Option<End>>,
}

/// Why a message is not ordered: the text that goes to the client with status 503.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotOrdered(pub String);

fn no_leader() -> NotOrdered {
    NotOrdered("no Raft leader".to_owned())
}

fn stopped() -> NotOrdered {
    NotOrdered("chain is stopped".to_owned())
}

impl Chain {
    /// Hands a checked message to the leader, here or elsewhere. Waits while the leader has enough under way.
    pub async fn order(&self, request: Request) -> Result<(), NotOrdered> {
        self.take(request, None).await
    }

    /// The same, and answers for the message until it is in a block. Waits while too much is kept for that.
    pub async fn order_for_certain(&self, request: Request) -> Result<Receipt, NotOrdered> {
        let share = request.message.bytes.len().clamp(1, UNORDERED_BYTES).div_ceil(UNIT);
        let room = self.room.clone().acquire_many_owned(share as u32).await;
        let room = room.map_err(|_| stopped())?;
        let (answer, told) = oneshot::channel();
        self.take(request, Some(Asker { answer, room })).await?;
        Ok(Receipt(told))
    }

    async fn take(&self, request: Request, asker: Option<Asker>) -> Result<(), NotOrdered> {
        let received = if request.is_config {
            &self.metrics.config_proposals_received
        } else {
            &self.metrics.normal_proposals_received
        };
        received.inc();
        let taken = self.hand_over(request, asker).await;
        if taken.is_err() {
            self.metrics.proposal_failures.inc();
        }
        taken
    }

    async fn hand_over(&self, request: Request, asker: Option<Asker>) -> Result<(), NotOrdered> {
        let (answer, answered) = oneshot::channel();
        let mut message = request.message.clone();
        let answers = asker.is_some();
        let submit = Submit { request, answer, asker };
        self.submits.send(submit).await.map_err(|_| stopped())?;
        let Handed { outcome, stamp } = answered.await.map_err(|_| stopped())?;
        let leader = match outcome {
            Submission::Taken => return Ok(()),
            Submission::NoLeader => return Err(no_leader()),
            Submission::Forward(leader) => leader,
        };
        message.stamp = stamp;
        let request = submit_request(&self.channel.id, message)?;
        let sent = match tokio::time::timeout(FORWARD_TIMEOUT, self.transport.submit(leader, request)).await {
            Ok(sent) => sent.map_err(NotOrdered),
            Err(_) => Err(NotOrdered(format!(
                "timed out ({FORWARD_TIMEOUT:?}) waiting on forwarding to {leader}"
            ))),
        };
        match (sent, stamp) {
            // The next leader may have been sent it by now, so there is no way back.
            (Err(_), Some(stamp)) if answers => {
                self.doubts.lock().push(Doubt::One(stamp));
                Ok(())
            }
            (sent, _) => sent,
        }
    }

    /// A Raft message of another consenter.
    pub async fn receive(&self, message: RaftMessage, metadata: Vec<u8>, sender: u64) -> Result<(), NotOrdered> {
        self.inputs
            .send(Input::Received {
                message,
                metadata,
                sender,
            })
            .await
            .map_err(|_| stopped())
    }

    /// A message could not be sent to this consenter.
    pub fn unreachable(&self, id: u64) {
        // When the queue is full, there is news of others enough.
        self.inputs.try_send(Input::Unreachable(id)).ok();
    }

    /// The way on which messages are forwarded to a leader broke: what went there last may not have arrived.
    pub fn forwarding_broke(&self) {
        self.doubts.lock().push(Doubt::Everything);
    }

    pub fn view(&self) -> watch::Receiver<View> {
        self.view.clone()
    }

    pub fn channel(&self) -> &Arc<Channel> {
        &self.channel
    }

    /// Waits for the end.
    pub async fn ended(&self) -> End {
        let mut end = self.end.clone();
        match end.wait_for(Option::is_some).await {
            Ok(end) => end.clone().unwrap_or(End::Stopped),
            Err(_) => End::Halted(Halt::Fault("the chain's task failed; see the log".to_owned())),
        }
    }

    /// Finishes what was taken, hands the lead to another consenter if there is one, and stops.
    pub async fn stop(&self) {
        if self.inputs.send(Input::Stop).await.is_ok() {
            self.ended().await;
        }
    }
}

/// What is sent to the leader.
fn submit_request(channel: &str, message: Message) -> Result<SubmitRequest, NotOrdered> {
    let payload = Envelope::decode(message.bytes).map_err(|error| NotOrdered(error.to_string()))?;
    Ok(SubmitRequest {
        channel: channel.to_owned(),
        last_validation_seq: message.checked_at,
        payload: Some(payload),
        stamp: message.stamp.map(Into::into),
    })
}

//! A channel that this node helps to order: the handle that other parts of the node use.
//!
//! The work is done by a driver task, which owns the [`crate::raft::core::Core`] and connects it to the disk, the network
//! and the clock.

mod disk;
mod driver;
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
use tokio::sync::{mpsc, oneshot, watch};

use crate::channel::Channel;
use crate::filters::Consenters;
use crate::metrics::ChannelMetrics;
use crate::raft::core::{Halt, Request, Submission};

/// How long forwarding a message to the leader may take (`General.Cluster.RPCTimeout`).
const FORWARD_TIMEOUT: Duration = Duration::from_secs(7);

/// Messages that may wait for the driver; more make their senders wait.
const SUBMIT_QUEUE: usize = 512;
const INPUT_QUEUE: usize = 1024;

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
    answer: oneshot::Sender<Submission>,
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
    inputs: mpsc::Sender<Input>,
    view: watch::Receiver<View>,
    end: watch::Receiver<Option<End>>,
}

/// Why a message is not ordered: the text that goes to the client with status 503.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotOrdered(pub String);

fn stopped() -> NotOrdered {
    NotOrdered("chain is stopped".to_owned())
}

impl Chain {
    /// Hands a checked message to the leader, here or elsewhere. Waits while the leader has enough under way.
    pub async fn order(&self, request: Request) -> Result<(), NotOrdered> {
        let received = if request.is_config {
            &self.metrics.config_proposals_received
        } else {
            &self.metrics.normal_proposals_received
        };
        received.inc();
        let ordered = self.hand_over(request).await;
        if ordered.is_err() {
            self.metrics.proposal_failures.inc();
        }
        ordered
    }

    async fn hand_over(&self, request: Request) -> Result<(), NotOrdered> {
        let (answer, answered) = oneshot::channel();
        let (bytes, sequence) = (request.message.bytes.clone(), request.message.checked_at);
        self.submits
            .send(Submit { request, answer })
            .await
            .map_err(|_| stopped())?;
        match answered.await.map_err(|_| stopped())? {
            Submission::Taken => Ok(()),
            Submission::NoLeader => Err(NotOrdered("no Raft leader".to_owned())),
            Submission::Forward(leader) => {
                let payload = Envelope::decode(bytes).map_err(|error| NotOrdered(error.to_string()))?;
                self.forward(leader, payload, sequence).await
            }
        }
    }

    async fn forward(&self, leader: u64, payload: Envelope, sequence: u64) -> Result<(), NotOrdered> {
        let request = SubmitRequest {
            channel: self.channel.id.clone(),
            last_validation_seq: sequence,
            payload: Some(payload),
        };
        match tokio::time::timeout(FORWARD_TIMEOUT, self.transport.submit(leader, request)).await {
            Ok(sent) => sent.map_err(NotOrdered),
            Err(_) => Err(NotOrdered(format!(
                "timed out ({FORWARD_TIMEOUT:?}) waiting on forwarding to {leader}"
            ))),
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

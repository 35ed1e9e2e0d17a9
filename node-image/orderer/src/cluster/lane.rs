//! A stream of requests to one consenter, opened again whenever it breaks.
//!
//! Raft messages are dropped while there is no stream: Raft sends what matters again, and old messages only get in the way.
//! Messages to be ordered are refused instead, so that the client can be told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use entente_fabric::client::MAX_MESSAGE_BYTES;
use entente_fabric::proto::orderer::StepRequest;
use entente_fabric::proto::orderer::cluster_client::ClusterClient;
use futures::{Stream, StreamExt as _};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tracing::{debug, info};

use super::connections::{Connections, Target};

/// Requests that may wait for the network (`SendBufferSize` of stock is 100).
const QUEUE: usize = 256;

const FIRST_RETRY: Duration = Duration::from_millis(50);
const LAST_RETRY: Duration = Duration::from_millis(800);

struct Item {
    request: StepRequest,
    /// Told when the request is on the wire.
    sent: Option<oneshot::Sender<()>>,
}

pub(super) struct Lane {
    items: mpsc::Sender<Item>,
    broken: Arc<AtomicBool>,
    retry: Arc<Notify>,
}

impl Lane {
    /// `lost` is called when the other end has gone away.
    pub fn open(
        connections: Arc<Connections>,
        target: Target,
        channel: String,
        droppable: bool,
        lost: impl Fn() + Send + Sync + 'static,
    ) -> Lane {
        let (items, queue) = mpsc::channel(QUEUE);
        let (broken, retry) = (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
        let worker = Worker {
            connections,
            target,
            channel,
            broken: broken.clone(),
            retry: retry.clone(),
            droppable,
            lost: Box::new(lost),
        };
        // Ends by itself when the lane is dropped, after what is in the queue: a consenter that is removed must hear so.
        tokio::spawn(worker.run(queue));
        Lane { items, broken, retry }
    }

    /// Sends a request that may be lost. `false` when it is lost already.
    pub fn offer(&self, request: StepRequest) -> bool {
        self.is_up() && self.items.try_send(Item { request, sent: None }).is_ok()
    }

    /// Sends a request; done when it is on the wire.
    pub fn send(&self, request: StepRequest) -> impl Future<Output = Result<(), String>> + Send + 'static {
        let (items, broken) = (self.items.clone(), self.broken.clone());
        async move {
            let aborted = |_| "the stream to the leader was aborted".to_owned();
            if broken.load(Ordering::Relaxed) {
                return Err("the leader cannot be reached".to_owned());
            }
            let (sent, on_the_wire) = oneshot::channel();
            items
                .send(Item {
                    request,
                    sent: Some(sent),
                })
                .await
                .map_err(|_| "the consenter was removed".to_owned())?;
            on_the_wire.await.map_err(aborted)
        }
    }

    /// Whether the other end was there when it was last talked to.
    pub fn is_up(&self) -> bool {
        !self.broken.load(Ordering::Relaxed)
    }

    /// Does not wait any longer before the next attempt.
    pub fn retry_now(&self) {
        if self.broken.load(Ordering::Relaxed) {
            self.retry.notify_one();
        }
    }
}

struct Worker {
    connections: Arc<Connections>,
    target: Target,
    channel: String,
    broken: Arc<AtomicBool>,
    retry: Arc<Notify>,
    droppable: bool,
    lost: Box<dyn Fn() + Send + Sync>,
}

impl Worker {
    async fn run(self, mut queue: mpsc::Receiver<Item>) {
        let mut wait = FIRST_RETRY;
        // Nothing is dialled before there is something to say.
        while let Some(first) = queue.recv().await {
            let mut first = Some(first);
            loop {
                match self.connections.get(&self.target).await {
                    Ok(channel) => {
                        if self.broken.swap(false, Ordering::Relaxed) {
                            info!(channel = self.channel, to = self.target.endpoint, "connected");
                        }
                        let lived = self.stream(channel, first.take(), &mut queue).await;
                        if lived > LAST_RETRY {
                            wait = FIRST_RETRY;
                        }
                    }
                    Err(error) => {
                        if !self.broken.load(Ordering::Relaxed) {
                            info!(channel = self.channel, %error, "a consenter cannot be reached");
                        }
                    }
                }
                if !self.broken.swap(true, Ordering::Relaxed) {
                    (self.lost)();
                }
                first = None;
                if queue.is_closed() && queue.is_empty() {
                    return;
                }
                while queue.try_recv().is_ok() {}
                tokio::select! {
                    () = tokio::time::sleep(wait) => wait = (wait * 2).min(LAST_RETRY),
                    () = self.retry.notified() => wait = FIRST_RETRY,
                }
                if !self.droppable {
                    // Let requests in again: the first of them tries.
                    self.broken.store(false, Ordering::Relaxed);
                    break;
                }
            }
        }
    }

    /// Sends until the stream breaks; how long it lived.
    async fn stream(&self, channel: Channel, first: Option<Item>, queue: &mut mpsc::Receiver<Item>) -> Duration {
        let began = tokio::time::Instant::now();
        let (requests, outgoing) = mpsc::channel(QUEUE);
        let mut client = ClusterClient::new(channel).max_encoding_message_size(MAX_MESSAGE_BYTES);
        let call = async {
            match client.step(on_the_wire(outgoing)).await {
                // Stock nodes send not even headers before the end; ours do, and then nothing.
                Ok(answer) => match answer.into_inner().message().await {
                    Ok(_) => "the other side ended it".to_owned(),
                    Err(status) => status.message().to_owned(),
                },
                Err(status) => status.message().to_owned(),
            }
        };
        let feed = async {
            if let Some(first) = first {
                requests.send(first).await.ok();
            }
            while let Some(item) = queue.recv().await {
                if requests.send(item).await.is_err() {
                    break;
                }
            }
            drop(requests);
        };
        let mut call = std::pin::pin!(call);
        tokio::select! {
            reason = &mut call => {
                debug!(channel = self.channel, to = self.target.endpoint, reason, "a stream ended");
                self.connections.forget(&self.target);
            }
            () = feed => {
                // This lane is closed: the stream may end in order.
                tokio::time::timeout(LAST_RETRY, call).await.ok();
            }
        }
        began.elapsed()
    }
}

/// The requests as the transport takes them, telling those who wait.
fn on_the_wire(items: mpsc::Receiver<Item>) -> impl Stream<Item = StepRequest> + Send + 'static {
    ReceiverStream::new(items).map(|item| {
        if let Some(sent) = item.sent {
            // Whoever waited may have given up.
            sent.send(()).ok();
        }
        item.request
    })
}

//! The deliver protocol over a block store, for orderers and peers alike (`common/deliver/deliver.go`): checks a signed
//! seek request, then streams blocks, re-checking the right to read before each one.
//!
//! What differs between the services is behind two traits: [`Channels`] says which channels there are and who may read
//! them, [`Delivery`] makes a reply of a block: the whole block, a filtered one, one with private data.

mod metrics;
mod request;
mod session;

use std::sync::Arc;
use std::time::Duration;

use async_stream::stream;
use entente_fabric::policy::SignedData;
use entente_fabric::proto::common::{Block, Envelope, Status};
use futures::{Stream, StreamExt as _};
use tokio::sync::watch;
use tracing::{debug, warn};

use crate::BlockStore;
pub use metrics::Metrics;
use session::{Next, Session};

/// How far a request's timestamp may be from this node's clock (`peer.authentication.timewindow`).
pub const TIME_WINDOW: Duration = Duration::from_secs(15 * 60);

/// The channels that blocks are delivered from.
pub trait Channels: Send + Sync + 'static {
    type Channel: Channel;
    fn channel(&self, id: &str) -> Option<Self::Channel>;
}

impl<T: Channels> Channels for Arc<T> {
    type Channel = T::Channel;

    fn channel(&self, id: &str) -> Option<T::Channel> {
        self.as_ref().channel(id)
    }
}

/// One channel, as far as a reader is concerned. Cheap to clone.
pub trait Channel: Clone + Send + Sync + 'static {
    fn blocks(&self) -> &BlockStore;

    /// Sequence of the configuration in force; access is checked again when it has grown.
    fn config_sequence(&self) -> u64;

    /// Whether the signer of the request may read. The text is for the log only: readers see a status.
    fn authorize(&self, request: &SignedData) -> Result<(), String>;

    /// Holds `true` while the channel has no leader: requests that are not "best effort" are refused then. `None` where
    /// that cannot happen, as on a peer.
    fn leaderless(&self) -> Option<watch::Receiver<bool>> {
        None
    }
}

/// One kind of reply.
pub trait Delivery<C: Channel>: Send + Sync + 'static {
    type Reply: Send + 'static;
    /// Label `data_type` of the metrics: `block`, `filtered_block`, `block_and_pvtdata`.
    const DATA_TYPE: &'static str;

    fn status(&self, status: Status) -> Self::Reply;

    /// An error is logged and ends the stream with status 500.
    fn block(&self, channel: &C, block: Arc<Block>, request: &SignedData) -> Result<Self::Reply, String>;
}

/// What is known about the client's connection.
#[derive(Debug, Clone, Default)]
pub struct Client {
    /// Address, for the log.
    pub remote: String,
    /// SHA-256 of the certificate that the client presented in the TLS handshake.
    pub tls_certificate_hash: Option<[u8; 32]>,
}

/// Serves the deliver protocol. One for each service of a node; shared by its streams.
pub struct Engine<C> {
    pub channels: C,
    pub metrics: Metrics,
    /// Whether the listener requires client certificates: requests must then carry the hash of theirs.
    pub mutual_tls: bool,
}

impl<C: Channels> Engine<C> {
    /// Answers the requests of one stream, one after the other, until the client ends it or a request fails.
    pub fn serve<D, S, E>(
        self: Arc<Self>,
        delivery: D,
        client: Client,
        requests: S,
    ) -> impl Stream<Item = Result<D::Reply, E>> + Send + 'static
    where
        D: Delivery<C::Channel>,
        S: Stream<Item = Result<Envelope, E>> + Send + 'static,
        E: Send + 'static,
    {
        stream! {
            let _open = self.metrics.stream();
            let mut requests = std::pin::pin!(requests);
            while let Some(received) = requests.next().await {
                let envelope = match received {
                    Ok(envelope) => envelope,
                    Err(error) => {
                        yield Err(error);
                        return;
                    }
                };
                let mut session = match self.open(&envelope, &client) {
                    Ok(session) => session,
                    Err(status) => {
                        yield Ok(delivery.status(status));
                        return;
                    }
                };
                let counted = self.metrics.request(session.channel_id(), D::DATA_TYPE);
                let status = loop {
                    match session.next().await {
                        Next::End(status) => break status,
                        Next::Block(block) => match delivery.block(session.channel(), block, session.request()) {
                            Ok(reply) => {
                                counted.block_sent();
                                yield Ok(reply);
                            }
                            Err(reason) => {
                                warn!(channel = session.channel_id(), client = client.remote, reason, "deliver failed");
                                break Status::InternalServerError;
                            }
                        },
                    }
                };
                counted.completed(status == Status::Success);
                yield Ok(delivery.status(status));
                if status != Status::Success {
                    return;
                }
            }
        }
    }

    fn open(&self, envelope: &Envelope, client: &Client) -> Result<Session<C::Channel>, Status> {
        let request = request::read(envelope, self.mutual_tls, client).map_err(|reason| {
            warn!(client = client.remote, reason, "malformed deliver request");
            Status::BadRequest
        })?;
        let Some(channel) = self.channels.channel(&request.channel_id) else {
            // Clients poll for channels that are still being made.
            debug!(
                client = client.remote,
                channel = request.channel_id,
                "deliver from an unknown channel"
            );
            return Err(Status::NotFound);
        };
        Session::open(channel, request, client)
    }
}

#[cfg(test)]
mod tests;

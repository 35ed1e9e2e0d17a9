//! Pulls a channel's blocks from its orderers and checks each one (`common/deliverclient` of Fabric).
//!
//! An orderer is picked at random and left when it fails, ends the stream, is found silent while somebody waits for a
//! commit, or sends a block that the ordering service did not sign. A configuration takes effect for the checks of the block after it, before it is committed.

use std::sync::Arc;
use std::time::Duration;

use entente_fabric::client::connect::{ConnectError, ConnectOptions, connect};
use entente_fabric::client::deliver::asking;
use entente_fabric::client::pulse::Pulse;
use entente_fabric::config::Bundle;
use entente_fabric::crypto::Signer;
use entente_fabric::envelope;
use entente_fabric::proto::common::{Block, HeaderType, Status};
use entente_fabric::proto::orderer::atomic_broadcast_client::AtomicBroadcastClient;
use entente_fabric::proto::orderer::deliver_response::Type;
use entente_fabric::proto::orderer::{DeliverResponse, SeekInfo, SeekPosition, SeekSpecified, seek_position};
use entente_fabric::tls::{TlsClient, TlsIdentity};
use prost::Message as _;
use rand::seq::IndexedRandom as _;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::DropGuard;
use tonic::Streaming;
use tracing::{debug, warn};

use super::verify::{self, Tip};
use crate::ordering::{Endpoint, endpoints};

const MAX_MESSAGE: usize = 100 << 20;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// A block that the ordering service signed, in its place in the chain.
pub(super) struct Verified {
    pub block: Arc<Block>,
    /// The configuration that it brings, for the blocks after it.
    pub configuration: Option<Arc<Bundle>>,
}

/// Who pulls.
pub(super) struct Reader {
    pub signer: Arc<dyn Signer>,
    pub tls: TlsIdentity,
}

/// Where the chain stands, ahead of what is committed.
pub(super) struct Puller {
    pub reader: Arc<Reader>,
    pub channel: String,
    pub bundle: Arc<Bundle>,
    /// Number and hash of the last block.
    pub tip: Tip,
    pub blocks: mpsc::Sender<Verified>,
    /// Whether anybody waits for a commit.
    pub awaited: watch::Receiver<bool>,
}

/// Why one orderer was left.
#[derive(Debug, thiserror::Error)]
enum Left {
    #[error("{0}")]
    Failed(String),
    /// The committer is gone: the channel halts or the peer stops.
    #[error("the channel is closed")]
    Closed,
}

fn failed(reason: impl ToString) -> Left {
    Left::Failed(reason.to_string())
}

impl Puller {
    /// Pulls until the receiver of `blocks` is gone.
    pub async fn run(mut self) {
        let (mut pause, mut avoid) = (FIRST_PAUSE, None);
        loop {
            let before = self.tip.0;
            let Some(orderer) = self.choose(avoid.as_deref()) else {
                warn!(
                    channel = self.channel,
                    "the configuration names no orderer to pull blocks from"
                );
                return self.blocks.closed().await;
            };
            match self.pull_from(&orderer).await {
                Left::Closed => return,
                Left::Failed(reason) => {
                    // Every orderer of a channel that is being made refuses at first, and restarts are ordinary.
                    debug!(
                        channel = self.channel,
                        orderer = orderer.address,
                        reason,
                        "left an orderer"
                    );
                }
            }
            avoid = Some(orderer.address);
            pause = if self.tip.0 > before {
                FIRST_PAUSE
            } else {
                pause.mul_f64(1.2).min(LONGEST_PAUSE)
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.blocks.closed() => return,
            }
        }
    }

    fn choose(&self, avoid: Option<&str>) -> Option<Endpoint> {
        let endpoints = endpoints(&self.bundle);
        let others = endpoints
            .iter()
            .filter(|endpoint| Some(endpoint.address.as_str()) != avoid)
            .collect::<Vec<_>>();
        others.choose(&mut rand::rng()).copied().or(endpoints.first()).cloned()
    }

    async fn pull_from(&mut self, orderer: &Endpoint) -> Left {
        let closed = self.blocks.clone();
        let pulled = async {
            debug!(
                channel = self.channel,
                orderer = orderer.address,
                next = self.tip.0 + 1,
                "pulling blocks"
            );
            // Stock orderers answer with the first block, however long that takes.
            let tls = self.tls(orderer);
            let (mut stream, _asking) = self.open(orderer, &tls).await?;
            let pulse = Pulse::new(orderer.address.clone(), tls);
            loop {
                let response = tokio::select! {
                    message = stream.message() => message.map_err(|status| failed(status.message()))?,
                    silent = self.silence(&pulse) => return Err(failed(silent)),
                };
                pulse.hear();
                let verified = self
                    .accept(response.ok_or_else(|| failed("the orderer ended the stream"))?)
                    .await?;
                let moved = verified.configuration.is_some() && !endpoints(&self.bundle).contains(orderer);
                self.blocks.send(verified).await.map_err(|_| Left::Closed)?;
                if moved {
                    return Err(failed("the orderer is no longer named by the configuration"));
                }
            }
        };
        let outcome: Result<std::convert::Infallible, Left> = tokio::select! {
            outcome = pulled => outcome,
            () = closed.closed() => Err(Left::Closed),
        };
        match outcome {
            Ok(never) => match never {},
            Err(left) => left,
        }
    }

    fn tls(&self, orderer: &Endpoint) -> TlsClient {
        let roots = orderer.tls_roots.iter().map(Vec::as_slice);
        TlsClient::trusting_der(roots).with_identity(self.reader.tls.clone())
    }

    /// Done when the orderer turns out to be gone. Blocks may rightly be far apart, so it is not asked unless somebody waits.
    async fn silence(&self, pulse: &Pulse) -> ConnectError {
        let (mut begins, mut ends) = (self.awaited.clone(), self.awaited.clone());
        loop {
            if begins.wait_for(|awaited| *awaited).await.is_err() {
                return std::future::pending().await;
            }
            tokio::select! {
                silent = pulse.silence() => return silent,
                _ = ends.wait_for(|awaited| !awaited) => {}
            }
        }
    }

    async fn open(
        &self,
        orderer: &Endpoint,
        tls: &TlsClient,
    ) -> Result<(Streaming<DeliverResponse>, DropGuard), Left> {
        let connection = connect(&orderer.address, Some(tls), &ConnectOptions::default())
            .await
            .map_err(failed)?;
        let mut client = AtomicBroadcastClient::new(connection).max_decoding_message_size(MAX_MESSAGE);
        let at = |number| SeekPosition {
            r#type: Some(seek_position::Type::Specified(SeekSpecified { number })),
        };
        let seek = SeekInfo {
            start: Some(at(self.tip.0 + 1)),
            stop: Some(at(u64::MAX)),
            ..SeekInfo::default()
        };
        let request = envelope::signed(
            HeaderType::DeliverSeekInfo,
            &self.channel,
            seek.encode_to_vec(),
            &tls.certificate_hash(),
            &*self.reader.signer,
        )
        .map_err(failed)?;
        let (requests, asking) = asking(request);
        let answers = client
            .deliver(requests)
            .await
            .map_err(|status| failed(status.message()))?;
        Ok((answers.into_inner(), asking))
    }

    /// Checks a block and moves on to the next one.
    async fn accept(&mut self, response: DeliverResponse) -> Result<Verified, Left> {
        let block = match response.r#type {
            Some(Type::Block(block)) => Arc::new(block),
            Some(Type::Status(status)) => {
                let name = Status::try_from(status).unwrap_or(Status::Unknown).as_str_name();
                return Err(failed(format!("the orderer answered with status {name}")));
            }
            None => return Err(failed("the orderer sent an empty message")),
        };
        let (bundle, tip) = (self.bundle.clone(), self.tip);
        let check = {
            let block = block.clone();
            move || verify::next(&block, &bundle, tip)
        };
        let checked = tokio::task::spawn_blocking(check).await.map_err(failed)?;
        let (tip, configuration) = checked.map_err(|reason| {
            warn!(
                channel = self.channel,
                block = tip.0 + 1,
                reason,
                "an orderer sent a block that is not valid"
            );
            failed(reason)
        })?;
        self.tip = tip;
        if let Some(bundle) = &configuration {
            self.bundle = bundle.clone();
        }
        Ok(Verified { block, configuration })
    }
}

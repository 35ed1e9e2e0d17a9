//! Gets blocks from other orderers by their Deliver service (`orderer/common/cluster/deliver.go`).

use std::sync::Arc;
use std::time::Duration;

use entente_fabric::client::MAX_MESSAGE_BYTES;
use entente_fabric::config::Bundle;
use entente_fabric::crypto::Signer;
use entente_fabric::envelope;
use entente_fabric::proto::common::{Block, HeaderType, Status};
use entente_fabric::proto::orderer::atomic_broadcast_client::AtomicBroadcastClient;
use entente_fabric::proto::orderer::deliver_response::Type;
use entente_fabric::proto::orderer::seek_info::SeekErrorResponse;
use entente_fabric::proto::orderer::{
    DeliverResponse, SeekInfo, SeekNewest, SeekPosition, SeekSpecified, seek_position,
};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use prost::Message as _;
use rand::seq::SliceRandom as _;
use tokio::sync::mpsc;
use tonic::Streaming;
use tracing::{debug, info};

use crate::chain::Puller;
use crate::channel::Channel;
use crate::cluster::{Connections, Target};
use crate::verify::Verifier;

/// An orderer that has sent nothing for this long does not have the block; another may.
const SILENCE: Duration = Duration::from_secs(3);

const FIRST_RETRY: Duration = Duration::from_millis(100);
const LAST_RETRY: Duration = Duration::from_secs(10);

/// Why blocks do not come from an orderer.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    #[error("{0}")]
    Connect(#[from] entente_fabric::client::connect::ConnectError),
    #[error("{endpoint}: {status}")]
    Call {
        endpoint: String,
        status: Box<tonic::Status>,
    },
    #[error("{endpoint} answered with status {status}")]
    Refused { endpoint: String, status: i32 },
    #[error("{endpoint} sent a block that is not acceptable: {reason}")]
    Unacceptable { endpoint: String, reason: String },
    #[error("{endpoint} sent nothing for {SILENCE:?}")]
    Silent { endpoint: String },
    #[error("the request could not be signed")]
    Sign(#[from] entente_fabric::crypto::CryptoError),
    #[error("nobody wants the blocks any more")]
    Unwanted,
}

/// Pulls blocks as this node.
pub struct Source {
    pub connections: Arc<Connections>,
    pub signer: Arc<dyn Signer>,
    /// Authorities that this node trusts whatever a channel says.
    pub own_authorities: Vec<Vec<u8>>,
    /// `host:port` of this node, which it does not ask.
    pub own_endpoint: String,
}

impl Source {
    /// Whom to ask about a channel: the orderers' endpoints and the consenters themselves, in any order, so that the load
    /// is spread.
    pub fn targets(&self, bundle: &Bundle) -> Vec<Target> {
        let Some(orderer) = &bundle.orderer else {
            return Vec::new();
        };
        let organizations = orderer.organizations.values();
        let mut authorities: Vec<Vec<u8>> = organizations
            .filter_map(|organization| bundle.msps.msp(&organization.msp_id))
            .flat_map(|msp| msp.tls_roots().to_vec())
            .chain(self.own_authorities.iter().cloned())
            .collect();
        authorities.sort_unstable();
        authorities.dedup();
        let consenters = entente_fabric::config::consenters::raft_metadata(orderer)
            .unwrap_or_default()
            .consenters;
        let mut endpoints: Vec<String> = bundle
            .orderer_endpoints()
            .into_iter()
            .chain(
                consenters
                    .iter()
                    .map(|consenter| format!("{}:{}", consenter.host, consenter.port)),
            )
            .filter(|endpoint| *endpoint != self.own_endpoint)
            .collect();
        endpoints.sort_unstable();
        endpoints.dedup();
        endpoints.shuffle(&mut rand::rng());
        let target = |endpoint| Target {
            endpoint,
            server: Vec::new(),
            authorities: authorities.clone(),
        };
        endpoints.into_iter().map(target).collect()
    }

    /// Sends blocks from `verifier.next()` up to `to`, from whichever orderer has them, until all are sent or nobody
    /// takes them. `patient` sources are allowed to be silent: there may be no block for a long time.
    pub async fn pull(
        &self,
        channel: &str,
        mut bundle: Arc<Bundle>,
        verifier: &mut Verifier,
        to: u64,
        patient: bool,
        blocks: &mpsc::Sender<Block>,
    ) {
        let mut wait = FIRST_RETRY;
        loop {
            for target in self.targets(&bundle) {
                let before = verifier.next();
                let pulled = self.pull_from(&target, channel, verifier, to, patient, blocks).await;
                if verifier.next() > to {
                    return;
                }
                match pulled {
                    Ok(()) => {}
                    Err(PullError::Unwanted) => return,
                    Err(error) => debug!(channel, %error, next = verifier.next(), "pulling blocks"),
                }
                if verifier.next() > before {
                    wait = FIRST_RETRY;
                }
            }
            if let Some(reached) = verifier.bundle().filter(|reached| reached.sequence > bundle.sequence) {
                bundle = reached.clone();
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => wait = (wait * 2).min(LAST_RETRY),
                () = blocks.closed() => return,
            }
        }
    }

    async fn pull_from(
        &self,
        target: &Target,
        channel: &str,
        verifier: &mut Verifier,
        to: u64,
        patient: bool,
        blocks: &mpsc::Sender<Block>,
    ) -> Result<(), PullError> {
        let endpoint = || target.endpoint.clone();
        let mut stream = self
            .seek(target, channel, specified(verifier.next()), specified(to))
            .await?;
        loop {
            let received = stream.message();
            let received = match (patient && verifier.next() > 0, tokio::time::timeout(SILENCE, received)) {
                (false, timed) => timed.await.map_err(|_| PullError::Silent { endpoint: endpoint() })?,
                (true, timed) => match timed.await {
                    Ok(received) => received,
                    Err(_) if blocks.is_closed() => return Err(PullError::Unwanted),
                    Err(_) => continue,
                },
            };
            let Some(block) = self.block(target, received)? else {
                return Ok(());
            };
            verifier.take(&block).map_err(|reason| PullError::Unacceptable {
                endpoint: endpoint(),
                reason,
            })?;
            blocks.send(block).await.map_err(|_| PullError::Unwanted)?;
        }
    }

    /// The last configuration block that an orderer has; `Ok(None)` when every one that answers forbids us to read.
    pub async fn newest_config(&self, channel: &str, bundle: &Bundle) -> Result<Option<Block>, PullError> {
        let mut forbidden = false;
        let mut failure = None;
        for target in self.targets(bundle) {
            match self.newest_config_of(&target, channel).await {
                Ok(block) => return Ok(Some(block)),
                Err(PullError::Refused { status, .. }) if status == Status::Forbidden as i32 => forbidden = true,
                Err(error) => {
                    info!(channel, %error, "asking for the newest configuration");
                    failure = Some(error);
                }
            }
        }
        match failure {
            None if forbidden => Ok(None),
            None => Err(PullError::Unwanted),
            Some(error) => Err(error),
        }
    }

    async fn newest_config_of(&self, target: &Target, channel: &str) -> Result<Block, PullError> {
        let newest = SeekPosition {
            r#type: Some(seek_position::Type::Newest(SeekNewest {})),
        };
        let tip = self.one_block(target, channel, newest).await?;
        if entente_fabric::block::is_config(&tip) {
            return Ok(tip);
        }
        let config = specified(entente_fabric::block::last_config(&tip).unwrap_or(0));
        self.one_block(target, channel, config).await
    }

    async fn one_block(&self, target: &Target, channel: &str, at: SeekPosition) -> Result<Block, PullError> {
        let endpoint = || target.endpoint.clone();
        let mut stream = self.seek(target, channel, at, at).await?;
        let received = tokio::time::timeout(SILENCE, stream.message())
            .await
            .map_err(|_| PullError::Silent { endpoint: endpoint() })?;
        self.block(target, received)?
            .ok_or_else(|| PullError::Silent { endpoint: endpoint() })
    }

    async fn seek(
        &self,
        target: &Target,
        channel: &str,
        start: SeekPosition,
        stop: SeekPosition,
    ) -> Result<Streaming<DeliverResponse>, PullError> {
        let seek = SeekInfo {
            start: Some(start),
            stop: Some(stop),
            // Also from an orderer that has no leader at the moment.
            error_response: SeekErrorResponse::BestEffort as i32,
            ..SeekInfo::default()
        };
        let hash = self.connections.certificate_hash();
        let request = envelope::signed(
            HeaderType::DeliverSeekInfo,
            channel,
            seek.encode_to_vec(),
            &hash,
            &*self.signer,
        )?;
        let connection = self.connections.get(target).await?;
        let mut client = AtomicBroadcastClient::new(connection).max_decoding_message_size(MAX_MESSAGE_BYTES);
        match client.deliver(tokio_stream::once(request)).await {
            Ok(answer) => Ok(answer.into_inner()),
            Err(status) => Err(self.failed(target, status)),
        }
    }

    fn failed(&self, target: &Target, status: tonic::Status) -> PullError {
        self.connections.forget(target);
        PullError::Call {
            endpoint: target.endpoint.clone(),
            status: Box::new(status),
        }
    }

    fn block(
        &self,
        target: &Target,
        received: Result<Option<DeliverResponse>, tonic::Status>,
    ) -> Result<Option<Block>, PullError> {
        match received
            .map_err(|status| self.failed(target, status))?
            .and_then(|response| response.r#type)
        {
            Some(Type::Block(block)) => Ok(Some(block)),
            Some(Type::Status(status)) if status == Status::Success as i32 => Ok(None),
            Some(Type::Status(status)) => Err(PullError::Refused {
                endpoint: target.endpoint.clone(),
                status,
            }),
            None => Ok(None),
        }
    }
}

fn specified(number: u64) -> SeekPosition {
    SeekPosition {
        r#type: Some(seek_position::Type::Specified(SeekSpecified { number })),
    }
}

impl Puller for Arc<Source> {
    fn pull(&self, channel: Arc<Channel>, to: u64, blocks: mpsc::Sender<Block>) -> BoxFuture<'static, ()> {
        let source = self.clone();
        async move {
            let bundle = channel.bundle();
            let mut verifier = Verifier::after(&channel.id, &channel.blocks, bundle.clone());
            source
                .as_ref()
                .pull(&channel.id, bundle, &mut verifier, to, false, &blocks)
                .await;
        }
        .boxed()
    }
}

//! The ordering service of a node: takes transactions, agrees with other orderers on their order, and serves the blocks.
//!
//! [`Orderer::start`] resumes every channel in the data folder. The caller serves [`Orderer::grpc`] on the node's
//! listener (TLS that requests client certificates without requiring them: consenters are recognized by theirs) and
//! [`Orderer::participation`] on the administration listener (mutual TLS).

mod broadcast;
mod chain;
mod channel;
mod cluster;
mod cutter;
mod filters;
mod follower;
mod maintenance;
mod metrics;
mod participation;
mod pull;
mod raft;
mod registrar;
mod stamp;
mod verify;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use entente_api::node_config::{NodeConfig, RoleConfig};
use entente_fabric::client::MAX_MESSAGE_BYTES;
use entente_fabric::crypto::Signer;
use entente_fabric::proto::orderer::atomic_broadcast_server::AtomicBroadcastServer;
use entente_fabric::proto::orderer::cluster_server::ClusterServer;
use entente_fabric::tls::TlsIdentity;
use entente_ledger::deliver;
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;

use cluster::Connections;
use metrics::Metrics;
use registrar::{Registrar, Setup};

/// Why an orderer cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the configuration of {0} is not that of an orderer: set \"role\": \"orderer\"")]
    Role(String),
    #[error("{field}: {reason}")]
    Config { field: &'static str, reason: String },
    #[error("{0}")]
    Data(String),
}

/// A check that fails, as `/healthz` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedCheck {
    pub component: String,
    pub reason: String,
}

/// A running ordering service.
pub struct Orderer {
    registrar: Arc<Registrar>,
    metrics: Metrics,
    deliver: Arc<deliver::Engine<Arc<Registrar>>>,
    /// Ends the streams of clients and of other orderers.
    stop: CancellationToken,
}

impl Orderer {
    /// Opens the data folder and resumes its channels. `signer` is the node's identity: it signs blocks and
    /// configuration transactions. Metrics are registered under the names of stock orderers.
    pub async fn start(
        config: &NodeConfig,
        signer: Arc<dyn Signer>,
        registry: &mut Registry,
    ) -> Result<Orderer, StartError> {
        let RoleConfig::Orderer(role) = &config.role else {
            return Err(StartError::Role(config.name.clone()));
        };
        let identity = TlsIdentity::from_pem(
            &read(&config.tls.certificate, "tls.certificate")?,
            &read(&config.tls.key, "tls.key")?,
        )
        .map_err(|error| StartError::Config {
            field: "tls",
            reason: error.to_string(),
        })?;
        let own_key = cluster::public_key_of_der(identity.certificate()).ok_or_else(|| StartError::Config {
            field: "tls.certificate",
            reason: "the certificate cannot be read".to_owned(),
        })?;
        let own_authorities = registrar::authorities(&config.tls).map_err(|reason| StartError::Config {
            field: "tls.rootCertificates",
            reason,
        })?;
        let metrics = Metrics::register(registry);
        let deliver_metrics = deliver::Metrics::register(registry);
        let connections = Arc::new(Connections::new(identity));
        let source = Arc::new(pull::Source {
            connections: connections.clone(),
            signer: signer.clone(),
            own_authorities: own_authorities.clone(),
            own_endpoint: config.external_endpoint.clone(),
        });
        let registrar = Registrar::open(Setup {
            data_dir: config.data_dir.clone(),
            signer,
            connections,
            source,
            own_authorities,
            own_key,
            eviction_suspicion: Duration::from_secs(role.eviction_suspicion_seconds),
            metrics: metrics.clone(),
        })
        .map_err(StartError::Data)?;
        let deliver = Arc::new(deliver::Engine {
            channels: registrar.clone(),
            metrics: deliver_metrics,
            mutual_tls: !config.tls.client_root_certificates.is_empty(),
        });
        Ok(Orderer {
            registrar,
            metrics,
            deliver,
            stop: CancellationToken::new(),
        })
    }

    /// `orderer.AtomicBroadcast` and `orderer.Cluster`.
    pub fn grpc(&self) -> tonic::service::Routes {
        let broadcast = broadcast::Service {
            registrar: self.registrar.clone(),
            deliver: self.deliver.clone(),
            metrics: self.metrics.clone(),
            stop: self.stop.clone(),
        };
        let step = cluster::Step {
            registrar: self.registrar.clone(),
            metrics: self.metrics.clone(),
            stop: self.stop.clone(),
        };
        let broadcast = AtomicBroadcastServer::new(broadcast)
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
            .max_encoding_message_size(MAX_MESSAGE_BYTES);
        let cluster = ClusterServer::new(step).max_decoding_message_size(MAX_MESSAGE_BYTES);
        tonic::service::Routes::new(broadcast).add_service(cluster)
    }

    /// The channel participation API, with paths from `/participation/v1` on.
    pub fn participation(&self) -> axum::Router {
        participation::router(self.registrar.clone())
    }

    /// What is wrong at the moment; empty when all is well.
    pub fn failed_checks(&self) -> Vec<FailedCheck> {
        let check = |(channel, reason)| FailedCheck {
            component: format!("channel {channel}"),
            reason,
        };
        self.registrar.failures().into_iter().map(check).collect()
    }

    /// What keeps this node from serving its channels; empty when it serves all of them, or has none.
    pub fn unready(&self) -> Vec<FailedCheck> {
        let waits = |channel: &String| {
            let reason = match self.registrar.consenter(channel) {
                Some(consenter) if consenter.chain.view().borrow().leader == 0 => "there is no leader",
                Some(_) => return None,
                None => match self.registrar.info(channel).ok()?.status {
                    registrar::Status::Onboarding => "its blocks are still being fetched",
                    _ => return None,
                },
            };
            Some(FailedCheck {
                component: format!("channel {channel}"),
                reason: reason.to_owned(),
            })
        };
        let mut unready = self.failed_checks();
        unready.extend(self.registrar.list().iter().filter_map(waits));
        unready
    }

    /// Whether this node leads a channel at the moment.
    pub fn leads(&self, channel: &str) -> bool {
        self.registrar
            .consenter(channel)
            .is_some_and(|consenter| consenter.chain.view().borrow().leads)
    }

    /// How many consenters of a channel are alive, as far as this node knows.
    pub fn active_consenters(&self, channel: &str) -> usize {
        let consenter = self.registrar.consenter(channel);
        consenter.map_or(0, |consenter| consenter.chain.view().borrow().group.active.len())
    }

    /// Hands leadership over, finishes what was accepted, closes the channels, and ends all streams: none ends by itself,
    /// and from the end of theirs other orderers learn at once that this one is gone. Call it before the listeners stop.
    pub async fn shutdown(&self) {
        self.registrar.stop().await;
        self.stop.cancel();
    }
}

fn read(path: &Path, field: &'static str) -> Result<Vec<u8>, StartError> {
    std::fs::read(path).map_err(|error| StartError::Config {
        field,
        reason: format!("{} cannot be read: {error}", path.display()),
    })
}

//! Puts a peer together and runs it.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use entente_api::node_config::{NodeConfig, NodeConfigError, PeerConfig, RoleConfig};
use entente_fabric::client::MAX_MESSAGE_BYTES;
use entente_fabric::identity::local::{self, LocalMspError};
use entente_fabric::identity::{IdentityError, Msp, MspError, MspVersion, SigningIdentity};
use entente_fabric::proto::gateway::gateway_server::GatewayServer;
use entente_fabric::proto::protos::deliver_server::DeliverServer;
use entente_fabric::proto::protos::endorser_server::EndorserServer;
use entente_fabric::tls::{TlsError, TlsIdentity};
use entente_ledger::deliver;
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

use crate::acl::Acl;
use crate::chaincode::packages::{Packages, PackagesError};
use crate::chaincode::{self, Contracts, Limits};
use crate::channels::{self, Channels, Follower, OpenError};
use crate::deliver::Deliver;
use crate::endorser::service::EndorserService;
use crate::endorser::{self, Endorser};
use crate::gateway::{Gateway, Parts};
use crate::lifecycle::Lifecycle;
use crate::limit::Limited;
use crate::system::{self, SystemChaincodes};
use crate::transient::Transient;

/// Why a peer cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the configuration of {0} is not that of a peer: set \"role\": \"peer\"")]
    Role(String),
    #[error(transparent)]
    Config(#[from] NodeConfigError),
    #[error(transparent)]
    Msp(#[from] LocalMspError),
    #[error("the MSP folder's definition cannot be used: {0}")]
    Definition(#[from] MspError),
    #[error("the peer's own certificate is not valid in its organization: {0}")]
    Identity(#[from] IdentityError),
    #[error("{} cannot be read: {source}", path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error("the TLS files cannot be used: {0}")]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Packages(#[from] PackagesError),
    #[error(transparent)]
    Ledgers(#[from] OpenError),
}

/// A check that fails, as `/healthz` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedCheck {
    pub component: String,
    pub reason: String,
}

/// A running peer. It follows its channels; the caller serves [`Peer::grpc`] on the node's listener.
pub struct Peer {
    channels: Arc<Channels>,
    endorser: Arc<Endorser>,
    gateway: Gateway,
    deliver: Deliver,
    config: PeerConfig,
    stop: CancellationToken,
}

impl Peer {
    /// Opens the data folder and resumes every channel in it. Metrics are registered under the names of stock peers.
    pub async fn start(node: &NodeConfig, registry: &mut Registry) -> Result<Peer, StartError> {
        let RoleConfig::Peer(config) = &node.role else {
            return Err(StartError::Role(node.name.clone()));
        };
        let (msp, signer) = identity(node)?;
        let tls = tls_identity(node)?;
        let gateway: Arc<OnceLock<Gateway>> = Arc::default();
        let reconfigured = {
            let gateway = gateway.clone();
            Arc::new(move || gateway.get().into_iter().for_each(Gateway::configuration_changed))
        };
        let private = node.data_dir.join("transient");
        let transient = Transient::open(&private).map_err(|source| StartError::File {
            path: private.clone(),
            source,
        })?;
        let transient = Arc::new(transient);
        let metrics = channels::Metrics::register(registry);
        let follower = Follower::new(signer.clone(), tls.clone(), metrics, transient.clone(), reconfigured);
        let channels = Arc::new(Channels::open(node.data_dir.join("ledgers"), follower).await?);

        let acl = Arc::new(Acl::new(msp, channels.clone()));
        let packages = Arc::new(Packages::open(
            &node.data_dir.join("packages"),
            config.builder_config()?,
        )?);
        let lifecycle = Arc::new(Lifecycle::new(packages.clone(), channels.clone(), acl.clone()));
        let system = SystemChaincodes::new(lifecycle.clone(), channels.clone(), acl.clone());
        let counted = chaincode::Metrics::register(registry);
        let contracts = Contracts::new(channels.clone(), acl.clone(), packages, system, limits(config), counted);
        let endorser = Arc::new(Endorser::new(
            channels.clone(),
            acl.clone(),
            contracts,
            transient,
            signer.clone(),
            endorser::Metrics::register(registry),
        ));

        let stop = CancellationToken::new();
        let parts = Parts {
            channels: channels.clone(),
            acl: acl.clone(),
            endorser: endorser.clone(),
            signer,
            msp_id: node.msp_id.clone(),
            endpoint: node.external_endpoint.clone(),
            tls,
            runs: Arc::new(move |channel, chaincode| {
                system::is_system(chaincode) || lifecycle.runs(channel, chaincode)
            }),
            endorsement_timeout: Duration::from_secs(config.limits.endorsement_timeout_seconds),
            broadcast_timeout: Duration::from_secs(config.limits.broadcast_timeout_seconds),
            stop: stop.clone(),
        };
        let made = gateway.get_or_init(|| Gateway::new(parts)).clone();
        let mutual_tls = !node.tls.client_root_certificates.is_empty();
        let metrics = deliver::Metrics::register(registry);
        let deliver = Deliver::new(channels.clone(), acl, metrics, mutual_tls, stop.clone());
        Ok(Peer {
            channels,
            endorser,
            gateway: made,
            deliver,
            config: config.clone(),
            stop,
        })
    }

    /// `gateway.Gateway`, `protos.Endorser` and `protos.Deliver`.
    pub fn grpc(&self) -> Routes {
        let limits = &self.config.limits;
        let endorser = EndorserServer::new(EndorserService(self.endorser.clone()))
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
            .max_encoding_message_size(MAX_MESSAGE_BYTES);
        let gateway = GatewayServer::new(self.gateway.clone())
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
            .max_encoding_message_size(MAX_MESSAGE_BYTES);
        let deliver = DeliverServer::new(self.deliver.clone())
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
            .max_encoding_message_size(MAX_MESSAGE_BYTES);
        Routes::new(Limited::new(endorser, limits.endorser_concurrency))
            .add_service(Limited::new(gateway, limits.gateway_concurrency))
            .add_service(Limited::new(deliver, limits.deliver_concurrency))
            .prepare()
    }

    /// The joined channels.
    pub fn channels(&self) -> &Arc<Channels> {
        &self.channels
    }

    /// What is wrong at the moment; empty when all is well.
    pub fn failed_checks(&self) -> Vec<FailedCheck> {
        let joined = self.channels.list().into_iter().filter_map(|id| self.channels.get(&id));
        joined
            .filter_map(|channel| {
                let component = format!("channel {}", channel.id);
                channel.halted().map(|reason| FailedCheck { component, reason })
            })
            .collect()
    }

    /// Ends event streams and followers, each after the block that it is committing. Call it before the listeners
    /// stop: they wait for their streams.
    pub async fn shutdown(&self) {
        self.stop.cancel();
        self.channels.close().await;
    }
}

fn identity(node: &NodeConfig) -> Result<(Arc<Msp>, Arc<SigningIdentity>), StartError> {
    let (definition, signer) = local::load(&node.msp_dir, &node.msp_id)?;
    let msp = Msp::from_definition(&definition, MspVersion::V3_0)?;
    msp.deserialize(signer.certificate_pem())?.validate()?;
    Ok((msp, Arc::new(signer)))
}

fn tls_identity(node: &NodeConfig) -> Result<TlsIdentity, StartError> {
    let read = |path: &PathBuf| {
        std::fs::read(path).map_err(|source| StartError::File {
            path: path.clone(),
            source,
        })
    };
    Ok(TlsIdentity::from_pem(
        &read(&node.tls.certificate)?,
        &read(&node.tls.key)?,
    )?)
}

fn limits(config: &PeerConfig) -> Limits {
    Limits {
        execute_timeout: Duration::from_secs(config.limits.execute_timeout_seconds),
        startup_timeout: Duration::from_secs(config.limits.chaincode_startup_timeout_seconds),
        total_query_limit: config.limits.total_query_limit,
    }
}

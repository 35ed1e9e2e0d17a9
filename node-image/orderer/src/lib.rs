//! The ordering service of a node: takes transactions, agrees with other orderers on their order, and serves the blocks.
//!
//! [`Orderer::start`] resumes every channel in the data folder. The caller serves [`Orderer::grpc`] on the node's
//! listener (TLS that requests client certificates without requiring them: consenters are recognized by theirs) and
//! [`Orderer::participation`] on the administration listener (mutual TLS).

use std::sync::Arc;

use entente_api::node_config::NodeConfig;
use entente_fabric::crypto::Signer;
use prometheus_client::registry::Registry;

/// Why an orderer cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the configuration of {0} is not that of an orderer: set \"role\": \"orderer\"")]
    Role(String),
    #[error("{0}")]
    Setup(String),
}

/// A check that fails, as `/healthz` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedCheck {
    pub component: String,
    pub reason: String,
}

/// A running ordering service.
pub struct Orderer {}

impl Orderer {
    /// Opens the data folder and resumes its channels. `signer` is the node's identity: it signs blocks and
    /// configuration transactions. Metrics are registered under the names of stock orderers.
    pub async fn start(
        _config: &NodeConfig,
        _signer: Arc<dyn Signer>,
        _registry: &mut Registry,
    ) -> Result<Orderer, StartError> {
        unimplemented!()
    }

    /// `orderer.AtomicBroadcast` and `orderer.Cluster`.
    pub fn grpc(&self) -> tonic::service::Routes {
        unimplemented!()
    }

    /// The channel participation API, with paths from `/participation/v1` on.
    pub fn participation(&self) -> axum::Router {
        unimplemented!()
    }

    /// What is wrong at the moment; empty when all is well.
    pub fn failed_checks(&self) -> Vec<FailedCheck> {
        unimplemented!()
    }

    /// Hands leadership over, finishes what was accepted, and closes the channels. Call it before the listeners stop.
    pub async fn shutdown(&self) {
        unimplemented!()
    }
}

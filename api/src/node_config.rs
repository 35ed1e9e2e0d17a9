//! What a node is told when it starts, whatever its engine and wherever it runs.
//!
//! The native engine reads it as it is (`entente-node peer --config node.json`). For the stock engine,
//! `entente-node render` turns it into `core.yaml` or `orderer.yaml`. Relative paths are relative to the file.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A node's configuration file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeConfig {
    /// Unique in its chain, for example `peer0-province-finance`.
    pub name: String,
    pub msp_id: String,
    /// A folder in Fabric's MSP layout: `cacerts`, `tlscacerts`, `signcerts`, `keystore`, `config.yaml`.
    pub msp_dir: PathBuf,
    /// Everything that the node writes. Moved, backed up and restored as one.
    pub data_dir: PathBuf,
    /// Where the gRPC services listen.
    pub listen: SocketAddr,
    /// `host:port` under which others reach `listen`; its host stands in the TLS certificate.
    pub external_endpoint: String,
    pub tls: TlsFiles,
    pub operations: OperationsConfig,
    /// Log filter in Fabric's `logspec` form, for example `info` or `gossip=warning:info`.
    #[serde(default = "default_log_spec")]
    pub log_spec: String,
    #[serde(flatten)]
    pub role: RoleConfig,
}

fn default_log_spec() -> String {
    "info".to_owned()
}

/// PEM files of one TLS endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TlsFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// Issuers that this node trusts when it dials others before a channel says whom to trust.
    #[serde(default)]
    pub root_certificates: Vec<PathBuf>,
    /// Issuers of client certificates. When given, clients must show one; when empty, none is asked for.
    #[serde(default)]
    pub client_root_certificates: Vec<PathBuf>,
}

/// The plain HTTP endpoint for `/healthz`, `/metrics`, `/version` and `/logspec`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OperationsConfig {
    pub listen: SocketAddr,
}

/// What only one of the roles needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "camelCase")]
pub enum RoleConfig {
    Orderer(OrdererConfig),
    Peer(PeerConfig),
}

/// An orderer's own settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrdererConfig {
    /// Channel participation API, mutual TLS; its `clientRootCertificates` say who may administer.
    pub admin: AdminEndpoint,
}

/// A mutual-TLS administration endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AdminEndpoint {
    pub listen: SocketAddr,
    pub tls: TlsFiles,
}

/// A peer's own settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PeerConfig {
    /// Where a stock peer accepts chaincode connections; the native engine dials contracts and ignores it.
    pub chaincode_listen: SocketAddr,
    /// JSON object whose values may stand in a package's `connection.json` as Go templates (`{{.address}}`).
    #[serde(default = "empty_object")]
    pub chaincode_builder_config: String,
    #[serde(default)]
    pub limits: PeerLimits,
}

fn empty_object() -> String {
    "{}".to_owned()
}

/// In-flight limits and timeouts; the defaults are those of Fabric's sample `core.yaml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PeerLimits {
    pub endorser_concurrency: usize,
    pub deliver_concurrency: usize,
    pub gateway_concurrency: usize,
    pub execute_timeout_seconds: u64,
    pub chaincode_startup_timeout_seconds: u64,
    pub endorsement_timeout_seconds: u64,
    pub broadcast_timeout_seconds: u64,
    /// Most rows that one range query may return.
    pub total_query_limit: usize,
}

impl Default for PeerLimits {
    fn default() -> Self {
        PeerLimits {
            endorser_concurrency: 2500,
            deliver_concurrency: 2500,
            gateway_concurrency: 500,
            execute_timeout_seconds: 30,
            chaincode_startup_timeout_seconds: 300,
            endorsement_timeout_seconds: 30,
            broadcast_timeout_seconds: 30,
            total_query_limit: 100_000,
        }
    }
}

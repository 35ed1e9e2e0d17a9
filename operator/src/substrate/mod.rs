//! Where nodes run: a seam. [`local`] runs them as processes of this machine, [`kubernetes`] as pods.
//!
//! A substrate is told what a node should be ([`NodePlan`]) as often as one likes, and says what it is ([`NodeState`]).
//! It knows nothing of chains beyond names.

pub mod kubernetes;
pub mod local;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::SystemTime;

use async_trait::async_trait;
use entente_api::access::Access;
use entente_api::node_release::{Engine, Images};
use entente_api::tenant::Quotas;
use futures::stream::BoxStream;
use tokio::sync::broadcast;

/// Names one node: a peer, an orderer, or the service of a contract.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId {
    /// Namespace of the owner, so that keys and ledgers never leave it.
    pub namespace: String,
    pub chain: String,
    /// Unique in its chain, from `entente_api::names`.
    pub name: String,
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.namespace, self.chain, self.name)
    }
}

/// What kind of node it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    Orderer,
    Peer,
    Contract,
}

/// How a node is reached, known before it is planned and kept for its lifetime: certificates and genesis blocks name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// Where the node itself listens. Nobody dials this: in a pod it is every interface.
    pub listen: Listen,
    /// `host:port` of the gRPC services, as nodes and the platform dial it.
    pub external: String,
    /// `host:port` of health and metrics, plain HTTP.
    pub operations: String,
    /// `host:port` of channel participation; orderers only.
    pub admin: String,
    /// Names and addresses for the TLS certificate.
    pub hosts: Vec<String>,
}

/// How clients elsewhere reach a node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outside {
    /// `host:port`; `None` when there is no way in, or its address is not known yet.
    pub endpoint: Option<String>,
    /// More names and addresses for the TLS certificate.
    pub hosts: Vec<String>,
}

/// Where a node's own listeners are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen {
    /// gRPC services.
    pub services: SocketAddr,
    /// Plain HTTP for health and metrics.
    pub operations: SocketAddr,
    /// Channel participation; orderers only.
    pub admin: SocketAddr,
    /// Where a stock peer accepts chaincode; peers only.
    pub chaincode: SocketAddr,
}

/// What a node should be. Equal plans mean the same node: applying one again changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodePlan {
    pub id: NodeId,
    /// Name of the organization that owns it.
    pub organization: String,
    pub workload: Workload,
    /// Content of the node's folder by relative path. What is read from there may name its neighbours by relative paths.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The private keys among that content, which are for the node's eyes alone.
    pub keys: BTreeMap<String, Vec<u8>>,
    /// Bytes that the node may write, where disks have sizes. Contracts write nothing.
    pub storage: u64,
    /// How many nodes do its work, this one included: the chain's orderers, or its organization's peers.
    pub siblings: u32,
    /// How clients elsewhere are to reach it.
    pub access: Access,
    /// Where the chain's nodes are, this one included: namespaces, each with the name that the chain has there.
    pub neighbours: BTreeMap<String, String>,
}

/// What runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Workload {
    /// A peer or an orderer. Its `NodeConfig` is the file `node.json`.
    Node {
        engine: Engine,
        role: NodeRole,
        listen: Listen,
        /// Where nodes run in containers; the platform's own when the release names none.
        images: Option<Images>,
    },
    /// The service of a contract.
    Contract {
        program: Program,
        listen: SocketAddr,
        environment: BTreeMap<String, Setting>,
    },
}

/// What serves a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// A business template, which `entente-node contract` serves, from this image where nodes run in containers.
    Template { name: String, image: Option<String> },
    /// Somebody's own image, which follows the conventions of chaincode-as-a-service.
    Image(String),
}

/// The value of an environment variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    Text(String),
    /// Path of a file of the plan, made absolute by the substrate: nobody knows where a program looks from.
    File(String),
}

/// The roles that `entente-node` and the stock executables have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeRole {
    Orderer,
    Peer,
}

/// What a node is at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeState {
    /// Nothing is known of it, or it was deleted.
    Absent,
    /// Its process runs and does not accept connections yet.
    Starting,
    /// It accepts connections.
    Running { since: SystemTime, restarts: u32 },
    /// It ended, or never came up; it is tried again with growing pauses.
    Failing { reason: String, restarts: u32 },
}

impl NodeState {
    pub fn is_running(&self) -> bool {
        matches!(self, NodeState::Running { .. })
    }
}

/// What becomes of a node's ledger when the node is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ledger {
    /// It waits, with the node's addresses, for a node of the same name.
    Keep,
    Destroy,
}

/// Why a substrate could not do as it was told.
#[derive(Debug, thiserror::Error)]
pub enum SubstrateError {
    #[error("{context}")]
    Io { context: String, source: std::io::Error },
    #[error("{context}")]
    Cluster { context: String, source: Box<kube::Error> },
    #[error("{0}")]
    Refused(String),
}

impl SubstrateError {
    /// Wraps an I/O error with what was being done.
    pub fn io(context: impl Into<String>) -> impl FnOnce(std::io::Error) -> SubstrateError {
        let context = context.into();
        move |source| SubstrateError::Io { context, source }
    }

    /// Wraps an answer of the API server with what was being done.
    pub fn cluster(context: impl Into<String>) -> impl FnOnce(kube::Error) -> SubstrateError {
        let context = context.into();
        move |source| SubstrateError::Cluster {
            context,
            source: Box::new(source),
        }
    }
}

/// A place where nodes run.
#[async_trait]
pub trait Substrate: Send + Sync {
    /// Makes room for a tenant's nodes in the namespace of its name, closed to others and bounded by its
    /// quotas. Done again, it changes nothing.
    async fn make_room(&self, _namespace: &str, _quotas: &Quotas) -> Result<(), SubstrateError> {
        Ok(())
    }
    /// Takes back what was made for a tenant that has no nodes any more.
    async fn clear_room(&self, _namespace: &str) -> Result<(), SubstrateError> {
        Ok(())
    }
    /// Whether clients elsewhere can reach nodes as `access` asks. What cannot be done here is refused by this, in words
    /// for whoever wrote it, and never ignored.
    fn check_access(&self, access: &Access) -> Result<(), String>;

    /// The node's addresses; chosen at the first call and the same from then on.
    async fn addresses(&self, id: &NodeId, role: Role) -> Result<Addresses, SubstrateError>;

    /// How clients elsewhere reach a node, as far as that is known yet. What [`Substrate::apply`] has asked for may take a
    /// while to be given.
    async fn outside(&self, id: &NodeId, role: Role, access: &Access) -> Result<Outside, SubstrateError>;

    /// Folder for what a node writes: relative to the plan's files, or absolute.
    fn data_dir(&self) -> PathBuf;

    /// Whether contracts can come as images.
    fn runs_images(&self) -> bool;

    /// Makes the node what the plan says: starts it, restarts it when the plan has changed, leaves it alone otherwise.
    /// Does not wait until it accepts connections.
    async fn apply(&self, plan: &NodePlan) -> Result<(), SubstrateError>;

    async fn state(&self, id: &NodeId) -> NodeState;

    /// Nodes of a chain that exist here, running or not, down to a ledger that was kept.
    async fn list(&self, namespace: &str, chain: &str) -> Result<Vec<NodeId>, SubstrateError>;

    /// Ends the node and removes all that was made for it; its ledger and its addresses too, or not, as `ledger` says.
    /// Nothing happens when it does not exist.
    async fn delete(&self, id: &NodeId, ledger: Ledger) -> Result<(), SubstrateError>;

    /// Ends the node's processes and keeps everything else; it starts again with the next [`Substrate::apply`]. Nothing
    /// happens when it does not run.
    async fn stop(&self, id: &NodeId) -> Result<(), SubstrateError>;

    /// Ends the process; it comes back at once.
    async fn restart(&self, id: &NodeId) -> Result<(), SubstrateError>;

    /// The last `lines` of the node's log; `follow` continues with what is written from then on.
    async fn logs(
        &self,
        id: &NodeId,
        lines: usize,
        follow: bool,
    ) -> Result<BoxStream<'static, std::io::Result<String>>, SubstrateError>;

    /// Memory of the node's processes in bytes, shared pages counted in proportion. `None` when it does not run.
    async fn memory(&self, id: &NodeId) -> Option<u64>;

    /// Bytes that the node's folder takes on disk. `None` where that cannot be told.
    async fn disk(&self, _id: &NodeId) -> Option<u64> {
        None
    }

    /// Names each node whose state has changed.
    fn changes(&self) -> broadcast::Receiver<NodeId>;

    /// Ends every node, cleanly and side by side: the platform is being stopped for good. They start again with the
    /// next [`Substrate::apply`].
    async fn stop_all(&self);
}

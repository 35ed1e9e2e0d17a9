//! The nodes themselves, as far as the API reaches them: their logs, and starting one anew.

use std::pin::Pin;

use async_trait::async_trait;
use futures::Stream;
use tokio_util::sync::CancellationToken;

use crate::rest::auth::TenantScope;
use crate::rest::problem::Problem;

/// One node of a tenant's chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeName {
    pub namespace: String,
    pub chain: String,
    pub node: String,
}

impl NodeName {
    pub fn new(scope: &TenantScope, chain: &str, node: &str) -> NodeName {
        NodeName { namespace: scope.namespace().to_owned(), chain: chain.to_owned(), node: node.to_owned() }
    }
}

/// Lines of a log as they are written.
pub type Lines = Pin<Box<dyn Stream<Item = String> + Send>>;

/// Where nodes run.
#[async_trait]
pub trait Nodes: Send + Sync {
    /// The last lines of the node's log, oldest first.
    async fn log(&self, node: &NodeName, tail: usize) -> Result<Vec<String>, Problem>;

    /// The last lines, then every new one until `stop`.
    async fn follow_log(&self, node: &NodeName, tail: usize, stop: CancellationToken) -> Result<Lines, Problem>;

    /// Stops the node; whoever keeps it running starts it again.
    async fn restart(&self, node: &NodeName) -> Result<(), Problem>;
}

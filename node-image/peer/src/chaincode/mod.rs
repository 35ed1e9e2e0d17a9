//! Running contracts: chaincode as a service, and calls between chaincodes (`core/chaincode/chaincode_support.go`).
//!
//! A contract is a process that listens; the peer dials it when it is first called, keeps one stream to it, and answers
//! its requests from the transaction's simulator. System chaincodes are answered in this process.

pub mod collections;
pub mod connection;
pub mod context;
pub mod invoke;
pub mod launch;
mod metrics;
pub mod packages;
pub mod queries;
pub mod requests;
pub mod stream;
pub mod transaction;

use std::sync::Arc;
use std::time::Duration;

use crate::acl::Acl;
use crate::channels::Channels;
use crate::system::SystemChaincodes;
use launch::Launches;
pub use metrics::Metrics;
use packages::Packages;

/// How long and how much a contract may.
#[derive(Debug, Clone)]
pub struct Limits {
    /// For one call of a contract.
    pub execute_timeout: Duration,
    /// For a contract to be reachable and registered.
    pub startup_timeout: Duration,
    /// Rows that one query may return.
    pub total_query_limit: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            execute_timeout: Duration::from_secs(30),
            startup_timeout: Duration::from_secs(300),
            total_query_limit: 100_000,
        }
    }
}

/// Everything that can be called: contracts in their own processes, and the system chaincodes.
pub struct Contracts {
    channels: Arc<Channels>,
    acl: Arc<Acl>,
    packages: Arc<Packages>,
    system: SystemChaincodes,
    limits: Limits,
    launches: Launches,
    metrics: Metrics,
}

impl Contracts {
    pub fn new(
        channels: Arc<Channels>,
        acl: Arc<Acl>,
        packages: Arc<Packages>,
        system: SystemChaincodes,
        limits: Limits,
        metrics: Metrics,
    ) -> Arc<Contracts> {
        Arc::new(Contracts {
            channels,
            acl,
            packages,
            system,
            limits,
            launches: Launches::default(),
            metrics,
        })
    }

    /// What the peer answers itself.
    pub fn system(&self) -> &SystemChaincodes {
        &self.system
    }
}

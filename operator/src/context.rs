//! What every reconciler works with.

use std::sync::Arc;
use std::time::SystemTime;

use tokio_util::sync::CancellationToken;

use crate::dial::Connections;
use crate::metrics::Metrics;
use crate::registry::Registry;
use crate::substrate::Substrate;
use crate::vault::Vault;

/// The time, as an argument: tests bring their own.
pub type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// What every reconciler works with. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    pub registry: Registry,
    pub substrate: Arc<dyn Substrate>,
    pub vault: Arc<dyn Vault>,
    pub clock: Clock,
    pub connections: Arc<Connections>,
    pub metrics: Metrics,
    /// Whether an organization needs an approved record before it takes part in a chain.
    pub requires_real_names: bool,
    /// Ends the operator; nodes go on.
    pub stop: CancellationToken,
}

impl Context {
    pub fn new(registry: Registry, substrate: Arc<dyn Substrate>, vault: Arc<dyn Vault>) -> Context {
        Context {
            registry,
            substrate,
            vault,
            clock: Arc::new(SystemTime::now),
            connections: Arc::default(),
            metrics: Metrics::default(),
            requires_real_names: false,
            stop: CancellationToken::new(),
        }
    }

    pub fn now(&self) -> SystemTime {
        (self.clock)()
    }
}

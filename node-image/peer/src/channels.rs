//! The channels that this peer has joined.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use entente_fabric::config::Bundle;
use entente_fabric::proto::common::Block;
use entente_ledger::Ledger;
use parking_lot::RwLock;

/// One joined channel: the configuration in force and the ledger.
pub struct Channel {
    pub id: String,
    pub ledger: Ledger,
    bundle: ArcSwap<Bundle>,
}

impl Channel {
    pub fn new(id: &str, bundle: Arc<Bundle>, ledger: Ledger) -> Channel {
        Channel {
            id: id.to_owned(),
            ledger,
            bundle: ArcSwap::new(bundle),
        }
    }

    /// The configuration in force. Ask once for each request, so that all its checks see the same one.
    pub fn bundle(&self) -> Arc<Bundle> {
        self.bundle.load_full()
    }

    /// Puts a committed configuration in force.
    pub fn set_bundle(&self, bundle: Arc<Bundle>) {
        self.bundle.store(bundle);
    }
}

/// Why a channel could not be joined.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    #[error("ledger [{0}] already exists with state [ACTIVE]")]
    Joined(String),
    #[error("{0}")]
    Refused(String),
    #[error("the ledger of channel {channel} could not be created")]
    Ledger {
        channel: String,
        source: entente_ledger::LedgerError,
    },
}

/// All joined channels, by id.
#[derive(Default)]
pub struct Channels {
    by_id: RwLock<BTreeMap<String, Arc<Channel>>>,
}

impl Channels {
    pub fn get(&self, channel: &str) -> Option<Arc<Channel>> {
        self.by_id.read().get(channel).cloned()
    }

    /// Ids in order.
    pub fn list(&self) -> Vec<String> {
        self.by_id.read().keys().cloned().collect()
    }

    pub fn insert(&self, channel: Arc<Channel>) {
        self.by_id.write().insert(channel.id.clone(), channel);
    }

    /// Creates the ledger of the genesis block's channel and starts following its orderers.
    pub async fn join(&self, _genesis: Block) -> Result<(), JoinError> {
        unimplemented!()
    }
}

//! The channels that this peer has joined.
//!
//! Joining makes a ledger of the genesis block; a follower then brings every later block (`follow`): pulled from an
//! orderer and checked against its signatures (`pull`), validated and committed (`commit`).

mod commit;
mod commits;
mod follow;
mod metrics;
mod pull;
mod store;
mod verify;
mod well_formed;

pub use commits::{Commits, Fate, Waiting};
pub use follow::Follower;
pub use metrics::Metrics;
pub use store::OpenError;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use entente_fabric::config::Bundle;
use entente_fabric::proto::common::Block;

use entente_ledger::{Ledger, LedgerError, Ledgers};
use parking_lot::{Mutex, RwLock};

/// One joined channel: the configuration in force and the ledger.
pub struct Channel {
    pub id: String,
    pub ledger: Ledger,
    bundle: ArcSwap<Bundle>,
    commits: Commits,
    halted: Mutex<Option<String>>,
}

impl Channel {
    pub fn new(id: &str, bundle: Arc<Bundle>, ledger: Ledger) -> Channel {
        let (commits, halted) = (Commits::default(), Mutex::default());
        Channel {
            id: id.to_owned(),
            ledger,
            bundle: ArcSwap::new(bundle),
            commits,
            halted,
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

    /// Who waits for transactions of this channel.
    pub fn commits(&self) -> &Commits {
        &self.commits
    }

    /// Why no further block is committed; `None` while all is well. Only an operator can mend it.
    pub fn halted(&self) -> Option<String> {
        self.halted.lock().clone()
    }

    fn halt(&self, reason: String) {
        *self.halted.lock() = Some(reason);
    }
}

/// Why a channel could not be joined.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    #[error("ledger [{0}] already exists with state [ACTIVE]")]
    Joined(String),
    #[error("{0}")]
    Refused(String),
    #[error("the ledger of channel {channel} could not be created: {source}")]
    Ledger { channel: String, source: LedgerError },
}

/// All joined channels, by id.
#[derive(Default)]
pub struct Channels {
    by_id: RwLock<BTreeMap<String, Arc<Channel>>>,
    /// One channel is joined at a time.
    joining: tokio::sync::Mutex<()>,
    /// `None` for a registry that is filled by hand.
    ledgers: Option<Ledgers>,
    follower: Option<Follower>,
}

impl Channels {
    /// Opens the ledgers in `folder` and starts to follow their channels.
    pub async fn open(folder: PathBuf, follower: Follower) -> Result<Channels, OpenError> {
        let opening = tokio::task::spawn_blocking(move || store::open_all(&folder)).await;
        let (ledgers, stored) = opening.map_err(OpenError::Task)??;
        let channels = Channels {
            ledgers: Some(ledgers),
            follower: Some(follower),
            ..Channels::default()
        };
        stored.into_iter().for_each(|channel| channels.admit(channel));
        Ok(channels)
    }

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
    pub async fn join(&self, genesis: Block) -> Result<(), JoinError> {
        let _one_at_a_time = self.joining.lock().await;
        let bundle = store::check_genesis(&genesis).map_err(JoinError::Refused)?;
        let id = bundle.channel_id.clone();
        if self.get(&id).is_some() {
            return Err(JoinError::Joined(id));
        }
        let none = || JoinError::Refused("this peer keeps no ledgers".to_owned());
        let ledgers = self.ledgers.clone().ok_or_else(none)?;
        let created = tokio::task::spawn_blocking(move || store::create(&ledgers, bundle, genesis)).await;
        let channel = created
            .map_err(|error| JoinError::Refused(format!("the ledger could not be created: {error}")))?
            .map_err(|source| JoinError::Ledger { channel: id, source })?;
        self.admit(Arc::new(channel));
        Ok(())
    }

    fn admit(&self, channel: Arc<Channel>) {
        self.insert(channel.clone());
        if let Some(follower) = &self.follower {
            follower.follow(channel);
        }
    }

    /// Ends all followers, after the block that each is committing.
    pub async fn close(&self) {
        if let Some(follower) = &self.follower {
            follower.stop().await;
        }
    }
}

//! One channel as every part of the orderer sees it: its blocks, and the configuration in force.

use std::sync::Arc;

use arc_swap::ArcSwap;
use entente_fabric::block;
use entente_fabric::config::{Bundle, OrdererConfig};
use entente_fabric::crypto::Signer;
use entente_fabric::policy::SignedData;
use entente_fabric::proto::common::Block;
use entente_ledger::{BlockStore, LedgerError, deliver};
use tokio::sync::watch;

use crate::cutter::Limits;

/// Why a channel cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    #[error("channel {channel}: {source}")]
    Ledger { channel: String, source: LedgerError },
    #[error("channel {channel}: {reason}")]
    Config { channel: String, reason: String },
}

/// A channel that this orderer has blocks of.
pub struct Channel {
    pub id: String,
    pub blocks: BlockStore,
    /// This node's identity: signs blocks and configurations.
    pub signer: Arc<dyn Signer>,
    bundle: ArcSwap<Bundle>,
    leaderless: watch::Sender<bool>,
}

impl Channel {
    /// Reads the configuration in force from the chain, or from `join_block` while the chain is empty.
    pub fn open(
        id: &str,
        blocks: BlockStore,
        join_block: Option<&Block>,
        signer: Arc<dyn Signer>,
    ) -> Result<Channel, ChannelError> {
        let config = |reason: &str| ChannelError::Config {
            channel: id.to_owned(),
            reason: reason.to_owned(),
        };
        let bundle = match last_config_block(&blocks).map_err(|source| ledger(id, source))? {
            Some(block) => Bundle::from_block(&block),
            None => Bundle::from_block(join_block.ok_or_else(|| config("it has no block that configures it"))?),
        };
        let bundle = bundle.map_err(|error| config(&error.to_string()))?;
        if bundle.channel_id != id {
            return Err(config(&format!(
                "its configuration is that of channel {}",
                bundle.channel_id
            )));
        }
        bundle.check_for_orderer().map_err(|error| config(&error.to_string()))?;
        let bundle = ArcSwap::from_pointee(bundle);
        Ok(Channel {
            id: id.to_owned(),
            blocks,
            signer,
            bundle,
            leaderless: watch::Sender::new(true),
        })
    }

    /// The configuration in force.
    pub fn bundle(&self) -> Arc<Bundle> {
        self.bundle.load_full()
    }

    pub(crate) fn set_bundle(&self, next: Bundle) {
        self.bundle.store(Arc::new(next));
    }

    /// Readers that want a leader are turned away while there is none.
    pub fn set_leaderless(&self, leaderless: bool) {
        self.leaderless
            .send_if_modified(|current| std::mem::replace(current, leaderless) != leaderless);
    }

    pub fn block(&self, number: u64) -> Result<Option<Arc<Block>>, ChannelError> {
        self.blocks.block(number).map_err(|source| ledger(&self.id, source))
    }
}

fn ledger(channel: &str, source: LedgerError) -> ChannelError {
    ChannelError::Ledger {
        channel: channel.to_owned(),
        source,
    }
}

/// The block that configures the end of a chain; `None` when the chain is empty.
pub fn last_config_block(blocks: &BlockStore) -> Result<Option<Arc<Block>>, LedgerError> {
    let Some(last) = blocks.height().checked_sub(1) else {
        return Ok(None);
    };
    let Some(tip) = blocks.block(last)? else {
        return Ok(None);
    };
    if block::is_config(&tip) {
        return Ok(Some(tip));
    }
    blocks.block(block::last_config(&tip).unwrap_or(0))
}

/// The orderer group, which a channel's configuration always has: [`Channel::open`] and the rules for updates see to it.
pub fn orderer(bundle: &Bundle) -> Result<&OrdererConfig, String> {
    bundle
        .orderer
        .as_ref()
        .ok_or_else(|| format!("channel {} has no orderer configuration", bundle.channel_id))
}

/// When a block is full.
pub fn limits(orderer: &OrdererConfig) -> Limits {
    Limits {
        max_message_count: orderer.max_message_count,
        preferred_max_bytes: orderer.preferred_max_bytes,
    }
}

/// Evaluates a policy of the configuration by its path.
pub fn satisfies(bundle: &Bundle, policy: &str, signed: &SignedData) -> Result<(), String> {
    let found = bundle
        .policies
        .get(policy)
        .ok_or_else(|| format!("could not find policy {policy}"))?;
    found
        .evaluate_signed(std::slice::from_ref(signed))
        .map_err(|error| error.to_string())
}

/// A channel that can be read from.
#[derive(Clone)]
pub struct Readable(pub Arc<Channel>);

impl deliver::Channel for Readable {
    fn blocks(&self) -> &BlockStore {
        &self.0.blocks
    }

    fn config_sequence(&self) -> u64 {
        self.0.bundle().sequence
    }

    /// Readers of the channel; in maintenance mode those of the orderer group, which keeps peers away
    /// (`orderer/common/server/server.go`).
    fn authorize(&self, request: &SignedData) -> Result<(), String> {
        let bundle = self.0.bundle();
        let policy = if orderer(&bundle)?.maintenance {
            "/Channel/Orderer/Readers"
        } else {
            "/Channel/Readers"
        };
        satisfies(&bundle, policy, request)
    }

    fn leaderless(&self) -> Option<watch::Receiver<bool>> {
        Some(self.0.leaderless.subscribe())
    }
}

//! Judges blocks that come from other orderers (`orderer/common/cluster/util.go`, `VerifyBlocks`).

use std::sync::Arc;

use entente_fabric::block;
use entente_fabric::config::Bundle;
use entente_fabric::proto::common::Block;
use entente_ledger::BlockStore;

use crate::raft::core::Tip;
use crate::writer::config_envelope;

/// Follows a chain block by block: numbers, hashes, signatures, and the configuration that says who may sign.
pub struct Verifier {
    channel: String,
    /// `None` before block 0, which nobody signs.
    bundle: Option<Arc<Bundle>>,
    tip: Option<Tip>,
}

impl Verifier {
    /// Goes on after the blocks that are there; `bundle` is the configuration in force at their end.
    pub fn after(channel: &str, blocks: &BlockStore, bundle: Arc<Bundle>) -> Verifier {
        let tip = blocks.tip().map(|header| Tip::of(&header));
        Verifier {
            channel: channel.to_owned(),
            bundle: Some(bundle).filter(|_| tip.is_some()),
            tip,
        }
    }

    /// Number of the block that must come next.
    pub fn next(&self) -> u64 {
        self.tip.map_or(0, |tip| tip.number + 1)
    }

    /// Takes the next block, or says what is wrong with it.
    pub fn take(&mut self, block: &Block) -> Result<(), String> {
        let header = block.header.as_ref().ok_or("a block without a header")?;
        let number = header.number;
        if number != self.next() {
            return Err(format!("block {number} came instead of block {}", self.next()));
        }
        if self.tip.is_some_and(|tip| header.previous_hash != tip.hash) {
            return Err(format!("block {number} does not name the hash of the block before it"));
        }
        block::check_data_hash(block).map_err(|reason| format!("block {number}: {reason}"))?;
        if let Some(bundle) = &self.bundle {
            block::verify(block, bundle).map_err(|reason| format!("block {number}: {reason}"))?;
        }
        if let Some(config) = config_envelope(block)? {
            let config = config.config.unwrap_or_default();
            let bundle = Bundle::new(&self.channel, config).map_err(|error| format!("block {number}: {error}"))?;
            self.bundle = Some(Arc::new(bundle));
        } else if self.bundle.is_none() {
            return Err(format!("block {number}, the first, is no configuration"));
        }
        self.tip = Some(Tip::of(header));
        Ok(())
    }

    /// The configuration in force after the last block taken.
    pub fn bundle(&self) -> Option<&Arc<Bundle>> {
        self.bundle.as_ref()
    }
}

//! The newest blocks, kept in memory because everybody who follows the chain asks for them.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use entente_fabric::proto::common::Block;
use prost::Message as _;

/// Bytes that the recent blocks of one channel may occupy. The newest block stays whatever its size.
const CAPACITY: usize = 2 * 1024 * 1024;

/// A block as stored, decoded when first asked for. The decoded transactions share the stored bytes.
#[derive(Debug, Clone)]
pub struct Stored {
    pub bytes: Bytes,
    block: Arc<OnceLock<Arc<Block>>>,
}

impl Stored {
    pub fn new(bytes: Bytes) -> Stored {
        Stored {
            bytes,
            block: Arc::default(),
        }
    }

    pub fn block(&self) -> Result<Arc<Block>, prost::DecodeError> {
        if let Some(block) = self.block.get() {
            return Ok(block.clone());
        }
        let block = Arc::new(Block::decode(self.bytes.clone())?);
        Ok(self.block.get_or_init(|| block).clone())
    }
}

/// A run of blocks that ends with the newest.
#[derive(Debug, Default)]
pub struct Recent {
    next: u64,
    bytes: usize,
    blocks: VecDeque<Stored>,
}

impl Recent {
    /// Adds the block `number`, which follows the newest unless the run is started anew.
    pub fn push(&mut self, number: u64, stored: Stored) {
        if number != self.next {
            self.blocks.clear();
            self.bytes = 0;
        }
        self.next = number + 1;
        self.bytes += stored.bytes.len();
        self.blocks.push_back(stored);
        while self.bytes > CAPACITY && self.blocks.len() > 1 {
            self.bytes -= self.blocks.pop_front().map_or(0, |oldest| oldest.bytes.len());
        }
    }

    pub fn get(&self, number: u64) -> Option<&Stored> {
        let first = self.next - self.blocks.len() as u64;
        let at = usize::try_from(number.checked_sub(first)?).ok()?;
        self.blocks.get(at)
    }
}

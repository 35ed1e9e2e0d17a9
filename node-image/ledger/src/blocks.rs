//! The block store: append-only segment files of `len | crc | bytes`, an index by number, and (for peers) an index by
//! block hash and transaction id.

use std::path::Path;
use std::sync::Arc;

use crate::LedgerError;
use bytes::Bytes;
use entente_fabric::proto::common::{Block, BlockHeader};

/// One channel's blocks. Cheap to clone; one writer, many readers.
#[derive(Clone)]
pub struct BlockStore {}

impl BlockStore {
    /// Opens or creates the store in `dir`, cutting a torn tail.
    pub fn open(_dir: &Path) -> Result<BlockStore, LedgerError> {
        unimplemented!()
    }
    /// Number of the next block: 0 for an empty store.
    pub fn height(&self) -> u64 {
        unimplemented!()
    }
    /// Appends the next block, as marshalled bytes. Not durable before [`BlockStore::sync`].
    /// Refuses a wrong number or previous hash.
    pub fn append(&self, _block: &Block) -> Result<(), LedgerError> {
        unimplemented!()
    }
    /// Makes everything appended so far durable (one fdatasync).
    pub fn sync(&self) -> Result<(), LedgerError> {
        unimplemented!()
    }
    /// The block's bytes as they were appended.
    pub fn bytes(&self, _number: u64) -> Result<Option<Bytes>, LedgerError> {
        unimplemented!()
    }
    pub fn block(&self, _number: u64) -> Result<Option<Arc<Block>>, LedgerError> {
        unimplemented!()
    }
    /// Header of the last block.
    pub fn tip(&self) -> Option<BlockHeader> {
        unimplemented!()
    }
    /// Changes with every append; holds the height.
    pub fn watch(&self) -> tokio::sync::watch::Receiver<u64> {
        unimplemented!()
    }
}

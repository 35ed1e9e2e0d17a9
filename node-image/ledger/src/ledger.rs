//! A peer's ledger of one channel: blocks plus everything that is derived from them.

use std::path::Path;
use std::sync::Arc;

use crate::{BlockStore, LedgerError, Version, simulate::Simulator};
use entente_fabric::proto::{common::Block, protos::TxValidationCode};

/// One channel's ledger. Cheap to clone; one committer, many readers.
#[derive(Clone)]
pub struct Ledger {}

/// Where a transaction stands in the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TxLocation {
    pub version: Version,
    pub code: TxValidationCode,
}

/// A value with the version that wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned {
    pub value: Vec<u8>,
    /// Marshalled metadata entries; empty when there are none.
    pub metadata: Vec<u8>,
    pub version: Version,
}

impl Ledger {
    /// Opens or creates the ledger of `channel` in `dir`, replaying blocks that the derived databases have not seen.
    pub fn open(_dir: &Path, _channel: &str) -> Result<Ledger, LedgerError> {
        unimplemented!()
    }
    pub fn blocks(&self) -> &BlockStore {
        unimplemented!()
    }
    pub fn height(&self) -> u64 {
        self.blocks().height()
    }
    /// First occurrence of a transaction id among committed transactions, valid or not.
    pub fn transaction(&self, _tx_id: &str) -> Result<Option<TxLocation>, LedgerError> {
        unimplemented!()
    }
    pub fn block_number_by_hash(&self, _hash: &[u8]) -> Result<Option<u64>, LedgerError> {
        unimplemented!()
    }
    /// Starts a simulation on the state as it is now.
    pub fn simulator(&self, _tx_id: &str) -> Result<Simulator, LedgerError> {
        unimplemented!()
    }
    /// Committed public state, outside of any simulation.
    pub fn state(&self, _namespace: &str, _key: &str) -> Result<Option<Versioned>, LedgerError> {
        unimplemented!()
    }
    /// Committed public keys with `prefix`, in order.
    pub fn state_with_prefix(
        &self,
        _namespace: &str,
        _prefix: &str,
    ) -> Result<Vec<(String, Versioned)>, LedgerError> {
        unimplemented!()
    }
    /// Committed hashed private state; `key_hash` is SHA-256 of the key, the value is SHA-256 of the value.
    pub fn private_hash(
        &self,
        _namespace: &str,
        _collection: &str,
        _key_hash: &[u8],
    ) -> Result<Option<Versioned>, LedgerError> {
        unimplemented!()
    }
    /// Commits the next block. `codes` is the outcome of signature and policy validation; MVCC is settled here, and the
    /// final codes and commit hash are written into the stored block's metadata. Durable when it returns.
    pub fn commit(&self, _block: Block, _codes: Vec<TxValidationCode>) -> Result<Arc<Committed>, LedgerError> {
        unimplemented!()
    }
}

/// A block as it was committed.
#[derive(Debug)]
pub struct Committed {
    pub block: Block,
    pub codes: Vec<TxValidationCode>,
    pub commit_hash: Vec<u8>,
}

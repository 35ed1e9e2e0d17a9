//! Simulation: a snapshot of the state that records what a transaction reads and collects what it writes.
//!
//! Reads never see the transaction's own writes. The bytes of the result equal what a stock peer produces.

use crate::LedgerError;
use entente_fabric::proto::{queryresult, rwset::TxPvtReadWriteSet};

/// One transaction's simulator. Bound to the state as of the last commit when it was made.
pub struct Simulator {}

/// What a simulation amounts to.
pub struct SimulationResults {
    /// Marshalled `rwset.TxReadWriteSet`; what `ChaincodeAction.results` holds.
    pub public: Vec<u8>,
    /// Private writes in clear; empty when there were none.
    pub private: Option<TxPvtReadWriteSet>,
    /// Facts for the endorsement interest, in namespace order.
    pub namespaces: Vec<NamespaceUse>,
}

/// What a simulation did in one namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamespaceUse {
    pub namespace: String,
    pub public_writes: bool,
    /// Keys written or whose metadata was written, in order.
    pub written_keys: Vec<String>,
    pub collections: Vec<CollectionUse>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CollectionUse {
    pub collection: String,
    pub private_reads: bool,
    pub private_writes: bool,
    /// Keys written or whose metadata was written, in order.
    pub written_keys: Vec<String>,
}

impl Simulator {
    pub fn get_state(&mut self, _namespace: &str, _key: &str) -> Result<Option<Vec<u8>>, LedgerError> {
        unimplemented!()
    }
    pub fn set_state(&mut self, _namespace: &str, _key: &str, _value: &[u8]) -> Result<(), LedgerError> {
        unimplemented!()
    }
    pub fn delete_state(&mut self, _namespace: &str, _key: &str) -> Result<(), LedgerError> {
        unimplemented!()
    }
    /// Name-value pairs of the key's metadata, in order of name.
    pub fn get_metadata(&mut self, _namespace: &str, _key: &str) -> Result<Vec<(String, Vec<u8>)>, LedgerError> {
        unimplemented!()
    }
    pub fn set_metadata(
        &mut self,
        _namespace: &str,
        _key: &str,
        _entries: Vec<(String, Vec<u8>)>,
    ) -> Result<(), LedgerError> {
        unimplemented!()
    }
    /// Opens a range iterator. `page_size` limits it to one page (read-only transactions only).
    pub fn range(
        &mut self,
        _namespace: &str,
        _start: &str,
        _end: &str,
        _page_size: Option<u32>,
    ) -> Result<RangeId, LedgerError> {
        unimplemented!()
    }
    /// The next row of a range, recorded as read; `None` when it is exhausted.
    pub fn range_next(&mut self, _range: RangeId) -> Result<Option<queryresult::Kv>, LedgerError> {
        unimplemented!()
    }
    /// Key of the row after the last one that was returned, empty when there is none; not recorded as read. Closes the
    /// range. The bookmark of a paginated query.
    pub fn range_bookmark(&mut self, _range: RangeId) -> Result<String, LedgerError> {
        unimplemented!()
    }
    pub fn range_close(&mut self, _range: RangeId) {}
    pub fn get_private(
        &mut self,
        _namespace: &str,
        _collection: &str,
        _key: &str,
    ) -> Result<Option<Vec<u8>>, LedgerError> {
        unimplemented!()
    }
    pub fn get_private_hash(
        &mut self,
        _namespace: &str,
        _collection: &str,
        _key: &str,
    ) -> Result<Option<Vec<u8>>, LedgerError> {
        unimplemented!()
    }
    pub fn set_private(
        &mut self,
        _namespace: &str,
        _collection: &str,
        _key: &str,
        _value: &[u8],
    ) -> Result<(), LedgerError> {
        unimplemented!()
    }
    pub fn delete_private(&mut self, _namespace: &str, _collection: &str, _key: &str) -> Result<(), LedgerError> {
        unimplemented!()
    }
    pub fn purge_private(&mut self, _namespace: &str, _collection: &str, _key: &str) -> Result<(), LedgerError> {
        unimplemented!()
    }
    pub fn get_private_metadata(
        &mut self,
        _namespace: &str,
        _collection: &str,
        _key: &str,
    ) -> Result<Vec<(String, Vec<u8>)>, LedgerError> {
        unimplemented!()
    }
    pub fn set_private_metadata(
        &mut self,
        _namespace: &str,
        _collection: &str,
        _key: &str,
        _entries: Vec<(String, Vec<u8>)>,
    ) -> Result<(), LedgerError> {
        unimplemented!()
    }
    pub fn private_range(
        &mut self,
        _namespace: &str,
        _collection: &str,
        _start: &str,
        _end: &str,
    ) -> Result<RangeId, LedgerError> {
        unimplemented!()
    }
    /// Committed modifications of a public key, newest first.
    pub fn history(
        &mut self,
        _namespace: &str,
        _key: &str,
    ) -> Result<Vec<queryresult::KeyModification>, LedgerError> {
        unimplemented!()
    }
    /// Ends the simulation.
    pub fn finish(self) -> Result<SimulationResults, LedgerError> {
        unimplemented!()
    }
}

/// An open iterator of a simulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RangeId(pub u64);

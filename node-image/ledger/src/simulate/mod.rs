//! Simulation: a snapshot of the state that records what a transaction reads and collects what it writes
//! (`txmgr/tx_simulator.go`, `query_executor.go`).
//!
//! Reads never see the transaction's own writes. The bytes of the result equal what a stock peer produces.

mod collections;
mod range;
mod usage;

use entente_fabric::crypto;
use entente_fabric::proto::{queryresult, rwset::TxPvtReadWriteSet};
use prost::Message as _;

pub use range::RangeId;
pub use usage::{CollectionUse, NamespaceUse};

use crate::ledger::Organizations;
use crate::rwset::builder::Builder;
use crate::state::{Versioned, View, metadata_entries};
use crate::{BlockStore, LedgerError, history};
use collections::Collections;
use range::Ranges;
use usage::Usage;

/// One transaction's simulator. Bound to the state as of the last commit when it was made.
pub struct Simulator {
    tx_id: String,
    view: View,
    blocks: BlockStore,
    rwset: Builder,
    ranges: Ranges,
    collections: Collections,
    usage: Usage,
    wrote: bool,
    paginated: bool,
    queried_private: bool,
}

/// What a simulation amounts to.
#[derive(Debug)]
pub struct SimulationResults {
    /// Marshalled `rwset.TxReadWriteSet`; what `ChaincodeAction.results` holds.
    pub public: Vec<u8>,
    /// Private writes in clear; empty when there were none.
    pub private: Option<TxPvtReadWriteSet>,
    /// Facts for the endorsement interest, in namespace order.
    pub namespaces: Vec<NamespaceUse>,
}

impl Simulator {
    pub(crate) fn new(tx_id: &str, view: View, blocks: BlockStore, organizations: Organizations) -> Simulator {
        Simulator {
            tx_id: tx_id.to_owned(),
            view,
            blocks,
            rwset: Builder::default(),
            ranges: Ranges::default(),
            collections: Collections::new(organizations),
            usage: Usage::default(),
            wrote: false,
            paginated: false,
            queried_private: false,
        }
    }

    /// The state that is simulated on, for reads that leave no trace.
    pub fn view(&self) -> &View {
        &self.view
    }

    pub fn get_state(&mut self, namespace: &str, key: &str) -> Result<Option<Vec<u8>>, LedgerError> {
        let found = self.view.get(namespace, key)?;
        self.rwset
            .read(namespace, key, found.as_ref().map(|versioned| versioned.version));
        self.usage.namespace(namespace);
        Ok(found.map(|versioned| versioned.value))
    }

    /// An empty value deletes the key.
    pub fn set_state(&mut self, namespace: &str, key: &str, value: &[u8]) -> Result<(), LedgerError> {
        self.check_write()?;
        self.rwset.write(namespace, key, value);
        self.usage.write(namespace, key);
        Ok(())
    }

    pub fn delete_state(&mut self, namespace: &str, key: &str) -> Result<(), LedgerError> {
        self.set_state(namespace, key, &[])
    }

    /// Name-value pairs of the key's metadata, in order of name.
    pub fn get_metadata(&mut self, namespace: &str, key: &str) -> Result<Vec<(String, Vec<u8>)>, LedgerError> {
        let found = self.view.get(namespace, key)?;
        self.rwset
            .read(namespace, key, found.as_ref().map(|versioned| versioned.version));
        self.usage.namespace(namespace);
        Ok(found
            .map(|versioned| metadata_entries(&versioned.metadata))
            .unwrap_or_default())
    }

    pub fn set_metadata(
        &mut self,
        namespace: &str,
        key: &str,
        entries: Vec<(String, Vec<u8>)>,
    ) -> Result<(), LedgerError> {
        self.check_write()?;
        self.rwset.write_metadata(namespace, key, entries);
        self.usage.write(namespace, key);
        Ok(())
    }

    /// Opens a range iterator. `page_size` limits it to one page (read-only transactions only).
    pub fn range(
        &mut self,
        namespace: &str,
        start: &str,
        end: &str,
        page_size: Option<u32>,
    ) -> Result<RangeId, LedgerError> {
        if page_size.is_some() {
            if self.wrote {
                return Err(self.unsupported("Paginated queries are supported only in a read-only transaction"));
            }
            self.paginated = true;
        }
        self.usage.namespace(namespace);
        Ok(self.ranges.open(
            self.view.range(namespace, start, end),
            namespace,
            (start, end),
            page_size,
        ))
    }

    /// The next row of a range, recorded as read; `None` when it is exhausted.
    pub fn range_next(&mut self, range: RangeId) -> Result<Option<queryresult::Kv>, LedgerError> {
        self.ranges.next(range)
    }

    /// Key of the row after the last one that was returned, empty when there is none; not recorded as read. Closes the
    /// range. The bookmark of a paginated query.
    pub fn range_bookmark(&mut self, range: RangeId) -> Result<String, LedgerError> {
        self.ranges.bookmark(range)
    }

    /// Frees what the iterator holds; what was read stays recorded.
    pub fn range_close(&mut self, range: RangeId) {
        self.ranges.close(range);
    }

    /// Refuses when what this peer has is not what the chain vouches for.
    pub fn get_private(
        &mut self,
        namespace: &str,
        collection: &str,
        key: &str,
    ) -> Result<Option<Vec<u8>>, LedgerError> {
        self.check_collection(namespace, collection)?;
        let clear = self.view.private(namespace, collection, key)?;
        let hashed = self
            .view
            .private_hash(namespace, collection, &crypto::sha256(key.as_bytes()))?;
        let version = clear.as_ref().map(|versioned| versioned.version);
        let hash_version = hashed.map(|versioned| versioned.version);
        if version != hash_version {
            let text = |v: Option<crate::Version>| match v {
                Some(v) => format!("{{BlockNum: {}, TxNum: {}}}", v.block, v.tx),
                None => "<nil>".to_owned(),
            };
            return Err(LedgerError::Refused(format!(
                "private data matching public hash version is not available. Public hash version = {}, \
                 Private data version = {}",
                text(hash_version),
                text(version)
            )));
        }
        self.rwset.read_private(namespace, collection, key, version);
        self.usage.collection(namespace, collection).private_reads = true;
        Ok(clear.map(|versioned| versioned.value))
    }

    /// What the hashed state has of a private key, noted as read.
    fn read_hashed(
        &mut self,
        namespace: &str,
        collection: &str,
        key: &str,
    ) -> Result<Option<Versioned>, LedgerError> {
        self.check_collection(namespace, collection)?;
        let found = self
            .view
            .private_hash(namespace, collection, &crypto::sha256(key.as_bytes()))?;
        self.rwset.read_private(
            namespace,
            collection,
            key,
            found.as_ref().map(|versioned| versioned.version),
        );
        self.usage.namespace(namespace);
        Ok(found)
    }

    /// Needs no private data in clear, and is no private read for the endorsement interest.
    pub fn get_private_hash(
        &mut self,
        namespace: &str,
        collection: &str,
        key: &str,
    ) -> Result<Option<Vec<u8>>, LedgerError> {
        let found = self.read_hashed(namespace, collection, key)?;
        Ok(found.map(|versioned| versioned.value))
    }

    /// An empty value deletes the key.
    pub fn set_private(
        &mut self,
        namespace: &str,
        collection: &str,
        key: &str,
        value: &[u8],
    ) -> Result<(), LedgerError> {
        self.check_collection(namespace, collection)?;
        self.check_write()?;
        self.rwset.write_private(namespace, collection, key, value, false);
        self.usage.write_private(namespace, collection, key);
        Ok(())
    }

    pub fn delete_private(&mut self, namespace: &str, collection: &str, key: &str) -> Result<(), LedgerError> {
        self.set_private(namespace, collection, key, &[])
    }

    /// Deletes the key and every earlier value of it.
    pub fn purge_private(&mut self, namespace: &str, collection: &str, key: &str) -> Result<(), LedgerError> {
        self.check_collection(namespace, collection)?;
        self.check_write()?;
        self.rwset.write_private(namespace, collection, key, &[], true);
        self.usage.write_private(namespace, collection, key);
        Ok(())
    }

    pub fn get_private_metadata(
        &mut self,
        namespace: &str,
        collection: &str,
        key: &str,
    ) -> Result<Vec<(String, Vec<u8>)>, LedgerError> {
        let found = self.read_hashed(namespace, collection, key)?;
        Ok(found
            .map(|versioned| metadata_entries(&versioned.metadata))
            .unwrap_or_default())
    }

    pub fn set_private_metadata(
        &mut self,
        namespace: &str,
        collection: &str,
        key: &str,
        entries: Vec<(String, Vec<u8>)>,
    ) -> Result<(), LedgerError> {
        self.check_collection(namespace, collection)?;
        self.check_write()?;
        self.rwset.write_private_metadata(namespace, collection, key, entries);
        self.usage.write_private(namespace, collection, key);
        Ok(())
    }

    /// Opens an iterator over private values in clear; nothing of it is recorded (read-only transactions only).
    pub fn private_range(
        &mut self,
        namespace: &str,
        collection: &str,
        start: &str,
        end: &str,
    ) -> Result<RangeId, LedgerError> {
        if self.wrote {
            return Err(self.unsupported("Queries on pvt data is supported only in a read-only transaction"));
        }
        self.queried_private = true;
        self.check_collection(namespace, collection)?;
        Ok(self
            .ranges
            .open_unrecorded(self.view.private_range(namespace, collection, start, end), namespace))
    }

    /// Committed modifications of a public key, newest first. Nothing of it is recorded.
    pub fn history(&mut self, namespace: &str, key: &str) -> Result<Vec<queryresult::KeyModification>, LedgerError> {
        history::read(namespace, key, self.view.snapshot(), &self.blocks).collect()
    }

    /// Ends the simulation.
    pub fn finish(mut self) -> Result<SimulationResults, LedgerError> {
        for (namespace, range) in self.ranges.finish() {
            self.rwset.range(&namespace, range);
        }
        let built = self.rwset.build();
        Ok(SimulationResults {
            public: built.public.encode_to_vec(),
            private: built.private,
            namespaces: self.usage.finish(),
        })
    }

    fn check_write(&mut self) -> Result<(), LedgerError> {
        if self.queried_private {
            let reason = "Transaction has already performed queries on pvt data. Writes are not allowed";
            return Err(self.unsupported(reason));
        }
        if self.paginated {
            let reason = "Transaction has already performed a paginated query. Writes are not allowed";
            return Err(self.unsupported(reason));
        }
        self.wrote = true;
        Ok(())
    }

    /// Refuses collections that the committed definition does not have. The definition's keys are recorded as read.
    fn check_collection(&mut self, namespace: &str, collection: &str) -> Result<(), LedgerError> {
        let (view, rwset, usage) = (&self.view, &mut self.rwset, &mut self.usage);
        self.collections.check(namespace, collection, |read_namespace, key| {
            let found = view.get(read_namespace, key)?;
            rwset.read(read_namespace, key, found.as_ref().map(|versioned| versioned.version));
            usage.namespace(read_namespace);
            Ok(found.map(|versioned| versioned.value))
        })
    }

    /// The spelling is stock's.
    fn unsupported(&self, reason: &str) -> LedgerError {
        LedgerError::Refused(format!("txid [{}]: unsuppored transaction. {reason}", self.tx_id))
    }
}

//! A peer's ledger of one channel: blocks plus everything that is derived from them.

mod commit;
mod definitions;
mod organizations;
mod replay;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use entente_fabric::proto::common::{Block, BlockchainInfo};
use entente_fabric::proto::protos::TxValidationCode;
use entente_fabric::proto::queryresult::KeyModification;
use parking_lot::Mutex;

use crate::lifecycle::{Definition, DefinitionError};
use crate::private::PrivateData;
use crate::simulate::Simulator;
use crate::state::{Versioned, View, corrupt};
use crate::store::{Database, Memory, Table, Tables};
use crate::{BlockStore, LedgerError, Version, history, keys};

pub(crate) use organizations::Organizations;

/// The ledgers of one peer: a folder with one database for all channels and the blocks of each.
#[derive(Clone)]
pub struct Ledgers {
    dir: PathBuf,
    database: Database,
}

impl Ledgers {
    /// Opens or creates the folder. One process at a time.
    pub fn open(dir: &Path, memory: Memory) -> Result<Ledgers, LedgerError> {
        std::fs::create_dir_all(dir).map_err(|e| LedgerError::io(format!("cannot create {}", dir.display()), e))?;
        Ok(Ledgers {
            dir: dir.to_owned(),
            database: Database::open(&dir.join("state"), memory)?,
        })
    }

    /// Channels that have a ledger here, in order.
    pub fn channels(&self) -> Result<Vec<String>, LedgerError> {
        let chains = self.dir.join("chains");
        let entries = match std::fs::read_dir(&chains) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|e| LedgerError::io(format!("cannot list {}", chains.display()), e))?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|e| LedgerError::io(format!("cannot list {}", chains.display()), e))?;
            names.extend(entry.file_name().into_string());
        }
        names.sort();
        Ok(names)
    }

    /// Opens or creates the ledger of `channel`, replaying blocks that the database has not seen.
    pub fn ledger(&self, channel: &str) -> Result<Ledger, LedgerError> {
        if channel.is_empty()
            || !channel
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
        {
            return Err(LedgerError::Refused(format!("{channel:?} is no channel name")));
        }
        let blocks = BlockStore::open(&self.dir.join("chains").join(channel))?;
        let tables = self.database.tables(channel)?;
        let inner = Inner {
            channel: channel.to_owned(),
            blocks,
            tables,
            committer: Mutex::default(),
            definitions: Default::default(),
            organizations: Default::default(),
        };
        let ledger = Ledger { inner: Arc::new(inner) };
        replay::run(&ledger)?;
        Ok(ledger)
    }
}

/// One channel's ledger. Cheap to clone; one committer, many readers.
#[derive(Clone)]
pub struct Ledger {
    inner: Arc<Inner>,
}

struct Inner {
    channel: String,
    blocks: BlockStore,
    tables: Tables,
    committer: Mutex<commit::Committer>,
    definitions: definitions::Cache,
    organizations: organizations::Cache,
}

/// Where a transaction stands in the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TxLocation {
    pub version: Version,
    pub code: TxValidationCode,
}

impl Ledger {
    /// Opens or creates the ledger of `channel` in a folder of its own.
    pub fn open(dir: &Path, channel: &str) -> Result<Ledger, LedgerError> {
        Ledgers::open(dir, Memory::default())?.ledger(channel)
    }

    pub fn channel(&self) -> &str {
        &self.inner.channel
    }

    pub fn blocks(&self) -> &BlockStore {
        &self.inner.blocks
    }

    pub fn height(&self) -> u64 {
        self.blocks().height()
    }

    /// What qscc tells of the chain.
    pub fn info(&self) -> BlockchainInfo {
        let tip = self.blocks().tip();
        BlockchainInfo {
            height: self.height(),
            current_block_hash: tip
                .as_ref()
                .map_or_else(Vec::new, |t| entente_fabric::block::header_hash(t).to_vec()),
            previous_block_hash: tip.map_or_else(Vec::new, |tip| tip.previous_hash),
            bootstrapping_snapshot_info: None,
        }
    }

    /// First occurrence of a transaction id among committed transactions, valid or not.
    pub fn transaction(&self, tx_id: &str) -> Result<Option<TxLocation>, LedgerError> {
        let row = keys::transaction(tx_id);
        let value = self.inner.tables.get(Table::Index, &row)?;
        value
            .map(|value| commit::decode_location(&value).ok_or_else(|| corrupt(&row)))
            .transpose()
    }

    pub fn block_number_by_hash(&self, hash: &[u8]) -> Result<Option<u64>, LedgerError> {
        let row = keys::block_hash(hash);
        let value = self.inner.tables.get(Table::Index, &row)?;
        let number = |value: &[u8]| value.try_into().map(u64::from_be_bytes).map_err(|_| corrupt(&row));
        value.map(|value| number(&value)).transpose()
    }

    /// The state as of the last commit.
    pub fn view(&self) -> View {
        View::new(self.inner.tables.snapshot())
    }

    /// Starts a simulation on the state as it is now.
    pub fn simulator(&self, tx_id: &str) -> Result<Simulator, LedgerError> {
        let view = self.view();
        let organizations = self.inner.organizations.of(&view)?;
        Ok(Simulator::new(tx_id, view, self.blocks().clone(), organizations))
    }

    /// Committed public state, outside of any simulation.
    pub fn state(&self, namespace: &str, key: &str) -> Result<Option<Versioned>, LedgerError> {
        self.view().get(namespace, key)
    }

    /// Committed public keys with `prefix`, in order.
    pub fn state_with_prefix(&self, namespace: &str, prefix: &str) -> Result<Vec<(String, Versioned)>, LedgerError> {
        let rows = self.view().range(namespace, prefix, "");
        rows.take_while(|row| row.as_ref().map_or(true, |(key, _)| key.starts_with(prefix)))
            .collect()
    }

    /// Committed hashed private state; `key_hash` is SHA-256 of the key, the value is SHA-256 of the value.
    pub fn private_hash(
        &self,
        namespace: &str,
        collection: &str,
        key_hash: &[u8],
    ) -> Result<Option<Versioned>, LedgerError> {
        self.view().private_hash(namespace, collection, key_hash)
    }

    /// Committed modifications of a public key, newest first, at most `limit`.
    pub fn history(&self, namespace: &str, key: &str, limit: usize) -> Result<Vec<KeyModification>, LedgerError> {
        history::read(namespace, key, &self.inner.tables.snapshot(), self.blocks())
            .take(limit)
            .collect()
    }

    /// The committed definition of a chaincode. Remembered until a block changes one.
    pub fn definition(&self, name: &str) -> Result<Option<Arc<Definition>>, DefinitionError> {
        self.inner.definitions.get(name, || self.view())
    }

    /// Commits the next block. `codes` is the outcome of signature and policy validation; MVCC is settled here, and the
    /// final codes and commit hash are written into the stored block's metadata. Durable when it returns.
    pub fn commit(&self, block: Block, codes: Vec<TxValidationCode>) -> Result<Arc<Committed>, LedgerError> {
        self.commit_with(block, codes, PrivateData::new())
    }

    /// Commits the next block together with what this peer has of its private data in clear.
    pub fn commit_with(
        &self,
        block: Block,
        codes: Vec<TxValidationCode>,
        private: PrivateData,
    ) -> Result<Arc<Committed>, LedgerError> {
        commit::block(&self.inner, block, codes, private)
    }
}

/// A block as it was committed.
#[derive(Debug)]
pub struct Committed {
    pub block: Block,
    pub codes: Vec<TxValidationCode>,
    pub commit_hash: Vec<u8>,
}

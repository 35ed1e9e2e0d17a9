//! The seam to the key-value store: two ordered tables a channel, atomic batches over both, snapshots, explicit sync.
//!
//! Nothing outside this file knows which store it is. What is kept here can be derived from the blocks again, with the
//! exception of private data in clear.

use std::path::Path;

use fjall::{KeyspaceCreateOptions, PersistMode, Readable as _};

use crate::LedgerError;

/// Memory that the database of one node may use.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    /// For blocks of the tables that were read lately, all channels together.
    pub cache_bytes: u64,
    /// For what each table of a channel holds before it is written out.
    pub memtable_bytes: u64,
}

impl Default for Memory {
    /// Small: a peer with one idle channel is to stay near its code's size.
    fn default() -> Memory {
        Memory {
            cache_bytes: 8 << 20,
            memtable_bytes: 8 << 20,
        }
    }
}

/// One node's database, shared by its channels.
#[derive(Clone)]
pub struct Database {
    db: fjall::Database,
    memory: Memory,
}

impl Database {
    /// Opens or creates the database in `dir`. One process at a time.
    pub fn open(dir: &Path, memory: Memory) -> Result<Database, LedgerError> {
        let builder = fjall::Database::builder(dir)
            .cache_size(memory.cache_bytes)
            // What matters is the order of commits, which one thread keeps; compaction needs no more.
            .worker_threads(1)
            .max_cached_files(Some(128))
            .max_journaling_size(64 << 20);
        Ok(Database {
            db: builder.open()?,
            memory,
        })
    }

    /// The tables of `channel`, created when they are missing.
    pub(crate) fn tables(&self, channel: &str) -> Result<Tables, LedgerError> {
        let options = || KeyspaceCreateOptions::default().max_memtable_size(self.memory.memtable_bytes);
        let state = self.db.keyspace(&format!("state:{channel}"), options)?;
        let index = self.db.keyspace(&format!("index:{channel}"), options)?;
        Ok(Tables {
            db: self.db.clone(),
            state,
            index,
        })
    }
}

/// Which of a channel's tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Table {
    /// Current values, by namespace and key.
    State,
    /// Everything that only grows or is looked up by something else: transaction ids, history, expiry.
    Index,
}

/// A channel's tables.
#[derive(Clone)]
pub(crate) struct Tables {
    db: fjall::Database,
    state: fjall::Keyspace,
    index: fjall::Keyspace,
}

pub(crate) type Bytes = fjall::Slice;

impl Tables {
    /// What is committed now; later commits do not show in it.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            snapshot: self.db.snapshot(),
            tables: self.clone(),
        }
    }

    pub fn batch(&self) -> Batch {
        Batch {
            batch: self.db.batch(),
            tables: self.clone(),
        }
    }

    /// Reads what is committed now.
    pub fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>, LedgerError> {
        Ok(self.keyspace(table).get(key)?)
    }

    /// Makes everything committed so far survive a loss of power.
    pub fn sync(&self) -> Result<(), LedgerError> {
        Ok(self.db.persist(PersistMode::SyncData)?)
    }

    fn keyspace(&self, table: Table) -> &fjall::Keyspace {
        match table {
            Table::State => &self.state,
            Table::Index => &self.index,
        }
    }
}

/// Changes that become visible together or not at all. A key may be changed once.
pub(crate) struct Batch {
    batch: fjall::OwnedWriteBatch,
    tables: Tables,
}

impl Batch {
    pub fn put(&mut self, table: Table, key: &[u8], value: &[u8]) {
        self.batch.insert(self.tables.keyspace(table), key, value);
    }

    pub fn delete(&mut self, table: Table, key: &[u8]) {
        self.batch.remove(self.tables.keyspace(table), key);
    }

    /// Survives the end of the process at once, a loss of power after the next [`Tables::sync`].
    pub fn commit(self) -> Result<(), LedgerError> {
        Ok(self.batch.durability(Some(PersistMode::Buffer)).commit()?)
    }
}

/// The tables as they were at one moment.
#[derive(Clone)]
pub(crate) struct Snapshot {
    snapshot: fjall::Snapshot,
    tables: Tables,
}

pub(crate) type Row = (Bytes, Bytes);

impl Snapshot {
    pub fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>, LedgerError> {
        Ok(self.snapshot.get(self.tables.keyspace(table), key)?)
    }

    /// Rows with `start <= key < end`, in order of key, from either end.
    pub fn range(&self, table: Table, start: Vec<u8>, end: Vec<u8>) -> Rows {
        // The store panics on a range that runs backwards.
        let end = if end < start { start.clone() } else { end };
        Rows {
            rows: self.snapshot.range(self.tables.keyspace(table), start..end),
        }
    }
}

/// Rows of a range.
pub(crate) struct Rows {
    rows: fjall::Iter,
}

impl Iterator for Rows {
    type Item = Result<Row, LedgerError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.rows.next().map(|row| row.into_inner().map_err(LedgerError::from))
    }
}

impl DoubleEndedIterator for Rows {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.rows
            .next_back()
            .map(|row| row.into_inner().map_err(LedgerError::from))
    }
}

impl From<fjall::Error> for LedgerError {
    fn from(error: fjall::Error) -> LedgerError {
        LedgerError::Database(error.to_string())
    }
}

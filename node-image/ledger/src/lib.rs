//! A channel's ledger on disk.
//!
//! Blocks are append-only files and the truth; state, hashed private state and history are derived from them and are
//! replayed after a crash. Both engines' roles use the block store; only a peer has a [`Ledger`].

pub mod blocks;
mod commit_hash;
pub mod deliver;
mod expiry;
mod history;
mod keys;
pub mod ledger;
pub mod lifecycle;
pub mod metrics;
mod mvcc;
mod private;
pub mod rwset;
pub mod simulate;
pub mod state;
mod store;
pub mod transaction;

pub use blocks::BlockStore;
pub use ledger::{Committed, Ledger, Ledgers, TxLocation};
pub use private::PrivateData;
pub use simulate::Simulator;
pub use state::{Versioned, View};
pub use store::Memory;

/// Where in the chain a value was written: block number and position in the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    pub block: u64,
    pub tx: u64,
}

/// Why a ledger could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    #[error("{context}")]
    Io { context: String, source: std::io::Error },
    #[error("the ledger at {path} is damaged: {reason}")]
    Damaged { path: String, reason: String },
    #[error("{0}")]
    Refused(String),
    #[error("the state database failed: {0}")]
    Database(String),
}

impl LedgerError {
    fn io(context: impl Into<String>, source: std::io::Error) -> LedgerError {
        LedgerError::Io {
            context: context.into(),
            source,
        }
    }
}

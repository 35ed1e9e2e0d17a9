//! Decides the fate of each transaction of a block, before versions are settled: formats, signatures and policies.

use entente_fabric::config::Bundle;
use entente_fabric::proto::common::Block;
use entente_fabric::proto::protos::TxValidationCode;
use entente_ledger::{Ledger, LedgerError};

/// Why a block could not be judged. The channel must not go on: other peers may have judged it.
#[derive(Debug, thiserror::Error)]
pub enum ValidateError {
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("{0}")]
    Halted(String),
}

/// A judged block.
#[derive(Debug)]
pub struct Verdicts {
    /// One for each transaction, for [`Ledger::commit`].
    pub codes: Vec<TxValidationCode>,
    /// The configuration to be put in force once the block is committed.
    pub configuration: Option<Bundle>,
}

/// Judges the next block against the configuration in force and the state as of the block before.
pub fn block(_block: &Block, _bundle: &Bundle, _ledger: &Ledger) -> Result<Verdicts, ValidateError> {
    unimplemented!()
}

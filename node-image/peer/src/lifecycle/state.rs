//! Where the lifecycle reads and writes: the channel's public state, and the implicit collections.

use crate::chaincode::transaction::Transaction;
use crate::failure::Failure;

use super::{NAMESPACE, implicit};

/// The public state of `_lifecycle` in a transaction.
pub struct PublicState<'a>(pub &'a Transaction);

impl PublicState<'_> {
    pub fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, Failure> {
        self.0.simulate(|simulator| simulator.get_state(NAMESPACE, key))
    }

    pub fn put(&mut self, key: &str, value: &[u8]) -> Result<(), Failure> {
        self.0.simulate(|simulator| simulator.set_state(NAMESPACE, key, value))
    }

    /// All rows whose key begins with `prefix`, with the prefix cut off.
    pub fn with_prefix(&mut self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, Failure> {
        let range = self
            .0
            .simulate(|simulator| simulator.range(NAMESPACE, prefix, &end_of(prefix), None))?;
        rows(self.0, range, prefix)
    }
}

/// One organization's implicit collection in a transaction.
pub struct OrgState<'a> {
    transaction: &'a Transaction,
    collection: String,
}

impl<'a> OrgState<'a> {
    pub fn new(transaction: &'a Transaction, msp_id: &str) -> OrgState<'a> {
        OrgState {
            transaction,
            collection: implicit::collection(msp_id),
        }
    }

    /// SHA-256 of a value. Every peer of the channel has it, while the value itself may be on another peer of the
    /// organization; both leave the same trace in the read set.
    pub fn hash(&mut self, key: &str) -> Result<Option<Vec<u8>>, Failure> {
        self.transaction
            .simulate(|simulator| simulator.get_private_hash(NAMESPACE, &self.collection, key))
    }

    pub fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, Failure> {
        self.transaction
            .simulate(|simulator| simulator.get_private(NAMESPACE, &self.collection, key))
    }

    pub fn put(&mut self, key: &str, value: &[u8]) -> Result<(), Failure> {
        self.transaction
            .simulate(|simulator| simulator.set_private(NAMESPACE, &self.collection, key, value))
    }

    /// All rows whose key begins with `prefix`, with the prefix cut off.
    pub fn with_prefix(&mut self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, Failure> {
        let range = self
            .transaction
            .simulate(|simulator| simulator.private_range(NAMESPACE, &self.collection, prefix, &end_of(prefix)))?;
        rows(self.transaction, range, prefix)
    }
}

/// Where a stock peer ends such a range. The range is part of the read set, so it must end exactly there.
fn end_of(prefix: &str) -> String {
    format!("{prefix}\u{7f}")
}

fn rows(
    transaction: &Transaction,
    range: entente_ledger::simulate::RangeId,
    prefix: &str,
) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let mut rows = Vec::new();
    while let Some(row) = transaction.simulate(|simulator| simulator.range_next(range))? {
        let name = row.key.strip_prefix(prefix).unwrap_or(&row.key).to_owned();
        rows.push((name, row.value));
    }
    transaction.simulate(|simulator| {
        simulator.range_close(range);
        Ok(())
    })?;
    Ok(rows)
}

//! Brings the database up to the blocks, after a crash or when it was lost. Codes are final, so versions are not settled again.

use std::sync::Arc;

use entente_fabric::block;
use entente_fabric::proto::common::{Block, BlockMetadataIndex, Metadata};
use entente_fabric::proto::protos::TxValidationCode;
use entente_fabric::proto::rwset::TxPvtReadWriteSet;
use prost::Message as _;

use super::commit::Work;
use super::{Inner, Ledger};
use crate::lifecycle::NAMESPACE as LIFECYCLE;
use crate::private::PrivateData;
use crate::state::{View, corrupt};
use crate::store::{Snapshot, Table};
use crate::{LedgerError, keys, mvcc};

pub(super) fn run(ledger: &Ledger) -> Result<(), LedgerError> {
    let inner = &ledger.inner;
    let height = inner.blocks.height();
    let savepoint = savepoint(inner)?;
    if savepoint > height {
        return Err(LedgerError::Damaged {
            path: inner.channel.clone(),
            reason: format!(
                "the state is of block {}, but the chain ends before block {height}; restore the folder from a copy",
                savepoint - 1
            ),
        });
    }
    if savepoint < height {
        tracing::info!(
            channel = inner.channel,
            from = savepoint,
            to = height,
            "bringing the state up to the blocks"
        );
    }
    for number in savepoint..height {
        let block = stored(inner, number)?;
        apply(inner, &block)?;
    }
    if let Some(last) = height.checked_sub(1) {
        inner.committer.lock().commit_hash = commit_hash(&*stored(inner, last)?);
    }
    Ok(())
}

fn savepoint(ledger: &Inner) -> Result<u64, LedgerError> {
    let value = ledger.tables.get(Table::Index, keys::SAVEPOINT)?;
    let number = |value: &[u8]| {
        value
            .try_into()
            .map(u64::from_be_bytes)
            .map_err(|_| corrupt(keys::SAVEPOINT))
    };
    value.map_or(Ok(0), |value| number(&value))
}

fn stored(ledger: &Inner, number: u64) -> Result<Arc<Block>, LedgerError> {
    let missing = || LedgerError::Damaged {
        path: ledger.channel.clone(),
        reason: format!("block {number} is gone"),
    };
    ledger.blocks.block(number)?.ok_or_else(missing)
}

fn apply(ledger: &Inner, block: &Block) -> Result<(), LedgerError> {
    let filter = block::metadata(block, BlockMetadataIndex::TransactionsFilter);
    let code = |code: &u8| TxValidationCode::try_from(i32::from(*code)).unwrap_or(TxValidationCode::NotValidated);
    let mut work = Work::open(block, filter.iter().map(code).collect())?;
    let snapshot = ledger.tables.snapshot();
    let private = with_noted(work.number, PrivateData::new(), &snapshot)?;
    let view = View::new(snapshot);
    let updates = mvcc::settle(work.number, &work.rwsets, &mut work.codes, &view, false)?;
    let lifecycle = updates.public.contains_key(LIFECYCLE);
    work.rows(ledger, block, updates, &private, &view)?.commit(ledger)?;
    if lifecycle {
        ledger.definitions.clear();
    }
    Ok(())
}

/// Adds the private data that were noted for a block before the process ended.
pub(super) fn with_noted(
    number: u64,
    mut data: PrivateData,
    snapshot: &Snapshot,
) -> Result<PrivateData, LedgerError> {
    let prefix = keys::pending_private(number, 0);
    let prefix = &prefix[..prefix.len() - 8];
    for row in snapshot.range(Table::Index, prefix.to_vec(), keys::after(prefix)) {
        let (name, value) = row?;
        let at = name
            .last_chunk::<8>()
            .copied()
            .map(u64::from_be_bytes)
            .ok_or_else(|| corrupt(&name))?;
        let noted = TxPvtReadWriteSet::decode(&*value).map_err(|_| corrupt(&name))?;
        data.entry(at).or_insert(noted);
    }
    Ok(data)
}

fn commit_hash(block: &Block) -> Vec<u8> {
    let slot = block::metadata(block, BlockMetadataIndex::CommitHash);
    Metadata::decode(slot)
        .map(|metadata| metadata.value)
        .unwrap_or_default()
}

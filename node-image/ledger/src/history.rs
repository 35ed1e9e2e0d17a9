//! Every modification of a public key by a valid transaction (`core/ledger/kvledger/history`).
//!
//! The index holds where; what was written is read from the block.

use entente_fabric::proto::queryresult::KeyModification;

use crate::rwset::{TxRwSet, is_delete};
use crate::store::{Snapshot, Table};
use crate::transaction::{self, Opened};
use crate::{BlockStore, LedgerError, Version, keys};

/// Rows of the modifications that a transaction makes.
pub(crate) fn rows(rwset: &TxRwSet, version: Version) -> impl Iterator<Item = Vec<u8>> {
    rwset.namespaces.iter().flat_map(move |ns| {
        let writes = ns.public.writes.iter();
        writes.map(move |write| keys::modification(&keys::history(&ns.namespace, &write.key), version))
    })
}

/// Modifications of one key, newest first.
pub(crate) fn read(
    namespace: &str,
    key: &str,
    snapshot: &Snapshot,
    blocks: &BlockStore,
) -> impl Iterator<Item = Result<KeyModification, LedgerError>> {
    let prefix = keys::history(namespace, key);
    let rows = snapshot.range(Table::Index, prefix.clone(), keys::after(&prefix)).rev();
    rows.map(move |row| {
        let (name, _) = row?;
        let version = keys::modified_at(&name).ok_or_else(|| crate::state::corrupt(&name))?;
        modification(namespace, key, version, blocks)?.ok_or_else(|| {
            let place = format!("block {} transaction {}", version.block, version.tx);
            LedgerError::Database(format!(
                "the history of {key:?} in {namespace} names {place}, which does not write it"
            ))
        })
    })
}

fn modification(
    namespace: &str,
    key: &str,
    version: Version,
    blocks: &BlockStore,
) -> Result<Option<KeyModification>, LedgerError> {
    let Some(block) = blocks.block(version.block)? else {
        return Ok(None);
    };
    let envelope = usize::try_from(version.tx)
        .ok()
        .and_then(|at| block.data.as_ref()?.data.get(at));
    Ok(envelope
        .and_then(|envelope| transaction::open(envelope))
        .and_then(|opened| find(opened, namespace, key)))
}

/// Of several writes of the key the first is reported, which need not be what took effect.
fn find(opened: Opened, namespace: &str, key: &str) -> Option<KeyModification> {
    let rwset = opened.rwset().ok()??;
    let ns = rwset.namespaces.into_iter().find(|ns| ns.namespace == namespace)?;
    let write = ns.public.writes.into_iter().find(|write| write.key == key)?;
    Some(KeyModification {
        tx_id: opened.channel_header.tx_id,
        is_delete: is_delete(&write),
        value: write.value,
        timestamp: opened.channel_header.timestamp,
    })
}

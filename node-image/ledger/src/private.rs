//! Private data in clear: what of it a block changes, as far as this peer was given it
//! (`validation/batch_preparer.go`, `validateAndPreparePvtBatch`).

use std::collections::BTreeMap;

use entente_fabric::crypto;
use entente_fabric::proto::kvrwset::KvrwSet;
use entente_fabric::proto::rwset::TxPvtReadWriteSet;
use prost::Message as _;

use crate::mvcc::updates::{Change, CollectionChanges, Updates};
use crate::rwset::{TxRwSet, is_delete};
use crate::state::View;
use crate::{LedgerError, Version};

/// Private writes of a block's transactions in clear, by position in the block.
pub type PrivateData = BTreeMap<u64, TxPvtReadWriteSet>;

/// Changes of private values in clear.
pub type PrivateChanges = CollectionChanges<String>;

/// Keeps of `data` what the block vouches for: collections whose hash stands in a transaction's read-write set.
pub fn vouched(data: PrivateData, rwsets: &[Option<TxRwSet>]) -> PrivateData {
    let mut kept = PrivateData::new();
    for (at, mut set) in data {
        let Some(rwset) = usize::try_from(at)
            .ok()
            .and_then(|at| rwsets.get(at))
            .and_then(Option::as_ref)
        else {
            continue;
        };
        for ns in &mut set.ns_pvt_rwset {
            ns.collection_pvt_rwset.retain(|collection| {
                let expected = recorded_hash(rwset, &ns.namespace, &collection.collection_name);
                let matches = expected.is_some_and(|hash| hash == crypto::sha256(&collection.rwset));
                if !matches {
                    let (namespace, collection) = (&ns.namespace, &collection.collection_name);
                    tracing::warn!(
                        tx = at,
                        namespace,
                        collection,
                        "dropped private data that the block does not vouch for"
                    );
                }
                matches
            });
        }
        set.ns_pvt_rwset.retain(|ns| !ns.collection_pvt_rwset.is_empty());
        if !set.ns_pvt_rwset.is_empty() {
            kept.insert(at, set);
        }
    }
    kept
}

fn recorded_hash<'a>(rwset: &'a TxRwSet, namespace: &str, collection: &str) -> Option<&'a [u8]> {
    let ns = rwset.namespaces.iter().find(|ns| ns.namespace == namespace)?;
    let set = ns.collections.iter().find(|set| set.collection == collection)?;
    Some(&set.private_hash)
}

/// What the valid transactions of block `number` change in clear. `valid` says which they are.
pub fn changes(
    number: u64,
    data: &PrivateData,
    valid: impl Fn(u64) -> bool,
    updates: &Updates,
    view: &View,
) -> Result<PrivateChanges, LedgerError> {
    let mut changes = PrivateChanges::new();
    let mut with_metadata = Vec::new();
    for (at, set) in data.iter().filter(|(at, _)| valid(**at)) {
        let version = Version { block: number, tx: *at };
        for ns in &set.ns_pvt_rwset {
            for collection in &ns.collection_pvt_rwset {
                let Ok(writes) = KvrwSet::decode(collection.rwset.as_slice()) else {
                    continue;
                };
                let name = &collection.collection_name;
                for write in writes.writes {
                    let value = (!is_delete(&write)).then_some(write.value);
                    set_change(&mut changes, &ns.namespace, name, write.key, value, version);
                }
                let keys = writes.metadata_writes.into_iter().map(|write| write.key);
                with_metadata.extend(keys.map(|key| (ns.namespace.clone(), name.clone(), key)));
            }
        }
    }
    for (namespace, collection, key) in with_metadata {
        follow_version(&mut changes, &namespace, &collection, key, updates, view)?;
    }
    Ok(changes)
}

/// A change of metadata alone gives the hashed key a new version; the value in clear must follow, or reads of it would
/// find the two apart (`incrementPvtdataVersionIfNeeded`).
fn follow_version(
    changes: &mut PrivateChanges,
    namespace: &str,
    collection: &str,
    key: String,
    updates: &Updates,
    view: &View,
) -> Result<(), LedgerError> {
    let key_hash = crypto::sha256(key.as_bytes());
    let Some(hashed) = updates.hashed(namespace, collection, &key_hash) else {
        return Ok(());
    };
    let Some(value_hash) = hashed.value.as_deref() else {
        return Ok(());
    };
    let changed = changes
        .get(namespace)
        .and_then(|c| c.get(collection))
        .and_then(|c| c.get(&key));
    let latest = match changed {
        Some(change) => change.value.clone().map(|value| (value, change.version)),
        None => view
            .private(namespace, collection, &key)?
            .map(|found| (found.value, found.version)),
    };
    // The value at hand may be an old one, when newer private data never reached this peer.
    let Some((value, version)) = latest else { return Ok(()) };
    if version != hashed.version && crypto::sha256(&value) == value_hash {
        set_change(changes, namespace, collection, key, Some(value), hashed.version);
    }
    Ok(())
}

/// Drops what the block purges by its hashed key, unless a later transaction of the block wrote it again. Needs the key
/// in clear, which only a peer that holds the value can know: `known` finds it.
pub fn purge(
    number: u64,
    rwsets: &[Option<TxRwSet>],
    valid: impl Fn(u64) -> bool,
    changes: &mut PrivateChanges,
    mut known: impl FnMut(&str, &str, &[u8]) -> Result<Option<String>, LedgerError>,
) -> Result<(), LedgerError> {
    for (at, rwset) in rwsets.iter().enumerate() {
        let version = Version {
            block: number,
            tx: at as u64,
        };
        for ns in rwset
            .iter()
            .filter(|_| valid(at as u64))
            .flat_map(|rwset| &rwset.namespaces)
        {
            for set in &ns.collections {
                for write in set.hashed.hashed_writes.iter().filter(|write| write.is_purge) {
                    let Some(key) = known(&ns.namespace, &set.collection, &write.key_hash)? else {
                        continue;
                    };
                    let written = changes
                        .get(&ns.namespace)
                        .and_then(|c| c.get(&set.collection)?.get(&key));
                    if written.is_none_or(|change| change.version < version) {
                        set_change(changes, &ns.namespace, &set.collection, key, None, version);
                    }
                }
            }
        }
    }
    Ok(())
}

pub(crate) fn set_change(
    changes: &mut PrivateChanges,
    namespace: &str,
    collection: &str,
    key: String,
    value: Option<Vec<u8>>,
    version: Version,
) {
    let collections = changes.entry(namespace.to_owned()).or_default();
    let change = Change {
        value,
        metadata: Vec::new(),
        version,
    };
    collections
        .entry(collection.to_owned())
        .or_default()
        .insert(key, change);
}

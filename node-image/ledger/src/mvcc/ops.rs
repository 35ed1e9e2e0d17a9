//! What a transaction's writes amount to, key by key (`validation/tx_ops.go`).
//!
//! Stock adds up flags, one for each kind of write. That a key is written twice never happens in an honest read-write
//! set; in a hostile one the sum stands for another kind of write, and all peers must agree on which.

use std::collections::BTreeMap;

use entente_fabric::proto::kvrwset::{KvMetadataEntry, KvMetadataWrite};
use prost::Message as _;

use super::updates::{Change, Updates};
use crate::rwset::{TxRwSet, is_delete, is_hash_delete};
use crate::state::{Versioned, View};
use crate::{LedgerError, Version};

const UPSERT: u8 = 1;
const METADATA_UPDATE: u8 = 2;
const METADATA_DELETE: u8 = 4;
const DELETE: u8 = 8;

/// A key of public state, or with a collection one of hashed private state.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key<'a> {
    namespace: &'a str,
    collection: Option<&'a str>,
    key: &'a [u8],
}

#[derive(Debug, Default)]
struct Op {
    flags: u8,
    value: Option<Vec<u8>>,
    metadata: Vec<u8>,
}

impl Op {
    /// The sum wraps, as it does in stock.
    fn add(&mut self, flag: u8) {
        self.flags = self.flags.wrapping_add(flag);
    }

    fn has(&self, flag: u8) -> bool {
        self.flags & flag == flag
    }

    fn is_upsert_and_metadata(&self) -> bool {
        self.has(UPSERT) && (self.has(METADATA_UPDATE) || self.has(METADATA_DELETE))
    }

    fn is_only_upsert(&self) -> bool {
        self.flags | UPSERT == UPSERT
    }
}

/// Adds a valid transaction's writes to those of the transactions before it. False, and nothing is added, for writes on
/// which stock stops the whole channel: a value that is neither written nor there.
pub fn apply(rwset: &TxRwSet, version: Version, updates: &mut Updates, view: &View) -> Result<bool, LedgerError> {
    let mut changes = Vec::new();
    for (key, op) in collect(rwset) {
        let change = match op {
            op if op.has(DELETE) => Change {
                value: None,
                metadata: Vec::new(),
                version,
            },
            op => {
                let Some(op) = complete(&key, op, updates, view)? else {
                    continue;
                };
                if op.value.is_none() {
                    return Ok(false);
                }
                Change {
                    value: op.value,
                    metadata: op.metadata,
                    version,
                }
            }
        };
        changes.push((key, change));
    }
    for (key, change) in changes {
        match key.collection {
            None => updates.set_public(key.namespace, String::from_utf8_lossy(key.key).into_owned(), change),
            Some(collection) => updates.set_hashed(key.namespace, collection, key.key.to_vec(), change),
        }
    }
    Ok(true)
}

fn collect(rwset: &TxRwSet) -> BTreeMap<Key<'_>, Op> {
    let mut ops: BTreeMap<Key<'_>, Op> = BTreeMap::new();
    for ns in &rwset.namespaces {
        let namespace = ns.namespace.as_str();
        for write in &ns.public.writes {
            let op = ops
                .entry(Key {
                    namespace,
                    collection: None,
                    key: write.key.as_bytes(),
                })
                .or_default();
            write_value(op, is_delete(write), &write.value);
        }
        for write in &ns.public.metadata_writes {
            let op = ops
                .entry(Key {
                    namespace,
                    collection: None,
                    key: write.key.as_bytes(),
                })
                .or_default();
            write_metadata(op, &write.entries);
        }
        for set in &ns.collections {
            // Stock tells public keys by an empty collection name, so a collection of that name is the public state.
            let collection = Some(set.collection.as_str()).filter(|name| !name.is_empty());
            for write in &set.hashed.hashed_writes {
                let op = ops
                    .entry(Key {
                        namespace,
                        collection,
                        key: &write.key_hash,
                    })
                    .or_default();
                write_value(op, is_hash_delete(write), &write.value_hash);
            }
            for write in &set.hashed.metadata_writes {
                let op = ops
                    .entry(Key {
                        namespace,
                        collection,
                        key: &write.key_hash,
                    })
                    .or_default();
                write_metadata(op, &write.entries);
            }
        }
    }
    ops
}

fn write_value(op: &mut Op, delete: bool, value: &[u8]) {
    if delete {
        op.add(DELETE);
    } else {
        op.add(UPSERT);
        op.value = Some(value.to_vec());
    }
}

fn write_metadata(op: &mut Op, entries: &[KvMetadataEntry]) {
    if entries.is_empty() {
        op.add(METADATA_DELETE);
    } else {
        op.add(METADATA_UPDATE);
        op.metadata = KvMetadataWrite {
            key: String::new(),
            entries: entries.to_vec(),
        }
        .encode_to_vec();
    }
}

/// Takes what the transaction does not write from the latest state; `None` when there is no value to attach metadata to.
fn complete(key: &Key<'_>, mut op: Op, updates: &Updates, view: &View) -> Result<Option<Op>, LedgerError> {
    if op.is_upsert_and_metadata() {
        return Ok(Some(op));
    }
    let latest = latest(key, updates, view)?;
    if op.is_only_upsert() {
        op.metadata = latest.map(|(_, metadata)| metadata).unwrap_or_default();
        return Ok(Some(op));
    }
    Ok(latest.map(|(value, _)| Op { value, ..op }))
}

/// Value and metadata after the transactions before this one. A key that one of them deleted has an entry without value.
type Latest = Option<(Option<Vec<u8>>, Vec<u8>)>;

fn latest(key: &Key<'_>, updates: &Updates, view: &View) -> Result<Latest, LedgerError> {
    let namespace = key.namespace;
    let from_change = |change: &Change| (change.value.clone(), change.metadata.clone());
    let from_state = |versioned: Versioned| (Some(versioned.value), versioned.metadata);
    match key.collection {
        None => {
            let name = String::from_utf8_lossy(key.key);
            match updates.public(namespace, &name) {
                Some(change) => Ok(Some(from_change(change))),
                None => Ok(view.get(namespace, &name)?.map(from_state)),
            }
        }
        Some(collection) => match updates.hashed(namespace, collection, key.key) {
            Some(change) => Ok(Some(from_change(change))),
            None => Ok(view.private_hash(namespace, collection, key.key)?.map(from_state)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn op(flags: &[u8]) -> Op {
        let mut op = Op::default();
        flags.iter().for_each(|flag| op.add(*flag));
        op
    }

    #[derive(Debug, PartialEq)]
    enum Meaning {
        Delete,
        ValueAndMetadata,
        ValueOnly,
        MetadataOnly,
    }

    fn meaning(op: &Op) -> Meaning {
        match op {
            op if op.has(DELETE) => Meaning::Delete,
            op if op.is_upsert_and_metadata() => Meaning::ValueAndMetadata,
            op if op.is_only_upsert() => Meaning::ValueOnly,
            _ => Meaning::MetadataOnly,
        }
    }

    #[test]
    fn repeated_writes_mean_what_the_sum_of_their_flags_means() {
        let table = [
            (op(&[UPSERT]), Meaning::ValueOnly),
            (op(&[DELETE]), Meaning::Delete),
            (op(&[METADATA_UPDATE]), Meaning::MetadataOnly),
            (op(&[METADATA_DELETE]), Meaning::MetadataOnly),
            (op(&[UPSERT, METADATA_UPDATE]), Meaning::ValueAndMetadata),
            (op(&[UPSERT, METADATA_DELETE]), Meaning::ValueAndMetadata),
            (op(&[UPSERT, UPSERT]), Meaning::MetadataOnly),
            (op(&[UPSERT, UPSERT, UPSERT]), Meaning::ValueAndMetadata),
            (op(&[UPSERT; 8]), Meaning::Delete),
            (op(&[DELETE, DELETE]), Meaning::MetadataOnly),
            (op(&[DELETE, DELETE, DELETE]), Meaning::Delete),
            (op(&[METADATA_UPDATE, METADATA_UPDATE]), Meaning::MetadataOnly),
            (op(&[METADATA_DELETE, METADATA_DELETE]), Meaning::Delete),
            (op(&[DELETE; 32]), Meaning::ValueOnly),
        ];

        for (op, wanted) in table {
            assert_eq!(meaning(&op), wanted, "flags {}", op.flags);
        }
    }
}

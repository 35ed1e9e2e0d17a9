//! Private data that live for a number of blocks only (`pvtstatepurgemgmt/purge_mgr.go`).
//!
//! What block `n` wrote to a collection with block-to-live `b` goes with the commit of block `n + b + 1`, after that
//! block was validated, unless it was written again meanwhile. Hashed keys go as well, so this decides later reads.

use std::collections::BTreeMap;

use entente_fabric::crypto;

use crate::mvcc::updates::{Change, Updates};
use crate::private::{PrivateChanges, set_change};
use crate::state::{View, put_bytes, take_bytes};
use crate::store::{Snapshot, Table};
use crate::{LedgerError, Version, keys};

/// A private key to be dropped: namespace, collection, hash of the key, and the key in clear when it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    namespace: String,
    collection: String,
    key_hash: Vec<u8>,
    key: Option<String>,
}

/// Name and value of a row of the index.
type ExpiryRow = (Vec<u8>, Vec<u8>);

/// Rows that say when the block's private writes expire. `block_to_live` is 0 for collections that keep their data.
pub fn schedule(
    number: u64,
    updates: &Updates,
    private: &PrivateChanges,
    mut block_to_live: impl FnMut(&str, &str) -> Result<u64, LedgerError>,
) -> Result<Vec<ExpiryRow>, LedgerError> {
    let mut entries: BTreeMap<(String, String, Vec<u8>), Option<String>> = BTreeMap::new();
    let mut add = |namespace: &str, collection: &str, key_hash: Vec<u8>, key: Option<String>, change: &Change| {
        if change.value.is_some() {
            entries
                .entry((namespace.to_owned(), collection.to_owned(), key_hash))
                .or_insert(key);
        }
    };
    for (namespace, collection, key, change) in flat(private) {
        add(
            namespace,
            collection,
            crypto::sha256(key.as_bytes()).to_vec(),
            Some(key.clone()),
            change,
        );
    }
    for (namespace, collection, key_hash, change) in flat(&updates.hashed) {
        add(namespace, collection, key_hash.clone(), None, change);
    }
    let mut rows = Vec::new();
    for ((namespace, collection, key_hash), key) in entries {
        let lives = block_to_live(&namespace, &collection)?;
        let Some(expires) = number
            .checked_add(lives)
            .and_then(|n| n.checked_add(1))
            .filter(|_| lives > 0)
        else {
            continue;
        };
        let entry = Entry {
            namespace,
            collection,
            key_hash,
            key,
        };
        rows.push((keys::expiry(expires, number, rows.len() as u32), entry.encode()));
    }
    Ok(rows)
}

fn flat<K>(
    changes: &BTreeMap<String, BTreeMap<String, BTreeMap<K, Change>>>,
) -> impl Iterator<Item = (&String, &String, &K, &Change)> {
    changes.iter().flat_map(|(namespace, collections)| {
        let rows = collections.iter().flat_map(move |(collection, keys)| {
            keys.iter()
                .map(move |(key, change)| (namespace, collection, key, change))
        });
        rows.collect::<Vec<_>>()
    })
}

/// Adds the deletions that are due with block `number`; returns the rows that are done with.
pub fn expire(
    number: u64,
    view: &View,
    updates: &mut Updates,
    private: &mut PrivateChanges,
) -> Result<Vec<Vec<u8>>, LedgerError> {
    let (due, done) = due(number, view.snapshot())?;
    let version = Version {
        block: number,
        tx: u64::MAX,
    };
    for ((namespace, collection, key_hash), (key, committed)) in due {
        let hashed = view.private_hash(&namespace, &collection, &key_hash)?;
        let hash_is_old = hashed.is_some_and(|found| found.version.block == committed);
        let key_is_old = match &key {
            Some(key) if !hash_is_old => view
                .private(&namespace, &collection, key)?
                .is_some_and(|found| found.version.block == committed),
            _ => hash_is_old,
        };
        if hash_is_old && updates.hashed(&namespace, &collection, &key_hash).is_none() {
            let change = Change {
                value: None,
                metadata: Vec::new(),
                version,
            };
            updates.set_hashed(&namespace, &collection, key_hash, change);
        }
        let Some(key) = key.filter(|_| key_is_old) else {
            continue;
        };
        let written = private
            .get(&namespace)
            .and_then(|c| c.get(&collection))
            .is_some_and(|c| c.contains_key(&key));
        if !written {
            set_change(private, &namespace, &collection, key, None, version);
        }
    }
    Ok(done)
}

/// Keys that are due, with the block that wrote them.
type Due = BTreeMap<(String, String, Vec<u8>), (Option<String>, u64)>;

fn due(number: u64, snapshot: &Snapshot) -> Result<(Due, Vec<Vec<u8>>), LedgerError> {
    let prefix = keys::expiring(number);
    let (mut due, mut done) = (Due::new(), Vec::new());
    for row in snapshot.range(Table::Index, prefix.clone(), keys::after(&prefix)) {
        let (name, value) = row?;
        let committed = name
            .get(prefix.len()..)
            .and_then(|rest| rest.first_chunk::<8>())
            .copied();
        let committed = committed.ok_or_else(|| crate::state::corrupt(&name))?;
        let entry = Entry::decode(&value).ok_or_else(|| crate::state::corrupt(&name))?;
        let key = (entry.namespace, entry.collection, entry.key_hash);
        due.insert(key, (entry.key, u64::from_be_bytes(committed)));
        done.push(name.to_vec());
    }
    Ok((due, done))
}

impl Entry {
    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_bytes(self.namespace.as_bytes(), &mut out);
        put_bytes(self.collection.as_bytes(), &mut out);
        put_bytes(&self.key_hash, &mut out);
        if let Some(key) = &self.key {
            put_bytes(key.as_bytes(), &mut out);
        }
        out
    }

    fn decode(mut rest: &[u8]) -> Option<Entry> {
        let mut text = || take_bytes(&mut rest).and_then(|bytes| String::from_utf8(bytes).ok());
        let (namespace, collection) = (text()?, text()?);
        let key_hash = take_bytes(&mut rest)?;
        let key = match rest {
            [] => None,
            _ => Some(String::from_utf8(take_bytes(&mut rest)?).ok()?),
        };
        Some(Entry {
            namespace,
            collection,
            key_hash,
            key,
        })
    }
}

//! The commit hash: what peers compare to know that they hold the same state (`kv_ledger.go`, `addBlockCommitHash`;
//! `txmgr/update_batch_bytes.go`).

use entente_fabric::crypto;

use crate::Version;
use crate::mvcc::updates::{Change, Updates};

/// SHA-256 over the validation codes, what the block changes, and the commit hash before it (empty for block 1).
pub fn next(filter: &[u8], updates: &Updates, previous: &[u8]) -> [u8; 32] {
    let mut length = Vec::new();
    prost::encoding::encode_varint(filter.len() as u64, &mut length);
    crypto::sha256_parts(&[&length, filter, &update_bytes(updates), previous])
}

/// A marshalled `Updates` message. A namespace or collection is named in the first of its writes only. The channel's
/// configuration, in the namespace without a name, does not take part.
fn update_bytes(updates: &Updates) -> Vec<u8> {
    let mut out = Vec::new();
    let mut namespaces: Vec<&String> = updates.public.keys().chain(updates.hashed.keys()).collect();
    namespaces.sort();
    namespaces.dedup();
    for namespace in namespaces.into_iter().filter(|namespace| !namespace.is_empty()) {
        let mut namespace_tag = namespace.as_str();
        for (key, change) in updates.public.get(namespace).into_iter().flatten() {
            write(std::mem::take(&mut namespace_tag), "", key.as_bytes(), change, &mut out);
        }
        for (collection, changes) in updates.hashed.get(namespace).into_iter().flatten() {
            let mut collection_tag = collection.as_str();
            for (key, change) in changes {
                let (namespace, collection) =
                    (std::mem::take(&mut namespace_tag), std::mem::take(&mut collection_tag));
                write(namespace, collection, key, change, &mut out);
            }
        }
    }
    out
}

fn write(namespace: &str, collection: &str, key: &[u8], change: &Change, out: &mut Vec<u8>) {
    let mut message = Vec::with_capacity(key.len() + change.value.as_ref().map_or(0, Vec::len) + 48);
    field(1, namespace.as_bytes(), &mut message);
    field(2, collection.as_bytes(), &mut message);
    field(3, key, &mut message);
    if change.value.is_none() {
        message.extend_from_slice(&[4 << 3, 1]);
    }
    field(5, change.value.as_deref().unwrap_or_default(), &mut message);
    field(6, &version_bytes(change.version), &mut message);
    field(1, &message, out);
}

fn field(number: u8, bytes: &[u8], out: &mut Vec<u8>) {
    if !bytes.is_empty() {
        out.push(number << 3 | 2);
        prost::encoding::encode_varint(bytes.len() as u64, out);
        out.extend_from_slice(bytes);
    }
}

/// Both numbers as length and significant bytes, so that they sort by value (`common/ledger/util`).
fn version_bytes(version: Version) -> Vec<u8> {
    let mut out = Vec::with_capacity(18);
    for number in [version.block, version.tx] {
        let bytes = number.to_be_bytes();
        let significant = &bytes[number.leading_zeros() as usize / 8..];
        out.push(significant.len() as u8);
        out.extend_from_slice(significant);
    }
    out
}

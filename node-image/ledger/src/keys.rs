//! How rows are named in the tables.
//!
//! State rows are `namespace | 0x00 | key`, and private data live in namespaces of their own, exactly as a stock peer
//! lays them out in LevelDB (`statedb/stateleveldb`, `privacyenabledstate/db.go`). A read-write set may name any
//! namespace, so the layout decides which reads of odd names find something: another layout could fork the chain.

use entente_fabric::crypto;

use crate::Version;

/// The store takes keys below 64 KiB, a chaincode may write longer ones.
pub(crate) const LONGEST: usize = 60_000;
/// Keys at least this long may share their beginning with one whose end was replaced.
pub(crate) const SHARED: usize = LONGEST - 32;

/// Namespace of hashed private data.
pub(crate) fn hashed(namespace: &str, collection: &str) -> String {
    format!("{namespace}$$h{collection}")
}

/// Namespace of private data in clear.
pub(crate) fn private(namespace: &str, collection: &str) -> String {
    format!("{namespace}$$p{collection}")
}

/// The full name of a state row.
pub(crate) fn state(namespace: &str, key: &[u8]) -> Vec<u8> {
    let mut name = Vec::with_capacity(namespace.len() + 1 + key.len());
    name.extend_from_slice(namespace.as_bytes());
    name.push(0);
    name.extend_from_slice(key);
    name
}

/// Where the namespace of state rows ends: after every key.
pub(crate) fn state_end(namespace: &str) -> Vec<u8> {
    let mut name = namespace.as_bytes().to_vec();
    name.push(1);
    name
}

/// The name under which the store keeps a row: the full name, or for a very long one its beginning and its hash.
pub(crate) fn stored(mut name: Vec<u8>) -> Vec<u8> {
    if name.len() >= LONGEST {
        let hash = crypto::sha256(&name);
        name.truncate(SHARED);
        name.extend_from_slice(&hash);
    }
    name
}

/// Whether a stored name stands for a longer one.
pub(crate) fn is_shortened(stored: &[u8]) -> bool {
    stored.len() == LONGEST
}

/// Row of a transaction id. Ids that stock clients make are packed to half their size.
pub(crate) fn transaction(tx_id: &str) -> Vec<u8> {
    match hex::decode(tx_id) {
        Ok(raw) if raw.len() == 32 && !tx_id.bytes().any(|b| b.is_ascii_uppercase()) => prefixed(b't', &raw),
        _ => stored(prefixed(b'u', tx_id.as_bytes())),
    }
}

/// Row of a block hash.
pub(crate) fn block_hash(hash: &[u8]) -> Vec<u8> {
    stored(prefixed(b'b', hash))
}

/// What all history rows of a key begin with.
pub(crate) fn history(namespace: &str, key: &str) -> Vec<u8> {
    let mut name = prefixed(b'h', &(namespace.len() as u32).to_be_bytes());
    name.extend_from_slice(&(key.len() as u32).to_be_bytes());
    name.extend_from_slice(namespace.as_bytes());
    name.extend_from_slice(key.as_bytes());
    stored(name)
}

/// One modification of a key: rows are in order of the chain.
pub(crate) fn modification(history: &[u8], version: Version) -> Vec<u8> {
    let mut name = history.to_vec();
    name.extend_from_slice(&version.block.to_be_bytes());
    name.extend_from_slice(&version.tx.to_be_bytes());
    name
}

/// The version in the last 16 bytes of a modification's row.
pub(crate) fn modified_at(row: &[u8]) -> Option<Version> {
    let (block, tx) = row.last_chunk::<16>()?.split_first_chunk::<8>()?;
    Some(Version {
        block: u64::from_be_bytes(*block),
        tx: u64::from_be_bytes(tx.try_into().ok()?),
    })
}

/// What the rows of private keys that expire with `block` begin with.
pub(crate) fn expiring(block: u64) -> Vec<u8> {
    prefixed(b'e', &block.to_be_bytes())
}

/// One private key that expires with `block`, the `nth` written by `committed`.
pub(crate) fn expiry(block: u64, committed: u64, nth: u32) -> Vec<u8> {
    let mut name = expiring(block);
    name.extend_from_slice(&committed.to_be_bytes());
    name.extend_from_slice(&nth.to_be_bytes());
    name
}

/// The row that knows a private key in clear by its hash.
pub(crate) fn private_key(namespace: &str, collection: &str, key_hash: &[u8]) -> Vec<u8> {
    let lengths = [namespace.len() as u64, collection.len() as u64]
        .map(u64::to_be_bytes)
        .concat();
    let parts = [&lengths, namespace.as_bytes(), collection.as_bytes(), key_hash];
    prefixed(b'k', &crypto::sha256_parts(&parts))
}

/// Private writes of a transaction whose block is about to be stored.
pub(crate) fn pending_private(block: u64, tx: u64) -> Vec<u8> {
    let mut name = prefixed(b'p', &block.to_be_bytes());
    name.extend_from_slice(&tx.to_be_bytes());
    name
}

/// The row that says how far the tables are.
pub(crate) const SAVEPOINT: &[u8] = b"s";

/// The first name after all that begin with `prefix`.
pub(crate) fn after(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            break;
        }
    }
    end
}

fn prefixed(kind: u8, rest: &[u8]) -> Vec<u8> {
    let mut name = Vec::with_capacity(rest.len() + 1);
    name.push(kind);
    name.extend_from_slice(rest);
    name
}

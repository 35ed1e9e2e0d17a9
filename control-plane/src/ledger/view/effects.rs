//! What a transaction read and wrote.

use entente_fabric::proto::kvrwset::range_query_info::ReadsInfo;
use entente_fabric::proto::kvrwset::{self, HashedRwSet, KvrwSet, RangeQueryInfo};
use entente_fabric::proto::rwset::{CollectionHashedReadWriteSet, NsReadWriteSet, TxReadWriteSet};
use prost::Message as _;
use serde::Serialize;
use utoipa::ToSchema;

use super::Bytes;

/// What a transaction read and wrote of one contract's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContractEffects {
    /// Name of the contract.
    pub contract: String,
    /// Keys that were read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reads: Vec<Read>,
    /// Ranges of keys that were read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ranges: Vec<RangeRead>,
    /// Keys that were written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub writes: Vec<Write>,
    /// Private data, of which only hashes are on the ledger.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub collections: Vec<CollectionEffects>,
}

/// Which transaction wrote what was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StateVersion {
    /// Number of its block.
    pub block_number: u64,
    /// Its place in the block.
    pub index: u64,
}

/// A key that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Read {
    /// The key. Parts of a composite key are apart by U+0000.
    pub key: String,
    /// Which transaction had written it; absent when there was no such key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<StateVersion>,
}

/// A range of keys that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RangeRead {
    /// The first key that could be in it.
    pub start: String,
    /// The first key behind it; empty for no end.
    pub end: String,
    /// Whether the contract read it to its end.
    pub is_exhausted: bool,
    /// How many keys it gave; absent when only their hash is on the ledger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
}

/// A key that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Write {
    /// The key. Parts of a composite key are apart by U+0000.
    pub key: String,
    /// Whether it was deleted.
    pub is_delete: bool,
    /// Its new value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Bytes>,
}

/// What was read and written of one collection of private data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CollectionEffects {
    /// Name of the collection.
    pub name: String,
    /// Keys that were read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reads: Vec<HashedRead>,
    /// Keys that were written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub writes: Vec<HashedWrite>,
}

/// A private key that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HashedRead {
    /// SHA-256 of the key, hexadecimal.
    pub key_hash: String,
    /// Which transaction had written it; absent when there was no such key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<StateVersion>,
}

/// A private key that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HashedWrite {
    /// SHA-256 of the key, hexadecimal.
    pub key_hash: String,
    /// Whether it was deleted.
    pub is_delete: bool,
    /// SHA-256 of the value, hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_hash: Option<String>,
}

/// Reads the results of a simulation. Contracts of which nothing was read or written are left out.
pub(super) fn effects(results: &[u8]) -> Vec<ContractEffects> {
    let set = TxReadWriteSet::decode(results).unwrap_or_default();
    let contracts = set.ns_rwset.into_iter().map(contract);
    contracts.filter(|one| !is_empty(one)).collect()
}

fn is_empty(one: &ContractEffects) -> bool {
    one.reads.is_empty() && one.ranges.is_empty() && one.writes.is_empty() && one.collections.is_empty()
}

fn contract(set: NsReadWriteSet) -> ContractEffects {
    let public = KvrwSet::decode(&set.rwset[..]).unwrap_or_default();
    ContractEffects {
        contract: set.namespace,
        reads: public.reads.into_iter().map(read).collect(),
        ranges: public.range_queries_info.into_iter().map(range).collect(),
        writes: public.writes.into_iter().map(write).collect(),
        collections: set.collection_hashed_rwset.into_iter().map(collection).collect(),
    }
}

fn version(version: kvrwset::Version) -> StateVersion {
    StateVersion {
        block_number: version.block_num,
        index: version.tx_num,
    }
}

fn read(read: kvrwset::KvRead) -> Read {
    Read {
        key: read.key,
        version: read.version.map(version),
    }
}

fn range(query: RangeQueryInfo) -> RangeRead {
    let count = match query.reads_info {
        Some(ReadsInfo::RawReads(reads)) => Some(reads.kv_reads.len()),
        Some(ReadsInfo::ReadsMerkleHashes(_)) => None,
        None => Some(0),
    };
    RangeRead {
        start: query.start_key,
        end: query.end_key,
        is_exhausted: query.itr_exhausted,
        count,
    }
}

fn write(write: kvrwset::KvWrite) -> Write {
    Write {
        value: (!write.is_delete).then(|| Bytes::from(&write.value[..])),
        key: write.key,
        is_delete: write.is_delete,
    }
}

fn collection(set: CollectionHashedReadWriteSet) -> CollectionEffects {
    let hashed = HashedRwSet::decode(&set.hashed_rwset[..]).unwrap_or_default();
    let read = |read: kvrwset::KvReadHash| HashedRead {
        key_hash: hex::encode(read.key_hash),
        version: read.version.map(version),
    };
    let write = |write: kvrwset::KvWriteHash| HashedWrite {
        key_hash: hex::encode(write.key_hash),
        is_delete: write.is_delete,
        value_hash: (!write.is_delete).then(|| hex::encode(write.value_hash)),
    };
    CollectionEffects {
        name: set.collection_name,
        reads: hashed.hashed_reads.into_iter().map(read).collect(),
        writes: hashed.hashed_writes.into_iter().map(write).collect(),
    }
}

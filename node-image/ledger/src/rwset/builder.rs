//! Collects what a simulation does and makes the read-write set of it (`rwsetutil/rwset_builder.go`).
//!
//! Everything comes out in order of name or key, hashed entries in order of the key in clear, range queries in the
//! order in which they were opened. Of several writes of a key the last counts.

use std::collections::BTreeMap;

use entente_fabric::crypto;
use entente_fabric::proto::kvrwset::{
    HashedRwSet, KvMetadataEntry, KvMetadataWrite, KvMetadataWriteHash, KvRead, KvReadHash, KvWrite, KvWriteHash,
    KvrwSet, RangeQueryInfo,
};
use entente_fabric::proto::rwset::{
    CollectionHashedReadWriteSet, CollectionPvtReadWriteSet, NsPvtReadWriteSet, NsReadWriteSet, TxPvtReadWriteSet,
    TxReadWriteSet,
};
use prost::Message as _;

use super::{proto_version, read};
use crate::Version;

#[derive(Debug, Default)]
pub struct Builder {
    namespaces: BTreeMap<String, Namespace>,
}

#[derive(Debug, Default)]
struct Namespace {
    reads: BTreeMap<String, KvRead>,
    writes: BTreeMap<String, KvWrite>,
    metadata_writes: BTreeMap<String, KvMetadataWrite>,
    ranges: Vec<RangeQueryInfo>,
    collections: BTreeMap<String, Collection>,
}

#[derive(Debug, Default)]
struct Collection {
    reads: BTreeMap<String, KvReadHash>,
    writes: BTreeMap<String, (KvWrite, KvWriteHash)>,
    metadata_writes: BTreeMap<String, KvMetadataWriteHash>,
}

/// The two halves of a simulation's result.
#[derive(Debug, Default, PartialEq)]
pub struct Built {
    pub public: TxReadWriteSet,
    /// `None` when no collection was written to.
    pub private: Option<TxPvtReadWriteSet>,
}

impl Builder {
    pub fn read(&mut self, namespace: &str, key: &str, version: Option<Version>) {
        self.namespace(namespace)
            .reads
            .insert(key.to_owned(), read(key, version));
    }

    /// An empty value deletes the key.
    pub fn write(&mut self, namespace: &str, key: &str, value: &[u8]) {
        self.namespace(namespace)
            .writes
            .insert(key.to_owned(), write(key, value));
    }

    pub fn write_metadata(&mut self, namespace: &str, key: &str, entries: Vec<(String, Vec<u8>)>) {
        let write = KvMetadataWrite {
            key: key.to_owned(),
            entries: in_order(entries),
        };
        self.namespace(namespace).metadata_writes.insert(key.to_owned(), write);
    }

    /// A second query with the same bounds and the same end is dropped.
    pub fn range(&mut self, namespace: &str, range: RangeQueryInfo) {
        let ranges = &mut self.namespace(namespace).ranges;
        let same = |r: &RangeQueryInfo| {
            (&r.start_key, &r.end_key, r.itr_exhausted) == (&range.start_key, &range.end_key, range.itr_exhausted)
        };
        if !ranges.iter().any(same) {
            ranges.push(range);
        }
    }

    pub fn read_private(&mut self, namespace: &str, collection: &str, key: &str, version: Option<Version>) {
        let read = KvReadHash {
            key_hash: hash(key),
            version: version.map(proto_version),
        };
        self.collection(namespace, collection)
            .reads
            .insert(key.to_owned(), read);
    }

    pub fn write_private(&mut self, namespace: &str, collection: &str, key: &str, value: &[u8], purge: bool) {
        let clear = write(key, value);
        let hashed = KvWriteHash {
            key_hash: hash(key),
            is_delete: clear.is_delete,
            value_hash: if clear.is_delete {
                Vec::new()
            } else {
                crypto::sha256(value).to_vec()
            },
            is_purge: purge,
        };
        self.collection(namespace, collection)
            .writes
            .insert(key.to_owned(), (clear, hashed));
    }

    pub fn write_private_metadata(
        &mut self,
        namespace: &str,
        collection: &str,
        key: &str,
        entries: Vec<(String, Vec<u8>)>,
    ) {
        let write = KvMetadataWriteHash {
            key_hash: hash(key),
            entries: in_order(entries),
        };
        self.collection(namespace, collection)
            .metadata_writes
            .insert(key.to_owned(), write);
    }

    pub fn build(self) -> Built {
        let mut built = Built::default();
        let mut private = TxPvtReadWriteSet::default();
        for (namespace, content) in self.namespaces {
            let mut collections = Vec::new();
            let mut private_collections = Vec::new();
            for (collection_name, collection) in content.collections {
                let clear = collection.private().map(|set| set.encode_to_vec());
                collections.push(CollectionHashedReadWriteSet {
                    collection_name: collection_name.clone(),
                    hashed_rwset: collection.hashed().encode_to_vec(),
                    pvt_rwset_hash: clear
                        .as_ref()
                        .map(|set| crypto::sha256(set).to_vec())
                        .unwrap_or_default(),
                });
                private_collections.extend(clear.map(|rwset| CollectionPvtReadWriteSet { collection_name, rwset }));
            }
            if !private_collections.is_empty() {
                let collection_pvt_rwset = private_collections;
                private.ns_pvt_rwset.push(NsPvtReadWriteSet {
                    namespace: namespace.clone(),
                    collection_pvt_rwset,
                });
            }
            let public = KvrwSet {
                reads: content.reads.into_values().collect(),
                range_queries_info: content.ranges,
                writes: content.writes.into_values().collect(),
                metadata_writes: content.metadata_writes.into_values().collect(),
            };
            let rwset = public.encode_to_vec();
            built.public.ns_rwset.push(NsReadWriteSet {
                namespace,
                rwset,
                collection_hashed_rwset: collections,
            });
        }
        built.private = (!private.ns_pvt_rwset.is_empty()).then_some(private);
        built
    }

    fn namespace(&mut self, namespace: &str) -> &mut Namespace {
        self.namespaces.entry(namespace.to_owned()).or_default()
    }

    fn collection(&mut self, namespace: &str, collection: &str) -> &mut Collection {
        self.namespace(namespace)
            .collections
            .entry(collection.to_owned())
            .or_default()
    }
}

impl Collection {
    fn hashed(&self) -> HashedRwSet {
        HashedRwSet {
            hashed_reads: self.reads.values().cloned().collect(),
            hashed_writes: self.writes.values().map(|(_, hashed)| hashed.clone()).collect(),
            metadata_writes: self.metadata_writes.values().cloned().collect(),
        }
    }

    /// Metadata lives with the hashed key alone; in clear only the name of the key is kept, because a change of
    /// metadata moves the version of the private value too.
    fn private(&self) -> Option<KvrwSet> {
        let written = !self.writes.is_empty() || !self.metadata_writes.is_empty();
        written.then(|| KvrwSet {
            writes: self.writes.values().map(|(clear, _)| clear.clone()).collect(),
            metadata_writes: (self.metadata_writes.keys())
                .map(|key| KvMetadataWrite {
                    key: key.clone(),
                    entries: Vec::new(),
                })
                .collect(),
            ..Default::default()
        })
    }
}

fn write(key: &str, value: &[u8]) -> KvWrite {
    KvWrite {
        key: key.to_owned(),
        is_delete: value.is_empty(),
        value: value.to_vec(),
    }
}

fn hash(key: &str) -> Vec<u8> {
    crypto::sha256(key.as_bytes()).to_vec()
}

/// Entries in order of name, the last of each.
fn in_order(entries: Vec<(String, Vec<u8>)>) -> Vec<KvMetadataEntry> {
    let by_name: BTreeMap<String, Vec<u8>> = entries.into_iter().collect();
    by_name
        .into_iter()
        .map(|(name, value)| KvMetadataEntry { name, value })
        .collect()
}

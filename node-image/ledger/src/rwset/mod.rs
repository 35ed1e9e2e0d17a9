//! Read-write sets: building one while a transaction is simulated, reading one of a block.

pub mod builder;
pub mod merkle;

use entente_fabric::crypto;
use entente_fabric::proto::kvrwset::{HashedRwSet, KvRead, KvWrite, KvWriteHash, KvrwSet, Version as ProtoVersion};
use entente_fabric::proto::rwset::TxReadWriteSet;
use prost::Message as _;

use crate::Version;

/// What a transaction read and wrote, decoded all the way down (`rwsetutil.TxRwSet`).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TxRwSet {
    pub namespaces: Vec<NsRwSet>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct NsRwSet {
    pub namespace: String,
    pub public: KvrwSet,
    pub collections: Vec<CollectionRwSet>,
}

/// Hashed reads and writes of one collection.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CollectionRwSet {
    pub collection: String,
    pub hashed: HashedRwSet,
    /// SHA-256 of the marshalled private writes; empty when there are none.
    pub private_hash: Vec<u8>,
}

impl TxRwSet {
    /// Decodes `ChaincodeAction.results`.
    pub fn decode(bytes: &[u8]) -> Result<TxRwSet, prost::DecodeError> {
        let mut namespaces = Vec::new();
        for ns in TxReadWriteSet::decode(bytes)?.ns_rwset {
            let mut collections = Vec::with_capacity(ns.collection_hashed_rwset.len());
            for collection in ns.collection_hashed_rwset {
                collections.push(CollectionRwSet {
                    hashed: HashedRwSet::decode(collection.hashed_rwset.as_slice())?,
                    collection: collection.collection_name,
                    private_hash: collection.pvt_rwset_hash,
                });
            }
            let public = KvrwSet::decode(ns.rwset.as_slice())?;
            namespaces.push(NsRwSet {
                namespace: ns.namespace,
                public,
                collections,
            });
        }
        Ok(TxRwSet { namespaces })
    }
}

impl NsRwSet {
    /// Whether the namespace is written to, publicly or privately (`txWritesToNamespace` of the validator).
    pub fn writes(&self) -> bool {
        let hashed = |c: &CollectionRwSet| !c.hashed.hashed_writes.is_empty() || !c.hashed.metadata_writes.is_empty();
        !self.public.writes.is_empty()
            || !self.public.metadata_writes.is_empty()
            || self.collections.iter().any(hashed)
    }
}

/// Fabric deletes on an empty value too (`IsKVWriteDelete`).
pub fn is_delete(write: &KvWrite) -> bool {
    write.is_delete || write.value.is_empty()
}

/// The same for a hashed write, where the hash of nothing counts as well (`IsKVWriteHashDelete`).
pub fn is_hash_delete(write: &KvWriteHash) -> bool {
    write.is_delete || write.value_hash.is_empty() || write.value_hash == crypto::sha256(&[])
}

/// A missing version says that the key did not exist; 0,0 is a version.
pub fn version(version: Option<&ProtoVersion>) -> Option<Version> {
    version.map(|v| Version {
        block: v.block_num,
        tx: v.tx_num,
    })
}

pub(crate) fn proto_version(version: Version) -> ProtoVersion {
    ProtoVersion {
        block_num: version.block,
        tx_num: version.tx,
    }
}

pub(crate) fn read(key: &str, version: Option<Version>) -> KvRead {
    KvRead {
        key: key.to_owned(),
        version: version.map(proto_version),
    }
}

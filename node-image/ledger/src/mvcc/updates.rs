//! What a block changes: the union of what its valid transactions write.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::Version;

/// A key's new value; `None` deletes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub value: Option<Vec<u8>>,
    pub metadata: Vec<u8>,
    pub version: Version,
}

/// Changes by key.
pub type Changes<K> = BTreeMap<K, Change>;
/// Changes by namespace, collection and key.
pub type CollectionChanges<K> = BTreeMap<String, BTreeMap<String, Changes<K>>>;

/// What a block changes in public and in hashed private state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Updates {
    pub public: BTreeMap<String, Changes<String>>,
    pub hashed: CollectionChanges<Vec<u8>>,
}

impl Updates {
    pub fn public(&self, namespace: &str, key: &str) -> Option<&Change> {
        self.public.get(namespace)?.get(key)
    }

    pub fn hashed(&self, namespace: &str, collection: &str, key_hash: &[u8]) -> Option<&Change> {
        self.hashed.get(namespace)?.get(collection)?.get(key_hash)
    }

    pub fn set_public(&mut self, namespace: &str, key: String, change: Change) {
        match self.public.get_mut(namespace) {
            Some(changes) => changes.insert(key, change),
            None => self.public.entry(namespace.to_owned()).or_default().insert(key, change),
        };
    }

    pub fn set_hashed(&mut self, namespace: &str, collection: &str, key_hash: Vec<u8>, change: Change) {
        let collections = self.hashed.entry(namespace.to_owned()).or_default();
        collections
            .entry(collection.to_owned())
            .or_default()
            .insert(key_hash, change);
    }

    /// Changed public keys from `start` up to `end`, which is not included; an empty `end` means all the rest.
    pub fn range(&self, namespace: &str, start: &str, end: &str) -> Vec<(&String, &Change)> {
        let end = match end {
            "" => Bound::Unbounded,
            // A range that runs backwards holds nothing.
            end => Bound::Excluded(end.max(start)),
        };
        let changes = self.public.get(namespace).into_iter();
        changes
            .flat_map(|changes| changes.range::<str, _>((Bound::Included(start), end)))
            .collect()
    }
}

//! Facts about a simulation that decide who must endorse it.

use std::collections::{BTreeMap, BTreeSet};

/// What a simulation did in one namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamespaceUse {
    pub namespace: String,
    pub public_writes: bool,
    /// Keys written or whose metadata was written, in order.
    pub written_keys: Vec<String>,
    pub collections: Vec<CollectionUse>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CollectionUse {
    pub collection: String,
    pub private_reads: bool,
    pub private_writes: bool,
    /// Keys written or whose metadata was written, in order.
    pub written_keys: Vec<String>,
}

#[derive(Default)]
pub(super) struct Usage {
    namespaces: BTreeMap<String, Namespace>,
}

#[derive(Default)]
struct Namespace {
    written: BTreeSet<String>,
    collections: BTreeMap<String, Collection>,
}

#[derive(Default)]
pub(super) struct Collection {
    pub private_reads: bool,
    written: BTreeSet<String>,
}

impl Usage {
    /// Notes that the namespace was touched at all.
    pub fn namespace(&mut self, namespace: &str) {
        self.of(namespace);
    }

    pub fn write(&mut self, namespace: &str, key: &str) {
        self.of(namespace).written.insert(key.to_owned());
    }

    pub fn write_private(&mut self, namespace: &str, collection: &str, key: &str) {
        self.collection(namespace, collection).written.insert(key.to_owned());
    }

    pub fn collection(&mut self, namespace: &str, collection: &str) -> &mut Collection {
        self.of(namespace).collections.entry(collection.to_owned()).or_default()
    }

    fn of(&mut self, namespace: &str) -> &mut Namespace {
        if !self.namespaces.contains_key(namespace) {
            self.namespaces.insert(namespace.to_owned(), Namespace::default());
        }
        self.namespaces.entry(namespace.to_owned()).or_default()
    }

    pub fn finish(self) -> Vec<NamespaceUse> {
        let uses = self.namespaces.into_iter().map(|(namespace, content)| NamespaceUse {
            namespace,
            public_writes: !content.written.is_empty(),
            written_keys: content.written.into_iter().collect(),
            collections: (content.collections.into_iter())
                .map(|(collection, content)| CollectionUse {
                    collection,
                    private_reads: content.private_reads,
                    private_writes: !content.written.is_empty(),
                    written_keys: content.written.into_iter().collect(),
                })
                .collect(),
        });
        uses.collect()
    }
}

//! What is known of the cluster's resources: as the watches tell it, with this program's own writes at once.
//!
//! Whoever reads here after a write of its own sees that write. Older news that is still on its way is passed over, by
//! its resource version; news of an object that was removed here, by the object's uid. A relist settles everything: what
//! it does not name is gone, and what it names is so, unless it was written here meanwhile. Pure.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Bound;
use std::sync::Arc;

use serde_json::Value;

use crate::registry::{Change, Event, Key, Part, Scope, object};

#[derive(Default)]
pub struct Cache {
    objects: BTreeMap<Key, Arc<Value>>,
    /// Uids of objects that were removed by a write of ours, with their kinds, until the watch has said so too.
    gone: HashMap<String, String>,
    /// Kinds that are being listed.
    relists: HashMap<String, Relist>,
}

#[derive(Default)]
struct Relist {
    listed: HashSet<Key>,
    uids: HashSet<String>,
    /// Written by us since it began: the list may be older than that.
    written: HashSet<Key>,
}

impl Cache {
    pub fn get(&self, key: &Key) -> Option<Arc<Value>> {
        self.objects.get(key).cloned()
    }

    /// Objects of one kind that the scope reaches, by namespace and name.
    pub fn list(&self, kind: &str, scope: &Scope) -> Vec<Arc<Value>> {
        self.of_kind(kind)
            .filter(|(key, _)| scope.covers(&key.namespace))
            .map(|(_, object)| object.clone())
            .collect()
    }

    /// One part of the list. Other tenants' objects are not even passed over.
    pub fn part(&self, kind: &str, scope: &Scope, part: &Part<'_>) -> Vec<Arc<Value>> {
        let first = |namespace: &str| Key {
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: String::new(),
        };
        let from = match (part.after, scope) {
            (Some(after), _) => after.clone(),
            (None, Scope::Namespace(namespace)) => first(namespace),
            (None, Scope::All) => first(""),
        };
        let behind = self.objects.range((Bound::Excluded(from), Bound::Unbounded));
        behind
            .take_while(|(key, _)| key.kind == kind && scope.covers(&key.namespace))
            .filter(|(_, object)| part.sought.takes(object))
            .take(part.limit)
            .map(|(_, object)| object.clone())
            .collect()
    }

    fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a Key, &'a Arc<Value>)> {
        let first = Key {
            kind: kind.to_owned(),
            namespace: String::new(),
            name: String::new(),
        };
        let from = (Bound::Included(first), Bound::Unbounded);
        self.objects.range(from).take_while(move |(key, _)| key.kind == kind)
    }

    /// The watch says that an object is so.
    pub fn heard(&mut self, key: Key, object: Value) -> Option<Event> {
        if self.gone.contains_key(&uid(&object)) {
            return None;
        }
        match self.objects.get(&key) {
            Some(known) if !is_newer(&object, known) => None,
            _ => Some(self.put(key, object)),
        }
    }

    /// The watch says that an object is gone.
    pub fn heard_gone(&mut self, key: Key, object: Value) -> Option<Event> {
        let uid = uid(&object);
        self.gone.remove(&uid);
        // Another one of that name may have been made here meanwhile.
        self.objects.get(&key).filter(|known| self::uid(known) == uid)?;
        Some(self.remove(key, object))
    }

    /// All objects of a kind are about to be listed.
    pub fn begin_relist(&mut self, kind: &str) {
        self.relists.insert(kind.to_owned(), Relist::default());
    }

    /// The list names an object.
    pub fn listed(&mut self, key: Key, object: Value) -> Option<Event> {
        let ours = self.relists.get_mut(&key.kind).is_some_and(|relist| {
            relist.listed.insert(key.clone());
            relist.uids.insert(uid(&object));
            relist.written.contains(&key)
        });
        if ours || self.gone.contains_key(&uid(&object)) {
            return None;
        }
        match self.objects.get(&key) {
            Some(known) if version(known) == version(&object) && uid(known) == uid(&object) => None,
            // Even when it looks older: a cluster that was restored from a backup counts from there.
            _ => Some(self.put(key, object)),
        }
    }

    /// The list is complete: what it does not name is gone.
    pub fn end_relist(&mut self, kind: &str) -> Vec<Event> {
        let Some(relist) = self.relists.remove(kind) else {
            return Vec::new();
        };
        // Of what the list does not name the watch will not speak either.
        self.gone
            .retain(|uid, of_kind| of_kind != kind || relist.uids.contains(uid));
        let known = self.of_kind(kind).map(|(key, _)| key.clone());
        let lost: Vec<Key> = known
            .filter(|key| !relist.listed.contains(key) && !relist.written.contains(key))
            .collect();
        let removed = lost.into_iter().filter_map(|key| {
            let object = self.objects.get(&key)?.as_ref().clone();
            Some(self.remove(key, object))
        });
        removed.collect()
    }

    /// A write of ours has made an object so, or the API server has answered that it is so.
    pub fn wrote(&mut self, key: Key, object: Value) -> Option<Event> {
        if let Some(relist) = self.relists.get_mut(&key.kind) {
            relist.written.insert(key.clone());
        }
        match self.objects.get(&key) {
            Some(known) if !is_newer(&object, known) => None,
            _ => Some(self.put(key, object)),
        }
    }

    /// A write of ours has removed an object, or the API server has answered that there is none.
    pub fn removed(&mut self, key: Key) -> Option<Event> {
        if let Some(relist) = self.relists.get_mut(&key.kind) {
            relist.written.insert(key.clone());
        }
        let object = self.objects.get(&key)?.as_ref().clone();
        self.gone.insert(uid(&object), key.kind.clone());
        Some(self.remove(key, object))
    }

    fn put(&mut self, key: Key, object: Value) -> Event {
        let object = Arc::new(object);
        self.objects.insert(key.clone(), object.clone());
        Event {
            key,
            change: Change::Applied,
            object,
        }
    }

    fn remove(&mut self, key: Key, last: Value) -> Event {
        self.objects.remove(&key);
        Event {
            key,
            change: Change::Deleted,
            object: Arc::new(last),
        }
    }
}

fn uid(object: &Value) -> String {
    object::text(object, "/metadata/uid")
}

fn version(object: &Value) -> String {
    object::text(object, "/metadata/resourceVersion")
}

/// Whether `object` is later news than `known`. Of the same object, resource versions grow (since Kubernetes 1.35 that is
/// promised, and was so before); one of another uid, or a version that is no number, is taken for news.
fn is_newer(object: &Value, known: &Value) -> bool {
    let number = |object: &Value| version(object).parse::<u64>().ok();
    match (number(object), number(known)) {
        (Some(object_number), Some(known_number)) if uid(object) == uid(known) => object_number > known_number,
        _ => version(object) != version(known),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::registry::Sought;

    fn key(name: &str) -> Key {
        Key {
            kind: "Chain".to_owned(),
            namespace: "hebei".to_owned(),
            name: name.to_owned(),
        }
    }

    fn object(uid: &str, version: u64) -> Value {
        json!({"metadata": {"uid": uid, "resourceVersion": version.to_string()}})
    }

    fn known(cache: &Cache, name: &str) -> Option<String> {
        cache.get(&key(name)).map(|object| version(&object))
    }

    #[test]
    fn what_was_written_is_read_and_older_news_of_it_is_passed_over() {
        let mut cache = Cache::default();
        cache.heard(key("a"), object("u", 5));

        let told = cache.wrote(key("a"), object("u", 9)).is_some();
        let late = cache.heard(key("a"), object("u", 7)).is_some();
        let echo = cache.heard(key("a"), object("u", 9)).is_some();

        assert_eq!((told, late, echo), (true, false, false));
        assert_eq!(known(&cache, "a").as_deref(), Some("9"));
    }

    #[test]
    fn an_object_that_was_removed_does_not_come_back_by_old_news() {
        let mut cache = Cache::default();
        cache.heard(key("a"), object("u", 5));

        cache.removed(key("a"));
        let ghost = cache.heard(key("a"), object("u", 6)).is_some();
        cache.wrote(key("a"), object("v", 8));
        let other = cache.heard_gone(key("a"), object("u", 7)).is_some();

        assert_eq!((ghost, other), (false, false));
        assert_eq!(known(&cache, "a").as_deref(), Some("8"));
    }

    #[test]
    fn a_relist_says_what_is_and_what_is_gone() {
        let mut cache = Cache::default();
        for name in ["same", "older", "lost", "ours"] {
            cache.heard(key(name), object(name, 50));
        }

        cache.begin_relist("Chain");
        cache.wrote(key("ours"), object("ours", 60));
        let same = cache.listed(key("same"), object("same", 50)).is_some();
        let older = cache.listed(key("older"), object("older", 40)).is_some();
        cache.listed(key("ours"), object("ours", 50));
        let new = cache.listed(key("new"), object("new", 55)).is_some();
        let gone = cache.end_relist("Chain");

        assert_eq!((same, older, new), (false, true, true));
        assert_eq!(
            gone.iter().map(|event| event.key.name.as_str()).collect::<Vec<_>>(),
            ["lost"]
        );
        assert_eq!(known(&cache, "ours").as_deref(), Some("60"));
        assert_eq!(cache.list("Chain", &Scope::namespace("hebei")).len(), 4);
        assert_eq!(cache.list("Chain", &Scope::namespace("rival")).len(), 0);
    }

    #[test]
    fn a_part_begins_behind_a_name_and_ends_with_the_namespace() {
        let mut cache = Cache::default();
        for name in ["a", "b", "c"] {
            cache.heard(key(name), json!({"metadata": {"name": name}}));
        }
        for namespace in ["a-bank", "rival"] {
            let namespace = namespace.to_owned();
            let foreign = Key { namespace, ..key("b") };
            cache.heard(foreign, json!({"metadata": {"name": "foreign"}}));
        }
        let part = |after: Option<&Key>, limit: usize, scope: &Scope| -> Vec<String> {
            let sought = &Sought::default();
            let part = cache.part("Chain", scope, &Part { after, limit, sought });
            part.iter()
                .map(|object| object::text(object, "/metadata/name"))
                .collect()
        };
        let own = Scope::namespace("hebei");

        assert_eq!(part(None, 2, &own), ["a", "b"]);
        assert_eq!(part(Some(&key("a")), 5, &own), ["b", "c"]);
        assert_eq!(part(Some(&key("aa")), 5, &Scope::All), ["b", "c", "foreign"]);
        assert_eq!(part(None, 2, &Scope::All), ["foreign", "a"]);
    }
}

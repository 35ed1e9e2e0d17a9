//! A change that somebody is about to make past the API, and whether it came about.
//!
//! The API server names the user before it writes, and nowhere afterwards; whether it writes is decided later, by rules and
//! policies and by who else writes at the same time. So what was asked for is noted, and found again in what comes about.

use entente_api::time::Time;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use kube::ResourceExt as _;
use kube::api::{DynamicObject, ObjectMeta};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::review::{Operation, Request};
use crate::audit::Outcome;

/// Longer names of users are cut: what is noted is bounded.
const LONGEST_USER: usize = 256;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    pub kind: String,
    pub namespace: String,
    pub name: String,
    pub user: String,
    pub wanted: Wanted,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Wanted {
    Write {
        /// Of the object as it was; `None` for a new one.
        uid: Option<String>,
        write: Write,
        /// What `metadata.generation` is going to be at least.
        generation: i64,
    },
    Delete {
        uid: String,
    },
}

/// How the cluster remembers a write (`metadata.managedFields`): two are the same when these are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Write {
    /// To the second.
    pub time: Time,
    /// The program, as it calls itself.
    pub manager: String,
}

/// An object as it stands.
#[derive(Debug, Clone, Copy)]
pub enum Seen<'a> {
    There(&'a ObjectMeta),
    /// As it was at its end.
    Gone(&'a ObjectMeta),
    /// Nobody knows of one.
    Absent,
}

impl Attempt {
    /// `None` when nothing is going to be written, or nothing that could be found again.
    pub fn of(request: &Request) -> Option<Attempt> {
        if request.dry_run {
            return None;
        }
        let (new, old) = (request.object.as_ref(), request.old_object.as_ref());
        let manager = request.options.as_ref().map(|options| options.field_manager.as_str());
        let (object, wanted) = match (request.operation, new, old) {
            (Operation::Create, Some(new), _) => (new, write(new, None, manager)?),
            (Operation::Update, Some(new), Some(old)) => (new, write(new, Some(old), manager)?),
            (Operation::Delete, _, Some(old)) => (old, deletion(old)?),
            _ => return None,
        };
        // A name that the API server makes is not known yet.
        let name = object.metadata.name.clone()?;
        Some(Attempt {
            kind: request.kind.kind.clone(),
            namespace: request.namespace.clone(),
            name,
            user: request.user_info.username.chars().take(LONGEST_USER).collect(),
            wanted,
        })
    }

    /// What is asked for, as operations of the API call it.
    pub fn verb(&self) -> &'static str {
        match self.wanted {
            Wanted::Write { uid: None, .. } => "create",
            Wanted::Write { uid: Some(_), .. } => "put",
            Wanted::Delete { .. } => "delete",
        }
    }

    pub fn write(&self) -> Option<&Write> {
        match &self.wanted {
            Wanted::Write { write, .. } => Some(write),
            Wanted::Delete { .. } => None,
        }
    }

    /// Whether it is what has brought the object to where it stands.
    pub fn came_about(&self, seen: Seen<'_>) -> bool {
        match (&self.wanted, seen) {
            (Wanted::Write { uid, write, generation }, Seen::There(object) | Seen::Gone(object)) => {
                uid.as_ref().is_none_or(|uid| Some(uid) == object.uid.as_ref())
                    && object.generation.unwrap_or_default() >= *generation
                    && writes(object).any(|(written, _)| written == *write)
            }
            (Wanted::Write { .. }, Seen::Absent) => false,
            (Wanted::Delete { uid }, Seen::There(object)) => {
                Some(uid) != object.uid.as_ref() || object.deletion_timestamp.is_some()
            }
            (Wanted::Delete { .. }, Seen::Gone(_) | Seen::Absent) => true,
        }
    }

    /// How it ended, when it has had time enough.
    pub fn outcome(&self, seen: Seen<'_>) -> Outcome {
        if self.came_about(seen) {
            return Outcome::Done;
        }
        match (&self.wanted, seen) {
            // Others have written since, and nobody has told of each step: it may have been one of them.
            (
                Wanted::Write {
                    uid: Some(uid),
                    generation,
                    ..
                },
                Seen::There(object),
            ) => {
                let is_the_same = Some(uid) == object.uid.as_ref();
                let is_behind = object.generation.unwrap_or_default() < *generation;
                match is_the_same && is_behind {
                    true => Outcome::Refused,
                    false => Outcome::Interrupted,
                }
            }
            (Wanted::Write { uid: Some(_), .. }, _) => Outcome::Interrupted,
            _ => Outcome::Refused,
        }
    }

    /// Whether it is `earlier` once more: the API server asks again when somebody else was faster. A program that writes twice
    /// within a second looks the same.
    pub fn repeats(&self, earlier: &Attempt) -> bool {
        self.user == earlier.user && self.write().is_some() && self.write() == earlier.write()
    }

    /// What the row says of it.
    pub fn told(&self) -> Value {
        match &self.wanted {
            Wanted::Write { uid, write, generation } => {
                json!({"uid": uid, "generation": generation, "program": write.manager})
            }
            Wanted::Delete { uid } => json!({"uid": uid}),
        }
    }
}

/// The writes of spec and metadata that an object remembers, one a program.
pub fn writes(object: &ObjectMeta) -> impl Iterator<Item = (Write, &ManagedFieldsEntry)> {
    let entries = object.managed_fields.as_deref().unwrap_or_default();
    let of_spec = entries.iter().filter(|entry| entry.subresource.is_none());
    of_spec.filter_map(|entry| {
        let text = entry.time.as_ref()?.0.to_string();
        let time = chrono::DateTime::parse_from_rfc3339(&text).ok()?;
        let write = Write {
            time: Time::from(time.to_utc()),
            manager: entry.manager.clone()?,
        };
        Some((write, entry))
    })
}

fn write(new: &DynamicObject, old: Option<&DynamicObject>, manager: Option<&str>) -> Option<Wanted> {
    let of_old = old.map(|old| &old.metadata);
    if old.is_some_and(|old| is_same(new, old)) {
        return None;
    }
    let known: Vec<_> = of_old.into_iter().flat_map(writes).map(|(_, entry)| entry).collect();
    // The last one. A program that writes twice within a second leaves no trace of the second time.
    let rank = |entry: &ManagedFieldsEntry| (entry.manager.as_deref() == manager, !known.contains(&entry));
    let (write, _) = writes(&new.metadata).max_by_key(|(write, entry)| (rank(entry), write.clone()))?;
    let generation = match old {
        Some(old) => old.metadata.generation.unwrap_or_default() + i64::from(content(new) != content(old)),
        None => 1,
    };
    Some(Wanted::Write {
        uid: of_old.and_then(|old| old.uid.clone()),
        write,
        generation,
    })
}

fn deletion(old: &DynamicObject) -> Option<Wanted> {
    // Who asks again for what is being deleted changes nothing.
    let uid = old.uid().filter(|_| old.metadata.deletion_timestamp.is_none())?;
    Some(Wanted::Delete { uid })
}

/// What `metadata.generation` counts the changes of.
fn content(object: &DynamicObject) -> Value {
    let mut content = object.data.clone();
    if let Some(fields) = content.as_object_mut() {
        fields.remove("status");
    }
    content
}

/// Whether the API server has nothing to write: a time in `managedFields` moves only with something else.
fn is_same(new: &DynamicObject, old: &DynamicObject) -> bool {
    let timeless = |object: &DynamicObject| {
        let mut metadata = object.metadata.clone();
        metadata.resource_version = None;
        for entry in metadata.managed_fields.iter_mut().flatten() {
            entry.time = None;
        }
        metadata
    };
    content(new) == content(old) && timeless(new) == timeless(old)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(generation: i64, replicas: u32, entries: &Value) -> Value {
        json!({
            "apiVersion": "entente.dev/v1alpha1", "kind": "Chain",
            "metadata": {
                "name": "ledger", "namespace": "bank", "uid": "u1", "generation": generation, "managedFields": entries,
            },
            "spec": {"ordering": {"replicas": replicas}},
        })
    }

    fn entry(manager: &str, second: u32) -> Value {
        json!({
            "manager": manager, "operation": "Update", "apiVersion": "entente.dev/v1alpha1",
            "time": format!("2026-11-21T12:00:{second:02}Z"), "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {}},
        })
    }

    fn request(operation: &str, new: Option<Value>, old: Option<Value>) -> Request {
        let request = json!({
            "uid": "r1", "kind": {"group": "entente.dev", "version": "v1alpha1", "kind": "Chain"}, "namespace": "bank",
            "operation": operation, "userInfo": {"username": "li", "groups": []}, "object": new, "oldObject": old,
            "options": {"kind": "UpdateOptions", "fieldManager": "kubectl-edit"},
        });
        serde_json::from_value(request).unwrap()
    }

    fn metadata(object: Value) -> ObjectMeta {
        serde_json::from_value::<DynamicObject>(object).unwrap().metadata
    }

    fn write_at(second: u32) -> Write {
        let time = format!("2026-11-21T12:00:{second:02}Z").parse::<chrono::DateTime<chrono::Utc>>();
        Write {
            time: Time::from(time.unwrap()),
            manager: "kubectl-edit".to_owned(),
        }
    }

    fn attempt(wanted: Wanted) -> Attempt {
        Attempt {
            kind: "Chain".to_owned(),
            namespace: "bank".to_owned(),
            name: "ledger".to_owned(),
            user: "li".to_owned(),
            wanted,
        }
    }

    fn edit(generation: i64, second: u32) -> Attempt {
        attempt(Wanted::Write {
            uid: Some("u1".to_owned()),
            write: write_at(second),
            generation,
        })
    }

    #[test]
    fn what_is_asked_for_is_read_from_the_question() {
        let (ours, theirs) = (entry("entente-operator", 1), entry("kubectl-edit", 5));
        let old = object(2, 1, &json!([ours]));
        let new = object(2, 3, &json!([ours, theirs]));
        let labelled = object(2, 1, &json!([ours, theirs]));

        let asked = |operation: &str, new: Option<&Value>, old: Option<&Value>| {
            Attempt::of(&request(operation, new.cloned(), old.cloned()))
        };

        assert_eq!(asked("UPDATE", Some(&new), Some(&old)), Some(edit(3, 5)));
        assert_eq!(asked("UPDATE", Some(&labelled), Some(&old)), Some(edit(2, 5)));
        let created = Wanted::Write {
            uid: None,
            write: write_at(5),
            generation: 1,
        };
        assert_eq!(asked("CREATE", Some(&new), None), Some(attempt(created)));
        let deleted = Wanted::Delete { uid: "u1".to_owned() };
        assert_eq!(asked("DELETE", None, Some(&old)), Some(attempt(deleted)));
    }

    #[test]
    fn what_changes_nothing_is_no_attempt() {
        let old = object(2, 1, &json!([entry("kubectl-edit", 1)]));
        let again = object(2, 1, &json!([entry("kubectl-edit", 5)]));
        let mut going = old.clone();
        going["metadata"]["deletionTimestamp"] = json!("2026-11-21T12:00:03Z");
        let mut dry = request("DELETE", None, Some(old.clone()));
        dry.dry_run = true;

        assert_eq!(Attempt::of(&request("UPDATE", Some(again), Some(old))), None);
        assert_eq!(Attempt::of(&request("DELETE", None, Some(going))), None);
        assert_eq!(Attempt::of(&dry), None);
    }

    #[test]
    fn a_write_came_about_when_the_object_remembers_it() {
        let attempt = edit(3, 5);
        let at = |generation: i64, second: u32| {
            let metadata = metadata(object(generation, 3, &json!([entry("kubectl-edit", second)])));
            attempt.outcome(Seen::There(&metadata))
        };

        assert_eq!(at(3, 5), Outcome::Done);
        assert_eq!(at(4, 5), Outcome::Done);
        // The same program has written in the same second, before.
        assert_eq!(at(2, 5), Outcome::Refused);
        assert_eq!(at(2, 1), Outcome::Refused);
        assert_eq!(at(4, 9), Outcome::Interrupted);
        assert_eq!(attempt.outcome(Seen::Absent), Outcome::Interrupted);
    }

    #[test]
    fn a_deletion_came_about_when_the_object_goes() {
        let attempt = attempt(Wanted::Delete { uid: "u1".to_owned() });
        let there = metadata(object(2, 1, &json!([])));
        let going = ObjectMeta {
            deletion_timestamp: serde_json::from_value(json!("2026-11-21T12:00:03Z")).unwrap(),
            ..there.clone()
        };
        let another = ObjectMeta {
            uid: Some("u2".to_owned()),
            ..there.clone()
        };

        assert_eq!(attempt.outcome(Seen::There(&there)), Outcome::Refused);
        for seen in [
            Seen::There(&going),
            Seen::There(&another),
            Seen::Gone(&there),
            Seen::Absent,
        ] {
            assert_eq!(attempt.outcome(seen), Outcome::Done, "{seen:?}");
        }
    }

    #[test]
    fn a_creation_that_left_nothing_was_refused() {
        let attempt = attempt(Wanted::Write {
            uid: None,
            write: write_at(5),
            generation: 1,
        });

        assert_eq!(attempt.outcome(Seen::Absent), Outcome::Refused);
    }
}

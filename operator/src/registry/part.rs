//! A part of a list: what is asked for, and which resources are it.
//!
//! Each store finds a part in its own way; what a resource must have to be looked for is decided here alone.

use entente_api::condition::State;
use serde::{Deserialize as _, Serialize};
use serde_json::Value;

use super::{Key, object};

/// Which part of a list, in the order of namespaces and names.
#[derive(Debug, Clone)]
pub struct Part<'a> {
    /// Begins behind this one, which need not be there any more.
    pub after: Option<&'a Key>,
    /// At most so many.
    pub limit: usize,
    pub sought: &'a Sought,
}

/// What resources must have to be wanted: all of it, where several are given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sought {
    /// In the name, the display name or the value of a label, in any case.
    text: Option<String>,
    state: Option<State>,
    /// A label's key, and its value where that matters.
    label: Option<(String, Option<String>)>,
    /// Name of the NodeRelease that a chain runs.
    release: Option<String>,
}

impl Sought {
    /// `text` is looked for in any case.
    pub fn new(text: Option<&str>, state: Option<State>, label: Option<(String, Option<String>)>) -> Sought {
        Sought {
            text: text.map(str::to_lowercase),
            state,
            label,
            release: None,
        }
    }

    /// Only chains that run this release, where there is one.
    pub fn with_release(mut self, release: Option<String>) -> Sought {
        self.release = release;
        self
    }

    /// Whether a resource is one of those.
    pub fn takes_one<K: Serialize>(&self, resource: &K) -> bool {
        serde_json::to_value(resource).is_ok_and(|object| self.takes(&object))
    }

    pub(super) fn takes(&self, object: &Value) -> bool {
        self.state.is_none_or(|wanted| state(object) == wanted)
            && self.label.as_ref().is_none_or(|(key, wanted)| {
                labels(object)
                    .any(|(name, value)| name == key && wanted.as_ref().is_none_or(|wanted| wanted == value))
            })
            && self
                .text
                .as_ref()
                .is_none_or(|text| texts(object).any(|found| found.to_lowercase().contains(text)))
            && self
                .release
                .as_ref()
                .is_none_or(|wanted| release(object) == Some(wanted))
    }

    /// What [`Facts::words`] contains of every resource that is taken.
    pub(super) fn words(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// What [`Facts::labels`] contains of every resource that is taken.
    pub(super) fn label(&self) -> Option<String> {
        self.label.as_ref().map(|(key, value)| match value {
            Some(value) => format!("\n{key}={value}\n"),
            None => format!("\n{key}="),
        })
    }

    /// What [`Facts::state`] is of every resource that is taken.
    pub(super) fn state(&self) -> Option<String> {
        self.state.map(word)
    }

    /// What [`Facts::release`] is of every resource that is taken.
    pub(super) fn release(&self) -> Option<&str> {
        self.release.as_deref()
    }
}

/// What a table keeps beside an object, so that most of what is not sought need not be read.
#[derive(Debug, PartialEq, Eq)]
pub struct Facts {
    pub state: String,
    /// `key=value`, each between line feeds.
    pub labels: String,
    /// In lower case, each between line feeds.
    pub words: String,
    /// Empty: it runs none.
    pub release: String,
}

impl Facts {
    pub fn of(object: &Value) -> Facts {
        let lines = |lines: Vec<String>| lines.iter().fold("\n".to_owned(), |all, line| all + line + "\n");
        Facts {
            state: word(state(object)),
            labels: lines(labels(object).map(|(key, value)| format!("{key}={value}")).collect()),
            words: lines(texts(object).map(str::to_lowercase).collect()),
            release: release(object).unwrap_or_default().to_owned(),
        }
    }
}

/// Where a resource stands. What lies in the recycle bin is on its way out.
fn state(object: &Value) -> State {
    let recycled = object
        .pointer("/spec/recycled")
        .is_some_and(|recycled| !recycled.is_null());
    if recycled || object::is_being_deleted(object) {
        return State::Deleting;
    }
    let state = object.pointer("/status/state").map(State::deserialize);
    state.and_then(Result::ok).unwrap_or_default()
}

/// The release that a chain runs; before the operator has chosen one, the one that it names.
fn release(object: &Value) -> Option<&str> {
    let places = ["/status/release", "/spec/release"];
    places.into_iter().find_map(|place| object.pointer(place)?.as_str())
}

fn word(state: State) -> String {
    match serde_json::to_value(state) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

fn labels(object: &Value) -> impl Iterator<Item = (&str, &str)> {
    let labels = object.pointer("/metadata/labels").and_then(Value::as_object);
    let labels = labels.into_iter().flatten();
    labels.filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
}

fn texts(object: &Value) -> impl Iterator<Item = &str> {
    let names = ["/metadata/name", "/spec/displayName"];
    let names = names
        .into_iter()
        .filter_map(|pointer| object.pointer(pointer)?.as_str());
    names.chain(labels(object).map(|(_, value)| value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn label(key: &str, value: Option<&str>) -> Option<(String, Option<String>)> {
        Some((key.to_owned(), value.map(str::to_owned)))
    }

    #[test]
    fn whatever_is_taken_has_the_facts_that_a_table_looks_for() {
        let objects = [
            json!({"metadata": {"name": "ledger", "labels": {"env": "Test"}}, "status": {"state": "ready"}}),
            json!({"metadata": {"name": "west"}, "spec": {"displayName": "ÜBERWEISUNG"}}),
            json!({"metadata": {"name": "old", "deletionTimestamp": "now"}, "status": {"state": "ready"}}),
            json!({"metadata": {"name": "bin"}, "spec": {"recycled": {"deleteTime": "now"}}}),
            json!({"metadata": {"name": "new"}, "spec": {"release": "r2"}}),
            json!({"metadata": {"name": "moving"}, "spec": {"release": "r2"}, "status": {"release": "r1"}}),
        ];
        let all = [
            (Sought::default(), vec!["ledger", "west", "old", "bin", "new", "moving"]),
            (Sought::new(Some("überWEIS"), None, None), vec!["west"]),
            (Sought::new(Some("test"), None, None), vec!["ledger"]),
            (Sought::new(None, Some(State::Deleting), None), vec!["old", "bin"]),
            (
                Sought::new(None, Some(State::Pending), None),
                vec!["west", "new", "moving"],
            ),
            (Sought::default().with_release(Some("r2".to_owned())), vec!["new"]),
            (Sought::default().with_release(Some("r1".to_owned())), vec!["moving"]),
            (Sought::new(None, None, label("env", None)), vec!["ledger"]),
            (Sought::new(None, None, label("env", Some("test"))), vec![]),
            (Sought::new(None, None, label("env", Some("Test"))), vec!["ledger"]),
        ];

        for (sought, expected) in all {
            let taken: Vec<&Value> = objects.iter().filter(|object| sought.takes(object)).collect();
            for object in &taken {
                let facts = Facts::of(object);
                assert!(
                    sought.words().is_none_or(|words| facts.words.contains(words)),
                    "{facts:?}"
                );
                assert!(
                    sought.label().is_none_or(|label| facts.labels.contains(&label)),
                    "{facts:?}"
                );
                assert!(sought.state().is_none_or(|state| facts.state == state), "{facts:?}");
                assert!(
                    sought.release().is_none_or(|release| facts.release == release),
                    "{facts:?}"
                );
            }
            let names: Vec<&Value> = taken.iter().map(|object| &object["metadata"]["name"]).collect();
            assert_eq!(names, expected, "{sought:?}");
        }
    }
}

//! What must be sent to turn one object into another: a JSON Merge Patch (RFC 7396). Pure.

use serde_json::{Map, Value};

/// The patch that turns `from` into `to`; `None` when they are the same. Lists are replaced as a whole.
///
/// A field of `to` that is `null` cannot be told from one that is absent; resources have none.
pub fn between(from: &Value, to: &Value) -> Option<Value> {
    if from == to {
        return None;
    }
    let (Some(old), Some(new)) = (from.as_object(), to.as_object()) else {
        return Some(to.clone());
    };
    let mut patch = Map::new();
    for (name, value) in new {
        match old.get(name) {
            Some(before) => patch.extend(between(before, value).map(|change| (name.clone(), change))),
            None => {
                patch.insert(name.clone(), value.clone());
            }
        }
    }
    let lost = old.keys().filter(|name| !new.contains_key(*name));
    patch.extend(lost.map(|name| (name.clone(), Value::Null)));
    Some(Value::Object(patch))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_differs_is_sent_and_what_is_lost_is_null() {
        let from = json!({"state": "ready", "steps": [1, 2], "channels": {"main": {"height": 4}}, "reason": "none"});
        let to = json!({"state": "ready", "steps": [1, 2, 3], "channels": {"main": {"height": 5}}, "plan": "abc"});

        let patch = between(&from, &to);

        assert_eq!(
            patch,
            Some(json!({"steps": [1, 2, 3], "channels": {"main": {"height": 5}}, "plan": "abc", "reason": null}))
        );
        assert_eq!(between(&from, &from), None);
        assert_eq!(between(&Value::Null, &to), Some(to));
    }
}

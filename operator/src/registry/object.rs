//! What a registry does with an object's metadata. Pure: JSON in, JSON out.

use serde_json::{Value, json};

/// The text at a JSON pointer; empty when there is none.
pub fn text(object: &Value, pointer: &str) -> String {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

pub fn finalizers(object: &Value) -> usize {
    object
        .pointer("/metadata/finalizers")
        .and_then(Value::as_array)
        .map_or(0, Vec::len)
}

pub fn is_being_deleted(object: &Value) -> bool {
    object
        .pointer("/metadata/deletionTimestamp")
        .is_some_and(Value::is_string)
}

/// Fills in what only the registry decides about a new object.
pub fn born(mut object: Value, namespace: &str, uid: &str, now: &str) -> Value {
    let metadata = metadata(&mut object);
    if !namespace.is_empty() {
        metadata["namespace"] = json!(namespace);
    }
    metadata["uid"] = json!(uid);
    metadata["creationTimestamp"] = json!(now);
    metadata["generation"] = json!(1);
    if let Some(fields) = metadata.as_object_mut() {
        fields.remove("deletionTimestamp");
    }
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
    object
}

/// `desired` as it is stored over `current`: the status stays, as does what only the registry decides; the generation
/// grows when anything beside metadata changed.
pub fn successor(mut desired: Value, current: &Value) -> Value {
    let changed = body(&desired) != body(current);
    let generation = current
        .pointer("/metadata/generation")
        .and_then(Value::as_i64)
        .unwrap_or(1);
    let metadata = metadata(&mut desired);
    for field in [
        "namespace",
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "resourceVersion",
        "managedFields",
    ] {
        match current["metadata"].get(field) {
            Some(value) => metadata[field] = value.clone(),
            None => {
                metadata.as_object_mut().map(|fields| fields.remove(field));
            }
        }
    }
    metadata["generation"] = json!(generation + i64::from(changed));
    match (current.get("status"), desired.as_object_mut()) {
        (Some(status), Some(fields)) => fields.insert("status".to_owned(), status.clone()),
        (None, Some(fields)) => fields.remove("status"),
        _ => None,
    };
    desired
}

/// Notes when the object was written, where the API server of a cluster does.
pub fn written(mut object: Value, now: &str) -> Value {
    metadata(&mut object)["managedFields"] = json!([{"time": now}]);
    object
}

/// Marks an object as being deleted. Like in Kubernetes that counts as a change of what is wanted.
pub fn doomed(mut object: Value, now: &str) -> Value {
    let generation = object
        .pointer("/metadata/generation")
        .and_then(Value::as_i64)
        .unwrap_or(1);
    let metadata = metadata(&mut object);
    metadata["deletionTimestamp"] = json!(now);
    metadata["generation"] = json!(generation + 1);
    object
}

/// Carries over what a writer that only states spec, labels and owners does not mean to change.
pub fn keep_metadata(desired: &mut Value, current: &Value) {
    let metadata = metadata(desired);
    metadata["resourceVersion"] = current["metadata"]["resourceVersion"].clone();
    for field in ["finalizers", "annotations", "ownerReferences"] {
        if let (None, Some(value)) = (metadata.get(field), current["metadata"].get(field)) {
            metadata[field] = value.clone();
        }
    }
    let kept: Vec<String> = texts(&current["metadata"]["finalizers"]).collect();
    kept.iter().for_each(|finalizer| add_finalizer(desired, finalizer));
    if let Some(labels) = current["metadata"]["labels"].as_object() {
        let own = &mut self::metadata(desired)["labels"];
        let mut all = labels.clone();
        all.extend(own.as_object().cloned().unwrap_or_default());
        *own = Value::Object(all);
    }
}

/// Gives `desired` the fields of `stored` that its writer's types do not know, so that an older version of this program
/// does not undo what a newer one has written. `known` is `stored` as those types read it.
pub fn keep_unknown(desired: &mut Value, stored: &Value, known: &Value) {
    let (Some(desired), Some(stored)) = (desired.as_object_mut(), stored.as_object()) else {
        return;
    };
    for (name, value) in stored {
        match (known.get(name), desired.get_mut(name)) {
            (None, None) => {
                desired.insert(name.clone(), value.clone());
            }
            (Some(known), Some(desired)) => keep_unknown(desired, value, known),
            _ => {}
        }
    }
}

pub fn add_finalizer(object: &mut Value, finalizer: &str) {
    let metadata = metadata(object);
    if !metadata["finalizers"].is_array() {
        metadata["finalizers"] = json!([]);
    }
    let missing = texts(&metadata["finalizers"]).all(|known| known != finalizer);
    if let (true, Some(all)) = (missing, metadata["finalizers"].as_array_mut()) {
        all.push(json!(finalizer));
    }
}

pub fn remove_finalizer(object: &mut Value, finalizer: &str) {
    if let Some(all) = metadata(object)["finalizers"].as_array_mut() {
        all.retain(|known| known != finalizer);
    }
}

fn texts(list: &Value) -> impl Iterator<Item = String> {
    let all: Vec<String> = list
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.as_str().map(str::to_owned))
        .collect();
    all.into_iter()
}

fn body(object: &Value) -> Vec<(&String, &Value)> {
    let outside = |name: &str| !matches!(name, "metadata" | "status" | "apiVersion" | "kind");
    let mut fields: Vec<_> = object
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| outside(name))
        .collect();
    fields.sort_by_key(|(name, _)| *name);
    fields
}

fn metadata(object: &mut Value) -> &mut Value {
    if !object["metadata"].is_object() {
        object["metadata"] = json!({});
    }
    &mut object["metadata"]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_the_writer_does_not_know_survives_it_and_one_that_it_takes_out_does_not() {
        let stored = json!({"spec": {"peers": 1, "newer": {"a": 1}, "settings": {"x": "1", "y": "2"}}});
        let known = json!({"spec": {"peers": 1, "settings": {"x": "1", "y": "2"}}});
        let mut desired = json!({"spec": {"peers": 2, "settings": {"y": "2"}}});

        keep_unknown(&mut desired, &stored, &known);

        assert_eq!(
            desired,
            json!({"spec": {"peers": 2, "newer": {"a": 1}, "settings": {"y": "2"}}})
        );
    }

    #[test]
    fn what_others_have_put_beside_an_applied_object_stays() {
        let current = json!({"metadata": {
            "resourceVersion": "7",
            "labels": {"team": "audit", "chain": "old"},
            "finalizers": ["foregroundDeletion"],
            "annotations": {"note": "keep"},
        }});
        let mut desired = json!({"metadata": {"labels": {"chain": "ledger"}, "finalizers": ["entente.dev/cleanup"]}});

        keep_metadata(&mut desired, &current);

        assert_eq!(
            desired,
            json!({"metadata": {
                "resourceVersion": "7",
                "labels": {"team": "audit", "chain": "ledger"},
                "finalizers": ["entente.dev/cleanup", "foregroundDeletion"],
                "annotations": {"note": "keep"},
            }})
        );
    }
}

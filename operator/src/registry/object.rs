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
    for field in ["finalizers", "annotations"] {
        if let (None, Some(value)) = (metadata.get(field), current["metadata"].get(field)) {
            metadata[field] = value.clone();
        }
    }
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

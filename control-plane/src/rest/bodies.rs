//! From the body of a request to a checked resource.

use std::collections::BTreeMap;

use entente_api::{names, schema};
use serde_json::{Value, json};

use super::codes::Code;
use super::extract;
use super::kind::Kind;
use super::problem::{FieldError, Problem};
use super::view::{Desired, NewResource};

/// Reads a body `{name, labels, spec}`.
pub fn read_new<K: Kind>(body: Value) -> Result<K, Problem> {
    refuse_unknown_fields::<K>(&body)?;
    let new: NewResource<K::Spec> = extract::from_value(body).map_err(|error| Problem::invalid(vec![error]))?;
    let mut resource = K::create(&new.name, new.spec);
    resource.meta_mut().labels = (!new.labels.is_empty()).then_some(new.labels);
    let mut errors: Vec<FieldError> = names::check_label(&new.name)
        .err()
        .map(|detail| FieldError::invalid("/name", detail))
        .into_iter()
        .collect();
    errors.extend(check_labels(resource.meta().labels.as_ref()));
    errors.extend(resource.check());
    Problem::unless_valid(errors)?;
    Ok(resource)
}

pub fn read_desired<K: Kind>(old: &K, body: Value) -> Result<K, Problem> {
    refuse_unknown_fields::<K>(&body)?;
    let desired: Desired<K::Spec> = extract::from_value(body).map_err(|error| Problem::invalid(vec![error]))?;
    let mut new = old.clone();
    *new.spec_mut() = desired.spec;
    new.keep(old);
    if let Some(labels) = desired.labels {
        new.meta_mut().labels = (!labels.is_empty()).then_some(labels);
    }
    Problem::unless_valid(check_labels(new.meta().labels.as_ref()))?;
    Ok(new)
}

pub fn read_patched<K: Kind>(old: &K, patch: &Value) -> Result<K, Problem> {
    let Value::Object(fields) = patch else {
        return Err(Problem::new(
            Code::MalformedBody,
            "A merge patch of a resource is a JSON object.",
        ));
    };
    if let Some(other) = fields.keys().find(|key| !matches!(key.as_str(), "labels" | "spec")) {
        let code = if matches!(other.as_str(), "name" | "uid" | "createTime") {
            "immutable"
        } else {
            "unknown_field"
        };
        let detail = "only `labels` and `spec` can be changed";
        return Err(Problem::invalid(vec![FieldError::new(
            format!("/{other}"),
            code,
            detail,
        )]));
    }
    let spec = serde_json::to_value(old.spec()).map_err(Problem::internal)?;
    let mut whole = json!({"labels": old.meta().labels, "spec": spec});
    merge(&mut whole, patch);
    read_desired(old, whole)
}

/// RFC 7396.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    if let Value::Object(target) = target {
        for (key, value) in patch {
            if value.is_null() {
                target.remove(key);
            } else {
                merge(target.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
    }
}

/// A misspelt field would otherwise be ignored, and the default be used in its place.
fn refuse_unknown_fields<K: Kind>(body: &Value) -> Result<(), Problem> {
    let unknown = schema::unknown_fields(&K::kind(&()), body);
    if unknown.is_empty() {
        return Ok(());
    }
    let error = |pointer: String| FieldError::new(pointer, "unknown_field", "there is no such field");
    Err(Problem::invalid(unknown.into_iter().map(error).collect()))
}

fn check_labels(labels: Option<&BTreeMap<String, String>>) -> Vec<FieldError> {
    let wrong = |text: &str| text.len() > 253 || text.chars().any(char::is_control);
    labels
        .into_iter()
        .flatten()
        .filter(|(key, value)| key.is_empty() || wrong(key) || wrong(value))
        .map(|(key, _)| {
            FieldError::invalid(
                format!("/labels/{}", key.replace('~', "~0").replace('/', "~1")),
                "a label has a key and a value of at most 253 characters",
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use entente_api::Chain;

    #[test]
    fn a_merge_patch_replaces_adds_and_removes() {
        let mut target = json!({"a": 1, "b": {"c": 2, "d": 3}, "e": [1, 2]});

        merge(
            &mut target,
            &json!({"a": null, "b": {"c": 9, "x": {"y": null}}, "e": [3]}),
        );

        assert_eq!(target, json!({"b": {"c": 9, "d": 3, "x": {}}, "e": [3]}));
    }

    #[test]
    fn a_misspelt_field_is_refused_by_its_pointer() {
        let body = json!({"name": "ledger", "spec": {"members": [{"organization": "bank", "peer": 2}]}});

        let problem = read_new::<Chain>(body).unwrap_err();

        assert_eq!(problem.to_string(), "/spec/members/0/peer: there is no such field");
    }

    #[test]
    fn a_field_of_the_wrong_type_is_named() {
        let body = json!({"name": "ledger", "spec": {"members": [{"organization": "bank", "peers": "two"}]}});

        let problem = read_new::<Chain>(body).unwrap_err();

        assert_eq!(
            problem.to_string(),
            "/spec/members/0/peers: invalid type: string \"two\", expected u32"
        );
    }
}

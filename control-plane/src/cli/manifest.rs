//! Files as `kubectl` takes them: YAML or JSON, several documents in one file, lists.

use std::io::Read;
use std::path::Path;

use serde::Deserialize as _;
use serde_json::{Value, json};

use super::error::CliError;
use super::kinds::{self, Kind};

/// No file of ours is larger: the API would refuse it.
const LARGEST: u64 = 32 * 1024 * 1024;

/// One resource that a file describes.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    pub kind: Kind,
    pub name: String,
    pub namespace: Option<String>,
    /// `{labels?, spec}`, as the API takes it.
    pub body: Value,
}

/// Reads all files; `-` is standard input. What others need comes first.
pub fn read_all<P: AsRef<Path>>(files: &[P]) -> Result<Vec<Manifest>, CliError> {
    let mut manifests = Vec::new();
    for file in files {
        let file = file.as_ref();
        manifests.extend(parse(&text(file)?, &source(file))?);
    }
    if manifests.is_empty() {
        return Err(CliError::usage("there is no resource in what was given"));
    }
    manifests.sort_by_key(|manifest| manifest.kind.rank);
    Ok(manifests)
}

/// The text of a file; `-` is standard input.
pub fn text(file: &Path) -> Result<String, CliError> {
    read_text(file).map_err(|error| CliError::usage(format!("{} cannot be read: {error}", source(file))))
}

/// What a file is called in an error.
pub fn source(file: &Path) -> String {
    match file == Path::new("-") {
        true => "standard input".to_owned(),
        false => file.display().to_string(),
    }
}

fn read_text(file: &Path) -> std::io::Result<String> {
    let reader: Box<dyn Read> = if file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(file)?)
    };
    let mut text = String::new();
    let read = reader.take(LARGEST + 1).read_to_string(&mut text)?;
    if read as u64 > LARGEST {
        return Err(std::io::Error::other(format!(
            "it is larger than {} MiB",
            LARGEST >> 20
        )));
    }
    Ok(text)
}

/// Reads the documents of one text.
pub fn parse(text: &str, source: &str) -> Result<Vec<Manifest>, CliError> {
    let mut manifests = Vec::new();
    for (index, document) in serde_yaml::Deserializer::from_str(text).enumerate() {
        let place = format!("{source}, document {}", index + 1);
        let value = Value::deserialize(document).map_err(|error| CliError::usage(format!("{place}: {error}")))?;
        read_value(value, &place, &mut manifests)?;
    }
    Ok(manifests)
}

fn read_value(value: Value, place: &str, manifests: &mut Vec<Manifest>) -> Result<(), CliError> {
    if value.is_null() {
        return Ok(());
    }
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
    let wrong = |message: String| CliError::usage(format!("{place}: {message}"));
    if text("/kind") == Some("List") {
        let items = value["items"].as_array().cloned().unwrap_or_default();
        for (index, item) in items.into_iter().enumerate() {
            read_value(item, &format!("{place}, item {}", index + 1), manifests)?;
        }
        return Ok(());
    }
    let expected = format!("{}/{}", entente_api::GROUP, entente_api::VERSION);
    match text("/apiVersion") {
        Some(version) if version == expected => {}
        Some(other) => {
            return Err(wrong(format!(
                "apiVersion is \"{other}\"; this program knows \"{expected}\""
            )));
        }
        None => return Err(wrong(format!("apiVersion is missing; write `apiVersion: {expected}`"))),
    }
    let kind = text("/kind").ok_or_else(|| wrong("kind is missing".to_owned()))?;
    let known = kinds::KINDS
        .iter()
        .find(|known| known.is_resource && known.kind == kind);
    let known = *known.ok_or_else(|| wrong(format!("there is no kind \"{kind}\"")))?;
    let name = text("/metadata/name")
        .ok_or_else(|| wrong("metadata.name is missing".to_owned()))?
        .to_owned();
    let mut body = json!({"spec": value.get("spec").cloned().unwrap_or_else(|| json!({}))});
    if let Some(labels) = value.pointer("/metadata/labels") {
        body["labels"] = labels.clone();
    }
    let namespace = text("/metadata/namespace").map(str::to_owned);
    manifests.push(Manifest {
        kind: known,
        name,
        namespace,
        body,
    });
    Ok(())
}

/// A resource of the API in the form of `kubectl`.
pub fn from_resource(kind: &Kind, resource: &Value) -> Value {
    let mut metadata =
        json!({"name": resource["name"], "uid": resource["uid"], "generation": resource["generation"]});
    for (theirs, ours) in [
        ("labels", "labels"),
        ("creationTimestamp", "createTime"),
        ("deletionTimestamp", "deleteTime"),
    ] {
        if let Some(value) = resource.get(ours) {
            metadata[theirs] = value.clone();
        }
    }
    let mut manifest = json!({
        "apiVersion": format!("{}/{}", entente_api::GROUP, entente_api::VERSION),
        "kind": kind.kind,
        "metadata": metadata,
        "spec": resource["spec"],
    });
    if let Some(status) = resource.get("status") {
        manifest["status"] = status.clone();
    }
    manifest
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "apiVersion: entente.dev/v1alpha1\nkind: Chain\nmetadata: {name: ledger, labels: {tier: gold}}\nspec:\n  members: [{organization: bank}]\n---\napiVersion: entente.dev/v1alpha1\nkind: Organization\nmetadata: {name: bank}\n";

    fn refused(text: &str) -> String {
        parse(text, "a.yaml").unwrap_err().to_string()
    }

    #[test]
    fn documents_become_bodies_of_the_api() {
        let manifests = parse(TWO, "a.yaml").unwrap();

        let short: Vec<_> = manifests
            .iter()
            .map(|m| (m.kind.plural, m.name.as_str(), m.body.clone()))
            .collect();
        assert_eq!(
            short,
            [
                (
                    "chains",
                    "ledger",
                    json!({"spec": {"members": [{"organization": "bank"}]}, "labels": {"tier": "gold"}})
                ),
                ("organizations", "bank", json!({"spec": {}})),
            ]
        );
    }

    #[test]
    fn what_is_shown_can_be_applied_again() {
        let resource = json!({"name": "bank", "uid": "u", "generation": 2, "labels": {"a": "b"}, "spec": {"mspId": "X"}, "status": {"state": "ready"}});
        let shown = serde_yaml::to_string(&from_resource(&kinds::find("org").unwrap(), &resource)).unwrap();

        let manifests = parse(&shown, "shown").unwrap();

        assert_eq!(manifests[0].body, json!({"spec": {"mspId": "X"}, "labels": {"a": "b"}}));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        assert_eq!(
            refused("kind: Chain"),
            "error: a.yaml, document 1: apiVersion is missing; write `apiVersion: entente.dev/v1alpha1`"
        );
        assert_eq!(
            refused("apiVersion: apps/v1\nkind: Deployment"),
            "error: a.yaml, document 1: apiVersion is \"apps/v1\"; this program knows \"entente.dev/v1alpha1\""
        );
        assert_eq!(
            refused("apiVersion: entente.dev/v1alpha1\nkind: Node"),
            "error: a.yaml, document 1: there is no kind \"Node\""
        );
        assert_eq!(
            refused("apiVersion: entente.dev/v1alpha1\nkind: Chain\nspec: {}"),
            "error: a.yaml, document 1: metadata.name is missing"
        );
        assert!(refused("a: [1").starts_with("error: a.yaml, document 1: "));
        assert!(refused("just text").contains("apiVersion is missing"));
    }

    #[test]
    fn an_alias_bomb_is_refused() {
        let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
        for level in 1..12 {
            let previous = format!("*a{},", level - 1).repeat(9);
            bomb += &format!("a{level}: &a{level} [{}]\n", previous.trim_end_matches(','));
        }

        assert!(refused(&bomb).starts_with("error: a.yaml, document 1: "));
    }
}

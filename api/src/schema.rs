//! The custom resource definitions, and finding fields that a resource does not have.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps, JSONSchemaPropsOrArray,
};
use kube::CustomResourceExt as _;
use serde_json::Value;

use crate::{Chain, Contract, Identity, Member, NodeRelease, Organization, Tenant};

/// Every custom resource definition, in the order in which people meet them.
pub fn definitions() -> Vec<CustomResourceDefinition> {
    let definitions = [
        Organization::crd(),
        Chain::crd(),
        Member::crd(),
        Contract::crd(),
        Identity::crd(),
        NodeRelease::crd(),
        Tenant::crd(),
    ];
    definitions.into_iter().map(tidied).collect()
}

fn tidied(mut definition: CustomResourceDefinition) -> CustomResourceDefinition {
    for version in &mut definition.spec.versions {
        let schema = version
            .schema
            .as_mut()
            .and_then(|found| found.open_api_v3_schema.as_mut());
        if let Some(schema) = schema {
            tidy(schema);
        }
    }
    definition
}

/// Without the formats of unsigned numbers, which Kubernetes does not know and warns of (`minimum: 0` says the same), and
/// without our line breaks in what `kubectl explain` shows.
fn tidy(schema: &mut JSONSchemaProps) {
    schema.format.take_if(|format| format.starts_with("uint"));
    if let Some(description) = &mut schema.description {
        let paragraphs = description.split("\n\n").map(|paragraph| paragraph.replace('\n', " "));
        *description = paragraphs.collect::<Vec<_>>().join("\n\n");
    }
    let properties = schema
        .properties
        .iter_mut()
        .flat_map(|properties| properties.values_mut());
    properties.for_each(tidy);
    if let Some(JSONSchemaPropsOrArray::Schema(items)) = &mut schema.items {
        tidy(items);
    }
}

/// The definition of one kind.
pub fn definition(kind: &str) -> Option<CustomResourceDefinition> {
    definitions()
        .into_iter()
        .find(|definition| definition.spec.names.kind == kind)
}

/// JSON pointers of the fields under `spec` that `kind` does not have, so that a typing error is refused instead of
/// being ignored. Empty for a kind that is not known.
pub fn unknown_fields(kind: &str, resource: &Value) -> Vec<String> {
    let schema = definition(kind).and_then(|definition| serde_json::to_value(definition).ok());
    let schema = schema
        .as_ref()
        .and_then(|d| d.pointer("/spec/versions/0/schema/openAPIV3Schema/properties/spec"));
    let mut unknown = Vec::new();
    if let (Some(schema), Some(spec)) = (schema, resource.get("spec")) {
        walk(schema, spec, "/spec", &mut unknown);
    }
    unknown
}

fn walk(schema: &Value, value: &Value, path: &str, unknown: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let path = format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"));
                let known = schema
                    .get("properties")
                    .and_then(|p| p.get(name))
                    .or(schema.get("additionalProperties"));
                match known {
                    Some(known) => walk(known, field, &path, unknown),
                    None if schema.get("type").is_some_and(|t| t == "object") => unknown.push(path),
                    None => {}
                }
            }
        }
        Value::Array(items) => {
            if let Some(schema) = schema.get("items") {
                items
                    .iter()
                    .enumerate()
                    .for_each(|(i, item)| walk(schema, item, &format!("{path}/{i}"), unknown));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_does_not_exist_is_found_by_its_path() {
        let chain = serde_json::json!({"spec": {
            "members": [{"organization": "bank", "peer": 2}],
            "orderer": {"replicas": 3},
            "contracts": [{"name": "a", "template": "evidence", "settings": {"ANY": "thing"}}],
        }});

        assert_eq!(
            unknown_fields("Chain", &chain),
            ["/spec/members/0/peer", "/spec/orderer"]
        );
    }

    /// Also where the chart has them: helm reads nothing outside of a chart.
    #[test]
    fn the_committed_definitions_are_up_to_date() {
        let own = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        for folder in [own.join("crds"), own.join("../charts/entente-crds/definitions")] {
            for definition in definitions() {
                let path = folder.join(format!("{}.yaml", definition.spec.names.plural));
                let expected = serde_yaml::to_string(&definition).unwrap();
                if std::env::var_os("UPDATE").is_some() {
                    std::fs::create_dir_all(&folder).unwrap();
                    std::fs::write(&path, &expected).unwrap();
                }
                let committed = std::fs::read_to_string(&path).unwrap_or_default();
                assert!(
                    committed == expected,
                    "{} is stale: run UPDATE=1 cargo test -p entente-api",
                    path.display()
                );
            }
            assert_eq!(
                std::fs::read_dir(&folder).unwrap().count(),
                definitions().len(),
                "{}",
                folder.display()
            );
        }
    }

    #[test]
    fn every_field_of_a_spec_is_described() {
        fn undescribed(schema: &Value, path: &str, found: &mut Vec<String>) {
            let properties = schema.get("properties").and_then(Value::as_object);
            for (name, field) in properties.into_iter().flatten() {
                let path = format!("{path}.{name}");
                if field.get("description").is_none() {
                    found.push(path.clone());
                }
                undescribed(field, &path, found);
            }
            if let Some(items) = schema.get("items") {
                undescribed(items, path, found);
            }
        }
        let mut found = Vec::new();
        for definition in definitions() {
            let json = serde_json::to_value(&definition).unwrap();
            let root = json.pointer("/spec/versions/0/schema/openAPIV3Schema").unwrap();
            for part in ["spec", "status"] {
                undescribed(
                    &root["properties"][part],
                    &format!("{}.{part}", definition.spec.names.kind),
                    &mut found,
                );
            }
        }
        assert_eq!(found, Vec::<String>::new());
    }
}

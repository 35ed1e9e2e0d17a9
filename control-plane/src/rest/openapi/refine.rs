//! Makes the generated document one that people and generators of clients read easily, without changing what it says.
//!
//! A type that stands in a generic one is written out where it is used; here it becomes a reference again, so that a client
//! gets one type and not ten. Every answer is described. The description of an optional reference moves to where descriptions are looked for.

use serde_json::{Map, Value, json};

/// Refines the whole document.
pub fn document(document: &mut Value) {
    let known = components(document);
    if let Some(schemas) = document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut)
    {
        for schema in schemas.values_mut() {
            inside(schema, &known);
        }
        open_parts(schemas);
    }
    if let Some(paths) = document.get_mut("paths") {
        each(paths, &known);
        answers(paths);
    }
}

/// What is a part of something larger has fields beside its own: as it stands it would allow none.
fn open_parts(schemas: &mut Map<String, Value>) {
    let parts = schemas
        .values()
        .filter_map(|schema| schema["allOf"].as_array())
        .flatten();
    let names = parts.filter_map(|part| part["$ref"].as_str()?.rsplit('/').next());
    let names: Vec<String> = names.map(str::to_owned).collect();
    for name in names {
        if let Some(part) = schemas.get_mut(&name).and_then(Value::as_object_mut) {
            part.remove("additionalProperties");
        }
    }
}

/// Says of each answer what its status says; generators refuse a document in which one is not described.
fn answers(paths: &mut Value) {
    let items = paths.as_object_mut().into_iter().flat_map(Map::values_mut);
    let operations = items.filter_map(Value::as_object_mut).flat_map(Map::values_mut);
    let answers = operations
        .filter_map(|operation| operation.get_mut("responses")?.as_object_mut())
        .flatten();
    for (status, answer) in answers {
        let meaning = match status.as_str() {
            "200" => "Done",
            "201" => "Made",
            "202" => "Accepted, and being carried out",
            "204" => "Done; there is nothing more to say",
            "default" => "Not done; a problem says why",
            _ => continue,
        };
        if let Some(answer) = answer.as_object_mut() {
            answer.retain(|name, text| name != "description" || text != "");
            answer.entry("description").or_insert_with(|| json!(meaning));
        }
    }
}

/// The schemas that can be referred to, without their descriptions: one may be said of each use.
fn components(document: &Value) -> Vec<(String, Value)> {
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    let named = schemas
        .into_iter()
        .flatten()
        .map(|(name, schema)| (name.clone(), bare(schema)));
    named.filter(|(_, schema)| is_structure(schema)).collect()
}

fn bare(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(fields) = schema.as_object_mut() {
        fields.remove("description");
    }
    schema
}

/// Whether it is worth a name: what is only a string or a number is not.
fn is_structure(schema: &Value) -> bool {
    ["properties", "allOf"].iter().any(|key| schema.get(key).is_some())
}

/// Refines what a schema is made of; the schema itself stays written out.
fn inside(schema: &mut Value, known: &[(String, Value)]) {
    match schema {
        Value::Object(fields) => {
            lift(fields);
            fields.values_mut().for_each(|field| each(field, known));
        }
        other => each(other, known),
    }
}

fn each(value: &mut Value, known: &[(String, Value)]) {
    if is_structure(value) {
        let plain = bare(value);
        if let Some((name, _)) = known.iter().find(|(_, schema)| *schema == plain) {
            let description = value.get("description").cloned();
            *value = json!({"$ref": format!("#/components/schemas/{name}")});
            if let (Some(fields), Some(description)) = (value.as_object_mut(), description) {
                fields.insert("description".to_owned(), description);
            }
            return;
        }
    }
    match value {
        Value::Object(fields) => {
            lift(fields);
            fields.values_mut().for_each(|field| each(field, known));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| each(item, known)),
        _ => {}
    }
}

/// `oneOf: [{$ref, description}, {type: null}]` keeps the description where only few look.
fn lift(schema: &mut Map<String, Value>) {
    if schema.contains_key("description") {
        return;
    }
    let optional = schema.get_mut("oneOf").and_then(Value::as_array_mut);
    let Some([one, null]) = optional.map(Vec::as_mut_slice) else {
        return;
    };
    let description = one.as_object_mut().filter(|one| one.contains_key("$ref"));
    if let Some(description) = description.and_then(|one| one.remove("description"))
        && null["type"] == "null"
    {
        schema.insert("description".to_owned(), description);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_out_twice_becomes_a_reference_with_its_own_description() {
        let spec = json!({"type": "object", "description": "A spec.", "properties": {"size": {"type": "string"}}});
        let mut given = json!({"paths": {}, "components": {"schemas": {
            "Spec": spec,
            "Thing": {"type": "object", "properties": {
                "spec": {"type": "object", "description": "What it should be.", "properties": {"size": {"type": "string"}}},
                "since": {"oneOf": [{"$ref": "#/components/schemas/Time", "description": "Since when."}, {"type": "null"}]},
            }},
        }}});

        document(&mut given);

        let expected = json!({
            "spec": {"$ref": "#/components/schemas/Spec", "description": "What it should be."},
            "since": {"oneOf": [{"$ref": "#/components/schemas/Time"}, {"type": "null"}], "description": "Since when."},
        });
        assert_eq!(given["components"]["schemas"]["Thing"]["properties"], expected);
        assert_eq!(given["components"]["schemas"]["Spec"], spec);
    }
}

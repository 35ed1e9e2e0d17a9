//! An example for every operation, parameter and field of the document.
//!
//! `examples.json` has the values, by schema and field (`Problem.code`) or by field alone; those of structures are put
//! together from them, so that one story is told throughout: the chain `ledger` of the organizations `bank` and `audit`.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

/// The values. A field that is missing there fails a test.
static TABLE: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("examples.json")).unwrap_or_default());

/// Nothing nests deeper; a schema that refers to itself ends here.
const DEEPEST: usize = 12;

/// Writes examples into the whole document.
pub fn document(document: &mut Value) {
    let mut schemas = document.pointer("/components/schemas").cloned().unwrap_or_default();
    if let Some(schemas) = schemas.as_object_mut() {
        for (name, schema) in schemas {
            fields(schema, name);
        }
    }
    // In a second pass, because a structure shows what those that it refers to have.
    let known = schemas.clone();
    if let Some(schemas) = schemas.as_object_mut() {
        for (name, schema) in schemas {
            if let Some(example) = named(name).or_else(|| of(schema, &known, 0)) {
                put(schema, example);
            }
        }
    }
    let known = schemas.clone();
    document["components"]["schemas"] = schemas;
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let operations = paths
        .into_iter()
        .flat_map(Map::values_mut)
        .filter_map(Value::as_object_mut)
        .flat_map(Map::values_mut);
    for operation in operations {
        show(operation, &known);
    }
}

/// The value of the table for a schema, or a field of one.
fn named(name: &str) -> Option<Value> {
    TABLE.get(name).cloned()
}

fn put(schema: &mut Value, example: Value) {
    if let Some(schema) = schema.as_object_mut() {
        schema.entry("example").or_insert(example);
    }
}

/// Gives every field of a schema that is no structure an example of its own.
fn fields(schema: &mut Value, owner: &str) {
    for part in ["allOf", "oneOf"] {
        let parts = schema.get_mut(part).and_then(Value::as_array_mut);
        parts.into_iter().flatten().for_each(|part| fields(part, owner));
    }
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (name, property) in properties.into_iter().flatten() {
        let path = format!("{owner}.{name}");
        fields(property, &path);
        if let Some(example) = named(&path).or_else(|| if refers(property) { None } else { named(name) }) {
            put(property, example);
        }
    }
}

/// Whether what a schema shows is what another one shows.
fn refers(schema: &Value) -> bool {
    let optional = schema.get("oneOf").and_then(Value::as_array);
    let items = schema.get("items");
    schema.get("$ref").is_some()
        || optional.is_some_and(|parts| parts.iter().any(refers))
        || items.is_some_and(refers)
        || ["properties", "allOf"].iter().any(|key| schema.get(key).is_some())
}

/// What a schema shows: its own example, or one that is put together.
pub fn of(schema: &Value, known: &Value, depth: usize) -> Option<Value> {
    if depth > DEEPEST {
        return None;
    }
    if let Some(example) = schema.get("example") {
        return Some(example.clone());
    }
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let name = reference.rsplit('/').next()?;
        return named(name).or_else(|| of(known.get(name)?, known, depth + 1));
    }
    if let Some(first) = schema.get("enum").and_then(|values| values.get(0)) {
        return Some(first.clone());
    }
    if let Some(parts) = schema.get("oneOf").and_then(Value::as_array) {
        return parts.iter().find_map(|part| of(part, known, depth + 1));
    }
    if let Some(items) = schema.get("items") {
        return Some(json!([of(items, known, depth + 1)?]));
    }
    let mut shown = Map::new();
    for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        if let Some(Value::Object(fields)) = of(part, known, depth + 1) {
            shown.extend(fields);
        }
    }
    for (field, property) in schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        if let Some(example) = of(property, known, depth + 1)
            && !example.is_null()
        {
            shown.insert(field.clone(), example);
        }
    }
    (!shown.is_empty()).then_some(Value::Object(shown))
}

/// Shows what is sent to an operation and what it answers.
fn show(operation: &mut Value, known: &Value) {
    let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap_or_default().to_owned();
        let example = named(&format!("{id}?{name}")).or_else(|| named(&format!("?{name}")));
        if let Some(example) = example {
            put(parameter, example);
        }
    }
    if let Some(body) = operation.get_mut("requestBody") {
        contents(body, &format!("{id}!"), known);
    }
    let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
    for (status, response) in responses.into_iter().flatten() {
        contents(response, &format!("{id}={status}"), known);
    }
}

fn contents(holder: &mut Value, name: &str, known: &Value) {
    let contents = holder.get_mut("content").and_then(Value::as_object_mut);
    for (media_type, content) in contents.into_iter().flatten() {
        let schema = content.get("schema").cloned().unwrap_or_default();
        let own = named(&format!("{name} {media_type}")).or_else(|| named(name));
        // What a type of its own shows need not be said with every operation.
        let shown = || {
            if schema.get("$ref").is_some() {
                None
            } else {
                of(&schema, known, 0)
            }
        };
        if let Some(example) = own.or_else(shown) {
            put(content, example);
        }
    }
}

//! What a change of the document breaks for programs that were written for the released one.
//!
//! Within v1 the API only grows. A caller breaks when something that it sends is no longer taken, or something that it reads
//! is no longer there:
//!
//! - an operation, a documented status or a media type is gone, or an operation has another id (generated clients name
//!   functions by it);
//! - a parameter or a field of a request is gone, has become required, has another type or takes fewer values;
//! - a field of an answer is gone, is no longer always there, or has another type.
//!
//! New operations, optional fields and values of an enumeration in an answer break nobody: callers expect values that they
//! do not know. Descriptions and examples may change as they like.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Which way a value travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Sent,
    Answered,
}

/// Everything that breaks, one line each.
pub fn changes(old: &Value, new: &Value) -> Vec<String> {
    let mut comparison = Comparison {
        old,
        new,
        seen: BTreeSet::new(),
        found: Vec::new(),
    };
    for (path, item) in entries(&old["paths"]) {
        for (method, operation) in entries(item) {
            let place = format!("{} {path}", method.to_uppercase());
            match new["paths"].get(path).and_then(|item| item.get(method)) {
                Some(now) => comparison.operation(&place, operation, now),
                None => comparison.found.push(format!("{place}: is gone")),
            }
        }
    }
    comparison.found
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

struct Comparison<'a> {
    old: &'a Value,
    new: &'a Value,
    /// Pairs of references that were compared, or are being compared: types may hold themselves.
    seen: BTreeSet<(String, String, bool)>,
    found: Vec<String>,
}

impl<'a> Comparison<'a> {
    fn operation(&mut self, place: &str, old: &'a Value, new: &'a Value) {
        if old["operationId"] != new["operationId"] {
            self.found
                .push(format!("{place}: the id is now {}", new["operationId"]));
        }
        self.parameters(place, old, new);
        self.contents(
            &format!("{place} request"),
            &old["requestBody"],
            &new["requestBody"],
            Way::Sent,
        );
        if old["requestBody"]["required"] != true && new["requestBody"]["required"] == true {
            self.found.push(format!("{place} request: a body has become required"));
        }
        for (status, answer) in entries(&old["responses"]) {
            match new["responses"].get(status) {
                Some(now) => self.contents(&format!("{place} {status}"), answer, now, Way::Answered),
                None => self.found.push(format!("{place} {status}: is gone")),
            }
        }
    }

    fn parameters(&mut self, place: &str, old: &'a Value, new: &'a Value) {
        let same = |one: &Value, other: &Value| one["name"] == other["name"] && one["in"] == other["in"];
        for before in items(&old["parameters"]) {
            let place = format!("{place} parameter {}", before["name"].as_str().unwrap_or_default());
            match items(&new["parameters"]).find(|now| same(before, now)) {
                Some(now) => self.schema(&place, &before["schema"], &now["schema"], Way::Sent),
                None => self.found.push(format!("{place}: is gone")),
            }
        }
        for now in items(&new["parameters"]).filter(|now| now["required"] == true) {
            let was = items(&old["parameters"]).find(|before| same(before, now));
            if was.is_none_or(|was| was["required"] != true) {
                let name = now["name"].as_str().unwrap_or_default();
                self.found
                    .push(format!("{place} parameter {name}: has become required"));
            }
        }
    }

    fn contents(&mut self, place: &str, old: &'a Value, new: &'a Value, way: Way) {
        for (media_type, content) in entries(&old["content"]) {
            match new["content"].get(media_type) {
                Some(now) => self.schema(place, &content["schema"], &now["schema"], way),
                None => self.found.push(format!("{place}: {media_type} is gone")),
            }
        }
    }

    fn schema(&mut self, place: &str, old: &'a Value, new: &'a Value, way: Way) {
        let names = [old, new].map(|schema| schema["$ref"].as_str().unwrap_or_default().to_owned());
        let [before, after] = names.clone();
        if names.iter().any(|name| !name.is_empty())
            && !self.seen.insert((
                format!("{before}{}", if before.is_empty() { place } else { "" }),
                after,
                way == Way::Sent,
            ))
        {
            return;
        }
        let (old, new) = (resolved(self.old, old), resolved(self.new, new));
        // What was all of an answer may have become its first part, with more beside it.
        let first = items(&new["allOf"]).next();
        let new = match first.filter(|_| way == Way::Answered && old.get("allOf").is_none()) {
            Some(part) => resolved(self.new, part),
            None => new,
        };
        self.kind(place, old, new, way);
        self.values(place, old, new, way);
        self.fields(place, old, new, way);
        if old.get("items").is_some() && new.get("items").is_some() {
            self.schema(&format!("{place}[]"), &old["items"], &new["items"], way);
        }
        for part in ["allOf", "oneOf"] {
            for (index, before) in items(&old[part]).enumerate() {
                match new[part].get(index) {
                    Some(now) => self.schema(place, before, now, way),
                    None => self.found.push(format!("{place}: one of its forms is gone")),
                }
            }
        }
    }

    fn kind(&mut self, place: &str, old: &Value, new: &Value, way: Way) {
        let [before, after] = [old, new].map(kinds);
        // Nothing said is anything at all.
        let fits = match way {
            Way::Sent => after.is_empty() || (!before.is_empty() && before.is_subset(&after)),
            Way::Answered => before.is_empty() || (!after.is_empty() && after.is_subset(&before)),
        };
        if !fits || old.get("format") != new.get("format") && new.get("format").is_some() && way == Way::Sent {
            self.found.push(format!("{place}: is now {}", new["type"]));
        }
    }

    fn values(&mut self, place: &str, old: &Value, new: &Value, way: Way) {
        if way == Way::Answered {
            return;
        }
        let now: Vec<&Value> = items(&new["enum"]).collect();
        if new.get("enum").is_some() && old.get("enum").is_none() {
            self.found.push(format!("{place}: takes certain values only"));
        }
        for gone in items(&old["enum"]).filter(|value| !now.is_empty() && !now.contains(value)) {
            self.found.push(format!("{place}: does not take {gone}"));
        }
        for bound in [
            "maxLength",
            "minLength",
            "maximum",
            "minimum",
            "maxItems",
            "minItems",
            "pattern",
        ] {
            if new.get(bound).is_some_and(|now| narrows(bound, old.get(bound), now)) {
                self.found.push(format!("{place}: {bound} is now {}", new[bound]));
            }
        }
    }

    fn fields(&mut self, place: &str, old: &'a Value, new: &'a Value, way: Way) {
        for (name, field) in entries(&old["properties"]) {
            let place = format!("{place}.{name}");
            match new["properties"].get(name) {
                Some(now) => self.schema(&place, field, now, way),
                None => self.found.push(format!("{place}: is gone")),
            }
        }
        let [before, after] = [old, new].map(|schema| items(&schema["required"]).collect::<Vec<_>>());
        let (must, news, what) = match way {
            Way::Sent => (after, before, "has become required"),
            Way::Answered => (before, after, "is not always there"),
        };
        for name in must.iter().filter(|name| !news.contains(name)) {
            // What is gone was said above.
            if new["properties"].get(name.as_str().unwrap_or_default()).is_some() {
                self.found
                    .push(format!("{place}.{}: {what}", name.as_str().unwrap_or_default()));
            }
        }
    }
}

/// What a reference refers to.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let reference = schema["$ref"].as_str();
    reference
        .and_then(|reference| document.pointer(reference.trim_start_matches('#')))
        .unwrap_or(schema)
}

fn kinds(schema: &Value) -> BTreeSet<&str> {
    match &schema["type"] {
        Value::String(one) => BTreeSet::from([one.as_str()]),
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => BTreeSet::new(),
    }
}

fn narrows(bound: &str, old: Option<&Value>, new: &Value) -> bool {
    let Some(old) = old else {
        return true;
    };
    match (old.as_f64(), new.as_f64()) {
        (Some(old), Some(new)) if bound.starts_with("max") => new < old,
        (Some(old), Some(new)) => new > old,
        _ => old != new,
    }
}

mod tests {
    use serde_json::json;

    use super::*;

    fn document(request: Value, answer: Value) -> Value {
        json!({
            "paths": {"/v1/things": {"post": {
                "operationId": "thing_create",
                "parameters": [{"name": "dry", "in": "query", "schema": {"type": "boolean"}}],
                "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/New"}}}},
                "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}},
            }}},
            "components": {"schemas": {"New": request, "Thing": answer}},
        })
    }

    fn released() -> Value {
        document(
            json!({"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "size": {"enum": ["s", "l"]}}}),
            json!({"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}}}),
        )
    }

    #[test]
    fn what_only_grows_breaks_nobody() {
        let new = document(
            json!({"type": "object", "required": ["name"], "properties": {"name": {"type": ["string", "null"]}, "size": {"enum": ["s", "m", "l"]}, "more": {"type": "string"}}}),
            json!({"type": "object", "required": ["name", "parts", "more"], "properties": {"name": {"type": "string"}, "more": {"type": "string"}, "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}}}),
        );

        assert_eq!(changes(&released(), &new), Vec::<String>::new());
    }

    #[test]
    fn what_callers_send_or_read_is_missed_when_it_goes() {
        let mut new = document(
            json!({"type": "object", "required": ["name", "size"], "properties": {"name": {"type": "string", "maxLength": 5}, "size": {"enum": ["s"]}}}),
            json!({"type": "object", "properties": {"name": {"type": ["string", "null"]}}}),
        );
        new["paths"]["/v1/things"]["post"]["parameters"] =
            json!([{"name": "tenant", "in": "query", "required": true, "schema": {"type": "string"}}]);

        let found = changes(&released(), &new);

        let expected = [
            "POST /v1/things parameter dry: is gone",
            "POST /v1/things parameter tenant: has become required",
            "POST /v1/things request.name: maxLength is now 5",
            "POST /v1/things request.size: does not take \"l\"",
            "POST /v1/things request.size: has become required",
            "POST /v1/things 200.name: is now [\"string\",\"null\"]",
            "POST /v1/things 200.parts: is gone",
            "POST /v1/things 200.name: is not always there",
        ];
        assert_eq!(found, expected);
    }

    /// The document of the last release. A release puts the current one in its place:
    /// `cp api/openapi.json api/openapi.released.json`.
    #[test]
    fn nothing_that_was_released_breaks() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../api/openapi.released.json");
        let released: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();

        let broken = changes(&released, &super::super::json());

        assert_eq!(broken, Vec::<String>::new());
    }
}

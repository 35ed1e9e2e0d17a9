//! What HTTP carries beside the bodies, said of each operation: the headers that a request may have, and those of its answers.

use serde_json::{Map, Value, json};

/// Says it in the whole document.
pub fn document(document: &mut Value) {
    document["components"]["headers"] = json!({
        "Location": header("Where the operation is that carries the change out.", json!("/v1/operations/01939b2e-6f3a-7c11-a3c5-0d1f5a2b7c9e")),
        "ETag": header("Names this version of what is answered; goes into `If-Match`.", json!("\"5f1c7a9be2d04c3388a16b0e\"")),
        "RateLimit": header("Requests that are left, and seconds until there are more.", json!("\"tenant\";r=2999;t=1")),
        "RateLimit-Policy": header("Requests in a window of so many seconds.", json!("\"tenant\";q=3000;w=60")),
        "Retry-After": header("Seconds after which the same request may succeed.", json!("1")),
        "X-Request-Id": header("Names the request: the one that came with it, or a new one.", json!("01939b2e6f3a7c11a3c50d1f5a2b7c9e")),
        "Idempotency-Replayed": header("`true`: the answer to an earlier request with the same key.", json!("true")),
    });
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    let tagged: Vec<String> = schemas
        .into_iter()
        .flatten()
        .filter(|(_, schema)| schema.pointer("/properties/etag").is_some())
        .map(|(name, _)| format!("#/components/schemas/{name}"))
        .collect();
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let operations = paths
        .into_iter()
        .flat_map(Map::values_mut)
        .filter_map(Value::as_object_mut)
        .flatten();
    for (method, operation) in operations {
        let is_open = operation["security"] == json!([{}]);
        let is_keyed = method == "post" && !is_open;
        if is_keyed {
            keyed(operation);
        }
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
        for (status, response) in responses.into_iter().flatten() {
            let schema = response.pointer("/content/application~1json/schema/$ref");
            let is_tagged = schema
                .and_then(Value::as_str)
                .is_some_and(|schema| tagged.iter().any(|tagged| tagged == schema));
            let names = [
                ("X-Request-Id", true),
                ("RateLimit", !is_open),
                ("RateLimit-Policy", !is_open),
                ("Location", status == "202"),
                ("ETag", is_tagged),
                ("Retry-After", status == "default"),
                ("Idempotency-Replayed", is_keyed && status.starts_with('2')),
            ];
            let names = names.iter().filter(|(_, holds)| *holds);
            response["headers"] = names
                .map(|(name, _)| {
                    (
                        (*name).to_owned(),
                        json!({"$ref": format!("#/components/headers/{name}")}),
                    )
                })
                .collect();
        }
    }
}

fn header(description: &str, example: Value) -> Value {
    json!({"description": description, "schema": {"type": "string"}, "example": example})
}

/// Every POST of somebody who is known may be repeated safely.
fn keyed(operation: &mut Value) {
    let Some(operation) = operation.as_object_mut() else {
        return;
    };
    let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
    if let Some(parameters) = parameters.as_array_mut() {
        parameters.push(json!({
            "name": "Idempotency-Key",
            "in": "header",
            "required": false,
            "description": "1 to 255 visible ASCII characters. Repeats with the same key and body are carried out once and \
                answered the same, for 48 hours.",
            "schema": {"type": ["string", "null"]},
        }));
    }
}

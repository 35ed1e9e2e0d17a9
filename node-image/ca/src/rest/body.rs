//! Reads JSON as Go does: names of fields in any case, and `null` for what is absent.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::refusal::{Refusal, code};

/// The body with lower-case names and without nulls; `None` when there is no body.
pub fn parse(bytes: &[u8]) -> Result<Option<Value>, Refusal> {
    if bytes.is_empty() {
        return Ok(None);
    }
    serde_json::from_slice(bytes)
        .map(|value| Some(plain(value)))
        .map_err(wrong)
}

/// The body as a request.
pub fn read<T: DeserializeOwned>(body: Option<&Value>) -> Result<T, Refusal> {
    let body = body.ok_or_else(|| Refusal::new(400, code::EMPTY_BODY, "Empty request body"))?;
    serde_json::from_value(body.clone()).map_err(wrong)
}

/// Says what is wrong with it and never repeats it: a body holds secrets.
fn wrong(error: serde_json::Error) -> Refusal {
    Refusal::new(400, code::BAD_BODY, format!("Invalid request body: {error}"))
}

fn plain(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
            let fields = fields.map(|(name, value)| (name.to_lowercase(), plain(value)));
            Value::Object(fields.collect::<Map<String, Value>>())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(plain).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_may_be_in_any_case_and_null_is_nothing() {
        let body = parse(br#"{"CAName": "bank", "Attrs": [{"Name": "a", "ECert": null}], "secret": null}"#).unwrap();

        assert_eq!(body, Some(json!({ "caname": "bank", "attrs": [{ "name": "a" }] })));
        assert_eq!(parse(b""), Ok(None));
    }

    #[test]
    fn a_body_that_cannot_be_read_is_not_repeated() {
        let refusal = parse(br#"{"secret": "adminpw""#).unwrap_err();

        assert_eq!((refusal.status, refusal.code), (400, 5));
        assert!(!refusal.message.contains("adminpw"), "{refusal}");
    }
}

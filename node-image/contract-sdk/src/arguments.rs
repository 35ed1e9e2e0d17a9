//! From a transaction's arguments, a list of bytes, to a function's own type.
//!
//! A function takes one struct. Its fields are filled from the arguments in order, texts as they are and everything else
//! as JSON; or by name, when there is one argument that is a JSON object of these names.

use std::cell::RefCell;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::value::{MapAccessDeserializer, StringDeserializer};
use serde::de::{DeserializeOwned, DeserializeSeed, IntoDeserializer as _, MapAccess};
use serde_json::{Map, Value};

use crate::error::ArgumentError;

/// For functions that take no arguments.
#[derive(Debug, Clone, Copy, serde::Deserialize, JsonSchema)]
pub struct NoArguments {}

/// What a function takes.
#[derive(Debug, Clone)]
pub struct Parameters {
    function: String,
    list: Vec<Parameter>,
}

#[derive(Debug, Clone)]
pub struct Parameter {
    pub name: String,
    pub required: bool,
    /// JSON Schema, without references.
    pub schema: Value,
    /// Taken as it is, not as JSON.
    is_text: bool,
}

/// The JSON Schema of a type with everything in place.
pub fn schema_of<T: JsonSchema>() -> Value {
    let mut settings = SchemaSettings::draft07();
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

impl Parameters {
    pub fn of<A: JsonSchema>(function: &str) -> Parameters {
        let schema = schema_of::<A>();
        let required = |name: &String| {
            schema["required"]
                .as_array()
                .is_some_and(|names| names.iter().any(|required| required == name))
        };
        let no_fields = Map::new();
        let fields = schema["properties"].as_object().unwrap_or(&no_fields);
        let list = fields.iter().map(|(name, schema)| Parameter {
            name: name.clone(),
            required: required(name),
            is_text: is_text(schema),
            schema: schema.clone(),
        });
        Parameters {
            function: function.to_owned(),
            list: list.collect(),
        }
    }

    pub fn list(&self) -> &[Parameter] {
        &self.list
    }

    /// Fills `A`. The error names the argument that does not fit.
    pub fn bind<A: DeserializeOwned>(&self, arguments: &[Vec<u8>]) -> Result<A, ArgumentError> {
        let values = match self.named(arguments)? {
            Some(values) => values,
            None => self.positional(arguments)?,
        };
        if let Some(missing) = self
            .list
            .iter()
            .find(|each| each.required && !values.contains_key(&each.name))
        {
            let (function, name) = (self.function.clone(), missing.name.clone());
            return Err(ArgumentError::Missing {
                function,
                name,
                expected: self.expected(),
            });
        }
        let current = RefCell::new(None);
        let fields = Fields {
            rest: values.into_iter(),
            value: None,
            current: &current,
        };
        A::deserialize(MapAccessDeserializer::new(fields)).map_err(|why| {
            let (function, reason) = (self.function.clone(), why.to_string());
            match current.take() {
                Some(name) => ArgumentError::Invalid { function, name, reason },
                None => ArgumentError::Unusable { function, reason },
            }
        })
    }

    /// `None` when the arguments are not one object with names of ours.
    fn named(&self, arguments: &[Vec<u8>]) -> Result<Option<Map<String, Value>>, ArgumentError> {
        let [only] = arguments else { return Ok(None) };
        let Ok(Value::Object(values)) = serde_json::from_slice(only) else {
            return Ok(None);
        };
        let known = |name: &String| self.list.iter().any(|parameter| parameter.name == *name);
        // An object may also be the value of the first parameter, so one with no name of ours is taken for that.
        let meant_by_name = values.keys().any(known) || self.list.first().is_none_or(|first| first.is_text);
        if !meant_by_name {
            return Ok(None);
        }
        match values.keys().find(|name| !known(name)) {
            Some(name) => Err(ArgumentError::Unknown {
                function: self.function.clone(),
                name: name.clone(),
                expected: self.expected(),
            }),
            None => Ok(Some(values)),
        }
    }

    fn positional(&self, arguments: &[Vec<u8>]) -> Result<Map<String, Value>, ArgumentError> {
        let (count, most) = (arguments.len(), self.list.len());
        if count > most {
            let (function, expected) = (self.function.clone(), self.expected());
            return Err(ArgumentError::TooMany {
                function,
                most,
                count,
                expected,
            });
        }
        let mut values = Map::new();
        for (parameter, bytes) in self.list.iter().zip(arguments) {
            // Clients cannot leave out an argument before another one: empty is how they say that there is none.
            if bytes.is_empty() && !parameter.required {
                continue;
            }
            let value = parameter.value(bytes).map_err(|reason| ArgumentError::Invalid {
                function: self.function.clone(),
                name: parameter.name.clone(),
                reason,
            })?;
            values.insert(parameter.name.clone(), value);
        }
        Ok(values)
    }

    fn expected(&self) -> String {
        let shown = |parameter: &Parameter| parameter.name.clone() + if parameter.required { "" } else { "?" };
        self.list.iter().map(shown).collect::<Vec<_>>().join(", ")
    }
}

impl Parameter {
    fn value(&self, bytes: &[u8]) -> Result<Value, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "is not UTF-8 text".to_owned())?;
        if self.is_text {
            return Ok(Value::String(text.to_owned()));
        }
        serde_json::from_str(text).map_err(|why| format!("is not JSON: {why}"))
    }
}

/// Whether the schema is that of a text, or of a text or nothing.
fn is_text(schema: &Value) -> bool {
    let only_text = |types: &Value| match types {
        Value::String(name) => name == "string",
        Value::Array(names) => {
            names.iter().any(|name| name == "string") && names.iter().all(|name| name == "string" || name == "null")
        }
        _ => false,
    };
    let alternatives = schema["anyOf"].as_array();
    only_text(&schema["type"])
        || alternatives.is_some_and(|each| {
            each.iter().any(is_text) && each.iter().all(|one| is_text(one) || one["type"] == "null")
        })
}

/// Hands values to serde one by one, and remembers which was the last.
struct Fields<'a> {
    rest: serde_json::map::IntoIter,
    value: Option<Value>,
    current: &'a RefCell<Option<String>>,
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = serde_json::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Self::Error> {
        *self.current.borrow_mut() = None;
        let Some((name, value)) = self.rest.next() else {
            return Ok(None);
        };
        self.value = Some(value);
        *self.current.borrow_mut() = Some(name.clone());
        let key: StringDeserializer<Self::Error> = name.into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Self::Error> {
        seed.deserialize(self.value.take().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize, JsonSchema)]
    #[serde(rename_all = "camelCase")]
    struct Transfer {
        from: String,
        amount: u64,
        valid_until: Option<String>,
        #[serde(default)]
        tags: Vec<String>,
    }

    fn bind(arguments: &[&str]) -> Result<Transfer, String> {
        let arguments: Vec<Vec<u8>> = arguments.iter().map(|argument| argument.as_bytes().to_vec()).collect();
        Parameters::of::<Transfer>("Transfer")
            .bind(&arguments)
            .map_err(|why| why.to_string())
    }

    fn transfer(valid_until: Option<&str>, tags: &[&str]) -> Transfer {
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        Transfer {
            from: "alice".into(),
            amount: 5,
            valid_until: valid_until.map(str::to_owned),
            tags,
        }
    }

    #[test]
    fn arguments_are_taken_in_order_or_by_name() {
        assert_eq!(bind(&["alice", "5"]), Ok(transfer(None, &[])));
        assert_eq!(bind(&["alice", "5", "", r#"["a"]"#]), Ok(transfer(None, &["a"])));
        assert_eq!(bind(&["alice", "5", "null"]), Ok(transfer(Some("null"), &[])));
        assert_eq!(
            bind(&[r#"{"amount": 5, "from": "alice", "validUntil": "May"}"#]),
            Ok(transfer(Some("May"), &[]))
        );
    }

    #[test]
    fn the_wrong_argument_is_named() {
        for (arguments, expected) in [
            (
                &["alice"][..],
                "argument \"amount\" of Transfer is missing; it takes (from, amount, validUntil?, tags?)",
            ),
            (
                &["alice", "-5"],
                "argument \"amount\" of Transfer: invalid value: integer `-5`, expected u64",
            ),
            (
                &["alice", "five"],
                "argument \"amount\" of Transfer: is not JSON: expected ident at line 1 column 2",
            ),
            (
                &[r#"{"amount": "5", "from": "alice"}"#],
                "argument \"amount\" of Transfer: invalid type: string \"5\", expected u64",
            ),
            (
                &[r#"{"from": "alice", "to": "bob"}"#],
                "Transfer has no argument \"to\"; it takes (from, amount, validUntil?, tags?)",
            ),
            (
                &["a", "1", "", "[]", "x"],
                "Transfer takes at most 4 arguments (from, amount, validUntil?, tags?), but got 5",
            ),
        ] {
            assert_eq!(bind(arguments).unwrap_err(), expected, "{arguments:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        let refused = Parameters::of::<Transfer>("Transfer")
            .bind::<Transfer>(&[vec![0xff]])
            .unwrap_err();

        assert_eq!(refused.to_string(), "argument \"from\" of Transfer: is not UTF-8 text");
    }

    #[test]
    fn a_function_without_arguments_takes_none() {
        let parameters = Parameters::of::<NoArguments>("Count");

        assert!(parameters.bind::<NoArguments>(&[]).is_ok());
        let refused = parameters.bind::<NoArguments>(&[b"x".to_vec()]).unwrap_err();
        assert_eq!(refused.to_string(), "Count takes at most 0 arguments (), but got 1");
    }
}

//! The business templates that Entente ships, as people choose them and as they are set.
//!
//! The platform offers, explains and checks them by this; the contracts themselves read their settings by it. What a
//! template's functions take is not written here: `metadata.json` is what the contract says of itself.

pub mod evidence;
mod parameter;

use std::collections::BTreeMap;

use serde_json::Value;

pub use parameter::{Kind, LOG_LEVEL, Parameter};

/// Every template, by name.
pub const ALL: &[Template] = &[evidence::TEMPLATE];

/// Something said to people, in each language that the platform speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text<T = &'static str> {
    pub english: T,
    pub simplified_chinese: T,
}

/// Something said in English and in simplified Chinese.
const fn text(english: &'static str, simplified_chinese: &'static str) -> Text {
    Text {
        english,
        simplified_chinese,
    }
}

/// A business contract that the platform runs on request.
#[derive(Debug, Clone, Copy)]
pub struct Template {
    /// What a Contract's `template` names it by.
    pub name: &'static str,
    pub title: Text,
    /// One sentence.
    pub description: Text,
    /// A page of Markdown.
    pub documentation: Text,
    /// What it is written in.
    pub language: &'static str,
    /// Engines of nodes that it has been tried on.
    pub engines: &'static [&'static str],
    /// What a Contract's `settings` may set.
    pub parameters: &'static [Parameter],
    /// Its functions, in the order of the metadata.
    pub functions: &'static [Function],
    metadata: &'static str,
}

/// What is said of a function besides its metadata.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    pub name: &'static str,
    pub meaning: Text,
    /// Its arguments by name, in the order of the metadata.
    pub arguments: &'static [(&'static str, Text)],
}

/// The template of a name.
pub fn find(name: &str) -> Option<&'static Template> {
    ALL.iter().find(|template| template.name == name)
}

impl Template {
    /// What the contract says of itself, in the format of Fabric's contract API.
    pub fn metadata(&self) -> Value {
        serde_json::from_str(self.metadata).unwrap_or_default()
    }

    /// Which settings cannot be used, and why.
    pub fn wrong_settings(&self, settings: &BTreeMap<String, String>) -> Vec<(String, String)> {
        let mut wrong = Vec::new();
        for (name, value) in settings {
            let reason = match self.parameters.iter().find(|parameter| parameter.name == name) {
                Some(parameter) => parameter.check(value).err(),
                None => Some(self.no_parameter(name)),
            };
            wrong.extend(reason.map(|reason| (name.clone(), reason)));
        }
        wrong
    }

    fn no_parameter(&self, name: &str) -> String {
        let known: Vec<&str> = self.parameters.iter().map(|parameter| parameter.name).collect();
        format!(
            "the template \"{}\" has no parameter \"{name}\"; it has {}",
            self.name,
            known.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_cannot_be_used_are_named_with_what_could_be() {
        let wrong = |settings: &[(&str, &str)]| {
            let owned = settings.iter().map(|(name, value)| ((*name).into(), (*value).into()));
            evidence::TEMPLATE.wrong_settings(&owned.collect())
        };
        let says = |name: &str, reason: &str| vec![(name.to_owned(), reason.to_owned())];

        assert_eq!(wrong(&[("LOG_LEVEL", "debug"), ("LONGEST_NOTE", "0")]), []);
        assert_eq!(
            wrong(&[("LOG_LEVEL", "loud")]),
            says(
                "LOG_LEVEL",
                "must be one of error, warn, info, debug, trace, not \"loud\""
            )
        );
        assert_eq!(
            wrong(&[("LONGEST_NOTE", "many")]),
            says("LONGEST_NOTE", "must be a whole number from 0 to 65536, not \"many\"")
        );
        assert_eq!(
            wrong(&[("COLOUR", "red")]),
            says(
                "COLOUR",
                "the template \"evidence\" has no parameter \"COLOUR\"; it has LONGEST_NOTE, LOG_LEVEL"
            )
        );
    }

    #[test]
    fn every_function_and_argument_of_the_metadata_is_explained() {
        for template in ALL {
            let metadata = template.metadata();
            let names = |list: &Value| -> Vec<String> {
                let list = list.as_array().unwrap().iter();
                list.map(|item| item["name"].as_str().unwrap().to_owned()).collect()
            };
            let functions = &metadata["contracts"][template.name]["transactions"];

            let explained: Vec<&str> = template.functions.iter().map(|function| function.name).collect();
            assert_eq!(explained, names(functions));
            for (function, described) in template.functions.iter().zip(functions.as_array().unwrap()) {
                let arguments: Vec<&str> = function.arguments.iter().map(|(name, _)| *name).collect();
                assert_eq!(arguments, names(&described["parameters"]), "{}", function.name);
            }
        }
    }

    #[test]
    fn every_default_is_a_value_that_is_taken() {
        for parameter in ALL.iter().flat_map(|template| template.parameters) {
            assert_eq!(parameter.check(parameter.default), Ok(()), "{}", parameter.name);
        }
    }
}

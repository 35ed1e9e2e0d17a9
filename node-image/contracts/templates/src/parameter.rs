//! What can be set of a template: an environment variable of the service, with its rule.

use super::{Text, text};

/// One setting of a template.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// The environment variable, and the key in a Contract's `settings`.
    pub name: &'static str,
    pub title: Text,
    pub meaning: Text,
    pub kind: Kind,
    /// What holds when nothing is set.
    pub default: &'static str,
}

/// Which values a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole number in decimal, both ends included.
    Integer { minimum: u32, maximum: u32 },
    /// One of these words.
    Choice(&'static [&'static str]),
}

/// What every template logs.
pub const LOG_LEVEL: Parameter = Parameter {
    name: "LOG_LEVEL",
    title: text("Log level", "日志级别"),
    meaning: text(
        "How much the contract's service writes into its log.",
        "合约服务写入日志的详细程度。",
    ),
    kind: Kind::Choice(&["error", "warn", "info", "debug", "trace"]),
    default: "info",
};

impl Parameter {
    /// That a value can be used.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn check(&self, value: &str) -> Result<(), String> {
        let fits = match self.kind {
            Kind::Integer { minimum, maximum } => {
                // `parse` takes a plus sign, which a form would not.
                let plain = value.bytes().all(|byte| byte.is_ascii_digit());
                plain && value.parse().is_ok_and(|number| (minimum..=maximum).contains(&number))
            }
            Kind::Choice(words) => words.contains(&value),
        };
        match fits {
            true => Ok(()),
            false => Err(format!("{}, not {value:?}", self.rule().english)),
        }
    }

    /// The rule, to read beside a field.
    pub fn rule(&self) -> Text<String> {
        match self.kind {
            Kind::Integer { minimum, maximum } => Text {
                english: format!("must be a whole number from {minimum} to {maximum}"),
                simplified_chinese: format!("必须是 {minimum} 到 {maximum} 之间的整数"),
            },
            Kind::Choice(words) => Text {
                english: format!("must be one of {}", words.join(", ")),
                simplified_chinese: format!("必须是以下之一：{}", words.join("、")),
            },
        }
    }

    /// What is set, or what holds when nothing is.
    ///
    /// # Errors
    /// When what is set cannot be used.
    pub fn read(&self, set: impl Fn(&str) -> Option<String>) -> Result<String, String> {
        let value = set(self.name).unwrap_or_else(|| self.default.to_owned());
        match self.check(&value) {
            Ok(()) => Ok(value),
            Err(reason) => Err(format!("{} {reason}", self.name)),
        }
    }
}

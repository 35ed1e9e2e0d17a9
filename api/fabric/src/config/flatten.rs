//! A configuration tree as a map from path to element (`common/configtx/configmap.go`). Updates are authorized
//! element by element.

use std::collections::BTreeMap;
use std::fmt;

use super::ConfigError;
use crate::proto::common::{ConfigGroup, ConfigPolicy, ConfigValue};

/// The root of every path.
const ROOT: &str = "Channel";
/// The deepest group of a sound configuration lies three levels down; a hostile one could exhaust the stack.
const MAX_DEPTH: usize = 32;

/// What kind of element, and where. Prints as Fabric's logs and errors do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub kind: Kind,
    /// Names from the root down, the element's own last.
    pub path: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Group,
    Value,
    Policy,
}

impl Kind {
    fn prefix(self) -> &'static str {
        match self {
            Kind::Group => "[Group]  ",
            Kind::Value => "[Value]  ",
            Kind::Policy => "[Policy] ",
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.prefix(), self.path.join("/"))
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Element<'a> {
    Group(&'a ConfigGroup),
    Value(&'a ConfigValue),
    Policy(&'a ConfigPolicy),
}

impl Element<'_> {
    pub(super) fn version(&self) -> u64 {
        match self {
            Element::Group(group) => group.version,
            Element::Value(value) => value.version,
            Element::Policy(policy) => policy.version,
        }
    }

    pub(super) fn mod_policy(&self) -> &str {
        match self {
            Element::Group(group) => &group.mod_policy,
            Element::Value(value) => &value.mod_policy,
            Element::Policy(policy) => &policy.mod_policy,
        }
    }
}

pub(super) type Flat<'a> = BTreeMap<Key, Element<'a>>;

/// Every element under `channel_group`, itself included.
pub(super) fn group(channel_group: &ConfigGroup) -> Result<Flat<'_>, ConfigError> {
    let mut flat = Flat::new();
    add_group(&mut flat, vec![ROOT.to_owned()], channel_group)?;
    Ok(flat)
}

fn add_group<'a>(flat: &mut Flat<'a>, path: Vec<String>, group: &'a ConfigGroup) -> Result<(), ConfigError> {
    if path.len() > MAX_DEPTH {
        return Err(ConfigError(format!(
            "config groups are nested deeper than {MAX_DEPTH} levels"
        )));
    }
    let below = |name: &String| [&path[..], std::slice::from_ref(name)].concat();
    for (name, child) in &group.groups {
        add_group(flat, below(name), child)?;
    }
    for (name, value) in &group.values {
        add(flat, Kind::Value, below(name), Element::Value(value))?;
    }
    for (name, policy) in &group.policies {
        add(flat, Kind::Policy, below(name), Element::Policy(policy))?;
    }
    add(flat, Kind::Group, path, Element::Group(group))
}

fn add<'a>(flat: &mut Flat<'a>, kind: Kind, path: Vec<String>, element: Element<'a>) -> Result<(), ConfigError> {
    let name = path.last().map_or("", String::as_str);
    check_id(name).map_err(|error| error.within(&format!("illegal characters in key: {}", kind.prefix())))?;
    flat.insert(Key { kind, path }, element);
    Ok(())
}

/// What a name in the tree may look like (`validateConfigID`).
pub(super) fn check_id(id: &str) -> Result<(), ConfigError> {
    let problem = match id {
        "" => "config ID illegal, cannot be empty".to_owned(),
        _ if id.len() > super::MAX_ID_LENGTH => {
            format!("config ID illegal, cannot be longer than {}", super::MAX_ID_LENGTH)
        }
        "." | ".." => format!("name '{id}' for config ID is not allowed"),
        _ if !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-') => {
            format!("config ID '{id}' contains illegal characters")
        }
        _ => return Ok(()),
    };
    Err(ConfigError(problem))
}

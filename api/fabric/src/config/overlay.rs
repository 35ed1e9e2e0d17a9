//! Laying an update's changes over the current tree (`computeUpdateResult` and `configMapToConfig` in
//! `common/configtx`).

use super::ConfigError;
use super::flatten::{Element, Flat, Key, Kind};
use crate::proto::common::ConfigGroup;

/// The tree that `elements` describe. Each group lists its members itself: what a group no longer lists is gone, even
/// if an element for it is still in the map.
pub(super) fn tree(elements: &Flat<'_>) -> Result<ConfigGroup, ConfigError> {
    let capabilities = Key {
        kind: Kind::Value,
        path: path(&["Channel", "Orderer", "Capabilities"]),
    };
    // Channels made by Fabric 1.0 have elements without mod_policy, which nobody could ever change.
    let mend = elements.contains_key(&capabilities);
    build(elements, path(&["Channel"]), mend)
}

fn path(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn build(elements: &Flat<'_>, path: Vec<String>, mend: bool) -> Result<ConfigGroup, ConfigError> {
    let key = Key {
        kind: Kind::Group,
        path,
    };
    let Some(Element::Group(group)) = elements.get(&key) else {
        return Err(ConfigError(format!("missing group at path: {key}")));
    };
    let path = key.path;
    let mended = |mod_policy: &String| match mod_policy.as_str() {
        "" if mend => "Admins".to_owned(),
        _ => mod_policy.clone(),
    };
    let below = |kind, name: &String| Key {
        kind,
        path: [&path[..], std::slice::from_ref(name)].concat(),
    };

    let mut built = ConfigGroup {
        version: group.version,
        mod_policy: mended(&group.mod_policy),
        ..Default::default()
    };
    for name in group.groups.keys() {
        let child = build(elements, below(Kind::Group, name).path, mend)?;
        built.groups.insert(name.clone(), child);
    }
    for name in group.values.keys() {
        let key = below(Kind::Value, name);
        let Some(Element::Value(value)) = elements.get(&key) else {
            return Err(ConfigError(format!("missing value at path: {key}")));
        };
        let mut value = (*value).clone();
        value.mod_policy = mended(&value.mod_policy);
        built.values.insert(name.clone(), value);
    }
    for name in group.policies.keys() {
        let key = below(Kind::Policy, name);
        let Some(Element::Policy(policy)) = elements.get(&key) else {
            return Err(ConfigError(format!("missing policy at path: {key}")));
        };
        let mut policy = (*policy).clone();
        policy.mod_policy = mended(&policy.mod_policy);
        built.policies.insert(name.clone(), policy);
    }
    Ok(built)
}

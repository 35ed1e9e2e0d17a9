//! Whether an update may be applied: what it read is current, and who signed may change what it changes
//! (`common/configtx/update.go`).

use super::flatten::{self, Flat, Key, Kind, check_id};
use super::{Bundle, ConfigError};
use crate::policy::{Policy, SignedData};

impl Bundle {
    /// The elements of `write_set` that differ from what was read, each checked and allowed.
    pub(super) fn authorize<'a>(
        &self,
        current: &Flat<'_>,
        read_set: &Flat<'_>,
        write_set: &Flat<'a>,
        signatures: &[SignedData],
    ) -> Result<Flat<'a>, ConfigError> {
        check_read_set(current, read_set).map_err(|error| error.within("error validating ReadSet"))?;
        let delta: Flat<'a> = write_set
            .iter()
            // At the version that was read, an element says "unchanged": its content is not looked at.
            .filter(|(key, element)| read_set.get(key).is_none_or(|read| read.version() != element.version()))
            .map(|(key, element)| (key.clone(), *element))
            .collect();
        self.check_delta(current, &delta, signatures)
            .map_err(|error| error.within("error validating DeltaSet"))?;
        Ok(delta)
    }

    fn check_delta(
        &self,
        current: &Flat<'_>,
        delta: &Flat<'_>,
        signatures: &[SignedData],
    ) -> Result<(), ConfigError> {
        if delta.is_empty() {
            return Err(ConfigError(
                "delta set was empty -- update would have no effect".to_owned(),
            ));
        }
        for (key, element) in delta {
            check_mod_policy(element.mod_policy())
                .map_err(|error| error.within(&format!("invalid mod_policy for element {key}")))?;
            let Some(existing) = current.get(key) else {
                if element.version() != 0 {
                    return Err(ConfigError(format!(
                        "attempted to set key {key} to version {}, but key does not exist",
                        element.version()
                    )));
                }
                continue;
            };
            if Some(element.version()) != existing.version().checked_add(1) {
                return Err(ConfigError(format!(
                    "attempt to set key {key} to version {}, but key is at version {}",
                    element.version(),
                    existing.version()
                )));
            }
            let policy = self.policy_for(key, existing.mod_policy()).ok_or_else(|| {
                ConfigError(format!(
                    "unexpected missing policy {} for item {key}",
                    existing.mod_policy()
                ))
            })?;
            policy
                .evaluate_signed(signatures)
                .map_err(|error| ConfigError(format!("policy for {key} not satisfied: {error}")))?;
        }
        Ok(())
    }

    /// The policy that a mod_policy names: absolute from the root, else seen from the group itself or, for a value
    /// or policy, from the group that holds it. The root group's own is always seen from the root.
    fn policy_for(&self, key: &Key, mod_policy: &str) -> Option<&Policy> {
        if mod_policy.starts_with('/') {
            return self.policies.get(mod_policy);
        }
        let group = match key.kind {
            Kind::Group => &key.path[..],
            Kind::Value | Kind::Policy => &key.path[..key.path.len() - 1],
        };
        self.policies.get(&format!("/{}/{mod_policy}", group.join("/")))
    }
}

fn check_read_set(current: &Flat<'_>, read_set: &Flat<'_>) -> Result<(), ConfigError> {
    for (key, element) in read_set {
        let Some(existing) = current.get(key) else {
            return Err(ConfigError(format!(
                "existing config does not contain element for {key} but was in the read set"
            )));
        };
        if existing.version() != element.version() {
            return Err(ConfigError(format!(
                "proposed update requires that key {key} be at version {}, but it is currently at version {}",
                element.version(),
                existing.version()
            )));
        }
    }
    Ok(())
}

fn check_mod_policy(mod_policy: &str) -> Result<(), ConfigError> {
    if mod_policy.is_empty() {
        return Err(ConfigError("mod_policy not set".to_owned()));
    }
    let relative = mod_policy.strip_prefix('/').unwrap_or(mod_policy);
    for (index, part) in relative.split('/').enumerate() {
        check_id(part).map_err(|error| error.within(&format!("path element at {index} is invalid")))?;
    }
    Ok(())
}

/// Read or write set as a map; `None` reads as empty.
pub(super) fn flat_set<'a>(
    set: &'a Option<crate::proto::common::ConfigGroup>,
    name: &str,
) -> Result<Flat<'a>, ConfigError> {
    match set {
        Some(group) => flatten::group(group).map_err(|error| error.within(&format!("error mapping {name}"))),
        None => Ok(Flat::new()),
    }
}

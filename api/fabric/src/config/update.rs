//! Computes the smallest update from one configuration to another, as `configtxlator compute_update` does, and signs
//! it.

use std::collections::BTreeMap;

use prost::Message as _;

use super::ConfigError;
use crate::crypto::{CryptoError, Signer};
use crate::envelope;
use crate::proto::common::{
    Config, ConfigGroup, ConfigPolicy, ConfigSignature, ConfigUpdate, ConfigUpdateEnvelope, ConfigValue, Envelope,
    HeaderType,
};

/// An error when nothing differs (`internal/configtxlator/update/update.go`).
pub fn compute(channel_id: &str, original: &Config, updated: &Config) -> Result<ConfigUpdate, ConfigError> {
    let group = |config: &Config, which: &str| {
        config
            .channel_group
            .clone()
            .ok_or_else(|| ConfigError(format!("no channel group included for {which} config")))
    };
    let (original, updated) = (group(original, "original")?, group(updated, "updated")?);
    let Some(changed) = diff_group(&original, &updated).changed() else {
        return Err(ConfigError(
            "no differences detected between original and updated config".to_owned(),
        ));
    };
    Ok(ConfigUpdate {
        channel_id: channel_id.to_owned(),
        read_set: Some(changed.read),
        write_set: Some(changed.write),
        isolated_data: BTreeMap::new(),
    })
}

/// An update with the signatures of `signers`.
pub fn sign(update: &ConfigUpdate, signers: &[&dyn Signer]) -> Result<ConfigUpdateEnvelope, CryptoError> {
    let config_update = update.encode_to_vec();
    let signatures = signers
        .iter()
        .map(|signer| signature(&config_update, *signer))
        .collect::<Result<_, _>>()?;
    Ok(ConfigUpdateEnvelope {
        config_update,
        signatures,
    })
}

/// One organization's signature over a marshalled `ConfigUpdate`, for collecting signatures one by one.
pub fn signature(config_update: &[u8], signer: &dyn Signer) -> Result<ConfigSignature, CryptoError> {
    let signature_header = envelope::signature_header(signer).encode_to_vec();
    let signature = signer.sign(&[&signature_header[..], config_update].concat())?;
    Ok(ConfigSignature {
        signature_header,
        signature,
    })
}

/// What is broadcast. `submitter` signs the envelope and needs to be one of the channel's writers.
pub fn envelope(
    channel_id: &str,
    update: &ConfigUpdateEnvelope,
    submitter: &dyn Signer,
) -> Result<Envelope, CryptoError> {
    envelope::signed(
        HeaderType::ConfigUpdate,
        channel_id,
        update.encode_to_vec(),
        &[],
        submitter,
    )
}

/// Two versions of a group, compared.
enum Diff {
    Same { version: u64 },
    Changed(Changed),
}

#[derive(Default)]
struct Changed {
    read: ConfigGroup,
    write: ConfigGroup,
}

impl Diff {
    fn changed(self) -> Option<Changed> {
        match self {
            Diff::Same { .. } => None,
            Diff::Changed(changed) => Some(changed),
        }
    }
}

/// The members of one kind, compared.
struct Members<T> {
    read: BTreeMap<String, T>,
    write: BTreeMap<String, T>,
    /// Unchanged ones, by version only: named in both sets if the group itself changes.
    same: BTreeMap<String, T>,
    /// Whether one was added or removed.
    other_names: bool,
}

impl<T> Members<T> {
    fn new() -> Members<T> {
        Members {
            read: BTreeMap::new(),
            write: BTreeMap::new(),
            same: BTreeMap::new(),
            other_names: false,
        }
    }

    fn untouched(&self) -> bool {
        self.read.is_empty() && self.write.is_empty()
    }
}

impl<T: Clone> Members<T> {
    fn with_same(mut self) -> Members<T> {
        self.read.extend(self.same.clone());
        self.write.extend(std::mem::take(&mut self.same));
        self
    }
}

fn diff_group(original: &ConfigGroup, updated: &ConfigGroup) -> Diff {
    let policies = diff_elements(&original.policies, &updated.policies);
    let values = diff_elements(&original.values, &updated.values);
    let groups = diff_groups(&original.groups, &updated.groups);
    let itself =
        policies.other_names || values.other_names || groups.other_names || original.mod_policy != updated.mod_policy;
    let version = original.version;
    if !itself && policies.untouched() && values.untouched() && groups.untouched() {
        return Diff::Same { version };
    }
    let (policies, values, groups, write_version, mod_policy) = if itself {
        let mod_policy = updated.mod_policy.clone();
        (
            policies.with_same(),
            values.with_same(),
            groups.with_same(),
            version.saturating_add(1),
            mod_policy,
        )
    } else {
        (policies, values, groups, version, String::new())
    };
    Diff::Changed(Changed {
        read: ConfigGroup {
            version,
            policies: policies.read,
            values: values.read,
            groups: groups.read,
            mod_policy: String::new(),
        },
        write: ConfigGroup {
            version: write_version,
            policies: policies.write,
            values: values.write,
            groups: groups.write,
            mod_policy,
        },
    })
}

/// A member of a group that has no members of its own.
trait Element: Clone + Default + PartialEq {
    fn version(&self) -> u64;

    /// The same under another version.
    fn at(self, version: u64) -> Self;
}

impl Element for ConfigPolicy {
    fn version(&self) -> u64 {
        self.version
    }

    fn at(self, version: u64) -> ConfigPolicy {
        ConfigPolicy { version, ..self }
    }
}

impl Element for ConfigValue {
    fn version(&self) -> u64 {
        self.version
    }

    fn at(self, version: u64) -> ConfigValue {
        ConfigValue { version, ..self }
    }
}

fn diff_elements<T: Element>(original: &BTreeMap<String, T>, updated: &BTreeMap<String, T>) -> Members<T> {
    let mut members = Members::new();
    for (name, old) in original {
        let Some(new) = updated.get(name) else {
            members.other_names = true;
            continue;
        };
        let version = old.version();
        if new.clone().at(version) == *old {
            members.same.insert(name.clone(), T::default().at(version));
        } else {
            members
                .write
                .insert(name.clone(), new.clone().at(version.saturating_add(1)));
        }
    }
    for (name, new) in updated.iter().filter(|(name, _)| !original.contains_key(*name)) {
        members.other_names = true;
        members.write.insert(name.clone(), new.clone().at(0));
    }
    members
}

fn diff_groups(
    original: &BTreeMap<String, ConfigGroup>,
    updated: &BTreeMap<String, ConfigGroup>,
) -> Members<ConfigGroup> {
    let mut members = Members::new();
    for (name, old) in original {
        let Some(new) = updated.get(name) else {
            members.other_names = true;
            continue;
        };
        match diff_group(old, new) {
            Diff::Same { version } => {
                members.same.insert(
                    name.clone(),
                    ConfigGroup {
                        version,
                        ..Default::default()
                    },
                );
            }
            Diff::Changed(changed) => {
                members.read.insert(name.clone(), changed.read);
                members.write.insert(name.clone(), changed.write);
            }
        }
    }
    for (name, new) in updated.iter().filter(|(name, _)| !original.contains_key(*name)) {
        members.other_names = true;
        let added = diff_group(&ConfigGroup::default(), new)
            .changed()
            .unwrap_or_default()
            .write;
        let added = ConfigGroup {
            version: 0,
            mod_policy: new.mod_policy.clone(),
            ..added
        };
        members.write.insert(name.clone(), added);
    }
    members
}

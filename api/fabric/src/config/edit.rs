//! The changes that operators make to a configuration. Each takes the current one and gives the wanted one, to be
//! fed to [`super::update::compute`]; what is not changed keeps its bytes.

use std::collections::BTreeMap;
use std::time::Duration;

use prost::Message;

use super::genesis::{self, Organization};
use super::{ConfigError, capabilities, duration};
use crate::proto::common::{Config, ConfigGroup, ConfigPolicy, ConfigValue, OrdererAddresses, Policy};
use crate::proto::etcdraft::{self, ConfigMetadata};
use crate::proto::msp::{FabricMspConfig, MspConfig};
use crate::proto::orderer::{BatchSize, BatchTimeout, ConsensusType, consensus_type};
use crate::proto::protos::{AcLs, ApiResource};

/// Admits an organization as a member, with its default policies.
pub fn add_application_organization(config: &Config, organization: &Organization) -> Result<Config, ConfigError> {
    add_organization(
        config,
        "Application",
        &organization.name,
        genesis::application_organization(organization),
    )
}

/// Admits an organization to the ordering service. Its nodes follow with [`add_consenter`].
pub fn add_orderer_organization(config: &Config, organization: &Organization) -> Result<Config, ConfigError> {
    add_organization(
        config,
        "Orderer",
        &organization.name,
        genesis::orderer_organization(organization),
    )
}

fn add_organization(
    config: &Config,
    group: &str,
    name: &str,
    organization: ConfigGroup,
) -> Result<Config, ConfigError> {
    edit(config, &[group], |group_value| match group_value.groups.get(name) {
        Some(_) => Err(ConfigError(format!("{name} is in the {group} group already"))),
        None => {
            group_value.groups.insert(name.to_owned(), organization);
            Ok(())
        }
    })
}

pub fn remove_application_organization(config: &Config, name: &str) -> Result<Config, ConfigError> {
    remove_organization(config, "Application", name)
}

pub fn remove_orderer_organization(config: &Config, name: &str) -> Result<Config, ConfigError> {
    remove_organization(config, "Orderer", name)
}

fn remove_organization(config: &Config, group: &str, name: &str) -> Result<Config, ConfigError> {
    edit(config, &[group], |found| match found.groups.remove(name) {
        Some(_) => Ok(()),
        None => Err(ConfigError(format!("{name} is not in the {group} group"))),
    })
}

/// Replaces the anchor peers of a member; an empty list removes them.
pub fn set_anchor_peers(config: &Config, organization: &str, peers: &[(String, u16)]) -> Result<Config, ConfigError> {
    edit(config, &["Application", organization], |group| {
        if peers.is_empty() {
            group.values.remove("AnchorPeers");
        } else {
            put(group, "AnchorPeers", genesis::anchor_peers_value(peers).encode_to_vec());
        }
        Ok(())
    })
}

pub fn set_batch_size(
    config: &Config,
    max_message_count: u32,
    absolute_max_bytes: u32,
    preferred_max_bytes: u32,
) -> Result<Config, ConfigError> {
    let size = BatchSize {
        max_message_count,
        absolute_max_bytes,
        preferred_max_bytes,
    };
    edit(config, &["Orderer"], |group| {
        put(group, "BatchSize", size.encode_to_vec());
        Ok(())
    })
}

pub fn set_batch_timeout(config: &Config, timeout: Duration) -> Result<Config, ConfigError> {
    let timeout = BatchTimeout {
        timeout: duration::format(timeout),
    };
    edit(config, &["Orderer"], |group| {
        put(group, "BatchTimeout", timeout.encode_to_vec());
        Ok(())
    })
}

/// Adds a Raft node. Orderers take one addition and one removal in an update, no more.
pub fn add_consenter(config: &Config, consenter: etcdraft::Consenter) -> Result<Config, ConfigError> {
    edit_raft(config, |raft| {
        if raft
            .consenters
            .iter()
            .any(|known| known.client_tls_cert == consenter.client_tls_cert)
        {
            return Err(ConfigError(format!(
                "{}:{} is a consenter already",
                consenter.host, consenter.port
            )));
        }
        raft.consenters.push(consenter);
        Ok(())
    })
}

/// Removes the Raft node at `host`:`port`.
pub fn remove_consenter(config: &Config, host: &str, port: u32) -> Result<Config, ConfigError> {
    edit_raft(config, |raft| {
        let index = consenter_index(raft, host, port)?;
        raft.consenters.remove(index);
        Ok(())
    })
}

/// Gives the Raft node at `host`:`port` another address or other certificates, in its place.
pub fn replace_consenter(
    config: &Config,
    host: &str,
    port: u32,
    replacement: etcdraft::Consenter,
) -> Result<Config, ConfigError> {
    edit_raft(config, |raft| {
        let index = consenter_index(raft, host, port)?;
        raft.consenters[index] = replacement;
        Ok(())
    })
}

fn consenter_index(raft: &ConfigMetadata, host: &str, port: u32) -> Result<usize, ConfigError> {
    let found = raft
        .consenters
        .iter()
        .position(|consenter| consenter.host == host && consenter.port == port);
    found.ok_or_else(|| ConfigError(format!("{host}:{port} is not a consenter")))
}

/// Replaces the addresses at which an orderer organization's nodes are reached.
pub fn set_orderer_endpoints(
    config: &Config,
    organization: &str,
    endpoints: &[String],
) -> Result<Config, ConfigError> {
    let addresses = OrdererAddresses {
        addresses: endpoints.to_vec(),
    };
    edit(config, &["Orderer", organization], |group| {
        put(group, "Endpoints", addresses.encode_to_vec());
        Ok(())
    })
}

/// Sets or replaces a policy, named in full: `/Channel/Application/Endorsement`.
pub fn set_policy(config: &Config, path: &str, policy: Policy) -> Result<Config, ConfigError> {
    let (groups, name) = split_path(path)?;
    edit(config, &groups, |group| {
        put_policy(group, name, policy);
        Ok(())
    })
}

pub(super) fn put_policy(group: &mut ConfigGroup, name: &str, policy: Policy) {
    let entry = group.policies.entry(name.to_owned()).or_insert_with(|| ConfigPolicy {
        mod_policy: "Admins".to_owned(),
        ..Default::default()
    });
    entry.policy = Some(policy);
}

/// Replaces the policies that guard single functions: resource name to policy reference. What is not named follows
/// Fabric's defaults.
pub fn set_acls(config: &Config, acls: &BTreeMap<String, String>) -> Result<Config, ConfigError> {
    let acls = acls.iter().map(|(resource, policy)| {
        (
            resource.clone(),
            ApiResource {
                policy_ref: policy.clone(),
            },
        )
    });
    let acls = AcLs { acls: acls.collect() };
    edit(config, &["Application"], |group| {
        put(group, "ACLs", acls.encode_to_vec());
        Ok(())
    })
}

/// Sets the capabilities of a group: `[]` for the channel's own, `["Orderer"]`, `["Application"]`.
pub fn set_capabilities(config: &Config, group: &[&str], names: &[&str]) -> Result<Config, ConfigError> {
    edit(config, group, |group| {
        put(group, "Capabilities", capabilities::encode(names));
        Ok(())
    })
}

/// The revocation lists (PEM) of an MSP; none when the channel does not define it.
pub fn revocation_lists(config: &Config, msp_id: &str) -> Result<Vec<Vec<u8>>, ConfigError> {
    let groups = config.channel_group.iter().flat_map(|root| root.groups.values());
    for organization in groups.flat_map(|group| group.groups.values()) {
        let Some(value) = organization.values.get("MSP") else {
            continue;
        };
        let outer: MspConfig = decode("MSP", &value.value)?;
        let msp: FabricMspConfig = decode("MSP", &outer.config)?;
        if msp.name == msp_id {
            return Ok(msp.revocation_list);
        }
    }
    Ok(Vec::new())
}

/// Replaces the revocation lists (PEM) of an MSP, wherever the channel defines it.
pub fn set_revocation_lists(config: &Config, msp_id: &str, lists: &[Vec<u8>]) -> Result<Config, ConfigError> {
    edit_msp(config, msp_id, |msp| msp.revocation_list = lists.to_vec())
}

/// Changes an MSP wherever the channel defines it: definitions of one id must be equal.
pub fn edit_msp(config: &Config, msp_id: &str, change: impl Fn(&mut FabricMspConfig)) -> Result<Config, ConfigError> {
    let mut found = false;
    let mut changed = config.clone();
    let groups = changed
        .channel_group
        .as_mut()
        .into_iter()
        .flat_map(|root| root.groups.values_mut());
    for organization in groups.flat_map(|group| group.groups.values_mut()) {
        let Some(value) = organization.values.get_mut("MSP") else {
            continue;
        };
        let mut outer: MspConfig = decode("MSP", &value.value)?;
        let mut msp: FabricMspConfig = decode("MSP", &outer.config)?;
        if msp.name == msp_id {
            change(&mut msp);
            outer.config = msp.encode_to_vec();
            value.value = outer.encode_to_vec();
            found = true;
        }
    }
    if found {
        Ok(changed)
    } else {
        Err(ConfigError(format!("the channel does not define an MSP {msp_id}")))
    }
}

/// Enters or leaves maintenance, in which only orderer administrators may submit.
pub fn set_maintenance(config: &Config, on: bool) -> Result<Config, ConfigError> {
    let state = if on {
        consensus_type::State::Maintenance
    } else {
        consensus_type::State::Normal
    };
    edit_consensus(config, |consensus| {
        consensus.state = state as i32;
        Ok(())
    })
}

fn edit_raft(
    config: &Config,
    change: impl FnOnce(&mut ConfigMetadata) -> Result<(), ConfigError>,
) -> Result<Config, ConfigError> {
    edit_consensus(config, |consensus| {
        if consensus.r#type != "etcdraft" {
            return Err(ConfigError(format!(
                "the channel's consensus is {}, not etcdraft",
                consensus.r#type
            )));
        }
        let mut raft: ConfigMetadata = decode("ConsensusType", &consensus.metadata)?;
        change(&mut raft)?;
        consensus.metadata = raft.encode_to_vec();
        Ok(())
    })
}

fn edit_consensus(
    config: &Config,
    change: impl FnOnce(&mut ConsensusType) -> Result<(), ConfigError>,
) -> Result<Config, ConfigError> {
    edit(config, &["Orderer"], |group| {
        let bytes = group
            .values
            .get("ConsensusType")
            .map_or(&[][..], |value| &value.value[..]);
        let mut consensus: ConsensusType = decode("ConsensusType", bytes)?;
        change(&mut consensus)?;
        put(group, "ConsensusType", consensus.encode_to_vec());
        Ok(())
    })
}

/// A copy of `config` in which `change` was made to the group at `path` below the root.
pub(super) fn edit(
    config: &Config,
    path: &[&str],
    change: impl FnOnce(&mut ConfigGroup) -> Result<(), ConfigError>,
) -> Result<Config, ConfigError> {
    let mut edited = config.clone();
    let mut group = edited
        .channel_group
        .as_mut()
        .ok_or_else(|| ConfigError("config must contain a channel group".to_owned()))?;
    for name in path {
        group = group.groups.get_mut(*name).ok_or_else(|| {
            ConfigError(format!(
                "the channel configuration has no group /Channel/{}",
                path.join("/")
            ))
        })?;
    }
    change(group)?;
    Ok(edited)
}

pub(super) fn put(group: &mut ConfigGroup, key: &str, value: Vec<u8>) {
    let entry = group.values.entry(key.to_owned()).or_insert_with(|| ConfigValue {
        mod_policy: "Admins".to_owned(),
        ..Default::default()
    });
    entry.value = value;
}

pub(super) fn decode<M: Message + Default>(key: &str, bytes: &[u8]) -> Result<M, ConfigError> {
    M::decode(bytes).map_err(|error| ConfigError(format!("the value {key} cannot be decoded: {error}")))
}

fn split_path(path: &str) -> Result<(Vec<&str>, &str), ConfigError> {
    let mut groups: Vec<&str> = path.strip_prefix("/Channel/").unwrap_or_default().split('/').collect();
    match groups.pop() {
        Some(name) if !name.is_empty() => Ok((groups, name)),
        _ => Err(ConfigError(format!(
            "{path:?} is no policy path such as /Channel/Application/Endorsement"
        ))),
    }
}

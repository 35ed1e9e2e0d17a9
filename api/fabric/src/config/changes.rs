//! What became different between two configurations, element by element and in words.

use prost::Message as _;

use super::flatten::{self, Element, Key, Kind};
use super::{ConfigError, policies};
use crate::proto::common::{
    BlockDataHashingStructure, Capabilities, ConfigGroup, ConfigValue, Consortium, HashingAlgorithm,
    OrdererAddresses, Orderers,
};
use crate::proto::etcdraft;
use crate::proto::msp::{FabricMspConfig, MspConfig};
use crate::proto::orderer::{BatchSize, BatchTimeout, ChannelRestrictions, ConsensusType, consensus_type};
use crate::proto::protos::{AcLs, AnchorPeers};

/// One element of a configuration that came, went or became another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// `Group`, `Value` or `Policy`.
    pub kind: &'static str,
    /// Where it stands, for example `Channel/Orderer/BatchSize`.
    pub path: String,
    /// What it was, in words; `None` when it was not there.
    pub before: Option<String>,
    /// What it is, in words; `None` when it is gone.
    pub after: Option<String>,
}

/// The elements that differ, in the order of their paths. A group whose members alone differ is none of them, and
/// versions do not count.
pub fn changes(before: Option<&ConfigGroup>, after: &ConfigGroup) -> Result<Vec<Change>, ConfigError> {
    let before = before.map(flatten::group).transpose()?.unwrap_or_default();
    let after = flatten::group(after)?;
    let mut keys: Vec<&Key> = before.keys().chain(after.keys()).collect();
    keys.sort_by(|a, b| a.path.cmp(&b.path).then(a.kind.cmp(&b.kind)));
    keys.dedup();
    let differing = keys.into_iter().filter_map(|key| {
        let (old, new) = (before.get(key), after.get(key));
        if let (Some(old), Some(new)) = (old, new)
            && is_same(old, new)
        {
            return None;
        }
        let name = key.path.last().map_or("", String::as_str);
        let words = |element: &Element<'_>| describe(name, element);
        Some(Change {
            kind: match key.kind {
                Kind::Group => "Group",
                Kind::Value => "Value",
                Kind::Policy => "Policy",
            },
            path: key.path.join("/"),
            before: old.map(words),
            after: new.map(words),
        })
    });
    Ok(differing.collect())
}

fn is_same(old: &Element<'_>, new: &Element<'_>) -> bool {
    old.mod_policy() == new.mod_policy()
        && match (old, new) {
            (Element::Group(_), Element::Group(_)) => true,
            (Element::Value(old), Element::Value(new)) => old.value == new.value,
            (Element::Policy(old), Element::Policy(new)) => old.policy == new.policy,
            _ => false,
        }
}

fn describe(name: &str, element: &Element<'_>) -> String {
    let what = match element {
        Element::Group(_) => String::new(),
        Element::Value(value) => {
            value_in_words(name, value).unwrap_or_else(|| format!("{} bytes", value.value.len()))
        }
        Element::Policy(policy) => {
            let policy = policy.policy.as_ref();
            policy.map(policies::in_words).unwrap_or_default()
        }
    };
    match (what.as_str(), element.mod_policy()) {
        (_, "") => what,
        ("", policy) => format!("changed by {policy}"),
        (_, policy) => format!("{what}; changed by {policy}"),
    }
}

/// `None` for a value that Fabric does not define, or whose bytes are not what it should be.
fn value_in_words(name: &str, value: &ConfigValue) -> Option<String> {
    let bytes = &value.value[..];
    Some(match name {
        "AnchorPeers" => list(AnchorPeers::decode(bytes).ok()?.anchor_peers, |peer| {
            format!("{}:{}", peer.host, peer.port)
        }),
        "ACLs" => list(AcLs::decode(bytes).ok()?.acls, |(resource, policy)| {
            format!("{resource} = {}", policy.policy_ref)
        }),
        "BatchSize" => {
            let size = BatchSize::decode(bytes).ok()?;
            format!(
                "{} transactions, {} bytes preferred, {} bytes at most",
                size.max_message_count, size.preferred_max_bytes, size.absolute_max_bytes
            )
        }
        "BatchTimeout" => BatchTimeout::decode(bytes).ok()?.timeout,
        "BlockDataHashingStructure" => format!("width {}", BlockDataHashingStructure::decode(bytes).ok()?.width),
        "Capabilities" => list(Capabilities::decode(bytes).ok()?.capabilities, |(name, _)| name),
        "ChannelRestrictions" => match ChannelRestrictions::decode(bytes).ok()?.max_count {
            0 => "any number of channels".to_owned(),
            most => format!("{most} channels at most"),
        },
        "ConsensusType" => consensus_in_words(&ConsensusType::decode(bytes).ok()?),
        "Consortium" => Consortium::decode(bytes).ok()?.name,
        "Endpoints" | "OrdererAddresses" => list(OrdererAddresses::decode(bytes).ok()?.addresses, |a| a),
        "HashingAlgorithm" => HashingAlgorithm::decode(bytes).ok()?.name,
        "MSP" => {
            let msp = FabricMspConfig::decode(&MspConfig::decode(bytes).ok()?.config[..]).ok()?;
            format!(
                "{}: {} root and {} intermediate certificates, {} and {} for TLS, {} revocation lists",
                msp.name,
                msp.root_certs.len(),
                msp.intermediate_certs.len(),
                msp.tls_root_certs.len(),
                msp.tls_intermediate_certs.len(),
                msp.revocation_list.len()
            )
        }
        "Orderers" => list(Orderers::decode(bytes).ok()?.consenter_mapping, |consenter| {
            format!("{}:{} of {}", consenter.host, consenter.port, consenter.msp_id)
        }),
        _ => return None,
    })
}

fn consensus_in_words(consensus: &ConsensusType) -> String {
    let state = match consensus.state == consensus_type::State::Maintenance as i32 {
        true => ", in maintenance",
        false => "",
    };
    match etcdraft::ConfigMetadata::decode(&consensus.metadata[..]) {
        Ok(metadata) if consensus.r#type == "etcdraft" => {
            let consenters = list(metadata.consenters, |one| format!("{}:{}", one.host, one.port));
            format!("{}{state}: {consenters}", consensus.r#type)
        }
        _ => format!("{}{state}", consensus.r#type),
    }
}

/// In an order of its own: a map of a message comes in none.
fn list<T>(items: impl IntoIterator<Item = T>, words: impl Fn(T) -> String) -> String {
    let mut items: Vec<String> = items.into_iter().map(words).collect();
    items.sort();
    match items.is_empty() {
        true => "none".to_owned(),
        false => items.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::block;
    use crate::config::edit;
    use crate::proto::common::Block;

    fn genesis() -> crate::proto::common::Config {
        let bytes = include_bytes!("../../../../tests/golden/config/genesis_golden/genesis.pb");
        let envelope = block::config_envelope(&Block::decode(&bytes[..]).unwrap()).unwrap();
        envelope.config.unwrap()
    }

    #[test]
    fn an_edit_is_told_by_what_it_changed_and_nothing_else() {
        let before = genesis();
        let after = edit::set_batch_timeout(&before, Duration::from_secs(7)).unwrap();

        let changed = changes(before.channel_group.as_ref(), after.channel_group.as_ref().unwrap()).unwrap();

        assert_eq!(
            changed,
            [Change {
                kind: "Value",
                path: "Channel/Orderer/BatchTimeout".to_owned(),
                before: Some("400ms; changed by Admins".to_owned()),
                after: Some("7s; changed by Admins".to_owned()),
            }]
        );
    }

    #[test]
    fn everything_of_a_first_configuration_is_new_and_said_in_words() {
        let changed = changes(None, genesis().channel_group.as_ref().unwrap()).unwrap();

        assert!(changed.iter().all(|one| one.before.is_none()), "{changed:?}");
        assert!(
            changed
                .iter()
                .all(|one| !one.after.as_ref().unwrap().contains(" bytes;")),
            "{changed:#?}"
        );
    }

    #[test]
    fn an_organization_that_leaves_takes_its_elements_along() {
        let before = genesis();
        let application = &before.channel_group.as_ref().unwrap().groups["Application"];
        let organization = application.groups.keys().next().unwrap().clone();
        let after = edit::remove_application_organization(&before, &organization).unwrap();

        let changed = changes(before.channel_group.as_ref(), after.channel_group.as_ref().unwrap()).unwrap();

        let group = format!("Channel/Application/{organization}");
        assert!(
            changed.iter().any(|one| one.kind == "Group" && one.path == group),
            "{changed:#?}"
        );
        assert!(
            changed
                .iter()
                .all(|one| one.after.is_none() && one.path.starts_with(&group)),
            "{changed:#?}"
        );
    }
}

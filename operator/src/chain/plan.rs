//! What a chain consists of, told from its spec. Pure: the same spec gives the same plan, byte for byte.

use std::collections::BTreeMap;
use std::time::Duration;

use entente_api::access::Access;
use entente_api::chain::{Batch, ChainSpec};
use entente_api::contract::ContractSpec;
use entente_api::node_release::{Engine, Images};
use entente_api::{Chain, Member, NodeRelease, names, units};
use entente_fabric::crypto::sha256;
use kube::ResourceExt as _;

use super::fetch::{Inputs, is_managed};
use crate::substrate::NodeId;

const DEFAULT_STORAGE: u64 = 10 << 30;

/// A chain as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub namespace: String,
    pub chain: String,
    pub software: Software,
    /// Whether nothing of it runs.
    pub suspended: bool,
    pub access: Access,
    pub ordering: Ordering,
    pub members: Vec<MemberPlan>,
    /// Members that are no longer wanted and not gone yet. Their peers are not listed.
    pub leaving: Vec<MemberPlan>,
    pub channels: Vec<ChannelPlan>,
    pub contracts: Vec<ContractPlan>,
    /// Bytes of disk for each node.
    pub storage: u64,
}

impl Plan {
    /// Differs when anything in the plan does.
    pub fn fingerprint(&self) -> String {
        hex::encode(&sha256(format!("{self:?}").as_bytes())[..8])
    }

    /// Where its nodes are: namespaces, each with the name that the chain has there.
    pub fn places(&self) -> BTreeMap<String, String> {
        let peers = self.members.iter().flat_map(|member| &member.peers);
        let nodes = peers.chain(&self.ordering.orderers);
        nodes.map(|id| (id.namespace.clone(), id.chain.clone())).collect()
    }

    /// The Members by which its organizations take part, by organization. What they decide is no part of the plan.
    pub fn standing_members<'a>(&'a self, inputs: &'a Inputs) -> impl Iterator<Item = (&'a str, &'a Member)> {
        self.members.iter().filter_map(|planned| {
            let organization = planned.organization.as_str();
            Some((organization, inputs.standing(&planned.namespace, organization)?))
        })
    }
}

/// What its nodes run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Software {
    /// Name of the release.
    pub release: String,
    pub engine: Engine,
    pub version: String,
    /// None: those that the platform brings.
    pub images: Option<Images>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ordering {
    pub organization: String,
    pub msp_id: String,
    pub orderers: Vec<NodeId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberPlan {
    /// Where its keys and nodes are: the chain's namespace, or another tenant's.
    pub namespace: String,
    pub organization: String,
    pub msp_id: String,
    pub peers: Vec<NodeId>,
    /// Whether the operator writes the Member resource; otherwise somebody else has.
    pub managed: bool,
    /// Whether it supervises, see [`entente_api::organization::OrganizationSpec::regulator`].
    pub regulator: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelPlan {
    pub name: String,
    /// Names of organizations.
    pub members: Vec<String>,
    pub batch: BatchPlan,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchPlan {
    pub max_message_count: u32,
    pub preferred_max_bytes: u32,
    pub absolute_max_bytes: u32,
    pub timeout: Duration,
}

impl Default for BatchPlan {
    fn default() -> BatchPlan {
        BatchPlan {
            max_message_count: 500,
            preferred_max_bytes: 2 << 20,
            absolute_max_bytes: 10 << 20,
            timeout: Duration::from_millis(250),
        }
    }
}

/// A contract of the short form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractPlan {
    /// Name of the Contract resource.
    pub resource: String,
    pub channel: String,
    pub name: String,
}

/// The plan of a valid chain.
pub fn chain(chain: &Chain, inputs: &Inputs) -> Plan {
    let (namespace, name) = (chain.namespace().unwrap_or_default(), chain.name_any());
    let node = |node: String| NodeId {
        namespace: namespace.clone(),
        chain: name.clone(),
        name: node,
    };
    let organization = names::ordering_organization(&name);
    let ordering = Ordering {
        msp_id: inputs.msp_id(&namespace, &organization),
        orderers: (0..chain.spec.ordering.replicas)
            .map(|index| node(names::orderer(index)))
            .collect(),
        organization,
    };
    let members = members(chain, inputs);
    let leaving = inputs.members.iter();
    let leaving = leaving.filter(|member| {
        let mut staying = members.iter();
        !staying.any(|planned| planned.organization == member.spec.organization)
    });
    let leaving = leaving.map(|member| {
        let home = member.namespace().unwrap_or_default();
        member_plan(inputs, (&namespace, &name), &home, &member.spec.organization, 0, true)
    });
    let leaving = leaving.collect();
    let everybody: Vec<String> = members.iter().map(|member| member.organization.clone()).collect();
    let may_write = |organization: &String| {
        let mut members = members.iter();
        members.any(|member| member.organization == *organization && !member.regulator)
    };
    let channels = chain.spec.channels.iter().map(|channel| {
        let mut own = channel.members.clone().unwrap_or_else(|| everybody.clone());
        // Another tenant's organization may be named before it takes part.
        own.retain(|organization| everybody.contains(organization));
        ChannelPlan {
            name: channel.name.clone(),
            members: own,
            batch: batch(&chain.spec.batch, &channel.batch),
        }
    });
    Plan {
        software: software(&chain.spec, &inputs.releases),
        suspended: chain.spec.rests(),
        access: chain.spec.access.clone(),
        ordering,
        // A channel begins with the first of its members that may write: a regulator alone could admit nobody.
        channels: channels
            .filter(|channel| channel.members.iter().any(may_write))
            .collect(),
        contracts: contracts(&name, &chain.spec),
        leaving,
        members,
        // Validation has read it before.
        storage: units::bytes(&chain.spec.storage.size).unwrap_or(DEFAULT_STORAGE),
        namespace: namespace.clone(),
        chain: name.clone(),
    }
}

/// The members of the short form, other tenants' once they take part, then those that joined by a Member of their own.
fn members(chain: &Chain, inputs: &Inputs) -> Vec<MemberPlan> {
    let (own, name) = (chain.namespace().unwrap_or_default(), chain.name_any());
    let plan = |home: &str, organization: &str, peers, managed| {
        member_plan(inputs, (&own, &name), home, organization, peers, managed)
    };
    let mut members: Vec<MemberPlan> = Vec::new();
    for entry in &chain.spec.members {
        let organization = &entry.organization;
        match entry.namespace.as_deref().filter(|home| *home != own) {
            None => members.push(plan(&own, organization, entry.peers, true)),
            Some(home) => {
                if let Some(member) = inputs.standing(home, organization) {
                    members.push(plan(home, organization, member.spec.peers, false));
                }
            }
        }
    }
    for member in &inputs.members {
        let organization = &member.spec.organization;
        let standing = inputs.standing(&own, organization).is_some() && !is_managed(member);
        if standing && !members.iter().any(|known| known.organization == *organization) {
            members.push(plan(&own, organization, member.spec.peers, false));
        }
    }
    members
}

/// One member's part in the chain, whose namespace and name are `chain`; its nodes are in the namespace `home`.
fn member_plan(
    inputs: &Inputs,
    chain: (&str, &str),
    home: &str,
    organization: &str,
    peers: u32,
    managed: bool,
) -> MemberPlan {
    let node = |index| NodeId {
        namespace: home.to_owned(),
        chain: names::chain_seen_from(home, chain.1, chain.0),
        name: names::peer(organization, index),
    };
    MemberPlan {
        namespace: home.to_owned(),
        organization: organization.to_owned(),
        msp_id: inputs.msp_id(home, organization),
        peers: (0..peers).map(node).collect(),
        managed,
        regulator: inputs.is_regulator(home, organization),
    }
}

fn contracts(chain: &str, spec: &ChainSpec) -> Vec<ContractPlan> {
    let plan = |contract: &entente_api::chain::ChainContract| {
        let channel = channel_of(contract.definition.channel.as_deref(), spec)?;
        let resource = names::contract(chain, &channel, &contract.name);
        Some(ContractPlan {
            resource,
            channel,
            name: contract.name.clone(),
        })
    };
    spec.contracts.iter().filter_map(plan).collect()
}

/// The channel that a contract names, or the chain's first one.
pub fn channel_of(named: Option<&str>, spec: &ChainSpec) -> Option<String> {
    named
        .map(str::to_owned)
        .or_else(|| spec.channels.first().map(|channel| channel.name.clone()))
}

/// The Contract's spec for an entry of the short form.
pub fn contract_spec(chain: &str, contract: &entente_api::chain::ChainContract, channel: &str) -> ContractSpec {
    let mut definition = contract.definition.clone();
    definition.channel = Some(channel.to_owned());
    ContractSpec {
        chain: chain.to_owned(),
        name: Some(contract.name.clone()),
        definition,
    }
}

/// What the channel says, else what the chain says, else the default. Validation has read every value before.
fn batch(chain: &Batch, channel: &Batch) -> BatchPlan {
    let default = BatchPlan::default();
    let size = |channel: &Option<String>, chain: &Option<String>, default: u32| {
        let text = channel.as_ref().or(chain.as_ref());
        text.and_then(|text| units::bytes(text).ok())
            .and_then(|bytes| u32::try_from(bytes).ok())
            .unwrap_or(default)
    };
    let timeout = channel
        .timeout
        .as_ref()
        .or(chain.timeout.as_ref())
        .and_then(|text| units::duration(text).ok());
    let preferred_max_bytes = size(
        &channel.preferred_max_bytes,
        &chain.preferred_max_bytes,
        default.preferred_max_bytes,
    );
    let absolute_max_bytes = size(
        &channel.absolute_max_bytes,
        &chain.absolute_max_bytes,
        default.absolute_max_bytes,
    );
    BatchPlan {
        max_message_count: channel
            .max_message_count
            .or(chain.max_message_count)
            .unwrap_or(default.max_message_count),
        preferred_max_bytes: preferred_max_bytes.min(absolute_max_bytes),
        absolute_max_bytes,
        timeout: timeout.unwrap_or(default.timeout),
    }
}

/// The release that is named, else the default one of the engine that is asked for, else what this platform brings.
pub fn software(spec: &ChainSpec, releases: &[NodeRelease]) -> Software {
    let of = |release: &NodeRelease| Software {
        release: release.name_any(),
        engine: release.spec.engine,
        version: release.spec.version.clone(),
        images: release.spec.images.clone(),
    };
    let named = spec
        .release
        .as_ref()
        .and_then(|name| releases.iter().find(|release| release.name_any() == *name));
    let fits = |release: &&NodeRelease| spec.engine.is_none_or(|engine| release.spec.engine == engine);
    let newest = |default: bool| {
        let found = releases
            .iter()
            .filter(fits)
            .filter(|release| release.spec.default || !default);
        found.max_by_key(|release| release.metadata.creation_timestamp.clone().map(|time| time.0))
    };
    // Any release of the engine will do when none is the default: the engine was asked for by name.
    let found = named
        .or_else(|| newest(true))
        .or_else(|| spec.engine.and_then(|_| newest(false)));
    found.map(of).unwrap_or_else(|| Software {
        release: spec.engine.unwrap_or_default().as_str().to_owned(),
        engine: spec.engine.unwrap_or_default(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        images: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(spec: &str) -> Plan {
        let mut resource = Chain::new("ledger", serde_yaml::from_str(spec).unwrap());
        resource.metadata.namespace = Some("hebei".to_owned());
        chain(&resource, &Inputs::default())
    }

    #[test]
    fn a_short_spec_becomes_a_whole_chain() {
        let plan = plan(
            "
            members: [{organization: bank, peers: 2}, {organization: tax-office}]
            channels: [{name: main, batch: {timeout: 1s}}, {name: audit, members: [bank]}]
            contracts: [{name: Pay_ments, template: evidence}]
            batch: {maxMessageCount: 10}
            ",
        );

        let id = |name: &str| NodeId {
            namespace: "hebei".to_owned(),
            chain: "ledger".to_owned(),
            name: name.to_owned(),
        };
        let member = |organization: &str, msp_id: &str, peers: &[&str]| MemberPlan {
            namespace: "hebei".to_owned(),
            organization: organization.to_owned(),
            msp_id: msp_id.to_owned(),
            peers: peers.iter().map(|peer| id(peer)).collect(),
            managed: true,
            regulator: false,
        };
        let batch = |timeout| BatchPlan {
            max_message_count: 10,
            timeout: Duration::from_millis(timeout),
            ..BatchPlan::default()
        };
        let channel = |name: &str, members: &[&str], timeout| ChannelPlan {
            name: name.to_owned(),
            members: members.iter().map(|member| (*member).to_owned()).collect(),
            batch: batch(timeout),
        };
        let expected = Plan {
            namespace: "hebei".to_owned(),
            chain: "ledger".to_owned(),
            software: Software {
                release: "native".to_owned(),
                engine: Engine::Native,
                version: env!("CARGO_PKG_VERSION").to_owned(),
                images: None,
            },
            suspended: false,
            access: Access::default(),
            ordering: Ordering {
                organization: "ledger.ordering".to_owned(),
                msp_id: "LedgerOrderingMSP".to_owned(),
                orderers: ["orderer0", "orderer1", "orderer2"].map(id).to_vec(),
            },
            members: vec![
                member("bank", "BankMSP", &["peer0-bank", "peer1-bank"]),
                member("tax-office", "TaxOfficeMSP", &["peer0-tax-office"]),
            ],
            leaving: Vec::new(),
            channels: vec![
                channel("main", &["bank", "tax-office"], 1000),
                channel("audit", &["bank"], 250),
            ],
            contracts: vec![ContractPlan {
                resource: "ledger.main.pay-ments".to_owned(),
                channel: "main".to_owned(),
                name: "Pay_ments".to_owned(),
            }],
            storage: 10 << 30,
        };
        assert_eq!(plan, expected);
    }

    #[test]
    fn a_chain_of_one_word_has_a_channel() {
        let channels = plan("members: [{organization: bank}]").channels;

        assert_eq!(
            channels.iter().map(|channel| channel.name.as_str()).collect::<Vec<_>>(),
            ["main"]
        );
    }
}

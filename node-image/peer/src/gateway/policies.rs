//! Which policies an invocation must satisfy: of chaincodes, of collections, of keys
//! (`discovery/support/chaincode`, `discovery/endorsement` and `core/chaincode/lifecycle/metadata_provider.go`).

use std::collections::BTreeMap;

use entente_fabric::config::Bundle;
use entente_fabric::proto::common::implicit_meta_policy::Rule;
use entente_fabric::proto::common::policy::PolicyType;
use entente_fabric::proto::common::{
    ConfigGroup, ImplicitMetaPolicy, Policy, SignaturePolicy, SignaturePolicyEnvelope, signature_policy,
};
use entente_fabric::proto::protos::{
    ApplicationPolicy, ChaincodeCall, ChaincodeInterest, StaticCollectionConfig, application_policy,
    collection_policy_config,
};
use prost::Message as _;

use super::layouts::{NoPlan, satisfies};
use super::members::Candidate;
use super::principals::{self, Combination};

const LIFECYCLE: &str = "_lifecycle";
const LIFECYCLE_POLICY: &str = "/Channel/Application/LifecycleEndorsement";
const IMPLICIT_COLLECTION: &str = "_implicit_org_";

/// What a chaincode definition says about endorsement.
#[derive(Debug, Clone, Default)]
pub(super) struct Definition {
    pub policy: ApplicationPolicy,
    pub collections: Vec<StaticCollectionConfig>,
}

/// Everything that planning asks the channel. `definition` is asked for a chaincode's committed definition.
pub(super) struct Rules<'a> {
    pub bundle: &'a Bundle,
    pub definition: &'a dyn Fn(&str) -> Option<Definition>,
}

impl Rules<'_> {
    /// Combinations of principals that satisfy all policies of `interest`.
    pub fn combinations(&self, interest: &ChaincodeInterest) -> Result<Vec<Combination>, NoPlan> {
        let mut families = Vec::new();
        for call in &interest.chaincodes {
            let definition = self.definition_of(&call.name)?;
            for policy in self.policies(call, &definition) {
                let unsatisfiable = || NoPlan::Unsatisfiable("endorsement policy cannot be satisfied".to_owned());
                families.push(
                    policy
                        .as_ref()
                        .and_then(principals::of_policy)
                        .ok_or_else(unsatisfiable)?,
                );
            }
            for policy in &call.key_policies {
                let unsatisfiable =
                    || NoPlan::Unsatisfiable("state based endorsement policy cannot be satisfied".to_owned());
                families.push(principals::of_policy(policy).ok_or_else(unsatisfiable)?);
            }
        }
        if families.is_empty() {
            return Err(NoPlan::Unsatisfiable(
                "no principal sets remained after filtering".to_owned(),
            ));
        }
        Ok(principals::merge(families))
    }

    /// Policies of the chaincode, or of the collections that the call writes. `None` for one that cannot be read.
    fn policies(&self, call: &ChaincodeCall, definition: &Definition) -> Vec<Option<SignaturePolicyEnvelope>> {
        let of_chaincode = || self.resolve(&definition.policy);
        if call.collection_names.is_empty() {
            return if call.disregard_namespace_policy {
                Vec::new()
            } else {
                vec![of_chaincode()]
            };
        }
        let of_collection = |name: &String| {
            if let Some(msp_id) = name.strip_prefix(IMPLICIT_COLLECTION) {
                return self.of_organization(msp_id);
            }
            let collection = definition
                .collections
                .iter()
                .find(|collection| collection.name == *name);
            match collection.and_then(|collection| collection.endorsement_policy.as_ref()) {
                Some(policy) => self.resolve(policy),
                None => of_chaincode(),
            }
        };
        call.collection_names.iter().map(of_collection).collect()
    }

    /// Keeps the peers that may see the private data which `interest` reads.
    pub fn eligible(
        &self,
        interest: &ChaincodeInterest,
        candidates: Vec<Candidate>,
    ) -> Result<Vec<Candidate>, NoPlan> {
        let mut candidates = candidates;
        for call in interest.chaincodes.iter().filter(|call| !call.no_private_reads) {
            let definition = self.definition_of(&call.name)?;
            for name in &call.collection_names {
                if let Some(msp_id) = name.strip_prefix(IMPLICIT_COLLECTION) {
                    candidates.retain(|candidate| candidate.peer.msp_id == msp_id);
                    continue;
                }
                let Some(members) = members_of(&definition, name) else {
                    return Err(NoPlan::Unsatisfiable(format!(
                        "collection {name} wasn't found in the definition of chaincode {}",
                        call.name
                    )));
                };
                let is_member = |candidate: &Candidate| {
                    members
                        .iter()
                        .flatten()
                        .any(|principal| satisfies(self.bundle, candidate, principal))
                };
                candidates.retain(is_member);
            }
        }
        Ok(candidates)
    }

    fn definition_of(&self, chaincode: &str) -> Result<Definition, NoPlan> {
        if chaincode == LIFECYCLE {
            let reference = application_policy::Type::ChannelConfigPolicyReference(LIFECYCLE_POLICY.to_owned());
            return Ok(Definition {
                policy: ApplicationPolicy {
                    r#type: Some(reference),
                },
                collections: Vec::new(),
            });
        }
        (self.definition)(chaincode).ok_or_else(|| {
            let channel = &self.bundle.channel_id;
            NoPlan::Unsatisfiable(format!(
                "No metadata was found for chaincode {chaincode} in channel {channel}"
            ))
        })
    }

    fn resolve(&self, policy: &ApplicationPolicy) -> Option<SignaturePolicyEnvelope> {
        match policy.r#type.as_ref()? {
            application_policy::Type::SignaturePolicy(policy) => Some(policy.clone()),
            application_policy::Type::ChannelConfigPolicyReference(path) => self.at(path),
        }
    }

    /// The policy of the configuration at an absolute path, such as `/Channel/Application/Endorsement`.
    fn at(&self, path: &str) -> Option<SignaturePolicyEnvelope> {
        let mut group = self.bundle.config.channel_group.as_ref()?;
        let mut names = path.strip_prefix("/Channel/")?.split('/').collect::<Vec<_>>();
        let policy = names.pop()?;
        for name in names {
            group = group.groups.get(name)?;
        }
        as_signature_policy(group, policy)
    }

    fn of_organization(&self, msp_id: &str) -> Option<SignaturePolicyEnvelope> {
        let organizations = &self.bundle.application.as_ref()?.organizations;
        let (group, _) = organizations
            .iter()
            .find(|(_, organization)| organization.msp_id == msp_id)?;
        self.at(&format!("/Channel/Application/{group}/Endorsement"))
    }
}

fn members_of(definition: &Definition, collection: &str) -> Option<Vec<Combination>> {
    let collection = definition.collections.iter().find(|known| known.name == collection)?;
    let collection_policy_config::Payload::SignaturePolicy(policy) =
        collection.member_orgs_policy.as_ref()?.payload.as_ref()?;
    principals::of_policy(policy)
}

/// A configuration's policy as the signatures it asks for (`common/policies/convert.go`).
fn as_signature_policy(group: &ConfigGroup, name: &str) -> Option<SignaturePolicyEnvelope> {
    let policy: &Policy = group.policies.get(name)?.policy.as_ref()?;
    match PolicyType::try_from(policy.r#type).ok()? {
        PolicyType::Signature => SignaturePolicyEnvelope::decode(policy.value.as_slice()).ok(),
        PolicyType::ImplicitMeta => {
            let meta = ImplicitMetaPolicy::decode(policy.value.as_slice()).ok()?;
            Some(over_groups(&group.groups, &meta))
        }
        PolicyType::Unknown | PolicyType::Msp => None,
    }
}

fn over_groups(groups: &BTreeMap<String, ConfigGroup>, meta: &ImplicitMetaPolicy) -> SignaturePolicyEnvelope {
    // A group without the policy counts, and nobody can sign for it.
    let n = match meta.rule() {
        Rule::Any => 1,
        Rule::All => groups.len(),
        Rule::Majority => groups.len() / 2 + 1,
    };
    let (mut identities, mut rules) = (Vec::new(), Vec::new());
    for policy in groups
        .values()
        .filter_map(|group| as_signature_policy(group, &meta.sub_policy))
    {
        let offset = i32::try_from(identities.len()).unwrap_or(i32::MAX);
        rules.extend(policy.rule.map(|rule| shifted(rule, offset)));
        identities.extend(policy.identities);
    }
    let out_of = signature_policy::NOutOf {
        n: i32::try_from(n).unwrap_or(i32::MAX),
        rules,
    };
    let rule = SignaturePolicy {
        r#type: Some(signature_policy::Type::NOutOf(out_of)),
    };
    SignaturePolicyEnvelope {
        version: 0,
        rule: Some(rule),
        identities,
    }
}

fn shifted(rule: SignaturePolicy, offset: i32) -> SignaturePolicy {
    let kind = rule.r#type.map(|kind| match kind {
        signature_policy::Type::SignedBy(index) => signature_policy::Type::SignedBy(index.saturating_add(offset)),
        signature_policy::Type::NOutOf(out_of) => signature_policy::Type::NOutOf(signature_policy::NOutOf {
            n: out_of.n,
            rules: out_of.rules.into_iter().map(|rule| shifted(rule, offset)).collect(),
        }),
    });
    SignaturePolicy { r#type: kind }
}

#[cfg(test)]
mod tests {
    use super::*;
    use entente_fabric::policy::dsl;
    use entente_fabric::proto::common::Block;

    fn bundle() -> Bundle {
        let genesis = include_bytes!("../../../../tests/golden/config/genesis_golden/genesis.pb");
        Bundle::from_block(&Block::decode(&genesis[..]).unwrap()).unwrap()
    }

    fn signature(expression: &str) -> ApplicationPolicy {
        let policy = dsl::parse(expression).unwrap();
        ApplicationPolicy {
            r#type: Some(application_policy::Type::SignaturePolicy(policy)),
        }
    }

    fn reference(path: &str) -> ApplicationPolicy {
        ApplicationPolicy {
            r#type: Some(application_policy::Type::ChannelConfigPolicyReference(path.into())),
        }
    }

    /// A chaincode `basic` whose collection `shared` has a policy of its own, and `plain` has none.
    fn basic(name: &str) -> Option<Definition> {
        let collection = |name: &str, endorsement_policy| StaticCollectionConfig {
            name: name.into(),
            endorsement_policy,
            ..StaticCollectionConfig::default()
        };
        (name == "basic").then(|| Definition {
            policy: reference("/Channel/Application/Endorsement"),
            collections: vec![
                collection("shared", Some(signature("AND('Org1MSP.peer','Org2MSP.peer')"))),
                collection("plain", None),
            ],
        })
    }

    /// Organizations of each combination for one call of `basic`, or why there is none.
    fn organizations(call: ChaincodeCall) -> Result<Vec<String>, String> {
        let bundle = bundle();
        let rules = Rules {
            bundle: &bundle,
            definition: &basic,
        };
        let call = ChaincodeCall {
            name: if call.name.is_empty() {
                "basic".into()
            } else {
                call.name
            },
            ..call
        };
        let combinations = rules
            .combinations(&ChaincodeInterest { chaincodes: vec![call] })
            .map_err(|error| error.to_string())?;
        let names = |combination: &Combination| {
            let names = combination
                .iter()
                .map(|principal| principal.msp_id.trim_end_matches("MSP"));
            names.collect::<Vec<_>>().join("+")
        };
        Ok(combinations.iter().map(names).collect())
    }

    fn call(collections: &[&str]) -> ChaincodeCall {
        ChaincodeCall {
            collection_names: collections.iter().map(|name| (*name).to_owned()).collect(),
            ..ChaincodeCall::default()
        }
    }

    #[test]
    fn a_reference_stands_for_the_signatures_that_the_configuration_asks_for() {
        let majority = ["Org1+Org2", "Org1+Org3", "Org2+Org3"].map(str::to_owned).to_vec();

        assert_eq!(organizations(call(&[])), Ok(majority.clone()));
        let lifecycle = ChaincodeCall {
            name: "_lifecycle".into(),
            ..call(&[])
        };
        assert_eq!(organizations(lifecycle), Ok(majority));
    }

    #[test]
    fn a_collection_is_endorsed_by_its_own_policy_or_by_that_of_its_chaincode() {
        assert_eq!(organizations(call(&["shared"])), Ok(vec!["Org1+Org2".to_owned()]));
        assert_eq!(organizations(call(&["plain"])).unwrap().len(), 3);
        assert_eq!(
            organizations(call(&["_implicit_org_Org3MSP"])),
            Ok(vec!["Org3".to_owned()])
        );
    }

    #[test]
    fn key_policies_take_the_place_of_the_chaincodes_only_when_every_key_has_one() {
        let key_policies = vec![dsl::parse("OR('Org3MSP.peer')").unwrap()];
        let both = ChaincodeCall {
            key_policies: key_policies.clone(),
            ..call(&[])
        };
        let alone = ChaincodeCall {
            key_policies,
            disregard_namespace_policy: true,
            ..call(&[])
        };

        assert_eq!(
            organizations(both),
            Ok(vec!["Org1+Org3".to_owned(), "Org2+Org3".to_owned()])
        );
        assert_eq!(organizations(alone), Ok(vec!["Org3".to_owned()]));
    }

    #[test]
    fn what_is_not_defined_cannot_be_planned() {
        let unknown = ChaincodeCall {
            name: "absent".into(),
            ..call(&[])
        };

        assert_eq!(
            organizations(unknown).unwrap_err(),
            "no combination of peers can be derived which satisfy the endorsement policy: No metadata was found for chaincode absent in channel golden"
        );
    }
}

//! A definition as Fabric's lifecycle has it, and whether two say the same. Pure.

use entente_api::contract::{Collection, ContractDefinition};
use entente_fabric::client::lifecycle::Definition;
use entente_fabric::policy::dsl;
use entente_fabric::proto::lifecycle::QueryChaincodeDefinitionResult;
use entente_fabric::proto::protos::{
    ApplicationPolicy, CollectionConfig, CollectionConfigPackage, CollectionPolicyConfig, StaticCollectionConfig,
    application_policy, collection_config, collection_policy_config,
};
use prost::Message as _;

use crate::trouble::{Result, Trouble};

/// What a channel takes when a definition names no policy (`core/chaincode/lifecycle/scc.go`, `DefaultEndorsementPolicyRef`).
const DEFAULT_POLICY: &str = "/Channel/Application/Endorsement";

/// The definition that a spec asks for; its sequence is decided later.
pub fn wanted(name: &str, spec: &ContractDefinition) -> Result<Definition> {
    let policy = match &spec.endorsement_policy {
        Some(expression) => Some(signature_policy("spec.endorsementPolicy", expression)?),
        None => None,
    };
    let collections: Vec<CollectionConfig> = spec.collections.iter().map(collection).collect::<Result<_>>()?;
    let collections = (!collections.is_empty()).then_some(CollectionConfigPackage { config: collections });
    Ok(Definition {
        name: name.to_owned(),
        version: spec.version.clone(),
        sequence: 0,
        endorsement_policy: policy,
        collections,
        init_required: spec.init_required,
    })
}

fn signature_policy(field: &str, expression: &str) -> Result<ApplicationPolicy> {
    let envelope = dsl::parse(expression).map_err(|reason| Trouble::rejected(field, reason))?;
    Ok(ApplicationPolicy {
        r#type: Some(application_policy::Type::SignaturePolicy(envelope)),
    })
}

fn collection(spec: &Collection) -> Result<CollectionConfig> {
    let members = dsl::parse(&spec.policy).map_err(|reason| Trouble::rejected("spec.collections.policy", reason))?;
    let endorsement = match &spec.endorsement_policy {
        Some(expression) => Some(signature_policy("spec.collections.endorsementPolicy", expression)?),
        None => None,
    };
    let config = StaticCollectionConfig {
        name: spec.name.clone(),
        member_orgs_policy: Some(CollectionPolicyConfig {
            payload: Some(collection_policy_config::Payload::SignaturePolicy(members)),
        }),
        required_peer_count: spec.required_peer_count,
        maximum_peer_count: spec.max_peer_count,
        block_to_live: spec.block_to_live,
        member_only_read: spec.member_only_read,
        member_only_write: spec.member_only_write,
        endorsement_policy: endorsement,
    };
    Ok(CollectionConfig {
        payload: Some(collection_config::Payload::StaticCollectionConfig(config)),
    })
}

/// Whether what the channel has committed says what is wanted. Sequences are not compared.
pub fn says(committed: &QueryChaincodeDefinitionResult, wanted: &Definition) -> bool {
    let default = || ApplicationPolicy {
        r#type: Some(application_policy::Type::ChannelConfigPolicyReference(
            DEFAULT_POLICY.to_owned(),
        )),
    };
    // Decoded, not by bytes: the channel's were written by somebody else's encoder.
    let policy = ApplicationPolicy::decode(&committed.validation_parameter[..]).ok();
    let policy = policy.filter(|policy| policy.r#type.is_some()).unwrap_or_else(default);
    let collections = committed.collections.clone().unwrap_or_default();
    committed.version == wanted.version
        && committed.init_required == wanted.init_required
        && policy == wanted.endorsement_policy.clone().unwrap_or_else(default)
        && collections == wanted.collections.clone().unwrap_or_default()
}

/// The sequence that a wanted definition has: that of the committed one when it says the same, else the next.
///
/// A spec that counts by itself must give exactly the next one: Fabric takes no other.
pub fn sequence(
    committed: Option<&QueryChaincodeDefinitionResult>,
    wanted: &Definition,
    chosen: Option<i64>,
) -> Result<i64> {
    let current = committed.map_or(0, |committed| committed.sequence);
    let same = committed.is_some_and(|committed| says(committed, wanted));
    match chosen {
        None if same => Ok(current),
        None => Ok(current + 1),
        Some(chosen) if same && chosen == current => Ok(current),
        Some(chosen) if chosen == current + 1 => Ok(chosen),
        Some(chosen) => {
            let reason = match current {
                0 => format!("the first sequence of a contract is 1, not {chosen}"),
                current => format!(
                    "the channel has sequence {current}; a change needs sequence {}, not {chosen}",
                    current + 1
                ),
            };
            Err(Trouble::rejected("spec.sequence", reason))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(version: &str) -> Definition {
        Definition {
            name: "pay".to_owned(),
            version: version.to_owned(),
            ..Definition::default()
        }
    }

    fn committed(version: &str, sequence: i64) -> QueryChaincodeDefinitionResult {
        let reference = application_policy::Type::ChannelConfigPolicyReference(DEFAULT_POLICY.to_owned());
        QueryChaincodeDefinitionResult {
            sequence,
            version: version.to_owned(),
            validation_parameter: ApplicationPolicy {
                r#type: Some(reference),
            }
            .encode_to_vec(),
            ..QueryChaincodeDefinitionResult::default()
        }
    }

    #[test]
    fn the_sequence_counts_changes_by_itself() {
        assert_eq!(sequence(None, &definition("1"), None), Ok(1));
        assert_eq!(sequence(Some(&committed("1", 4)), &definition("1"), None), Ok(4));
        assert_eq!(sequence(Some(&committed("1", 4)), &definition("2"), None), Ok(5));
    }

    #[test]
    fn a_sequence_that_the_channel_cannot_take_is_refused_with_the_right_one() {
        let refused = sequence(Some(&committed("1", 4)), &definition("2"), Some(7)).unwrap_err();

        assert_eq!(
            refused.cause,
            "spec.sequence: the channel has sequence 4; a change needs sequence 5, not 7"
        );
    }

    #[test]
    fn a_policy_makes_a_difference() {
        let mut wanted = definition("1");
        wanted.endorsement_policy = Some(signature_policy("f", "OR('BankMSP.member')").unwrap());

        assert!(!says(&committed("1", 1), &wanted));
        assert!(says(&committed("1", 1), &definition("1")));
    }
}

//! How many approvals a channel asks for, told from its `LifecycleEndorsement` policy.

use entente_fabric::config::Bundle;
use entente_fabric::proto::common::implicit_meta_policy::Rule;
use entente_fabric::proto::common::policy::PolicyType;
use entente_fabric::proto::common::{ImplicitMetaPolicy, Policy, SignaturePolicyEnvelope, signature_policy};
use prost::Message as _;

const POLICY: &str = "LifecycleEndorsement";

/// What a channel asks for unless its configuration says otherwise: more than half of those who write.
pub fn majority(writers: usize) -> u32 {
    u32::try_from(writers / 2 + 1).unwrap_or(u32::MAX)
}

/// How many of a channel's writers must approve.
pub fn of(bundle: &Bundle, writers: usize) -> u32 {
    let application = bundle.config.channel_group.as_ref();
    let application = application.and_then(|root| root.groups.get("Application"));
    let policy = application.and_then(|group| group.policies.get(POLICY)?.policy.as_ref());
    let members = application.map_or(writers, |group| group.groups.len());
    let needed = policy.and_then(|policy| threshold(policy, members));
    // Who it names by more than their number is not counted here: with everybody's approval it is satisfied.
    u32::try_from(needed.unwrap_or(writers)).unwrap_or(u32::MAX)
}

/// How many of `members` a policy asks for, whoever they are; `None` when that depends on who they are.
fn threshold(policy: &Policy, members: usize) -> Option<usize> {
    match PolicyType::try_from(policy.r#type).ok()? {
        PolicyType::ImplicitMeta => {
            let meta = ImplicitMetaPolicy::decode(&policy.value[..]).ok()?;
            Some(match Rule::try_from(meta.rule).ok()? {
                Rule::Any => 1,
                Rule::All => members,
                Rule::Majority => members / 2 + 1,
            })
        }
        PolicyType::Signature => {
            let envelope = SignaturePolicyEnvelope::decode(&policy.value[..]).ok()?;
            let Some(signature_policy::Type::NOutOf(rule)) = envelope.rule?.r#type else {
                return None;
            };
            let signs =
                |rule: &Option<signature_policy::Type>| matches!(rule, Some(signature_policy::Type::SignedBy(_)));
            let each = rule.rules.iter().all(|rule| signs(&rule.r#type));
            each.then_some(usize::try_from(rule.n).ok()?)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use entente_fabric::config::policies::{Role, implicit_meta, majority_of, signature};
    use entente_fabric::policy::dsl;

    use super::*;

    #[test]
    fn a_policy_tells_how_many_it_takes() {
        let three = BTreeSet::from(["AMSP", "BMSP", "CMSP"]);
        let nested = dsl::parse("AND('AMSP.peer', OR('BMSP.peer', 'CMSP.peer'))").unwrap();
        let two_of_three = dsl::parse("OutOf(2, 'AMSP.peer', 'BMSP.peer', 'CMSP.peer')").unwrap();

        let asked = [
            implicit_meta(Rule::Any, "Endorsement"),
            implicit_meta(Rule::Majority, "Endorsement"),
            implicit_meta(Rule::All, "Endorsement"),
            majority_of(&three, Role::Peer),
            signature(&two_of_three),
            signature(&nested),
        ]
        .map(|policy| threshold(&policy, 4));

        assert_eq!(asked, [Some(1), Some(3), Some(4), Some(2), Some(2), None]);
        assert_eq!([1, 2, 3, 4].map(majority), [1, 2, 2, 3]);
    }
}

//! Which combinations of principals satisfy endorsement policies.
//!
//! Policies become families of combinations: each combination, signed by one identity for each of its principals,
//! satisfies the policy (`common/policies/inquire` and `discovery/endorsement` of Fabric).

use std::collections::BTreeSet;

use entente_fabric::proto::common::msp_principal::Classification;
use entente_fabric::proto::common::msp_role::MspRoleType;
use entente_fabric::proto::common::signature_policy::Type;
use entente_fabric::proto::common::{
    MspPrincipal, MspRole, OrganizationUnit, SignaturePolicy, SignaturePolicyEnvelope,
};
use entente_fabric::proto::msp::SerializedIdentity;
use prost::Message as _;

/// More combinations than this are not looked at (`combinationsUpperBound`): a policy of 10 out of 20 has 184 756.
const MOST_COMBINATIONS: usize = 10_000;
/// Above it, combinations that contain others stay: they cost a longer list, not a wrong one.
const MOST_TO_REDUCE: usize = 1_000;

/// A principal that an endorser may have to satisfy, comparable with others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Principal {
    pub msp_id: String,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kind {
    Role(i32),
    Unit { name: String, certifiers: Vec<u8> },
    Identity(Vec<u8>),
}

/// One identity for each of these principals satisfies the policy. Sorted; may hold a principal more than once.
pub(super) type Combination = Vec<Principal>;

impl Principal {
    fn read(principal: &MspPrincipal) -> Option<Principal> {
        let bytes = principal.principal.as_slice();
        match principal.principal_classification() {
            Classification::Role => {
                let role = MspRole::decode(bytes).ok()?;
                Some(Principal {
                    msp_id: role.msp_identifier,
                    kind: Kind::Role(role.role),
                })
            }
            Classification::OrganizationUnit => {
                let unit = OrganizationUnit::decode(bytes).ok()?;
                let kind = Kind::Unit {
                    name: unit.organizational_unit_identifier,
                    certifiers: unit.certifiers_identifier,
                };
                Some(Principal {
                    msp_id: unit.msp_identifier,
                    kind,
                })
            }
            Classification::Identity => {
                let identity = SerializedIdentity::decode(bytes).ok()?;
                Some(Principal {
                    msp_id: identity.mspid,
                    kind: Kind::Identity(bytes.to_vec()),
                })
            }
            // Neither says which organization is meant, so no peer can be chosen for it.
            Classification::Anonymity | Classification::Combined => None,
        }
    }

    /// As it stands in policies.
    pub fn to_proto(&self) -> MspPrincipal {
        let (classification, principal) = match &self.kind {
            Kind::Role(role) => {
                let role = MspRole {
                    msp_identifier: self.msp_id.clone(),
                    role: *role,
                };
                (Classification::Role, role.encode_to_vec())
            }
            Kind::Unit { name, certifiers } => {
                let unit = OrganizationUnit {
                    msp_identifier: self.msp_id.clone(),
                    organizational_unit_identifier: name.clone(),
                    certifiers_identifier: certifiers.clone(),
                };
                (Classification::OrganizationUnit, unit.encode_to_vec())
            }
            Kind::Identity(serialized) => (Classification::Identity, serialized.clone()),
        };
        MspPrincipal {
            principal_classification: classification as i32,
            principal,
        }
    }

    /// Whether any peer of the organization can be expected to satisfy it; asked about peers whose certificate is not
    /// known yet.
    pub fn fits_any_peer(&self) -> bool {
        matches!(self.kind, Kind::Role(role) if role == MspRoleType::Member as i32 || role == MspRoleType::Peer as i32)
    }

    /// Whether everyone who satisfies `self` also satisfies `other`.
    fn implies(&self, other: &Principal) -> bool {
        self.msp_id == other.msp_id
            && (other.kind == Kind::Role(MspRoleType::Member as i32) || self.kind == other.kind)
    }
}

/// Every combination that satisfies `policy`. `None` when there is none, or the policy is malformed.
pub(super) fn of_policy(policy: &SignaturePolicyEnvelope) -> Option<Vec<Combination>> {
    let principals = policy.identities.iter().map(Principal::read).collect::<Vec<_>>();
    let mut found = BTreeSet::new();
    for indices in satisfying(policy.rule.as_ref()?)? {
        let combination = indices
            .into_iter()
            .map(|index| principals.get(index)?.clone())
            .collect::<Option<Vec<_>>>();
        let mut combination = combination?;
        if combination.is_empty() {
            return None;
        }
        combination.sort();
        found.insert(combination);
    }
    (!found.is_empty()).then(|| found.into_iter().collect())
}

/// Indices into the policy's principals, one list for each way to satisfy `rule`.
fn satisfying(rule: &SignaturePolicy) -> Option<Vec<Vec<usize>>> {
    match rule.r#type.as_ref()? {
        Type::SignedBy(index) => Some(vec![vec![usize::try_from(*index).ok()?]]),
        Type::NOutOf(out_of) => {
            let wanted = usize::try_from(out_of.n).ok().filter(|n| *n > 0)?;
            // Ways to satisfy exactly `k` of the rules seen so far, by `k`.
            let mut ways: Vec<Vec<Vec<usize>>> = vec![Vec::new(); wanted + 1];
            ways[0].push(Vec::new());
            for rule in &out_of.rules {
                let options = satisfying(rule)?;
                for k in (1..=wanted).rev() {
                    let extended = product(&ways[k - 1], &options);
                    ways[k].extend(extended);
                    ways[k].truncate(MOST_COMBINATIONS);
                }
            }
            ways.pop()
        }
    }
}

fn product(left: &[Vec<usize>], right: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let pairs = left
        .iter()
        .flat_map(|l| right.iter().map(move |r| [l.as_slice(), r.as_slice()].concat()));
    pairs.take(MOST_COMBINATIONS).collect()
}

/// Combinations that satisfy all policies at once, given those of each.
pub(super) fn merge(families: Vec<Vec<Combination>>) -> Vec<Combination> {
    families
        .into_iter()
        .reduce(|left, right| both(&left, &right))
        .unwrap_or_default()
}

fn both(left: &[Combination], right: &[Combination]) -> Vec<Combination> {
    let pairs = left.iter().flat_map(|l| right.iter().map(move |r| union(l, r)));
    let all = pairs.take(MOST_COMBINATIONS).collect::<BTreeSet<_>>();
    reduce(all.into_iter().collect())
}

/// The fewest principals that cover both. A signature counts for a principal of each side at most once.
fn union(left: &Combination, right: &Combination) -> Combination {
    let mut open = right.clone();
    let mut all = Vec::with_capacity(left.len() + right.len());
    for principal in left {
        let partner = open
            .iter()
            .position(|other| other.implies(principal) || principal.implies(other));
        let stronger = match partner.map(|at| open.remove(at)) {
            Some(other) if other.implies(principal) => other,
            _ => principal.clone(),
        };
        all.push(stronger);
    }
    all.extend(open);
    all.sort();
    all
}

/// Drops each combination that asks for more than another one.
fn reduce(combinations: Vec<Combination>) -> Vec<Combination> {
    if combinations.len() > MOST_TO_REDUCE {
        return combinations;
    }
    let asks_for_more = |all: &[Combination], one: &Combination| {
        all.iter().any(|other| other.len() < one.len() && within(other, one))
    };
    combinations
        .iter()
        .filter(|one| !asks_for_more(&combinations, one))
        .cloned()
        .collect()
}

/// Whether `small`, both sorted, is contained in `large`, counting repetitions.
fn within(small: &Combination, large: &Combination) -> bool {
    let mut rest = large.iter();
    small.iter().all(|wanted| rest.any(|principal| principal == wanted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use entente_fabric::proto::common::signature_policy::NOutOf;

    fn role(msp_id: &str, role: MspRoleType) -> MspPrincipal {
        Principal {
            msp_id: msp_id.into(),
            kind: Kind::Role(role as i32),
        }
        .to_proto()
    }

    fn member(msp_id: &str) -> Principal {
        Principal {
            msp_id: msp_id.into(),
            kind: Kind::Role(MspRoleType::Member as i32),
        }
    }

    fn peer(msp_id: &str) -> Principal {
        Principal {
            msp_id: msp_id.into(),
            kind: Kind::Role(MspRoleType::Peer as i32),
        }
    }

    fn by(index: i32) -> SignaturePolicy {
        SignaturePolicy {
            r#type: Some(Type::SignedBy(index)),
        }
    }

    fn out_of(n: i32, rules: Vec<SignaturePolicy>) -> SignaturePolicy {
        SignaturePolicy {
            r#type: Some(Type::NOutOf(NOutOf { n, rules })),
        }
    }

    fn members(rule: SignaturePolicy) -> SignaturePolicyEnvelope {
        let identities = ["A", "B", "C"].map(|msp_id| role(msp_id, MspRoleType::Member)).to_vec();
        SignaturePolicyEnvelope {
            version: 0,
            rule: Some(rule),
            identities,
        }
    }

    #[test]
    fn two_of_three_has_three_combinations() {
        let combinations = of_policy(&members(out_of(2, vec![by(0), by(1), by(2)])));

        let expected = [["A", "B"], ["A", "C"], ["B", "C"]].map(|pair| pair.map(member).to_vec());
        assert_eq!(combinations, Some(expected.to_vec()));
    }

    #[test]
    fn nested_rules_multiply() {
        let combinations = of_policy(&members(out_of(2, vec![by(0), out_of(1, vec![by(1), by(2)])])));

        assert_eq!(
            combinations,
            Some([["A", "B"], ["A", "C"]].map(|pair| pair.map(member).to_vec()).to_vec())
        );
    }

    #[test]
    fn what_nobody_can_satisfy_has_no_combination() {
        assert_eq!(of_policy(&members(out_of(0, vec![]))), None);
        assert_eq!(of_policy(&members(out_of(2, vec![by(0)]))), None);
        assert_eq!(of_policy(&members(by(7))), None);
        assert_eq!(of_policy(&members(by(-1))), None);
        assert_eq!(of_policy(&SignaturePolicyEnvelope::default()), None);
    }

    #[test]
    fn merging_asks_nobody_twice_who_satisfies_both() {
        let any_of_two = vec![vec![member("A")], vec![member("B")]];
        let peer_of_a = vec![vec![peer("A")]];

        let merged = merge(vec![any_of_two, peer_of_a]);

        assert_eq!(merged, [vec![peer("A")]]);
    }

    #[test]
    fn repeated_principals_need_repeated_signatures() {
        let two_of_a = vec![vec![member("A"), member("A")]];
        let one_of_a = vec![vec![member("A")]];

        assert_eq!(merge(vec![two_of_a.clone(), one_of_a]), two_of_a);
    }

    #[test]
    fn a_huge_policy_is_bounded() {
        let rules = (0..40).map(|index| by(index % 3)).collect();

        let combinations = of_policy(&members(out_of(20, rules))).unwrap();

        assert!(!combinations.is_empty() && combinations.len() <= MOST_COMBINATIONS);
    }
}

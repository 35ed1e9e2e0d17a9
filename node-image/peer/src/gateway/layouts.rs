//! From combinations of principals and the peers of a channel to a [`Plan`] (`endorsementPlan` in
//! `internal/pkg/gateway/registry.go`). No I/O.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use entente_fabric::config::Bundle;
use rand::seq::SliceRandom as _;

use super::members::{Candidate, Peer};
use super::plan::{Group, Plan, Quantities};
use super::principals::{Combination, Principal};

/// Why nobody can be asked, in stock's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoPlan {
    #[error("no combination of peers can be derived which satisfy the endorsement policy: {0}")]
    Unsatisfiable(String),
    #[error("failed to select a set of endorsers that satisfy the endorsement policy due to unavailability of peers: [{}]", .0.join(" "))]
    Unavailable(Vec<String>),
}

/// Whether a peer satisfies a principal. One whose certificate is unknown counts as a peer of its organization.
pub(super) fn satisfies(bundle: &Bundle, candidate: &Candidate, principal: &Principal) -> bool {
    if candidate.peer.msp_id != principal.msp_id {
        return false;
    }
    let Some(serialized) = &candidate.view.identity else {
        return principal.fits_any_peer();
    };
    let identity = bundle.msps.deserialize(serialized);
    identity.is_ok_and(|identity| identity.satisfies(&principal.to_proto()).is_ok())
}

/// Lays out whom to ask: layouts with the group of `first`, who has endorsed already, come before the others; within
/// each class they are shuffled to spread the load. `candidates` are in order of preference.
pub(super) fn plan(
    combinations: &[Combination],
    candidates: &[Candidate],
    satisfies: impl Fn(&Candidate, &Principal) -> bool,
    first: Option<&Arc<Peer>>,
) -> Result<Plan, NoPlan> {
    let mut groups: BTreeMap<&Principal, Vec<&Candidate>> = BTreeMap::new();
    for principal in combinations.iter().flatten() {
        groups.entry(principal).or_insert_with(|| {
            candidates
                .iter()
                .filter(|candidate| satisfies(candidate, principal))
                .collect()
        });
    }
    let numbers: HashMap<&Principal, Group> = groups.keys().copied().zip(0..).collect();
    let quantities = combinations.iter().map(|combination| quantities(combination, &numbers));
    let known = |wanted: &Quantities, usable: &HashMap<Group, Vec<Arc<Peer>>>| {
        wanted
            .iter()
            .all(|(group, quantity)| usable.get(group).is_some_and(|peers| peers.len() >= *quantity))
    };
    let everybody = by_group(&groups, &numbers, |_| true);
    let satisfiable = quantities
        .filter(|wanted| known(wanted, &everybody))
        .collect::<Vec<_>>();
    if satisfiable.is_empty() {
        return Err(NoPlan::Unsatisfiable(
            "no peer combination can satisfy the endorsement policy".to_owned(),
        ));
    }
    let reachable = by_group(&groups, &numbers, |candidate| candidate.view.alive);
    let layouts = satisfiable
        .into_iter()
        .filter(|wanted| known(wanted, &reachable))
        .collect::<Vec<_>>();
    if layouts.is_empty() {
        let silent = candidates.iter().filter(|candidate| !candidate.view.alive);
        return Err(NoPlan::Unavailable(
            silent.map(|candidate| candidate.peer.endpoint.clone()).collect(),
        ));
    }
    let of_first = |group: &Group| {
        let is_first = |peer: &Arc<Peer>| first.is_some_and(|first| first.endpoint == peer.endpoint);
        reachable.get(group).is_some_and(|peers| peers.iter().any(is_first))
    };
    let (mut preferred, mut others): (Vec<_>, Vec<_>) =
        layouts.into_iter().partition(|wanted| wanted.keys().any(of_first));
    preferred.shuffle(&mut rand::rng());
    others.shuffle(&mut rand::rng());
    preferred.extend(others);
    Ok(Plan::new(preferred, reachable))
}

fn quantities(combination: &Combination, numbers: &HashMap<&Principal, Group>) -> Quantities {
    let mut quantities = Quantities::new();
    combination
        .iter()
        .filter_map(|principal| numbers.get(principal))
        .for_each(|group| {
            *quantities.entry(*group).or_default() += 1;
        });
    quantities
}

fn by_group(
    groups: &BTreeMap<&Principal, Vec<&Candidate>>,
    numbers: &HashMap<&Principal, Group>,
    usable: impl Fn(&Candidate) -> bool,
) -> HashMap<Group, Vec<Arc<Peer>>> {
    let peers = |candidates: &[&Candidate]| {
        let usable = candidates.iter().filter(|candidate| usable(candidate));
        usable.map(|candidate| candidate.peer.clone()).collect::<Vec<_>>()
    };
    groups
        .iter()
        .filter_map(|(principal, candidates)| Some((*numbers.get(principal)?, peers(candidates))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::principals;
    use super::*;
    use entente_fabric::proto::common::msp_role::MspRoleType;
    use entente_fabric::proto::common::{
        MspPrincipal, MspRole, SignaturePolicy, SignaturePolicyEnvelope, signature_policy,
    };
    use prost::Message as _;

    /// `n` members of these organizations.
    fn members(n: i32, msp_ids: &[&str]) -> Vec<Combination> {
        let identity = |msp_id: &&str| MspPrincipal {
            principal_classification: 0,
            principal: MspRole {
                msp_identifier: (*msp_id).into(),
                role: MspRoleType::Member as i32,
            }
            .encode_to_vec(),
        };
        let by = |index| SignaturePolicy {
            r#type: Some(signature_policy::Type::SignedBy(index)),
        };
        let rules = (0..msp_ids.len() as i32).map(by).collect();
        let rule = signature_policy::Type::NOutOf(signature_policy::NOutOf { n, rules });
        principals::of_policy(&SignaturePolicyEnvelope {
            version: 0,
            rule: Some(SignaturePolicy { r#type: Some(rule) }),
            identities: msp_ids.iter().map(identity).collect(),
        })
        .unwrap()
    }

    fn same_organization(candidate: &Candidate, principal: &Principal) -> bool {
        candidate.peer.msp_id == principal.msp_id
    }

    #[test]
    fn the_layout_of_the_first_endorser_comes_first() {
        let candidates = ["A", "B", "C"].map(|msp_id| Candidate::fixture(msp_id, msp_id, 1, true));
        let first = candidates[2].peer.clone();

        let mut plan = plan(
            &members(1, &["A", "B", "C"]),
            &candidates,
            same_organization,
            Some(&first),
        )
        .ok()
        .unwrap();

        let asked = plan.endorsers().unwrap();
        assert_eq!(
            asked.iter().map(|(_, peer)| peer.endpoint.as_str()).collect::<Vec<_>>(),
            ["C"]
        );
    }

    #[test]
    fn the_preferred_peer_of_a_group_is_asked_first() {
        let candidates = [
            Candidate::fixture("high", "A", 9, true),
            Candidate::fixture("low", "A", 3, true),
            Candidate::fixture("b", "B", 9, true),
        ];

        let mut plan = plan(&members(2, &["A", "B"]), &candidates, same_organization, None)
            .ok()
            .unwrap();

        let asked = plan.endorsers().unwrap();
        assert_eq!(
            asked.iter().map(|(_, peer)| peer.endpoint.as_str()).collect::<Vec<_>>(),
            ["high", "b"]
        );
    }

    #[test]
    fn unknown_and_silent_peers_are_told_apart() {
        let candidates = [
            Candidate::fixture("a", "A", 1, true),
            Candidate::fixture("b", "B", 1, false),
        ];

        let silent = plan(&members(2, &["A", "B"]), &candidates, same_organization, None)
            .err()
            .unwrap();
        let unknown = plan(&members(2, &["A", "C"]), &candidates, same_organization, None)
            .err()
            .unwrap();

        assert_eq!(
            silent.to_string(),
            "failed to select a set of endorsers that satisfy the endorsement policy due to unavailability of peers: [b]"
        );
        assert_eq!(
            unknown.to_string(),
            "no combination of peers can be derived which satisfy the endorsement policy: no peer combination can satisfy the endorsement policy"
        );
    }
}

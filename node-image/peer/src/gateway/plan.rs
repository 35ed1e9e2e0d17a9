//! Whom to ask for endorsements, and when there are enough (`internal/pkg/gateway/endorsement.go`). No I/O.
//!
//! A *layout* says how many endorsements of which *group* satisfy the policies; a group is the peers that satisfy one
//! principal. Layouts are tried one after the other; within a group the next peer takes the place of one that failed.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use entente_fabric::proto::gateway::ErrorDetail;
use entente_fabric::proto::protos::{Endorsement, ProposalResponse};

use super::members::Peer;

pub(super) type Group = usize;

/// How many endorsements are wanted from each group.
pub(super) type Quantities = BTreeMap<Group, usize>;

struct Layout {
    required: Quantities,
    endorsements: Vec<Endorsement>,
}

/// The state of one collection of endorsements.
#[derive(Default)]
pub(super) struct Plan {
    /// `None` once a layout cannot be completed any more.
    layouts: Vec<Option<Layout>>,
    next_layout: usize,
    /// Peers that have not been asked yet, best first.
    groups: HashMap<Group, VecDeque<Arc<Peer>>>,
    /// By endpoint.
    groups_of: HashMap<String, Vec<Group>>,
    payload: Option<Vec<u8>>,
    completed: Option<Vec<Endorsement>>,
    pub details: Vec<ErrorDetail>,
}

/// The common proposal response payload and who signed it.
pub(super) struct Endorsed {
    pub payload: Vec<u8>,
    pub endorsements: Vec<Endorsement>,
}

impl Plan {
    pub fn new(layouts: Vec<Quantities>, groups: HashMap<Group, Vec<Arc<Peer>>>) -> Plan {
        let mut groups_of: HashMap<String, Vec<Group>> = HashMap::new();
        for (group, peers) in &groups {
            peers
                .iter()
                .for_each(|peer| groups_of.entry(peer.endpoint.clone()).or_default().push(*group));
        }
        let layouts = layouts.into_iter().map(|required| {
            Some(Layout {
                required,
                endorsements: Vec::new(),
            })
        });
        Plan {
            layouts: layouts.collect(),
            groups: groups.into_iter().map(|(group, peers)| (group, peers.into())).collect(),
            groups_of,
            ..Plan::default()
        }
    }

    /// A plan that one answer from the first reachable of `peers` fulfils.
    pub fn any_of(peers: Vec<Arc<Peer>>) -> Plan {
        Plan::new(vec![Quantities::from([(0, 1)])], HashMap::from([(0, peers)]))
    }

    /// Peers to ask now, for the next layout that can still be completed. `None` when there is none left.
    pub fn endorsers(&mut self) -> Option<Vec<(Group, Arc<Peer>)>> {
        while let Some(slot) = self.layouts.get_mut(self.next_layout) {
            let wanted = slot.as_ref().map(|layout| layout.required.clone()).unwrap_or_default();
            let available = |group: &Group| self.groups.get(group).map_or(0, VecDeque::len);
            if !wanted.is_empty() && wanted.iter().all(|(group, quantity)| *quantity <= available(group)) {
                let one_by_one = wanted
                    .iter()
                    .flat_map(|(group, quantity)| std::iter::repeat_n(*group, *quantity));
                // A peer that stands in two groups of the layout is asked once; its second place stays open then, and
                // the layout is given up when nobody else is there to take it.
                return Some(
                    one_by_one
                        .filter_map(|group| Some((group, self.take(group)?)))
                        .collect(),
                );
            }
            *slot = None;
            self.next_layout += 1;
        }
        None
    }

    /// The peer to ask after another one of the group has failed.
    pub fn take(&mut self, group: Group) -> Option<Arc<Peer>> {
        let peer = self.groups.get_mut(&group)?.pop_front()?;
        self.forget(&peer.endpoint);
        Some(peer)
    }

    fn forget(&mut self, endpoint: &str) {
        self.groups
            .values_mut()
            .for_each(|peers| peers.retain(|peer| peer.endpoint != endpoint));
    }

    /// Counts an endorsement towards every layout that can use it. `false` when it contradicts an earlier one.
    pub fn endorsed(&mut self, peer: &Peer, response: ProposalResponse) -> bool {
        self.forget(&peer.endpoint);
        match &self.payload {
            None => self.payload = Some(response.payload),
            Some(first) if *first == response.payload => {}
            Some(_) => {
                self.details.push(peer.detail("ProposalResponsePayloads do not match"));
                return false;
            }
        }
        let groups = self.groups_of.get(&peer.endpoint).map_or(&[][..], Vec::as_slice);
        for layout in self.layouts.iter_mut().skip(self.next_layout).flatten() {
            let Some(group) = groups.iter().find(|group| layout.required.contains_key(group)) else {
                continue;
            };
            layout.endorsements.extend(response.endorsement.clone());
            match layout.required.get_mut(group) {
                Some(quantity) if *quantity > 1 => *quantity -= 1,
                _ => {
                    layout.required.remove(group);
                }
            }
            if layout.required.is_empty() {
                self.completed = Some(std::mem::take(&mut layout.endorsements));
                return true;
            }
        }
        true
    }

    /// Gives up the current layout, and all others that need a group that has nobody left to ask.
    pub fn abandon(&mut self, exhausted: &[Group]) {
        for slot in self.layouts.iter_mut().skip(self.next_layout) {
            if slot
                .as_ref()
                .is_some_and(|layout| exhausted.iter().any(|group| layout.required.contains_key(group)))
            {
                *slot = None;
            }
        }
        self.next_layout += 1;
    }

    pub fn is_complete(&self) -> bool {
        self.completed.is_some()
    }

    /// The outcome; `Err` with what went wrong when no layout was completed.
    pub fn finish(self) -> Result<Endorsed, Vec<ErrorDetail>> {
        let (Some(mut endorsements), Some(payload)) = (self.completed, self.payload) else {
            return Err(self.details);
        };
        let mut seen = HashSet::new();
        endorsements.retain(|endorsement| seen.insert(endorsement.endorser.clone()));
        Ok(Endorsed { payload, endorsements })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peers(names: &[&str]) -> Vec<Arc<Peer>> {
        names
            .iter()
            .map(|name| Arc::new(Peer::unreachable(name, "MSP")))
            .collect()
    }

    fn answer(payload: &str, endorser: &str) -> ProposalResponse {
        let endorsement = Endorsement {
            endorser: endorser.into(),
            signature: vec![],
        };
        ProposalResponse {
            payload: payload.into(),
            endorsement: Some(endorsement),
            ..Default::default()
        }
    }

    fn asked(plan: &mut Plan) -> Option<Vec<String>> {
        plan.endorsers()
            .map(|peers| peers.iter().map(|(_, peer)| peer.endpoint.clone()).collect())
    }

    /// One endorsement of each of two groups.
    fn two_groups() -> Plan {
        let groups = HashMap::from([(1, peers(&["a1", "a2"])), (2, peers(&["b1"]))]);
        Plan::new(vec![Quantities::from([(1, 1), (2, 1)])], groups)
    }

    #[test]
    fn equal_answers_of_every_group_complete_a_layout() {
        let mut plan = two_groups();

        assert_eq!(asked(&mut plan), Some(vec!["a1".to_owned(), "b1".to_owned()]));
        assert!(plan.endorsed(&peers(&["a1"])[0], answer("p", "A")));
        assert!(!plan.is_complete());
        assert!(plan.endorsed(&peers(&["b1"])[0], answer("p", "B")));

        let endorsed = plan.finish().ok().unwrap();
        assert_eq!(endorsed.payload, b"p");
        assert_eq!(
            endorsed
                .endorsements
                .iter()
                .map(|e| e.endorser.clone())
                .collect::<Vec<_>>(),
            [b"A", b"B"]
        );
    }

    #[test]
    fn a_different_answer_is_reported_and_does_not_count() {
        let mut plan = two_groups();
        asked(&mut plan);
        plan.endorsed(&peers(&["a1"])[0], answer("p", "A"));

        let counted = plan.endorsed(&peers(&["b1"])[0], answer("q", "B"));

        assert!(!counted);
        let detail = ErrorDetail {
            address: "b1".into(),
            msp_id: "MSP".into(),
            message: "ProposalResponsePayloads do not match".into(),
        };
        assert_eq!(plan.finish().err(), Some(vec![detail]));
    }

    #[test]
    fn the_next_peer_of_a_group_takes_the_place_of_one_that_failed() {
        let mut plan = two_groups();
        asked(&mut plan);

        assert_eq!(plan.take(1).unwrap().endpoint, "a2");
        assert!(plan.take(1).is_none());
    }

    #[test]
    fn an_exhausted_group_takes_its_layouts_with_it() {
        let groups = HashMap::from([(1, peers(&["a1"])), (2, peers(&["b1"])), (3, peers(&["c1"]))]);
        let layouts = [[(1, 1), (2, 1)], [(2, 1), (3, 1)], [(1, 1), (3, 1)]]
            .map(Quantities::from)
            .to_vec();
        let mut plan = Plan::new(layouts, groups);
        assert_eq!(asked(&mut plan), Some(vec!["a1".to_owned(), "b1".to_owned()]));
        plan.endorsed(&peers(&["a1"])[0], answer("p", "A"));

        plan.abandon(&[2]);

        assert_eq!(asked(&mut plan), Some(vec!["c1".to_owned()]));
        assert!(plan.endorsed(&peers(&["c1"])[0], answer("p", "C")));
        assert!(plan.is_complete());
    }

    #[test]
    fn a_layout_with_too_few_peers_is_skipped() {
        let groups = HashMap::from([(1, peers(&["a1"])), (2, peers(&["b1"]))]);
        let mut plan = Plan::new(vec![Quantities::from([(1, 2)]), Quantities::from([(2, 1)])], groups);

        assert_eq!(asked(&mut plan), Some(vec!["b1".to_owned()]));
        plan.abandon(&[2]);
        assert_eq!(asked(&mut plan), None);
    }
}

//! Whom a change concerns.
//!
//! A resource's own status is written by its own passes and concerns it no more; of other resources only what is read
//! from them matters. Without this every step that is written down would set off a round of passes.

use std::collections::HashMap;

use entente_api::names::{self, annotation};
use serde_json::Value;

use crate::registry::{Change, Event, Key};
use crate::substrate::NodeId;

/// What was last known of each resource, as far as it concerns others.
#[derive(Default)]
pub struct Concerns {
    known: HashMap<Key, Known>,
}

#[derive(Debug, Clone, PartialEq)]
struct Known {
    /// Spec, metadata: what calls for a pass over the resource itself.
    own: Vec<Value>,
    /// What other resources read of it.
    outward: Vec<Value>,
    /// What contracts read of a member: who approves, and what was decided.
    decided: Vec<Value>,
    /// Chain that it belongs to, by namespace and name, or organization that it needs.
    chain: Option<(String, String)>,
    organization: Option<String>,
    /// Organizations that a chain which is not settled names as members: it may wait for what one has to show.
    named: Vec<String>,
}

pub fn generation(object: &Value) -> i64 {
    object
        .pointer("/metadata/generation")
        .and_then(Value::as_i64)
        .unwrap_or_default()
}

/// Whether the operator that was last here has left nothing to do.
pub fn is_settled(object: &Value) -> bool {
    let at = |pointer: &str| object.pointer(pointer);
    let current = at("/status/observedGeneration").is_some_and(|seen| Some(seen) == at("/metadata/generation"));
    let state = at("/status/state").and_then(Value::as_str);
    current
        && at("/metadata/deletionTimestamp").is_none()
        && matches!(state, Some("ready" | "suspended" | "rejected"))
}

impl Concerns {
    /// Every resource that is known.
    pub fn known(&self) -> impl Iterator<Item = &Key> {
        self.known.keys()
    }

    /// Takes note of a resource without concluding anything.
    pub fn know(&mut self, key: &Key, object: &Value) {
        self.known.insert(key.clone(), known(key, object));
    }

    /// Those for whom a change of a resource calls for a pass.
    pub fn of_event(&mut self, event: &Event) -> Vec<Key> {
        let key = &event.key;
        let now = known(key, &event.object);
        let before = match event.change {
            Change::Applied => self.known.insert(key.clone(), now.clone()),
            Change::Deleted => self.known.remove(key),
        };
        let deleted = event.change == Change::Deleted;
        // What is gone may come as nothing but its name.
        let now = match &before {
            Some(before) if deleted => before.clone(),
            _ => now,
        };
        let differs = |part: fn(&Known) -> &Vec<Value>| {
            deleted || before.as_ref().is_none_or(|before| part(before) != part(&now))
        };
        let mut concerned = Vec::new();
        if differs(|known| &known.own) {
            // A tenant counts what it has.
            let tenant = Key {
                kind: "Tenant".to_owned(),
                namespace: String::new(),
                name: key.namespace.clone(),
            };
            concerned.extend(self.known.contains_key(&tenant).then_some(tenant));
            concerned.push(key.clone());
        }
        if differs(|known| &known.outward) {
            concerned.extend(self.others(key, &now));
        }
        // Who begins or ends to take part changes the plan of its chain, which contracts follow.
        if before.is_some_and(|before| before.decided != now.decided) {
            concerned.extend(self.contracts_of(&now));
        }
        concerned
    }

    /// Other resources, of those that are known, that read from one.
    fn others(&self, key: &Key, now: &Known) -> Vec<Key> {
        let of = |kind: &str, namespace: &str, name: &str| Key {
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        let all = |belongs: &dyn Fn(&Key, &Known) -> bool| -> Vec<Key> {
            let known = self.known.iter().filter(|(other, known)| belongs(other, known));
            known.map(|(other, _)| other.clone()).collect()
        };
        let organization = now
            .organization
            .as_deref()
            .map(|organization| of("Organization", &key.namespace, organization));
        let mut concerned = match (key.kind.as_str(), &now.chain) {
            ("Chain", _) => {
                let own = Some((key.namespace.clone(), key.name.clone()));
                all(&|other, known| known.chain == own || other.kind == "NodeRelease")
            }
            // An organization that is being deleted waits for its last membership to end.
            ("Member" | "Contract", Some((namespace, chain))) => {
                let chain = of("Chain", namespace, chain);
                std::iter::once(chain).chain(organization).collect()
            }
            ("Organization", _) => {
                let needs = |other: &Key, known: &Known| {
                    other.namespace == key.namespace && known.organization.as_deref() == Some(&key.name)
                };
                let names =
                    |other: &Key, known: &Known| other.namespace == key.namespace && known.named.contains(&key.name);
                let mut concerned = all(&|other, known| {
                    names(other, known) || matches!(other.kind.as_str(), "Identity" | "Member") && needs(other, known)
                });
                // Chains keep its revocation list.
                let chains = self.known.iter().filter(|(other, known)| needs(other, known));
                concerned.extend(chains.filter_map(|(_, known)| {
                    let (namespace, name) = known.chain.as_ref()?;
                    Some(of("Chain", namespace, name))
                }));
                concerned
            }
            // An organization lists what its identities may no longer use.
            ("Identity", _) => organization.into_iter().collect(),
            ("NodeRelease", _) => all(&|other, _| other.kind == "Chain"),
            _ => Vec::new(),
        };
        concerned.retain(|key| self.known.contains_key(key));
        concerned
    }

    /// The contracts of a member's chain.
    fn contracts_of(&self, member: &Known) -> Vec<Key> {
        let contracts = self.known.iter();
        let contracts = contracts.filter(|(key, known)| key.kind == "Contract" && known.chain == member.chain);
        contracts.map(|(key, _)| key.clone()).collect()
    }

    /// Those for whom a change of a node's state calls for a pass.
    pub fn of_node(&self, id: &NodeId) -> Vec<Key> {
        let key = |kind: &str, name: &str| Key {
            kind: kind.to_owned(),
            namespace: id.namespace.clone(),
            name: name.to_owned(),
        };
        let of_chain = |kind: &'static str| {
            let is_chain = |(namespace, name): &(String, String)| {
                names::chain_seen_from(&id.namespace, name, namespace) == id.chain
            };
            let belongs =
                move |(key, known): &(&Key, &Known)| key.kind == kind && known.chain.as_ref().is_some_and(is_chain);
            self.known.iter().filter(belongs)
        };
        let mut concerned = match id.name.split_once('-') {
            Some((peer, organization)) if peer.starts_with("peer") => {
                let own = |(key, known): &(&Key, &Known)| {
                    key.namespace == id.namespace && known.organization.as_deref() == Some(organization)
                };
                // One that comes back without its volume has no packages either.
                let concerned = of_chain("Member").filter(own).chain(of_chain("Contract"));
                concerned.map(|(key, _)| key.clone()).collect()
            }
            Some(("contract", _)) => of_chain("Contract").map(|(key, _)| key.clone()).collect(),
            _ => vec![key("Chain", &id.chain)],
        };
        concerned.retain(|key| self.known.contains_key(key));
        concerned
    }
}

/// When somebody last asked that what failed be tried again; it concerns what the resource consists of, too.
const RETRIED: &str = "/metadata/annotations/entente.dev~1retried";

fn known(key: &Key, object: &Value) -> Known {
    let part = |pointer: &str| object.pointer(pointer).cloned().unwrap_or_default();
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let own = [
        "/metadata/generation",
        "/metadata/deletionTimestamp",
        "/metadata/labels",
        RETRIED,
    ]
    .map(part)
    .to_vec();
    let mut outward = own.clone();
    match key.kind.as_str() {
        // Members wait for channels that let them in; a release counts its chains.
        "Chain" => {
            let channels = object.pointer("/status/channels").and_then(Value::as_array);
            let facts = channels.into_iter().flatten().map(|channel| channel["members"].clone());
            outward.extend(facts);
            outward.extend(["/status/release", "/status/plan"].map(part));
        }
        "Member" | "Contract" => {
            outward.extend(
                [
                    "/status/state",
                    "/status/observedGeneration",
                    "/status/plan",
                    "/status/nodes",
                ]
                .map(part),
            );
        }
        "Organization" => {
            let approved = object.pointer("/metadata/annotations");
            outward.extend(approved.and_then(|all| all.get(annotation::RECORD_APPROVED)).cloned());
            outward.push(part("/status/revocationList"));
        }
        "Identity" => {
            outward = ["/spec/standing", "/status/revokeTime", "/metadata/deletionTimestamp"]
                .map(part)
                .to_vec();
        }
        _ => {}
    }
    let chain = |namespace: Option<String>| {
        let namespace = namespace.unwrap_or_else(|| key.namespace.clone());
        text("/spec/chain").map(|name| (namespace, name))
    };
    let (chain, organization) = match key.kind.as_str() {
        "Member" => (chain(text("/spec/chainNamespace")), text("/spec/organization")),
        "Contract" => (chain(None), None),
        "Identity" => (None, text("/spec/organization")),
        _ => (None, None),
    };
    let named = match key.kind.as_str() {
        "Chain" if !is_settled(object) => {
            let members = object.pointer("/spec/members").and_then(Value::as_array);
            let names = members
                .into_iter()
                .flatten()
                .filter_map(|member| member["organization"].as_str());
            names.map(str::to_owned).collect()
        }
        _ => Vec::new(),
    };
    let decided = match key.kind.as_str() {
        "Member" => ["/spec/contractApproval", "/spec/approvals"].map(part).to_vec(),
        _ => Vec::new(),
    };
    Known {
        own,
        outward,
        decided,
        chain,
        organization,
        named,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    fn key(kind: &str, name: &str) -> Key {
        Key {
            kind: kind.to_owned(),
            namespace: "hebei".to_owned(),
            name: name.to_owned(),
        }
    }

    fn applied(concerns: &mut Concerns, key: &Key, object: Value) -> Vec<Key> {
        let event = Event {
            key: key.clone(),
            change: Change::Applied,
            object: Arc::new(object),
        };
        let mut concerned = concerns.of_event(&event);
        concerned.sort();
        concerned
    }

    #[test]
    fn a_written_step_concerns_nobody_and_a_change_of_state_the_chain() {
        let mut concerns = Concerns::default();
        let (chain, member) = (key("Chain", "ledger"), key("Member", "ledger.bank"));
        let object = |state: &str, step: &str| {
            json!({
                "metadata": {"generation": 1},
                "spec": {"chain": "ledger", "organization": "bank"},
                "status": {"state": state, "steps": [{"name": step}]},
            })
        };
        applied(&mut concerns, &chain, json!({"metadata": {"generation": 1}}));

        let first = applied(&mut concerns, &member, object("provisioning", "peers"));
        let step = applied(&mut concerns, &member, object("provisioning", "join"));
        let ready = applied(&mut concerns, &member, object("ready", "join"));

        assert_eq!(first, [chain.clone(), member.clone()]);
        assert_eq!(step, []);
        assert_eq!(ready, [chain]);
    }

    #[test]
    fn what_a_member_decides_concerns_the_contracts_of_its_chain() {
        let mut concerns = Concerns::default();
        let (chain, contract) = (key("Chain", "ledger"), key("Contract", "ledger.main.evidence"));
        let member = Key {
            namespace: "shijiazhuang".to_owned(),
            ..key("Member", "in-ledger")
        };
        let object = |generation, approvals: Value| {
            json!({
                "metadata": {"generation": generation},
                "spec": {"chain": "ledger", "chainNamespace": "hebei", "organization": "tax", "approvals": approvals},
            })
        };
        applied(&mut concerns, &chain, json!({"metadata": {"generation": 1}}));
        applied(&mut concerns, &contract, json!({"spec": {"chain": "ledger"}}));
        let other = key("Contract", "other.main.evidence");
        applied(&mut concerns, &other, json!({"spec": {"chain": "other"}}));

        let joined = applied(&mut concerns, &member, object(1, json!([])));
        let decided = applied(&mut concerns, &member, object(2, json!([{"decision": "approve"}])));

        assert_eq!(joined, [chain.clone(), member.clone()]);
        assert_eq!(decided, [chain, contract, member]);
    }

    #[test]
    fn what_is_gone_concerns_the_same_as_what_was_there() {
        let mut concerns = Concerns::default();
        let (chain, member) = (key("Chain", "ledger"), key("Member", "ledger.bank"));
        applied(&mut concerns, &chain, json!({"metadata": {"generation": 1}}));
        applied(
            &mut concerns,
            &member,
            json!({"spec": {"chain": "ledger", "organization": "bank"}}),
        );

        let mut concerned = concerns.of_event(&Event {
            key: member.clone(),
            change: Change::Deleted,
            object: Arc::default(),
        });

        concerned.sort();
        assert_eq!(concerned, [chain, member]);
    }

    #[test]
    fn only_what_has_nothing_left_to_do_can_wait() {
        let status = |generation, state| {
            json!({
                "metadata": {"generation": 2},
                "status": {"observedGeneration": generation, "state": state},
            })
        };

        assert!(is_settled(&status(2, "ready")));
        assert!(is_settled(&status(2, "suspended")));
        assert!(!is_settled(&status(1, "ready")));
        assert!(!is_settled(&status(2, "degraded")));
        assert!(!is_settled(&json!({"metadata": {"generation": 1}})));
    }

    #[test]
    fn a_node_concerns_whoever_planned_it() {
        let mut concerns = Concerns::default();
        let member = key("Member", "ledger.west-bank");
        applied(&mut concerns, &key("Chain", "ledger"), json!({}));
        applied(
            &mut concerns,
            &member,
            json!({"spec": {"chain": "ledger", "organization": "west-bank"}}),
        );
        let contract = key("Contract", "ledger.main.evidence");
        applied(&mut concerns, &contract, json!({"spec": {"chain": "ledger"}}));
        let id = |name: &str| NodeId {
            namespace: "hebei".to_owned(),
            chain: "ledger".to_owned(),
            name: name.to_owned(),
        };

        // A peer that comes back without its volume has neither channels nor packages.
        assert_eq!(concerns.of_node(&id("peer0-west-bank")), [member, contract.clone()]);
        assert_eq!(concerns.of_node(&id("contract-main-evidence")), [contract]);
        assert_eq!(concerns.of_node(&id("orderer1")), [key("Chain", "ledger")]);
    }
}

//! Who may reach a chain's nodes. What is not named here is refused: the pods that a policy selects are closed.

use std::collections::BTreeMap;

use entente_api::access::AccessType;
use entente_api::names::{self, label};
use k8s_openapi::api::networking::v1::{
    NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicyPort,
    NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::{Kind, Object, role, shared_metadata, word};
use crate::substrate::kubernetes::addresses::{ADMIN, CONTRACT, OPERATIONS, ORDERER, PEER};
use crate::substrate::kubernetes::settings::Settings;
use crate::substrate::{NodePlan, Role, SubstrateError};

/// Every namespace carries its own name under this label.
const NAMESPACE: &str = "kubernetes.io/metadata.name";

/// The policy of all the chain's nodes of this role in this namespace.
pub fn of(plan: &NodePlan, settings: &Settings) -> Result<Object, SubstrateError> {
    let role = role(plan);
    let metadata = shared_metadata(plan, &format!("{}s", word(role)), false);
    let (ingress, egress) = match role {
        Role::Orderer => (node(plan, settings, &[ORDERER, ADMIN]), Some(orderers(plan))),
        // Peers dial contracts that others run, wherever those are; whom a peer trusts is up to its TLS.
        Role::Peer => (node(plan, settings, &[PEER]), None),
        // A contract answers peers. One that asked the world could not give the same answer twice.
        Role::Contract => (vec![ingress(nodes(plan, &["peer"]), &[CONTRACT])], Some(Vec::new())),
    };
    let mut directions = vec!["Ingress".to_owned()];
    directions.extend(egress.is_some().then(|| "Egress".to_owned()));
    let policy = NetworkPolicy {
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(matching(metadata.labels.clone().unwrap_or_default())),
            policy_types: Some(directions),
            ingress: Some(ingress),
            egress,
        }),
        metadata,
    };
    Object::new(Kind::NetworkPolicy, &policy)
}

/// Into a peer or an orderer: the chain's nodes and the owner's own pods to its services, the platform to everything,
/// whoever collects metrics to those.
fn node(plan: &NodePlan, settings: &Settings, platform: &[u16]) -> Vec<NetworkPolicyIngressRule> {
    let services = &platform[..1];
    let own_pods = NetworkPolicyPeer {
        pod_selector: Some(LabelSelector::default()),
        ..NetworkPolicyPeer::default()
    };
    let mut from = nodes(plan, &["orderer", "peer"]);
    from.push(own_pods);
    let mut rules = vec![ingress(from, services)];
    if let Some(namespace) = &settings.platform_namespace {
        let ports: Vec<u16> = platform.iter().copied().chain([OPERATIONS]).collect();
        rules.push(ingress(vec![all_of(namespace)], &ports));
    }
    if plan.access.kind != AccessType::None {
        // Whoever comes from outside, or through a gateway in a namespace of its own.
        rules.push(NetworkPolicyIngressRule {
            from: None,
            ports: Some(services.iter().map(|number| port(*number, "TCP")).collect()),
        });
    }
    if let Some(namespace) = &settings.monitoring_namespace {
        rules.push(ingress(vec![all_of(namespace)], &[OPERATIONS]));
    }
    rules
}

/// Out of an orderer: to the others, and to DNS wherever that is.
fn orderers(plan: &NodePlan) -> Vec<NetworkPolicyEgressRule> {
    let dns = ["UDP", "TCP"].map(|protocol| port(53, protocol));
    vec![
        NetworkPolicyEgressRule {
            to: Some(nodes(plan, &["orderer"])),
            ports: Some(vec![port(ORDERER, "TCP")]),
        },
        NetworkPolicyEgressRule {
            to: None,
            ports: Some(dns.to_vec()),
        },
    ]
}

/// The chain's nodes of these roles, wherever its members have them.
fn nodes(plan: &NodePlan, roles: &[&str]) -> Vec<NetworkPolicyPeer> {
    let roles: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
    let own = (plan.id.namespace.clone(), plan.id.chain.clone());
    let places: BTreeMap<String, String> = plan.neighbours.clone().into_iter().chain([own]).collect();
    let there = |(namespace, chain): (String, String)| NetworkPolicyPeer {
        pod_selector: Some(LabelSelector {
            match_labels: Some(names::chain_labels(&names::label_value(&chain))),
            match_expressions: Some(vec![LabelSelectorRequirement {
                key: label::ROLE.to_owned(),
                operator: "In".to_owned(),
                values: Some(roles.clone()),
            }]),
        }),
        ..all_of(&namespace)
    };
    places.into_iter().map(there).collect()
}

fn all_of(namespace: &str) -> NetworkPolicyPeer {
    NetworkPolicyPeer {
        namespace_selector: Some(matching(BTreeMap::from([(NAMESPACE.to_owned(), namespace.to_owned())]))),
        ..NetworkPolicyPeer::default()
    }
}

fn matching(labels: BTreeMap<String, String>) -> LabelSelector {
    LabelSelector {
        match_labels: Some(labels),
        match_expressions: None,
    }
}

fn ingress(from: Vec<NetworkPolicyPeer>, ports: &[u16]) -> NetworkPolicyIngressRule {
    NetworkPolicyIngressRule {
        from: Some(from),
        ports: Some(ports.iter().map(|number| port(*number, "TCP")).collect()),
    }
}

fn port(number: u16, protocol: &str) -> NetworkPolicyPort {
    NetworkPolicyPort {
        port: Some(IntOrString::Int(number.into())),
        protocol: Some(protocol.to_owned()),
        end_port: None,
    }
}

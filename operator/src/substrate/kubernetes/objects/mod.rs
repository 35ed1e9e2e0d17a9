//! From a plan to the objects that make it come true. Pure: the same plan gives the same objects, byte for byte.

mod budget;
mod contract;
mod files;
mod node;
mod object;
mod outside;
mod pod;
mod policy;
mod service;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use entente_api::names::{self, annotation, label};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

pub use files::keys_name;
pub use node::{CLAIM, DATA, size};
pub use object::{Kind, Object};
pub use outside::{route, route_resource};

use super::settings::Settings;
use crate::substrate::{NodeId, NodePlan, NodeRole, Role, SubstrateError, Workload};

/// Everything that one node needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Objects {
    /// The node's keys.
    pub secret: Object,
    /// What must be there when the pod starts.
    pub before: Vec<Object>,
    /// What runs the pod.
    pub workload: Object,
    /// Tells this plan's pod from the one before.
    pub plan: String,
}

/// The objects of a node.
pub fn of(plan: &NodePlan, settings: &Settings) -> Result<Objects, SubstrateError> {
    let (workload, fingerprint) = match &plan.workload {
        Workload::Node { .. } => node::stateful_set(plan, settings)?,
        Workload::Contract { .. } => contract::deployment(plan, settings)?,
    };
    let mut before = vec![files::config_map(plan)?, policy::of(plan, settings)?];
    before.extend(service::all(plan)?);
    before.extend(outside::service(plan)?);
    before.extend(budget::of(plan)?);
    Ok(Objects {
        secret: files::secret(plan)?,
        before,
        workload,
        plan: fingerprint,
    })
}

pub fn role(plan: &NodePlan) -> Role {
    match plan.workload {
        Workload::Node {
            role: NodeRole::Orderer,
            ..
        } => Role::Orderer,
        Workload::Node {
            role: NodeRole::Peer, ..
        } => Role::Peer,
        Workload::Contract { .. } => Role::Contract,
    }
}

pub fn word(role: Role) -> &'static str {
    match role {
        Role::Orderer => "orderer",
        Role::Peer => "peer",
        Role::Contract => "contract",
    }
}

/// What the objects of one node are called.
pub fn name(id: &NodeId) -> String {
    names::object(&id.chain, &id.name)
}

/// Labels by which a node's own objects are found.
fn selector(id: &NodeId) -> BTreeMap<String, String> {
    let mut labels = names::chain_labels(&names::label_value(&id.chain));
    labels.insert(label::NODE.to_owned(), names::label_value(&id.name));
    labels
}

fn labels(plan: &NodePlan) -> BTreeMap<String, String> {
    let mut labels = selector(&plan.id);
    let name = match role(plan) {
        Role::Orderer | Role::Peer => "entente-node",
        Role::Contract => "entente-contract",
    };
    labels.extend([
        ("app.kubernetes.io/name".to_owned(), name.to_owned()),
        (label::ROLE.to_owned(), word(role(plan)).to_owned()),
        (label::ORGANIZATION.to_owned(), names::label_value(&plan.organization)),
    ]);
    labels
}

/// The annotation that says whose an object is.
fn whose(id: &NodeId) -> (String, String) {
    (annotation::NODE.to_owned(), format!("{}/{}", id.chain, id.name))
}

/// The node that an object of this namespace says it belongs to.
pub fn owner(metadata: &ObjectMeta) -> Option<NodeId> {
    let (chain, name) = metadata.annotations.as_ref()?.get(annotation::NODE)?.split_once('/')?;
    Some(NodeId {
        namespace: metadata.namespace.clone()?,
        chain: chain.to_owned(),
        name: name.to_owned(),
    })
}

/// Metadata of an object of one node.
fn metadata(plan: &NodePlan, name: String) -> ObjectMeta {
    ObjectMeta {
        name: Some(name),
        namespace: Some(plan.id.namespace.clone()),
        labels: Some(labels(plan)),
        annotations: Some(BTreeMap::from([whose(&plan.id)])),
        ..ObjectMeta::default()
    }
}

/// Metadata of an object that the nodes of a group share; it goes with the last of them.
fn shared_metadata(plan: &NodePlan, part: &str, with_organization: bool) -> ObjectMeta {
    let mut labels = names::chain_labels(&names::label_value(&plan.id.chain));
    labels.insert(label::ROLE.to_owned(), word(role(plan)).to_owned());
    if with_organization {
        labels.insert(label::ORGANIZATION.to_owned(), names::label_value(&plan.organization));
    }
    ObjectMeta {
        name: Some(names::object(&plan.id.chain, part)),
        namespace: Some(plan.id.namespace.clone()),
        labels: Some(labels),
        ..ObjectMeta::default()
    }
}

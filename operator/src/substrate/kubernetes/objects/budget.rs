//! How many nodes may be taken away at a time when machines are emptied.

use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::{Kind, Object, role, shared_metadata};
use crate::substrate::{NodePlan, Role, SubstrateError};

/// The budget of the node's group: a chain's orderers, which must keep their quorum, or an organization's peers, of which
/// one must stay. A node alone has none: a budget would not keep it alive, only its machine from being emptied.
pub fn of(plan: &NodePlan) -> Result<Option<Object>, SubstrateError> {
    let siblings = plan.siblings;
    let (part, may_go, with_organization) = match role(plan) {
        _ if siblings < 2 => return Ok(None),
        Role::Orderer => ("orderers".to_owned(), (siblings - 1) / 2, false),
        Role::Peer => (format!("peers-{}", plan.organization), 1, true),
        Role::Contract => return Ok(None),
    };
    let metadata = shared_metadata(plan, &part, with_organization);
    let budget = PodDisruptionBudget {
        spec: Some(PodDisruptionBudgetSpec {
            max_unavailable: Some(IntOrString::Int(may_go.try_into().unwrap_or(1))),
            selector: Some(LabelSelector {
                match_labels: metadata.labels.clone(),
                match_expressions: None,
            }),
            ..PodDisruptionBudgetSpec::default()
        }),
        metadata,
        status: None,
    };
    Object::new(Kind::PodDisruptionBudget, &budget).map(Some)
}

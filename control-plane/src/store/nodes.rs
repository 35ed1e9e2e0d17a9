//! The nodes of a chain, as their owners report them.

use std::collections::{BTreeSet, HashMap};

use entente_api::member::NodeStatus;
use entente_api::{Chain, Member};
use entente_operator::registry::RegistryError;

use super::resource::Resources;
use super::shared::Seen;
use crate::access::TenantScope;

/// All nodes of a chain. A peer is shown as its member reports it, which is news earlier than what the chain repeats.
pub async fn of_chain(
    resources: &Resources,
    scope: &TenantScope,
    chain: &Chain,
) -> Result<Vec<NodeStatus>, RegistryError> {
    let members: Vec<Member> = resources.list(scope).await?;
    Ok(of_members(&members, chain))
}

/// The nodes of a chain that a tenant sees: of a shared one its own.
pub async fn of_seen(
    resources: &Resources,
    scope: &TenantScope,
    seen: &Seen,
) -> Result<Vec<NodeStatus>, RegistryError> {
    match seen.owner {
        None => of_chain(resources, scope, &seen.chain).await,
        Some(_) => Ok(seen
            .chain
            .status
            .iter()
            .flat_map(|status| status.nodes.clone())
            .collect()),
    }
}

/// The nodes that members report.
pub fn reported(members: &[Member]) -> Vec<NodeStatus> {
    let statuses = members.iter().filter_map(|member| member.status.as_ref());
    statuses.flat_map(|status| status.nodes.clone()).collect()
}

/// Organizations of a chain that are other tenants'.
pub fn invited(chain: &Chain) -> BTreeSet<&str> {
    let namespace = chain.metadata.namespace.as_deref().unwrap_or_default();
    let members = chain.spec.members.iter();
    let invited = members.filter(|member| member.is_invited(namespace));
    invited.map(|member| member.organization.as_str()).collect()
}

/// The same, of the tenant's members. Peers of other tenants' organizations are for these to see.
pub fn of_members(members: &[Member], chain: &Chain) -> Vec<NodeStatus> {
    let name = chain.metadata.name.as_deref().unwrap_or_default();
    let own = members
        .iter()
        .filter(|member| member.spec.chain == name && member.spec.chain_namespace.is_none())
        .filter_map(|member| member.status.as_ref());
    let reported: HashMap<&str, &NodeStatus> = own
        .flat_map(|status| &status.nodes)
        .map(|node| (node.name.as_str(), node))
        .collect();
    let invited = invited(chain);
    let nodes = chain.status.iter().flat_map(|status| &status.nodes);
    nodes
        .filter(|node| !invited.contains(node.organization.as_str()))
        .map(|node| reported.get(node.name.as_str()).copied().unwrap_or(node).clone())
        .collect()
}

//! The nodes of a chain, as their owners report them.

use std::collections::HashMap;

use entente_api::member::NodeStatus;
use entente_api::{Chain, Member};
use entente_operator::registry::RegistryError;

use super::resource::Resources;
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

/// The same, of the tenant's members.
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
    let nodes = chain.status.iter().flat_map(|status| &status.nodes);
    nodes
        .map(|node| reported.get(node.name.as_str()).copied().unwrap_or(node).clone())
        .collect()
}

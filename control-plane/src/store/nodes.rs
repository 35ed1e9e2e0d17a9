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
    let name = chain.metadata.name.as_deref().unwrap_or_default();
    let members: Vec<Member> = resources.list(scope).await?;
    let own = members
        .into_iter()
        .filter(|member| member.spec.chain == name && member.spec.chain_namespace.is_none())
        .filter_map(|member| member.status);
    let mut reported: HashMap<String, NodeStatus> = own
        .flat_map(|status| status.nodes)
        .map(|node| (node.name.clone(), node))
        .collect();
    let nodes = chain
        .status
        .as_ref()
        .map(|status| status.nodes.clone())
        .unwrap_or_default();
    Ok(nodes
        .into_iter()
        .map(|node| reported.remove(&node.name).unwrap_or(node))
        .collect())
}

//! Takes a member's peers down, once no channel counts on them.

use entente_api::member::MemberStatus;
use entente_api::{Chain, Member};
use futures::future::try_join_all;
use kube::ResourceExt as _;

use super::is_peer_of;
use crate::context::Context;
use crate::registry::Scope;
use crate::report::Report;
use crate::substrate::{NodeId, Role};
use crate::trouble::{Result, Trouble};
use crate::vault::BundleId;

pub async fn remove(member: &Member, context: &Context, report: &Report<MemberStatus>) -> Result<()> {
    let namespace = member.namespace().unwrap_or_default();
    let (chain, organization) = (&member.spec.chain, &member.spec.organization);
    let found = context
        .registry
        .get::<Chain>(&Scope::namespace(&namespace), chain)
        .await?;
    if let Some(status) = found
        .filter(|chain| chain.metadata.deletion_timestamp.is_none())
        .and_then(|c| c.status)
        && let Some(channel) = status
            .channels
            .iter()
            .find(|channel| channel.members.contains(organization))
    {
        return Err(Trouble::waiting(format!(
            "channel {} has not let go of \"{organization}\" yet",
            channel.name
        )));
    }
    let existing = context.substrate.list(&namespace, chain).await?;
    let peers = existing.iter().filter(|id| is_peer_of(id, organization));
    let removed = peers.map(|id| one(context, &namespace, organization, id));
    report
        .step("remove/peers", "removing peers", try_join_all(removed))
        .await?;
    Ok(())
}

async fn one(context: &Context, namespace: &str, organization: &str, id: &NodeId) -> Result<()> {
    let addresses = context.substrate.addresses(id, Role::Peer).await?;
    context.connections.forget(&addresses.external);
    context.substrate.delete(id).await?;
    let bundle = BundleId::new(namespace, organization, &format!("nodes/{}/{}", id.chain, id.name));
    Ok(context.vault.remove(&bundle).await?)
}

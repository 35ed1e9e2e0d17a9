//! Takes a member's peers down, once no channel counts on them.

use entente_api::member::MemberStatus;
use entente_api::{Chain, Member};
use futures::future::try_join_all;
use kube::ResourceExt as _;

use super::is_peer_of;
use crate::chain;
use crate::context::Context;
use crate::registry::Scope;
use crate::report::Report;
use crate::substrate::{Ledger, NodeId, Role};
use crate::trouble::{Result, Trouble};
use crate::vault::BundleId;

pub async fn remove(member: &Member, context: &Context, report: &Report<MemberStatus>) -> Result<()> {
    let namespace = member.namespace().unwrap_or_default();
    let (name, organization) = (&member.spec.chain, &member.spec.organization);
    let home = member.spec.chain_namespace(&namespace);
    let found = context.registry.get::<Chain>(&Scope::namespace(home), name).await?;
    // Who leaves a chain takes nothing along. Whoever goes with it leaves what the chain's policy retains; a chain that
    // is not there cannot say, and what is destroyed stays so.
    let ledger = match &found {
        Some(chain) if chain.metadata.deletion_timestamp.is_none() => Ledger::Destroy,
        Some(chain) => chain::ledger(chain),
        None => Ledger::Keep,
    };
    // A chain that never answered another tenant's member has nothing to let go of.
    let took_part = home == namespace || member.status.as_ref().is_some_and(|status| !status.channels.is_empty());
    if let Some(status) = found
        .filter(|chain| took_part && chain.metadata.deletion_timestamp.is_none())
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
    let existing = context
        .substrate
        .list(&namespace, &member.spec.chain_seen_from(&namespace))
        .await?;
    let peers = existing.iter().filter(|id| is_peer_of(id, organization));
    let removed = peers.map(|id| one(context, &namespace, organization, id, ledger));
    report
        .step("remove/peers", "removing peers", try_join_all(removed))
        .await?;
    Ok(())
}

async fn one(context: &Context, namespace: &str, organization: &str, id: &NodeId, ledger: Ledger) -> Result<()> {
    let addresses = context.substrate.addresses(id, Role::Peer).await?;
    context.connections.forget(&addresses.external);
    context.substrate.delete(id, ledger).await?;
    if ledger == Ledger::Keep {
        return Ok(());
    }
    let bundle = BundleId::new(namespace, organization, &format!("nodes/{}/{}", id.chain, id.name));
    Ok(context.vault.remove(&bundle).await?)
}

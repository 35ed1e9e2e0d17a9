//! Brings one organization's part in a chain to what its spec asks for: peers that run and have joined.

mod join;
mod remove;
mod validate;

use entente_api::condition::State;
use entente_api::member::{MemberStatus, NodeStatus};
use entente_api::{Chain, Member, Organization};
use kube::ResourceExt as _;

use crate::chain::plan::Plan;
use crate::chain::{apply, children, fetch, records, suspend};
use crate::context::Context;
use crate::network::Party;
use crate::registry::Scope;
use crate::report::Report;
use crate::substrate::{NodeId, NodeRole, Role};
use crate::trouble::{Result, Trouble};

pub use remove::remove;

/// One pass.
pub async fn converge(member: &Member, context: &Context, report: &Report<MemberStatus>) -> Result<()> {
    validate::member(member)?;
    let namespace = member.namespace().unwrap_or_default();
    show_record(context, &namespace, member).await?;
    let (chain, plan) = parent(context, &namespace, member).await?;
    if chain.metadata.deletion_timestamp.is_some() {
        return Err(Trouble::waiting("the chain is being deleted"));
    }
    let fingerprint = Some(plan.fingerprint());
    report.follow(&fingerprint, |status| &mut status.plan);
    let organization = &member.spec.organization;
    if plan.suspended {
        suspend(context, &namespace, member, report).await?;
        report.edit(|status| status.plan = fingerprint);
        return Err(Trouble::suspended());
    }
    let Some(planned) = plan
        .members
        .iter()
        .find(|planned| planned.namespace == namespace && planned.organization == *organization)
    else {
        report.edit(|status| status.channels.retain(|name| is_in(&chain, name, organization)));
        return Err(Trouble::waiting(format!(
            "\"{organization}\" is being taken out of the chain"
        )));
    };
    let peers = planned.peers.clone();
    let msp_id = &planned.msp_id;
    let party = Party::of(
        context,
        &namespace,
        organization,
        msp_id,
        &peers,
        Role::Peer,
        &plan.access,
    )
    .await?;
    report.edit(|status| status.msp_id = Some(planned.msp_id.clone()));
    let count = peers.len();
    let message = if count == 1 {
        "starting 1 peer".to_owned()
    } else {
        format!("starting {count} peers")
    };
    let tell = |nodes: Vec<NodeStatus>| {
        report.edit(|status| {
            let ready = nodes.iter().filter(|node| node.state == State::Ready).count();
            status.ready_peers = ready.try_into().unwrap_or(u32::MAX);
            status.nodes = nodes;
        });
    };
    if let Some(nodes) = apply::in_trouble(context, &party, "peer", report).await {
        tell(nodes);
    }
    let started = report
        .step("peers", &message, async {
            apply::nodes(context, &plan, &party, NodeRole::Peer).await?;
            apply::running(context, &party.nodes).await
        })
        .await;
    tell(apply::describe(context, &party, "peer").await);
    started?;
    join::channels(context, &chain, &plan, &party, report).await?;
    retire(
        context,
        &party,
        &namespace,
        &member.spec.chain_seen_from(&namespace),
        &peers,
    )
    .await?;
    report.edit(|status| status.plan = fingerprint);
    Ok(())
}

/// That the organization has shown who it is, where that is asked for. Who is in a channel stays.
async fn show_record(context: &Context, namespace: &str, member: &Member) -> Result<()> {
    if !context.requires_real_names || fetch::is_in_a_channel(member) {
        return Ok(());
    }
    let (scope, name) = (Scope::namespace(namespace), &member.spec.organization);
    let found = context.registry.get::<Organization>(&scope, name);
    match found.await? {
        Some(organization) if organization.has_approved_record() => Ok(()),
        _ => Err(records::missing(name)),
    }
}

/// Stops the member's peers, and keeps all that they are.
async fn suspend(context: &Context, namespace: &str, member: &Member, report: &Report<MemberStatus>) -> Result<()> {
    let chain = member.spec.chain_seen_from(namespace);
    let mut peers = context.substrate.list(namespace, &chain).await?;
    peers.retain(|id| is_peer_of(id, &member.spec.organization));
    report
        .step(suspend::STEP, "stopping the peers", suspend::stop(context, &peers))
        .await?;
    report.edit(|status| {
        status.ready_peers = 0;
        status.nodes.iter_mut().for_each(suspend::at_rest);
    });
    Ok(())
}

/// The member's chain, with its plan.
async fn parent(context: &Context, namespace: &str, member: &Member) -> Result<(Chain, Plan)> {
    let spec = &member.spec;
    let home = spec.chain_namespace(namespace);
    if home == namespace {
        let (chain, _, plan) = children::parent(context, namespace, &spec.chain).await?;
        return Ok((chain, plan));
    }
    // Another tenant's chain that does not name this organization is none that it may learn of.
    let stranger = || {
        let (chain, organization) = (&spec.chain, &spec.organization);
        Trouble::waiting(format!(
            "no chain \"{chain}\" of namespace \"{home}\" names \"{organization}\" of this namespace as a member"
        ))
        .with_hint("Ask the chain's owner to add the organization to its members, with its namespace.")
    };
    let chain = fetch::chain(context, home, &spec.chain).await.map_err(|_| stranger())?;
    let inputs = fetch::inputs(context, &chain).await?;
    if inputs.standing(namespace, &spec.organization).is_none() {
        return Err(stranger());
    }
    let (chain, _, plan) = children::parent(context, home, &spec.chain).await?;
    Ok((chain, plan))
}

/// Whether a channel's configuration still has the organization.
fn is_in(chain: &Chain, channel: &str, organization: &String) -> bool {
    let mut channels = chain.status.iter().flat_map(|status| &status.channels);
    channels.any(|known| known.name == channel && known.members.contains(organization))
}

/// Deletes peers beyond the number that is asked for.
async fn retire(context: &Context, party: &Party, namespace: &str, chain: &str, wanted: &[NodeId]) -> Result<()> {
    let existing = context.substrate.list(namespace, chain).await?;
    for id in existing
        .iter()
        .filter(|id| is_peer_of(id, &party.name) && !wanted.contains(id))
    {
        apply::delete(context, party, id, Role::Peer).await?;
    }
    Ok(())
}

/// Whether a node's name is one that `names::peer` gives to a peer of this organization.
fn is_peer_of(id: &NodeId, organization: &str) -> bool {
    let index = id
        .name
        .strip_prefix("peer")
        .and_then(|rest| rest.strip_suffix(organization)?.strip_suffix('-'));
    index.is_some_and(|index| !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_belongs_to_the_organization_in_its_name() {
        let peer = |name: &str| NodeId {
            namespace: "hebei".to_owned(),
            chain: "ledger".to_owned(),
            name: name.to_owned(),
        };

        assert!(is_peer_of(&peer("peer0-bank"), "bank"));
        assert!(!is_peer_of(&peer("peer0-west-bank"), "bank"));
        assert!(!is_peer_of(&peer("orderer0"), "bank"));
    }
}

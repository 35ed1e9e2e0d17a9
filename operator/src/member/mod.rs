//! Brings one organization's part in a chain to what its spec asks for: peers that run and have joined.

mod join;
mod remove;
mod validate;

use entente_api::Member;
use entente_api::condition::State;
use entente_api::member::MemberStatus;
use entente_api::names;
use kube::ResourceExt as _;

use crate::chain::{apply, children, suspend};
use crate::context::Context;
use crate::network::Party;
use crate::report::Report;
use crate::substrate::{NodeId, NodeRole, Role};
use crate::trouble::{Result, Trouble};

pub use remove::remove;

/// One pass.
pub async fn converge(member: &Member, context: &Context, report: &Report<MemberStatus>) -> Result<()> {
    validate::member(member)?;
    let namespace = member.namespace().unwrap_or_default();
    let (chain, plan) = children::parent(context, &namespace, &member.spec.chain).await?;
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
    let planned = plan
        .members
        .iter()
        .find(|planned| planned.organization == *organization);
    let planned =
        planned.ok_or_else(|| Trouble::waiting(format!("\"{organization}\" is being taken out of the chain")))?;
    let peers: Vec<NodeId> = (0..member.spec.peers)
        .map(|index| NodeId {
            name: names::peer(organization, index),
            ..plan_id(&namespace, &member.spec.chain)
        })
        .collect();
    let party = Party::of(context, &namespace, organization, &planned.msp_id, &peers, Role::Peer).await?;
    report.edit(|status| status.msp_id = Some(planned.msp_id.clone()));
    let count = peers.len();
    let message = if count == 1 {
        "starting 1 peer".to_owned()
    } else {
        format!("starting {count} peers")
    };
    let started = report
        .step("peers", &message, async {
            apply::nodes(context, &plan, &party, NodeRole::Peer).await?;
            apply::running(context, &party.nodes).await
        })
        .await;
    let nodes = apply::describe(context, &party, "peer").await;
    report.edit(|status| {
        let ready = nodes.iter().filter(|node| node.state == State::Ready).count();
        status.ready_peers = ready.try_into().unwrap_or(u32::MAX);
        status.nodes = nodes;
    });
    started?;
    join::channels(context, &chain, &plan, &party, report).await?;
    retire(context, &party, &namespace, &member.spec.chain, &peers).await?;
    report.edit(|status| status.plan = fingerprint);
    Ok(())
}

/// Stops the member's peers, and keeps all that they are.
async fn suspend(context: &Context, namespace: &str, member: &Member, report: &Report<MemberStatus>) -> Result<()> {
    let mut peers = context.substrate.list(namespace, &member.spec.chain).await?;
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

fn plan_id(namespace: &str, chain: &str) -> NodeId {
    NodeId {
        namespace: namespace.to_owned(),
        chain: chain.to_owned(),
        name: String::new(),
    }
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

/// Whether a node's name is one that [`names::peer`] gives to a peer of this organization.
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
            name: name.to_owned(),
            ..plan_id("hebei", "ledger")
        };

        assert!(is_peer_of(&peer("peer0-bank"), "bank"));
        assert!(!is_peer_of(&peer("peer0-west-bank"), "bank"));
        assert!(!is_peer_of(&peer("orderer0"), "bank"));
    }
}

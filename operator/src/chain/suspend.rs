//! Lets a chain rest: none of its nodes runs, and all that it is stays.
//!
//! Members and contracts stop what they run in passes of their own, so that no pass of theirs starts it again beside this
//! one. The orderers are last: what peers have endorsed until then is still ordered.

use entente_api::Chain;
use entente_api::chain::ChainStatus;
use entente_api::condition::State;
use entente_api::member::NodeStatus;
use futures::future::try_join_all;

use super::children;
use super::plan::Plan;
use crate::context::Context;
use crate::report::Report;
use crate::substrate::NodeId;
use crate::trouble::{Result, Trouble};

/// Name of the step.
pub const STEP: &str = "suspend";

pub async fn chain(context: &Context, chain: &Chain, plan: &Plan, report: &Report<ChainStatus>) -> Result<()> {
    children::settled(context, chain, plan, report).await?;
    let nodes = context.substrate.list(&plan.namespace, &plan.chain).await?;
    report
        .step(STEP, "stopping the orderers", stop(context, &nodes))
        .await?;
    report.edit(|status| {
        status.nodes.iter_mut().for_each(at_rest);
        let channels = status.channels.iter_mut();
        channels.for_each(|channel| channel.state = State::Suspended);
    });
    Err(match chain.spec.recycled {
        Some(recycled) => Trouble::recycled(recycled.purge_time),
        None => Trouble::suspended(),
    })
}

/// Stops nodes side by side.
pub async fn stop(context: &Context, nodes: &[NodeId]) -> Result<()> {
    try_join_all(nodes.iter().map(|id| context.substrate.stop(id))).await?;
    Ok(())
}

/// What is said of a node that was stopped.
pub fn at_rest(node: &mut NodeStatus) {
    node.state = State::Suspended;
    node.reason = None;
    node.start_time = None;
}

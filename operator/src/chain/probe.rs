//! Whether a transaction can pass: asked through each member's own gateway, as its clients will.
//!
//! Processes that run and nodes that have joined are not enough: a gateway must also know the other organizations'
//! peers, which stock nodes learn by gossip some time after they have joined; and the orderers must have elected a leader.

use std::time::Duration;

use entente_api::chain::ChainStatus;
use entente_api::condition::State;
use entente_fabric::client::gateway;
use entente_fabric::proposal::Invocation;
use futures::future::try_join_all;

use super::checkup;
use super::orderers::{self, Told};
use super::plan::Plan;
use crate::context::Context;
use crate::dial::patiently;
use crate::network::{Network, Party};
use crate::report::Report;
use crate::trouble::{Result, Trouble, in_words};

/// Name of the step.
pub const STEP: &str = "probe";
/// Gossip tries again every 25 s by default (`peer.gossip.reconnectInterval`).
const PATIENCE: Duration = Duration::from_secs(90);

pub async fn channels(context: &Context, plan: &Plan, network: &Network, report: &Report<ChainStatus>) -> Result<()> {
    let mut asked = Vec::new();
    for channel in &plan.channels {
        let members = network.members_of(channel);
        let msp_ids: Vec<String> = members.iter().map(|member| member.msp_id().to_owned()).collect();
        for member in members {
            let msp_ids = msp_ids.clone();
            asked.push(async move {
                patiently(PATIENCE, || endorsed_by_all(context, &channel.name, member, &msp_ids)).await
            });
        }
    }
    let led = patiently(PATIENCE, || led(plan, network));
    let told = report
        .step(STEP, "endorsing through every member's gateway", async {
            let (_, told) = tokio::try_join!(try_join_all(asked), led)?;
            Ok(told)
        })
        .await?;
    report.edit(|status| {
        let channels = status.channels.iter_mut();
        channels.for_each(|channel| channel.state = State::Ready);
        checkup::count(status, &told);
    });
    Ok(())
}

/// Whether somebody leads every channel: what is endorsed must be ordered too.
async fn led(plan: &Plan, network: &Network) -> Result<Told> {
    let nodes = network.ordering.nodes.iter();
    let operations: Vec<String> = nodes.map(|node| node.addresses.operations.clone()).collect();
    let told = orderers::ask(&operations).await;
    match plan.channels.iter().find(|channel| told.is_leaderless(&channel.name)) {
        None => Ok(told),
        Some(channel) => Err(Trouble::waiting(format!(
            "nobody leads the ordering of channel {} yet",
            channel.name
        ))),
    }
}

/// Asks the gateway for endorsements of a question that changes nothing, by every organization; nothing is submitted.
async fn endorsed_by_all(context: &Context, channel: &str, member: &Party, msp_ids: &[String]) -> Result<()> {
    let Some(node) = member.nodes.first() else {
        return Ok(());
    };
    let peer = member.connect(context, node).await?;
    let question = Invocation::new(channel, "_lifecycle", "QueryChaincodeDefinitions").arg(Vec::new());
    let endorsed = gateway::endorse(&peer, &question, msp_ids, member.signer()).await;
    let failed = |error: entente_fabric::client::CallError| {
        Trouble::waiting(format!(
            "the gateway of {} cannot endorse yet: {}",
            node.id.name,
            in_words(&error)
        ))
    };
    endorsed.map(drop).map_err(failed)
}

//! Makes the channels exist and say what the plan says, through Fabric's own services. Each act is preceded by the
//! question that makes it unnecessary.

mod absent;
mod config;
mod desired;
pub mod genesis;
mod join;

use entente_api::chain::{ChainStatus, ChannelStatus};
use entente_api::condition::State;
use futures::future::try_join_all;

use super::plan::{ChannelPlan, Plan};
use crate::context::Context;
use crate::network::Network;
use crate::report::Report;
use crate::trouble::Result;

pub use config::current;

/// All channels, side by side.
pub async fn channels(context: &Context, plan: &Plan, network: &Network, report: &Report<ChainStatus>) -> Result<()> {
    try_join_all(
        plan.channels
            .iter()
            .map(|channel| one(context, plan, network, channel, report)),
    )
    .await?;
    Ok(())
}

async fn one(
    context: &Context,
    plan: &Plan,
    network: &Network,
    channel: &ChannelPlan,
    report: &Report<ChainStatus>,
) -> Result<()> {
    let name = &channel.name;
    let step = |act: &str| format!("channel/{name}/{act}");
    let genesis = report
        .step(
            &step("genesis"),
            "making the first block",
            genesis::ensure(context, plan, network, channel),
        )
        .await?;
    // Members wait for this: from now on their peers can join.
    report.edit(|status| {
        if !status.channels.iter().any(|known| known.name == *name) {
            let members = channel.members.clone();
            let new = ChannelStatus {
                name: name.clone(),
                members,
                state: State::Provisioning,
                ..Default::default()
            };
            status.channels.push(new);
        }
    });
    let served = served(&report.snapshot(), name);
    report
        .step(
            &step("join-orderers"),
            "joining the orderers",
            join::first(network, channel, &genesis, &served),
        )
        .await?;
    let configure = step("configure");
    let say = |what: &str| report.say(&configure, what);
    let configured = config::converge(context, plan, network, channel, &served, say);
    let current = report
        .step(&configure, "comparing the configuration", configured)
        .await?;
    report.edit(|status| {
        if let Some(known) = status.channels.iter_mut().find(|known| known.name == *name) {
            known.members.clone_from(&channel.members);
            known.orderers = plan.ordering.orderers.iter().map(|id| id.name.clone()).collect();
            known.config_sequence = current;
        }
    });
    Ok(())
}

/// Orderers that have ordered a channel before, by name.
fn served(status: &ChainStatus, channel: &str) -> Vec<String> {
    let known = status.channels.iter().find(|known| known.name == channel);
    known.map(|known| known.orderers.clone()).unwrap_or_default()
}

//! Orderers join a channel.

use std::time::Duration;

use entente_fabric::client::participation::{ChannelInfo, Participation, ParticipationError};
use entente_fabric::proto::common::Block;
use futures::future::try_join_all;

use crate::chain::plan::ChannelPlan;
use crate::dial::patiently;
use crate::network::{Network, Node, Party};
use crate::trouble::{Result, Trouble};

/// How long an orderer may take to join.
const PATIENCE: Duration = Duration::from_secs(15);

/// Joins those that the first block names, when nobody has joined yet or some were left out by a crash.
///
/// Orderers that came to the configuration later join with a later block, and so does one that has lost its volume, which
/// is among those that `served` the channel before: see [`super::config`].
pub async fn first(network: &Network, channel: &ChannelPlan, genesis: &Block, served: &[String]) -> Result<()> {
    let founders = super::desired::consenters(genesis)?;
    let founding = network.ordering.nodes.iter().filter(|node| {
        let is_founder = Party::host_and_port(node)
            .is_ok_and(|(host, port)| founders.iter().any(|c| c.host == host && c.port == u32::from(port)));
        is_founder && !served.contains(&node.id.name)
    });
    try_join_all(founding.map(|node| one(&network.ordering, node, &channel.name, genesis))).await?;
    Ok(())
}

/// Makes one orderer join, unless it has.
pub async fn one(ordering: &Party, node: &Node, channel: &str, block: &Block) -> Result<()> {
    let orderer = client(ordering, node)?;
    let joined = patiently(PATIENCE, || async {
        match orderer.info(channel).await {
            Ok(_) => return Ok(()),
            Err(ParticipationError::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        match orderer.join(block).await {
            // Somebody was faster, or our own earlier request was slower than we had patience for.
            Ok(_) | Err(ParticipationError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    });
    joined
        .await
        .map_err(|trouble| trouble.while_doing(format_args!("{} cannot join {channel}", node.id.name)))
}

/// Waits until an orderer takes part in a channel with a vote.
pub async fn active(ordering: &Party, node: &Node, channel: &str) -> Result<()> {
    let orderer = client(ordering, node)?;
    patiently(PATIENCE, || async {
        let info = orderer.info(channel).await?;
        if info.status == "active" && info.consensus_relation == "consenter" {
            return Ok(());
        }
        let ChannelInfo {
            status,
            consensus_relation,
            ..
        } = info;
        let name = &node.id.name;
        Err(Trouble::waiting(format!(
            "{name} is {status} as {consensus_relation} in {channel}"
        )))
    })
    .await
}

/// Which orderers say that they have not joined. All have to answer: one that does not may have lost everything.
pub async fn strangers<'a>(ordering: &'a Party, channel: &str) -> Result<Vec<&'a Node>> {
    let asked = ordering.nodes.iter().map(async |node| {
        let orderer = client(ordering, node)?;
        let is_stranger = patiently(PATIENCE, async || match orderer.info(channel).await {
            Ok(_) => Ok(false),
            Err(ParticipationError::NotFound { .. }) => Ok(true),
            Err(error) => Err(error.into()),
        });
        let is_stranger = is_stranger
            .await
            .map_err(|trouble: Trouble| trouble.while_doing(format_args!("{} does not answer", node.id.name)))?;
        Ok::<_, Trouble>(is_stranger.then_some(node))
    });
    Ok(try_join_all(asked).await?.into_iter().flatten().collect())
}

fn client(ordering: &Party, node: &Node) -> Result<Participation> {
    Ok(Participation::new(&node.addresses.admin, Some(ordering.admin_tls()?)))
}

//! Peers join the channels that their organization belongs to.

use std::time::Duration;

use entente_api::Chain;
use entente_api::member::MemberStatus;
use entente_fabric::client::cscc;
use entente_fabric::proto::common::Block;
use futures::future::try_join_all;

use crate::chain::administer::genesis;
use crate::chain::plan::Plan;
use crate::context::Context;
use crate::dial::patiently;
use crate::network::{Node, Party};
use crate::report::Report;
use crate::trouble::{Result, Trouble};

/// How long a peer may take to join.
const PATIENCE: Duration = Duration::from_secs(20);

/// Joins every channel that lets this organization in.
pub async fn channels(
    context: &Context,
    chain: &Chain,
    plan: &Plan,
    party: &Party,
    report: &Report<MemberStatus>,
) -> Result<()> {
    let own = plan
        .channels
        .iter()
        .filter(|channel| channel.members.contains(&party.name));
    let open = chain
        .status
        .as_ref()
        .map(|status| status.channels.as_slice())
        .unwrap_or_default();
    let mut joined = Vec::new();
    for channel in own {
        let name = &channel.name;
        // A peer that came before its organization is admitted would be turned away, and ask again only much later.
        let admitted = open
            .iter()
            .any(|known| known.name == *name && known.members.contains(&party.name));
        report
            .step(&format!("join/{name}"), &format!("joining channel {name}"), async {
                let waiting = || Trouble::waiting(format!("channel {name} does not admit {} yet", party.name));
                if !admitted {
                    return Err(waiting());
                }
                let block = genesis::find(context, plan, name).await?.ok_or_else(waiting)?;
                try_join_all(party.nodes.iter().map(|node| one(context, party, node, name, &block))).await
            })
            .await?;
        joined.push(name.clone());
        report.edit(|status| status.channels.clone_from(&joined));
    }
    Ok(())
}

/// Makes one peer join, unless it has.
async fn one(context: &Context, party: &Party, node: &Node, channel: &str, block: &Block) -> Result<()> {
    let joined = patiently(PATIENCE, || async {
        let peer = party.connect(context, node).await?;
        let known = cscc::channels(&peer, party.signer()).await?;
        if known.iter().any(|known| known == channel) {
            return Ok(());
        }
        Ok(cscc::join(&peer, block, party.signer()).await?)
    });
    joined
        .await
        .map_err(|trouble| trouble.while_doing(format_args!("{} cannot join {channel}", node.id.name)))
}

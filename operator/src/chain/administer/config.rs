//! Brings a channel's configuration to what the plan says: one update after the other, each signed by everybody whose
//! consent it needs.
//!
//! In this installation the platform holds the administrators' keys of all members, so the consent is theirs to give
//! by editing the chain. Organizations that keep their keys vote instead; then their signatures arrive here.

use std::collections::BTreeMap;
use std::time::Duration;

use entente_api::Organization;
use entente_fabric::client::{Caller, broadcast, deliver};
use entente_fabric::config::{Bundle, update};
use entente_fabric::crypto::Signer;
use entente_fabric::proto::common::Block;
use entente_fabric::proto::etcdraft::Consenter;

use super::absent::{self, Absent};
use super::desired::{self, Desired, What};
use super::{genesis, join};
use crate::chain::plan::{ChannelPlan, Plan};
use crate::context::Context;
use crate::dial::{only_if, patiently};
use crate::network::{Network, Node, Party};
use crate::registry::Scope;
use crate::trouble::{Result, Trouble};

/// How long an update may take to be in force. A new leader may have to be elected first.
const PATIENCE: Duration = Duration::from_secs(20);
/// More updates than any edit of a chain needs; beyond it something undoes what we do.
const MOST_UPDATES: usize = 64;

/// Applies updates until nothing differs; gives the sequence of the configuration in force.
///
/// `served` are the orderers that have ordered the channel before; `say` is told what is being changed.
pub async fn converge(
    context: &Context,
    plan: &Plan,
    network: &Network,
    channel: &ChannelPlan,
    served: &[String],
    say: impl Fn(&str),
) -> Result<u64> {
    let desired = desired(context, plan, network, channel).await?;
    for _ in 0..MOST_UPDATES {
        let (block, bundle) = match current(context, network, &channel.name).await {
            Ok(current) => current,
            Err(trouble) => {
                let strangers = join::strangers(&network.ordering, &channel.name).await?;
                return Err(absent::all_forgotten(&channel.name, &strangers, served).unwrap_or(trouble));
            }
        };
        let forgetful = rejoin(network, &channel.name, &block, served).await?;
        let next = match &forgetful {
            Some(consenter) => Some(desired::dismiss(&bundle, &desired, consenter)?),
            None => desired::next(&bundle, &desired)?,
        };
        let Some(step) = next else {
            return Ok(bundle.sequence);
        };
        let what = step.what.to_string();
        tracing::info!(
            chain = plan.chain,
            channel = channel.name,
            what,
            "changing a channel's configuration"
        );
        say(&what);
        let delta = update::compute(&channel.name, &bundle.config, &step.config)?;
        submit(context, network, &channel.name, &bundle, &delta).await?;
        let block = in_force(context, network, &channel.name, bundle.sequence + 1).await?;
        match step.what {
            // An orderer that has lost its vote everywhere is deleted afterwards.
            What::Settings(_) | What::Dismiss(_) => {}
            What::Admit(consenter) => admit(network, &channel.name, &consenter, &block).await?,
        }
    }
    Err(Trouble::failed(format!(
        "the configuration of channel {} does not settle",
        channel.name
    )))
}

async fn desired(context: &Context, plan: &Plan, network: &Network, channel: &ChannelPlan) -> Result<Desired> {
    let members = network
        .members_of(channel)
        .into_iter()
        .map(genesis::application_organization);
    let ordering = &network.ordering;
    let consenters = ordering
        .nodes
        .iter()
        .map(|node| genesis::consenter(context, ordering, node));
    let mut revocation_lists = BTreeMap::new();
    for member in &plan.members {
        let scope = Scope::namespace(&member.namespace);
        let organization = context
            .registry
            .get::<Organization>(&scope, &member.organization)
            .await?;
        let list = organization.and_then(|organization| organization.status?.revocation_list);
        revocation_lists.extend(list.map(|list| (member.msp_id.clone(), list.into_bytes())));
    }
    Ok(Desired {
        revocation_lists,
        members: members.collect::<Result<_>>()?,
        batch: channel.batch,
        ordering: ordering.msp_id().to_owned(),
        endpoints: genesis::endpoints(ordering),
        consenters: futures::future::try_join_all(consenters).await?,
    })
}

/// The configuration in force, from whichever orderer answers.
pub async fn current(context: &Context, network: &Network, channel: &str) -> Result<(Block, Bundle)> {
    patiently(PATIENCE, || async {
        let mut last = Trouble::waiting(format!("no orderer has joined channel {channel}"));
        for orderer in network.orderers(context).await? {
            match deliver::config_block(&orderer, channel, Caller::new(network.ordering.signer())).await {
                Ok(block) => {
                    let bundle = Bundle::from_block(&block)?;
                    return Ok((block, bundle));
                }
                Err(error) => last = error.into(),
            }
        }
        Err(last)
    })
    .await
    .map_err(|trouble| trouble.while_doing(format_args!("reading the configuration of channel {channel}")))
}

/// Joins orderers that have a vote and have never joined. Gives one that has to lose its vote first.
async fn rejoin(network: &Network, channel: &str, block: &Block, served: &[String]) -> Result<Option<Consenter>> {
    let strangers = join::strangers(&network.ordering, channel).await?;
    match absent::absent(&desired::consenters(block)?, &strangers, served)? {
        Absent::Nobody => {}
        Absent::Forgetful(consenter) => return Ok(Some(consenter)),
        Absent::Unjoined(nodes) => {
            for node in nodes {
                join::one(&network.ordering, node, channel, block).await?;
            }
        }
    }
    Ok(None)
}

fn node<'a>(ordering: &'a Party, consenter: &Consenter) -> Option<&'a Node> {
    let endpoint = format!("{}:{}", consenter.host, consenter.port);
    ordering.nodes.iter().find(|node| node.addresses.external == endpoint)
}

async fn admit(network: &Network, channel: &str, consenter: &Consenter, block: &Block) -> Result<()> {
    let Some(node) = node(&network.ordering, consenter) else {
        return Ok(());
    };
    join::one(&network.ordering, node, channel, block).await?;
    // The next change must find a quorum, to which this one now belongs.
    join::active(&network.ordering, node, channel).await
}

async fn submit(
    context: &Context,
    network: &Network,
    channel: &str,
    bundle: &Bundle,
    delta: &entente_fabric::proto::common::ConfigUpdate,
) -> Result<()> {
    let admitted = bundle
        .application
        .as_ref()
        .map(|application| &application.organizations);
    let consents = |party: &&Party| admitted.is_some_and(|admitted| admitted.contains_key(party.msp_id()));
    // Whoever leaves still has a say: of two members, a majority is both.
    let members = network.members.iter().chain(&network.leaving);
    let signers = members.filter(consents).chain([&network.ordering]);
    let signers: Vec<&dyn Signer> = signers.map(Party::signer).collect();
    let signed = update::sign(delta, &signers)?;
    let envelope = update::envelope(channel, &signed, network.ordering.signer())?;
    let submitted = patiently(PATIENCE, || async {
        let orderers = network.orderers(context).await?;
        match broadcast::submit_to_any(&orderers, &envelope).await {
            Err(error) if !error.is_transient() => Ok(Err(error)),
            outcome => Ok(Ok(outcome?)),
        }
    });
    submitted.await?.map_err(|error| {
        Trouble::from(error).while_doing(format_args!(
            "the ordering service refuses a change of channel {channel}"
        ))
    })
}

/// Waits until an orderer has the configuration with this sequence.
async fn in_force(context: &Context, network: &Network, channel: &str, sequence: u64) -> Result<Block> {
    patiently(PATIENCE, || async {
        let (block, bundle) = current(context, network, channel).await?;
        only_if(bundle.sequence >= sequence, || {
            format!("the change of channel {channel} is not in force yet")
        })?;
        Ok(block)
    })
    .await
}

//! Brings one contract to what its spec asks for: a service that runs, a package on every peer, a definition that enough
//! organizations have approved and the channel has committed.

mod approve;
mod definition;
mod lifecycle;
mod probe;
mod proposal;
mod quorum;
mod remove;
mod service;
pub mod validate;

use entente_api::Contract;
use entente_api::contract::ContractStatus;
use kube::ResourceExt as _;

use crate::chain::{children, plan, suspend};
use crate::context::Context;
use crate::network::Network;
use crate::report::Report;
use crate::trouble::{Kind, Result, Trouble};

pub use remove::remove;

/// One pass.
pub async fn converge(contract: &Contract, context: &Context, report: &Report<ContractStatus>) -> Result<()> {
    let namespace = contract.namespace().unwrap_or_default();
    let (chain, inputs, plan) = children::parent(context, &namespace, &contract.spec.chain).await?;
    if chain.metadata.deletion_timestamp.is_some() {
        return Err(Trouble::waiting("the chain is being deleted"));
    }
    let fingerprint = Some(plan.fingerprint());
    report.follow(&fingerprint, |status| &mut status.plan);
    validate::contract(contract, &chain.spec)?;
    let name = contract.spec.name.clone().unwrap_or_else(|| contract.name_any());
    let channel = plan::channel_of(contract.spec.definition.channel.as_deref(), &chain.spec).unwrap_or_default();
    let channel = plan.channels.iter().find(|known| known.name == channel);
    let channel = channel.ok_or_else(|| Trouble::waiting("the chain has no channel yet"))?;
    report.edit(|status| {
        status.channel = Some(channel.name.clone());
        status.name = Some(name.clone());
    });
    if plan.suspended {
        let services = service::existing(context, &namespace, &plan.chain, &channel.name, &name).await?;
        report
            .step(suspend::STEP, "stopping the service", suspend::stop(context, &services))
            .await?;
        report.edit(|status| status.plan = fingerprint);
        return Err(Trouble::suspended());
    }
    let network = Network::of(context, &plan).await?;
    let wanted = definition::wanted(&name, &contract.spec.definition)?;
    let service = report
        .step("service", "starting the service", async {
            service::ensure(
                context,
                &network,
                &plan,
                &channel.name,
                &name,
                &contract.spec.definition,
            )
            .await
        })
        .await?;
    report.edit(|status| {
        status.service.clone_from(&service.address);
        status.package_id = Some(service.package_id.clone());
    });
    let desk = lifecycle::Desk {
        context,
        network: &network,
        channel,
        service: &service,
        report,
        members: plan.standing_members(&inputs).collect(),
    };
    let agreed = desk.converge(wanted, &contract.spec.definition).await;
    let agreed = agreed.inspect_err(|trouble| {
        // What people have to decide keeps no work on the chain waiting.
        if trouble.kind == Kind::AwaitingApproval {
            report.edit(|status| status.plan.clone_from(&fingerprint));
        }
    })?;
    report.edit(|status| {
        status.version = Some(agreed.definition.version.clone());
        status.sequence = Some(agreed.definition.sequence);
    });
    probe::contract(context, &network, channel, &agreed, report).await?;
    if !agreed.keeps_earlier {
        service::retire(context, &network, &plan, &channel.name, &name, &service).await?;
    }
    report.edit(|status| status.plan = fingerprint);
    Ok(())
}

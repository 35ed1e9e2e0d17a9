//! Ends a contract's service. A definition cannot be taken back from a channel: without a service it cannot be called.

use entente_api::contract::ContractStatus;
use entente_api::{Contract, names};
use futures::future::try_join_all;
use kube::ResourceExt as _;

use super::service;
use crate::context::Context;
use crate::report::Report;
use crate::substrate::{Ledger, NodeId, Role};
use crate::trouble::Result;
use crate::vault::BundleId;

pub async fn remove(contract: &Contract, context: &Context, report: &Report<ContractStatus>) -> Result<()> {
    let namespace = contract.namespace().unwrap_or_default();
    let chain = &contract.spec.chain;
    // What the status says is what was started, whatever the spec says by now.
    let status = report.snapshot();
    let (Some(channel), Some(name)) = (status.channel, status.name) else {
        return Ok(());
    };
    let services = service::existing(context, &namespace, chain, &channel, &name).await?;
    let removed = services.iter().map(|id| one(context, &namespace, chain, id));
    report
        .step("remove/service", "ending the service", try_join_all(removed))
        .await?;
    Ok(())
}

async fn one(context: &Context, namespace: &str, chain: &str, id: &NodeId) -> Result<()> {
    let addresses = context.substrate.addresses(id, Role::Contract).await?;
    context.connections.forget(&addresses.external);
    context.substrate.delete(id, Ledger::Destroy).await?;
    let owner = names::ordering_organization(chain);
    let bundle = BundleId::new(namespace, &owner, &format!("nodes/{chain}/{}", id.name));
    Ok(context.vault.remove(&bundle).await?)
}

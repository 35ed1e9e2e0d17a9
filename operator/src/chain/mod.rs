//! Brings one chain to what its spec asks for.
//!
//! fetch → validate → plan → apply → administer → report. `validate` and `plan` are plain functions over plain data.
//! The peers of members and the contracts are resources of their own, which this reconciler creates and waits for;
//! the ordering service and the channels' configurations are its own work.

pub mod administer;
pub mod apply;
pub mod checkup;
pub mod children;
pub mod fetch;
mod orderers;
pub mod plan;
mod probe;
pub mod records;
mod recycle;
mod remove;
pub mod suspend;
pub mod validate;

use entente_api::Chain;
use entente_api::chain::ChainStatus;

use crate::context::Context;
use crate::network::Network;
use crate::report::Report;
use crate::trouble::{Result, Trouble};

pub use remove::{ledger, remove};

/// One pass.
pub async fn converge(chain: &Chain, context: &Context, report: &Report<ChainStatus>) -> Result<()> {
    if recycle::is_over(chain, context) {
        return recycle::purge(context, chain).await;
    }
    let inputs = fetch::inputs(context, chain).await?;
    validate::chain(chain, &inputs)?;
    records::approved(chain, &inputs)?;
    let reachable = context.substrate.check_access(&chain.spec.access);
    reachable.map_err(|reason| Trouble::rejected("spec.access", reason))?;
    let plan = plan::chain(chain, &inputs);
    report.edit(|status| {
        status.plan = Some(plan.fingerprint());
        status.release = Some(plan.software.release.clone());
        status.engine = Some(plan.software.engine);
        status.member_count = plan.members.len().try_into().unwrap_or(u32::MAX);
    });
    children::declare(context, chain, &plan, report).await?;
    if plan.suspended {
        return suspend::chain(context, chain, &plan, report).await;
    }
    let network = Network::of(context, &plan).await?;
    apply::orderers(context, &plan, &network, report).await?;
    administer::channels(context, &plan, &network, report).await?;
    apply::retire(context, &plan, &network).await?;
    children::dismiss(context, &plan, &inputs).await?;
    children::settled(context, chain, &plan, report).await?;
    probe::channels(context, &plan, &network, report).await?;
    report.edit(|status| {
        status.ready_time.get_or_insert_with(entente_api::time::Time::now);
    });
    Ok(())
}

//! Tells tenants whose organizations are awaited: once for each proposal, whichever replica sees it first.

use std::collections::BTreeMap;

use entente_api::approval::ApprovalStanding;
use entente_api::time::Time;
use entente_api::{Chain, Contract, names};
use kube::ResourceExt as _;
use serde_json::json;

use super::Event;
use crate::access::TenantScope;
use crate::rest::problem::Problem;
use crate::store::resource::Resources;
use crate::store::{Db, notices};

/// Tells of a contract that waits for approvals; of any other there is nothing to tell.
pub async fn tell(db: &Db, resources: &Resources, contract: &Contract) -> Result<(), Problem> {
    let status = contract.status.as_ref();
    let Some(proposal) = status.and_then(|status| status.proposal.as_ref().filter(|found| found.awaits_approval()))
    else {
        return Ok(());
    };
    let home = contract.namespace().unwrap_or_default();
    let scope = |tenant: &str| TenantScope::for_background_task("contracts that await approval", tenant);
    let Some(chain) = resources.get::<Chain>(&scope(&home), &contract.spec.chain).await? else {
        return Ok(());
    };
    let mut awaited: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for one in proposal.standing(ApprovalStanding::Waiting) {
        let mut entries = chain.spec.members.iter();
        let entry = entries.find(|entry| entry.organization == one.organization);
        let tenant = entry.and_then(|entry| entry.namespace.as_deref()).unwrap_or(&home);
        awaited.entry(tenant).or_default().push(&one.organization);
    }
    for (tenant, organizations) in awaited {
        let event = Event::awaiting_approval(
            json!({
                "chain": names::chain_seen_from(tenant, &contract.spec.chain, &home),
                "channel": status.and_then(|status| status.channel.as_ref()),
                "contract": status.and_then(|status| status.name.as_ref()),
                "proposal": proposal,
                "organizations": organizations,
            }),
            Time::now(),
        );
        let about = format!("contracts/{home}/{}", contract.name_any());
        notices::announce_once(db, &scope(tenant), &about, &proposal.digest, &event).await?;
    }
    Ok(())
}

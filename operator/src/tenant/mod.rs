//! Makes room for a tenant's nodes, and counts what it has. What it may have is checked where it asks for more.

use entente_api::tenant::{TenantStatus, Usage};
use entente_api::{Chain, Member, Organization, Tenant};
use kube::ResourceExt as _;

use crate::context::Context;
use crate::registry::{Registry, RegistryError, Scope};
use crate::report::Report;
use crate::trouble::{Result, Trouble};

/// One pass.
pub async fn converge(tenant: &Tenant, context: &Context, report: &Report<TenantStatus>) -> Result<()> {
    let name = tenant.name_any();
    let room = async { Ok(context.substrate.make_room(&name, &tenant.spec.quotas).await?) };
    report.step("namespace", "making room in its namespace", room).await?;
    let usage = usage(&context.registry, &name).await?;
    report.edit(|status| status.usage = usage);
    Ok(())
}

/// A tenant stays as long as it has anything.
pub async fn remove(tenant: &Tenant, context: &Context, report: &Report<TenantStatus>) -> Result<()> {
    let usage = usage(&context.registry, &tenant.name_any()).await?;
    report.edit(|status| status.usage = usage.clone());
    match usage {
        Usage {
            chains: 0,
            organizations: 0,
            ..
        } => Ok(context.substrate.clear_room(&tenant.name_any()).await?),
        Usage {
            chains, organizations, ..
        } => Err(Trouble::waiting(format!(
            "it has {chains} chains and {organizations} organizations; delete them first"
        ))),
    }
}

/// How much a tenant has. The ordering organizations that chains make for themselves are not counted.
pub async fn usage(registry: &Registry, tenant: &str) -> Result<Usage, RegistryError> {
    let scope = Scope::namespace(tenant);
    let count = |found: usize| u32::try_from(found).unwrap_or(u32::MAX);
    let organizations = registry.list::<Organization>(&scope).await?;
    let members = registry.list::<Member>(&scope).await?;
    Ok(Usage {
        chains: count(registry.list::<Chain>(&scope).await?.len()),
        organizations: count(organizations.iter().filter(|one| !one.name_any().contains('.')).count()),
        peers: members.iter().map(|member| member.spec.peers).sum(),
    })
}

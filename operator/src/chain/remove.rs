//! Takes a chain down so that nothing is left of it but what its `deletionPolicy` retains. Never looks at the rest of
//! the spec: a wrong one must not stand in the way.

use std::time::Duration;

use entente_api::chain::{ChainStatus, DeletionPolicy};
use entente_api::{Chain, Contract, Member, Organization, names};
use futures::future::try_join_all;
use kube::ResourceExt as _;

use crate::context::Context;
use crate::registry::{Kind, Scope};
use crate::report::Report;
use crate::substrate::{Ledger, Role};
use crate::trouble::{Result, Trouble};
use crate::vault::BundleId;

/// How long one pass waits for members and contracts to go.
const PATIENCE: Duration = Duration::from_secs(60);

pub async fn remove(chain: &Chain, context: &Context, report: &Report<ChainStatus>) -> Result<()> {
    let (namespace, name) = (chain.namespace().unwrap_or_default(), chain.name_any());
    let scope = Scope::namespace(&namespace);
    let children = async {
        withdraw::<Contract>(context, &scope, |contract| contract.spec.chain == name).await?;
        withdraw::<Member>(context, &scope, |member| {
            member.spec.is_of(&namespace, &name, &namespace)
        })
        .await?;
        gone(context, &scope, &name).await
    };
    report
        .step("remove/members", "removing contracts and peers", children)
        .await?;
    let ledger = ledger(chain);
    let message = match ledger {
        Ledger::Keep => "removing orderers; ledgers and keys stay",
        Ledger::Destroy => "removing orderers and their ledgers",
    };
    report
        .step("remove/nodes", message, nodes(context, &namespace, &name, ledger))
        .await?;
    if ledger == Ledger::Keep {
        return Ok(());
    }
    let organization = names::ordering_organization(&name);
    // Its certificate authorities and channels' first blocks go with the organization's folder.
    context
        .vault
        .remove(&BundleId::new(&namespace, &organization, "channels"))
        .await?;
    context.registry.delete::<Organization>(&scope, &organization).await?;
    Ok(())
}

/// What becomes of the ledgers of a chain that is deleted.
pub fn ledger(chain: &Chain) -> Ledger {
    match chain.spec.deletion_policy {
        DeletionPolicy::Retain => Ledger::Keep,
        DeletionPolicy::Delete => Ledger::Destroy,
    }
}

async fn withdraw<K: Kind>(context: &Context, scope: &Scope, belongs: impl Fn(&K) -> bool) -> Result<()> {
    for resource in context
        .registry
        .list::<K>(scope)
        .await?
        .iter()
        .filter(|resource| belongs(resource))
    {
        context.registry.delete::<K>(scope, &resource.name_any()).await?;
    }
    Ok(())
}

/// Waits until no member and no contract of the chain is left.
async fn gone(context: &Context, scope: &Scope, chain: &str) -> Result<()> {
    let mut watch = context.registry.watch(scope);
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let members = context.registry.list::<Member>(scope).await?;
        let contracts = context.registry.list::<Contract>(scope).await?;
        let members = members.iter().filter(|member| member.spec.chain == chain).count();
        let contracts = contracts.iter().filter(|contract| contract.spec.chain == chain).count();
        if members + contracts == 0 {
            return Ok(());
        }
        if tokio::time::timeout_at(deadline, watch.next()).await.is_err() {
            return Err(Trouble::waiting(format!(
                "{members} members and {contracts} contracts are not gone yet"
            )));
        }
    }
}

/// Whatever still has an address in the chain: orderers, and strays that a crash has left.
async fn nodes(context: &Context, namespace: &str, chain: &str, ledger: Ledger) -> Result<()> {
    let nodes = context.substrate.list(namespace, chain).await?;
    let removed = nodes.iter().map(|id| async move {
        let addresses = context.substrate.addresses(id, Role::Orderer).await?;
        context.connections.forget(&addresses.external);
        Ok::<_, Trouble>(context.substrate.delete(id, ledger).await?)
    });
    try_join_all(removed).await?;
    Ok(())
}

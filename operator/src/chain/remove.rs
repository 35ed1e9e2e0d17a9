//! Takes a chain down so that nothing is left of it but what its `deletionPolicy` retains. Never looks at the rest of
//! the spec: a wrong one must not stand in the way.

use std::time::Duration;

use entente_api::chain::{ChainStatus, DeletionPolicy};
use entente_api::{Chain, Contract, Member, Organization, names};
use futures::future::try_join_all;
use kube::ResourceExt as _;
use serde_json::Value;

use super::fetch;
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
        for contract in contracts(context, &scope, &name).await? {
            withdraw(context, &scope, &contract).await?;
        }
        for member in members(context, &scope, &name).await? {
            withdraw(context, &scope, &member).await?;
        }
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

async fn contracts(context: &Context, scope: &Scope, chain: &str) -> Result<Vec<Contract>> {
    let own = |object: &Value| fetch::belongs(object, chain);
    Ok(context.registry.select::<Contract>(scope, own).await?)
}

/// Members of the chain's own namespace. Another tenant's go by themselves, and may belong to a chain of the same name.
async fn members(context: &Context, scope: &Scope, chain: &str) -> Result<Vec<Member>> {
    let own = |object: &Value| fetch::belongs(object, chain);
    let mut members = context.registry.select::<Member>(scope, own).await?;
    members.retain(|member| {
        let namespace = member.namespace().unwrap_or_default();
        member.spec.is_of(&namespace, chain, &namespace)
    });
    Ok(members)
}

async fn withdraw<K: Kind>(context: &Context, scope: &Scope, resource: &K) -> Result<()> {
    context.registry.delete::<K>(scope, &resource.name_any()).await?;
    Ok(())
}

/// Waits until no member and no contract of the chain is left.
async fn gone(context: &Context, scope: &Scope, chain: &str) -> Result<()> {
    let mut watch = context.registry.watch(scope);
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let contracts = contracts(context, scope, chain).await?.len();
        let members = members(context, scope, chain).await?.len();
        if members + contracts == 0 {
            return Ok(());
        }
        let left = async {
            // What was missed may have been what is waited for.
            while let Ok(Some(event)) = watch.next().await {
                if fetch::belongs(&event.object, chain) {
                    return;
                }
            }
        };
        if tokio::time::timeout_at(deadline, left).await.is_err() {
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

//! Contracts as the members of their channels decide on them: found by whoever sees the chain, another tenant's too, and
//! decided in the Member of an organization of the tenant's own.

use entente_api::approval::ContractDecision;
use entente_api::chain::ChainSpec;
use entente_api::{Chain, Contract, Member};
use entente_operator::registry::RegistryError;
use kube::ResourceExt as _;

use super::resource::{Resources, WriteError};
use super::shared::Seen;
use crate::access::TenantScope;

/// A contract on a channel, with the tenant's own part in it.
#[derive(Debug, Clone)]
pub struct Proposed {
    pub contract: Contract,
    /// The Members of the tenant's own organizations on the channel.
    pub members: Vec<Member>,
}

impl Resources {
    /// The contract of a name on a channel of a chain that the tenant sees. `None`: that channel has none.
    pub async fn proposed(
        &self,
        scope: &TenantScope,
        seen: &Seen,
        channel: &str,
        contract: &str,
    ) -> Result<Option<Proposed>, RegistryError> {
        // Of a shared chain a tenant sees the channels that it is on.
        if !seen.chain.spec.channels.iter().any(|known| known.name == channel) {
            return Ok(None);
        }
        let own = scope.namespace();
        let home = seen.owner.as_deref().unwrap_or(own);
        let name = seen.chain.name_any();
        let name = seen
            .owner
            .as_ref()
            .and_then(|owner| name.strip_suffix(owner)?.strip_suffix('.'))
            .unwrap_or(&name);
        let theirs = TenantScope::for_background_task("a contract on a channel that the tenant sees", home);
        let Some(chain) = self.get::<Chain>(&theirs, name).await? else {
            return Ok(None);
        };
        let contracts: Vec<Contract> = self.list(&theirs).await?;
        let mut contracts = contracts.into_iter().filter(|found| found.spec.chain == name);
        let found =
            contracts.find(|found| is_named(found, contract) && channel_of(found, &chain.spec) == Some(channel));
        let Some(contract) = found else { return Ok(None) };
        let whole = TenantScope::for_background_task("the tenant's own members of a chain that it sees", own);
        let mut members: Vec<Member> = self.list(&whole).await?;
        members.retain(|member| {
            let organization = &member.spec.organization;
            member.spec.is_of(own, name, home)
                && home_of(&chain.spec, organization).unwrap_or(home) == own
                && is_on(&chain.spec, channel, organization)
        });
        Ok(Some(Proposed { contract, members }))
    }

    /// Puts an organization's decision into its Member; gives the one before.
    pub async fn decide(
        &self,
        scope: &TenantScope,
        member: &str,
        decision: &ContractDecision,
    ) -> Result<Option<ContractDecision>, WriteError> {
        let whole =
            TenantScope::for_background_task("a decision of an organization of the tenant", scope.namespace());
        loop {
            let found: Option<Member> = self.get(&whole, member).await?;
            let mut found = found.ok_or(WriteError::NotFound)?;
            let before = found.spec.decision(&decision.channel, &decision.contract).cloned();
            found.spec.decide(decision.clone());
            match self.replace(&whole, &found).await {
                Err(WriteError::Conflict) => {}
                outcome => return outcome.map(|_| before),
            }
        }
    }
}

fn is_named(contract: &Contract, name: &str) -> bool {
    contract.spec.name.clone().unwrap_or_else(|| contract.name_any()) == name
}

fn channel_of<'a>(contract: &'a Contract, chain: &'a ChainSpec) -> Option<&'a str> {
    let first = chain.channels.first().map(|channel| channel.name.as_str());
    contract.spec.definition.channel.as_deref().or(first)
}

/// The namespace that the chain says an organization is of, when it is another one than the chain's own.
fn home_of<'a>(chain: &'a ChainSpec, organization: &str) -> Option<&'a str> {
    let entry = chain.members.iter().find(|entry| entry.organization == organization);
    entry?.namespace.as_deref()
}

fn is_on(chain: &ChainSpec, channel: &str, organization: &String) -> bool {
    let channel = chain.channels.iter().find(|known| known.name == channel);
    channel.is_some_and(|channel| {
        channel
            .members
            .as_ref()
            .is_none_or(|members| members.contains(organization))
    })
}

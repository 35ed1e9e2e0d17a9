//! What a chain's plan is made from, read from the registry.

use std::collections::BTreeMap;

use entente_api::{Chain, Contract, Member, NodeRelease, Organization, names};
use kube::ResourceExt as _;

use crate::context::Context;
use crate::registry::Scope;
use crate::trouble::{Result, Trouble};

/// What a chain's plan is made from.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// Every organization of the namespace, by name.
    pub organizations: BTreeMap<String, Organization>,
    /// Members of this chain, whoever wrote them.
    pub members: Vec<Member>,
    /// Contracts of this chain, whoever wrote them.
    pub contracts: Vec<Contract>,
    pub releases: Vec<NodeRelease>,
}

impl Inputs {
    /// The MSP id of an organization, which may not exist yet.
    pub fn msp_id(&self, organization: &str) -> String {
        let chosen = self
            .organizations
            .get(organization)
            .and_then(|found| found.spec.msp_id.clone());
        chosen.unwrap_or_else(|| names::msp_id(organization))
    }
}

/// Whether the operator wrote a resource for a chain's short form.
pub fn is_managed(resource: &impl kube::Resource) -> bool {
    resource
        .labels()
        .get(names::label::MANAGED_BY)
        .is_some_and(|manager| manager == names::MANAGER)
}

pub async fn inputs(context: &Context, chain: &Chain) -> Result<Inputs> {
    let scope = Scope::namespace(&chain.namespace().unwrap_or_default());
    let name = chain.name_any();
    let (organizations, members, contracts, releases) = tokio::try_join!(
        context.registry.list::<Organization>(&scope),
        context.registry.list::<Member>(&scope),
        context.registry.list::<Contract>(&scope),
        context.registry.list::<NodeRelease>(&scope),
    )?;
    Ok(Inputs {
        organizations: organizations
            .into_iter()
            .map(|found| (found.name_any(), found))
            .collect(),
        members: members.into_iter().filter(|member| member.spec.chain == name).collect(),
        contracts: contracts
            .into_iter()
            .filter(|contract| contract.spec.chain == name)
            .collect(),
        releases,
    })
}

/// A chain by name, for what belongs to it.
pub async fn chain(context: &Context, namespace: &str, name: &str) -> Result<Chain> {
    let found = context
        .registry
        .get::<Chain>(&Scope::namespace(namespace), name)
        .await?;
    found.ok_or_else(|| Trouble::waiting(format!("there is no chain \"{name}\" yet")))
}

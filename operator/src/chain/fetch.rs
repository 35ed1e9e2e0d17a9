//! What a chain's plan is made from, read from the registry.

use std::collections::{BTreeMap, BTreeSet};

use entente_api::{Chain, Contract, Member, NodeRelease, Organization, names};
use kube::ResourceExt as _;
use serde_json::Value;

use crate::context::Context;
use crate::registry::Scope;
use crate::trouble::{Result, Trouble};

/// What a chain's plan is made from.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// Organizations that take part, by namespace and name.
    pub organizations: BTreeMap<(String, String), Organization>,
    /// Members of this chain, whoever wrote them. Another tenant's is among them when the chain names it, and for as
    /// long as a channel does.
    pub members: Vec<Member>,
    /// Contracts of this chain, whoever wrote them.
    pub contracts: Vec<Contract>,
    pub releases: Vec<NodeRelease>,
    /// Whether an organization needs an approved record before it takes part.
    pub requires_real_names: bool,
}

impl Inputs {
    /// The Member by which an organization of the namespace `home` takes part, unless it is being taken out.
    pub fn standing(&self, home: &str, organization: &str) -> Option<&Member> {
        self.members.iter().find(|member| {
            member.namespace().unwrap_or_default() == home
                && member.spec.organization == organization
                && member.metadata.deletion_timestamp.is_none()
        })
    }

    /// The MSP id of an organization, which may not exist yet.
    pub fn msp_id(&self, namespace: &str, organization: &str) -> String {
        let chosen = self
            .organizations
            .get(&(namespace.to_owned(), organization.to_owned()))
            .and_then(|found| found.spec.msp_id.clone());
        chosen.unwrap_or_else(|| names::msp_id(organization))
    }

    /// Whether an organization has shown who it is, as far as that is asked for.
    pub fn may_take_part(&self, namespace: &str, organization: &str) -> bool {
        let found = self.organizations.get(&(namespace.to_owned(), organization.to_owned()));
        !self.requires_real_names || found.is_some_and(Organization::has_approved_record)
    }

    /// Whether an organization supervises what others do.
    pub fn is_regulator(&self, namespace: &str, organization: &str) -> bool {
        let found = self.organizations.get(&(namespace.to_owned(), organization.to_owned()));
        found.is_some_and(|found| found.spec.regulator)
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
    let (own, name) = (chain.namespace().unwrap_or_default(), chain.name_any());
    let (scope, registry) = (Scope::namespace(&own), &context.registry);
    let (members, contracts, releases) = tokio::try_join!(
        // Who takes part need not be of the chain's namespace, and a former member is named nowhere but in its own.
        registry.select::<Member>(&Scope::All, |member| belongs(member, &name)),
        registry.select::<Contract>(&scope, |contract| belongs(contract, &name)),
        registry.list::<NodeRelease>(&scope),
    )?;
    let members = members.into_iter().filter(|member| {
        let home = member.namespace().unwrap_or_default();
        member.spec.is_of(&home, &name, &own) && (home == own || is_known(chain, &home, member))
    });
    let members: Vec<Member> = members.collect();
    let mut parties: BTreeSet<&str> = members.iter().map(|member| member.spec.organization.as_str()).collect();
    parties.extend(chain.spec.members.iter().map(|member| member.organization.as_str()));
    let ordering = names::ordering_organization(&name);
    parties.insert(&ordering);
    let takes_part = |organization: &Value| parties.contains(text(organization, "/metadata/name"));
    let organizations = registry.select::<Organization>(&scope, takes_part).await?;
    let by_name = |found: Organization| ((found.namespace().unwrap_or_default(), found.name_any()), found);
    let mut organizations: BTreeMap<_, _> = organizations.into_iter().map(by_name).collect();
    for member in members
        .iter()
        .filter(|member| member.namespace().as_deref() != Some(&*own))
    {
        let scope = Scope::namespace(&member.namespace().unwrap_or_default());
        let found = context.registry.get::<Organization>(&scope, &member.spec.organization);
        organizations.extend(found.await?.map(by_name));
    }
    let mut inputs = Inputs {
        organizations,
        members: Vec::new(),
        contracts,
        releases,
        requires_real_names: context.requires_real_names,
    };
    // What somebody has written before the organization may take part means nothing yet.
    let counts = |member: &Member| {
        let home = member.namespace().unwrap_or_default();
        is_managed(member) || is_in_a_channel(member) || inputs.may_take_part(&home, &member.spec.organization)
    };
    let members = members.into_iter().filter(counts).collect();
    inputs.members = members;
    Ok(inputs)
}

/// Whether a Member or a Contract, as it is stored, names a chain of this name.
pub fn belongs(object: &Value, chain: &str) -> bool {
    text(object, "/spec/chain") == chain
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Whether a chain knows of another tenant's member: its spec names the organization, or the member is in a channel
/// still. Anybody may write a Member that names any chain; it means nothing to a chain that does not answer.
fn is_known(chain: &Chain, home: &str, member: &Member) -> bool {
    let named = chain
        .spec
        .members
        .iter()
        .any(|entry| entry.organization == member.spec.organization && entry.namespace.as_deref() == Some(home));
    named || is_in_a_channel(member)
}

/// Nobody but the operator writes a status.
pub fn is_in_a_channel(member: &Member) -> bool {
    member.status.as_ref().is_some_and(|status| !status.channels.is_empty())
}

/// A chain by name, for what belongs to it.
pub async fn chain(context: &Context, namespace: &str, name: &str) -> Result<Chain> {
    let found = context
        .registry
        .get::<Chain>(&Scope::namespace(namespace), name)
        .await?;
    found.ok_or_else(|| Trouble::waiting(format!("there is no chain \"{name}\" yet")))
}

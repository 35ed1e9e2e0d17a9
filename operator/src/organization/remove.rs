//! Destroys an organization's authorities, once no chain needs them.

use entente_api::organization::OrganizationStatus;
use entente_api::{Chain, Identity, Member, Organization, names};
use kube::ResourceExt as _;

use crate::context::Context;
use crate::registry::Scope;
use crate::report::Report;
use crate::trouble::{Result, Trouble};
use crate::vault::BundleId;

pub async fn remove(
    organization: &Organization,
    context: &Context,
    report: &Report<OrganizationStatus>,
) -> Result<()> {
    let (namespace, name) = (organization.namespace().unwrap_or_default(), organization.name_any());
    let scope = Scope::namespace(&namespace);
    let members = context.registry.list::<Member>(&scope).await?;
    if let Some(member) = members.iter().find(|member| member.spec.organization == name) {
        return Err(
            Trouble::waiting(format!("\"{name}\" is a member of chain \"{}\"", member.spec.chain))
                .with_hint("Take it out of the chain first."),
        );
    }
    let chains = context.registry.list::<Chain>(&scope).await?;
    let needs = |chain: &&Chain| {
        chain.metadata.deletion_timestamp.is_none()
            && (names::ordering_organization(&chain.name_any()) == name
                || chain.spec.members.iter().any(|member| member.organization == name))
    };
    if let Some(chain) = chains.iter().find(needs) {
        return Err(Trouble::waiting(format!(
            "chain \"{}\" needs \"{name}\"",
            chain.name_any()
        )));
    }
    for identity in context.registry.list::<Identity>(&scope).await? {
        if identity.spec.organization == name {
            context
                .registry
                .delete::<Identity>(&scope, &identity.name_any())
                .await?;
        }
    }
    let keys = async {
        for part in ["admin", "identities", "nodes", "channels", "ca"] {
            context.vault.remove(&BundleId::new(&namespace, &name, part)).await?;
        }
        Ok(())
    };
    report
        .step("remove/authorities", "destroying keys and certificates", keys)
        .await
}

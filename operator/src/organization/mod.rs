//! Gives an organization its certificate authorities and its administrator.

mod remove;
mod revocation;
mod validate;

use entente_api::organization::OrganizationStatus;
use entente_api::time::Time;
use entente_api::{Identity, Organization, names};
use kube::ResourceExt as _;

use crate::context::Context;
use crate::pki::{OrganizationPki, facts};
use crate::registry::Scope;
use crate::report::Report;
use crate::trouble::Result;

pub use remove::remove;

/// One pass.
pub async fn converge(
    organization: &Organization,
    context: &Context,
    report: &Report<OrganizationStatus>,
) -> Result<()> {
    validate::organization(organization)?;
    let (namespace, name) = (organization.namespace().unwrap_or_default(), organization.name_any());
    let msp_id = organization.spec.msp_id.clone().unwrap_or_else(|| names::msp_id(&name));
    let authorities = async {
        let pki = OrganizationPki::ensure(context.vault.clone(), &namespace, &name, &msp_id, context.now()).await?;
        pki.admin(context.now()).await?;
        Ok(pki)
    };
    let pki = report
        .step("authorities", "preparing certificate authorities", authorities)
        .await?;
    let expires = [pki.ca_certificate(), pki.tls_ca_certificate()].map(|pem| facts(pem.as_bytes()));
    let expires = expires.into_iter().flatten().map(|facts| facts.not_after).min();
    let identities = context.registry.list::<Identity>(&Scope::namespace(&namespace)).await?;
    let revoked = revocation::entries(organization, &identities, context.now());
    let held = report.snapshot().revocation_list;
    let list = revocation::list(&pki, held, &revoked, context.now())?;
    report.edit(|status| {
        status.revocation_list = list;
        status.msp_id = Some(msp_id);
        status.ca_certificate = Some(pki.ca_certificate().to_owned());
        status.tls_ca_certificate = Some(pki.tls_ca_certificate().to_owned());
        status.expire_time = expires.map(|moment| Time::from(chrono::DateTime::<chrono::Utc>::from(moment)));
    });
    Ok(())
}

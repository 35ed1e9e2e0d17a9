//! Forgets an identity's key and certificate.

use entente_api::identity::IdentityStatus;
use entente_api::organization::Revocation;
use entente_api::{Identity, Organization};
use kube::ResourceExt as _;

use super::bundle;
use crate::context::Context;
use crate::registry::Scope;
use crate::report::Report;
use crate::trouble::Result;

pub async fn remove(identity: &Identity, context: &Context, report: &Report<IdentityStatus>) -> Result<()> {
    if !identity.spec.standing.is_good() {
        report
            .step(
                "remove/revocations",
                "keeping its certificates revoked",
                keep_revoked(identity, context),
            )
            .await?;
    }
    let forgotten = async { Ok(context.vault.remove(&bundle(identity)).await?) };
    report.step("remove/key", "destroying the key", forgotten).await
}

/// What the identity holds stays revoked without it: its organization lists it from now on.
async fn keep_revoked(identity: &Identity, context: &Context) -> Result<()> {
    let Some(status) = &identity.status else { return Ok(()) };
    let scope = Scope::namespace(&identity.namespace().unwrap_or_default());
    let owner = &identity.spec.organization;
    let Some(mut organization) = context.registry.get::<Organization>(&scope, owner).await? else {
        return Ok(());
    };
    let since = status.revoke_time.unwrap_or_else(|| {
        let now = chrono::DateTime::<chrono::Utc>::from(context.now());
        entente_api::time::Time::from(now)
    });
    let listed = &mut organization.spec.revocations;
    let before = listed.len();
    for issued in &status.issued {
        if !listed.iter().any(|entry| entry.serial_number == issued.serial_number) {
            listed.push(Revocation {
                serial_number: issued.serial_number.clone(),
                revoke_time: since,
                reason: identity.spec.revocation_reason,
                expire_time: Some(issued.expire_time),
            });
        }
    }
    if listed.len() > before {
        context.registry.update(&scope, &organization).await?;
    }
    Ok(())
}

//! Forgets an identity's key and certificate.

use entente_api::Identity;
use entente_api::identity::IdentityStatus;

use super::bundle;
use crate::context::Context;
use crate::report::Report;
use crate::trouble::Result;

pub async fn remove(identity: &Identity, context: &Context, report: &Report<IdentityStatus>) -> Result<()> {
    let forgotten = async { Ok(context.vault.remove(&bundle(identity)).await?) };
    report.step("remove/key", "destroying the key", forgotten).await
}

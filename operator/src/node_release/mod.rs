//! Counts which chains run a release. A release needs nothing done: chains read it when they plan.

use entente_api::node_release::NodeReleaseStatus;
use entente_api::{Chain, NodeRelease};
use kube::ResourceExt as _;
use serde_json::Value;

use crate::context::Context;
use crate::registry::Scope;
use crate::report::Report;
use crate::trouble::{Result, Trouble};

/// One pass.
pub async fn converge(release: &NodeRelease, context: &Context, report: &Report<NodeReleaseStatus>) -> Result<()> {
    if release.spec.version.is_empty() {
        return Err(Trouble::rejected(
            "spec.version",
            "a release needs a version, for example 3.1.5",
        ));
    }
    let count = users(release, context).await?;
    report.edit(|status| status.chains = count.try_into().unwrap_or(u32::MAX));
    Ok(())
}

/// A release that chains run stays until they run another.
pub async fn remove(release: &NodeRelease, context: &Context, _report: &Report<NodeReleaseStatus>) -> Result<()> {
    match users(release, context).await? {
        0 => Ok(()),
        count => Err(Trouble::waiting(format!("{count} chains run this release"))),
    }
}

async fn users(release: &NodeRelease, context: &Context) -> Result<usize> {
    let name = release.name_any();
    let runs = |chain: &Value| chain.pointer("/status/release").and_then(Value::as_str) == Some(&name);
    Ok(context.registry.select::<Chain>(&Scope::All, runs).await?.len())
}

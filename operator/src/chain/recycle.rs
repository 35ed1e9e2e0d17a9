//! The recycle bin: a chain that was deleted there rests for a while, and can be brought back.

use chrono::{DateTime, Utc};
use entente_api::Chain;
use kube::ResourceExt as _;
use tracing::info;

use crate::context::Context;
use crate::registry::Scope;
use crate::trouble::{Result, Trouble};

/// Whether the chain's time in the recycle bin has passed.
pub fn is_over(chain: &Chain, context: &Context) -> bool {
    let recycled = chain.spec.recycled;
    recycled.is_some_and(|recycled| recycled.purge_time.get() <= DateTime::<Utc>::from(context.now()))
}

/// Deletes the resource: what remains is for the removal of chains.
pub async fn purge(context: &Context, chain: &Chain) -> Result<()> {
    let (namespace, name) = (chain.namespace().unwrap_or_default(), chain.name_any());
    info!(namespace, chain = name, "the time in the recycle bin has passed");
    context
        .registry
        .delete::<Chain>(&Scope::namespace(&namespace), &name)
        .await?;
    Err(Trouble::suspended())
}

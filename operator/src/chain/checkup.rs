//! Looks now and then at a chain that is ready and has nothing left to do: whether somebody leads its channels, and how
//! far they have come. Asks the orderers alone, and writes only what is new.

use std::time::Duration;

use entente_api::Chain;
use entente_api::chain::ChainStatus;

use super::orderers::{self, Told};
use super::recycle;
use crate::context::Context;
use crate::registry::{Key, RegistryError, Scope};

/// How often.
pub const INTERVAL: Duration = Duration::from_secs(60);

/// Whether something is the matter that a whole pass must look at.
pub async fn chain(context: &Context, key: &Key) -> Result<bool, RegistryError> {
    let scope = Scope::namespace(&key.namespace);
    let found = context.registry.get::<Chain>(&scope, &key.name).await?;
    if found.as_ref().is_some_and(|chain| recycle::is_over(chain, context)) {
        return Ok(true);
    }
    let Some(status) = found.and_then(|chain| chain.status).filter(|s| s.progress.is_ready()) else {
        return Ok(false);
    };
    let told = orderers::ask(&operations(&status)).await;
    if status.channels.iter().any(|channel| told.is_leaderless(&channel.name)) {
        return Ok(true);
    }
    let mut counted = status.clone();
    count(&mut counted, &told);
    if counted != status {
        context
            .registry
            .put_status::<Chain>(&scope, &key.name, &counted)
            .await?;
    }
    Ok(false)
}

/// Where the orderers' metrics are.
pub fn operations(status: &ChainStatus) -> Vec<String> {
    let orderers = status.nodes.iter().filter(|node| node.role == "orderer");
    orderers.filter_map(|node| node.operations_endpoint.clone()).collect()
}

/// Puts the channels' heights into the status, as far as they are known.
pub fn count(status: &mut ChainStatus, told: &Told) {
    for channel in &mut status.channels {
        channel.height = told.heights.get(&channel.name).copied().or(channel.height);
    }
    let heights: Vec<u64> = status.channels.iter().filter_map(|channel| channel.height).collect();
    status.height = (!heights.is_empty()).then(|| heights.iter().sum());
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use entente_api::chain::ChannelStatus;

    use super::*;

    #[test]
    fn a_chain_is_as_high_as_its_channels_together() {
        let channel = |name: &str, height| ChannelStatus {
            name: name.to_owned(),
            height,
            ..ChannelStatus::default()
        };
        let mut status = ChainStatus {
            channels: vec![channel("main", Some(3)), channel("audit", Some(2))],
            ..ChainStatus::default()
        };
        let told = Told {
            heights: BTreeMap::from([("main".to_owned(), 9)]),
            ..Told::default()
        };

        count(&mut status, &told);

        let heights: Vec<_> = status.channels.iter().map(|channel| channel.height).collect();
        assert_eq!((heights, status.height), (vec![Some(9), Some(2)], Some(11)));
    }
}

//! What the orderers tell of themselves by their metrics: which channels somebody leads, and how far each has come.
//!
//! Fabric has no service that says so. Both engines count under the same names (`orderer/consensus/etcdraft/metrics.go`).

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;

use crate::scrape;

const LEADS: &str = "consensus_etcdraft_is_leader";
const LAST_BLOCK: &str = "consensus_etcdraft_committed_block_number";

/// What the orderers tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// Channels that one of them leads. `None`: not one could be asked.
    pub led: Option<BTreeSet<String>>,
    /// Blocks of each channel, on whoever has most of them.
    pub heights: BTreeMap<String, u64>,
}

impl Told {
    /// Whether nobody leads a channel, as far as that can be known.
    pub fn is_leaderless(&self, channel: &str) -> bool {
        self.led.as_ref().is_some_and(|led| !led.contains(channel))
    }
}

/// Asks all of them, by the `host:port` of their metrics.
pub async fn ask(operations: &[String]) -> Told {
    let asked = operations.iter().map(|endpoint| scrape::metrics(endpoint));
    let mut told = Told::default();
    for text in join_all(asked).await.into_iter().flatten() {
        read(&text, &mut told);
    }
    told
}

/// Takes over what one orderer tells.
fn read(text: &str, told: &mut Told) {
    let led = told.led.get_or_insert_default();
    for sample in scrape::samples(text) {
        let Some(channel) = sample.label("channel") else {
            continue;
        };
        let value = sample.value;
        match sample.name {
            LEADS if value >= 1.0 => {
                led.insert(channel.to_owned());
            }
            LAST_BLOCK if value >= 0.0 => {
                // Whole numbers, which a double holds exactly far beyond any chain.
                let height = value as u64 + 1;
                let known = told.heights.entry(channel.to_owned()).or_default();
                *known = height.max(*known);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leader_and_the_highest_block_are_found_among_all_orderers() {
        let follower = "# HELP consensus_etcdraft_is_leader Whether this node leads\n\
            consensus_etcdraft_is_leader{channel=\"main\"} 0\n\
            consensus_etcdraft_committed_block_number{channel=\"main\"} 7\n\
            consensus_etcdraft_is_leader{channel=\"audit\"} 0\n\
            process_open_fds 12\n";
        let leader = "consensus_etcdraft_is_leader{channel=\"main\"} 1\n\
            consensus_etcdraft_committed_block_number{channel=\"main\"} 8\n";
        let mut told = Told::default();

        read(follower, &mut told);
        read(leader, &mut told);

        assert!(!told.is_leaderless("main"));
        assert!(told.is_leaderless("audit"));
        assert_eq!(told.heights, BTreeMap::from([("main".to_owned(), 9)]));
    }

    #[tokio::test]
    async fn of_orderers_that_cannot_be_asked_nothing_is_claimed() {
        let told = ask(&["127.0.0.1:1".to_owned()]).await;

        assert_eq!(told, Told::default());
        assert!(!told.is_leaderless("main"));
    }
}

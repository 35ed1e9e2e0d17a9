//! What a chain's nodes tell when they are asked: how far they have come, who leads, how busy they are.
//!
//! [`ask`] asks all of them side by side; [`told`] reads one answer, [`figures`] picks the numbers that people look at,
//! [`account`] says how one node is, and [`health`] how the chain is. Only this file does I/O.

pub mod account;
pub mod figures;
pub mod health;
pub mod told;

use std::collections::BTreeMap;

use entente_api::member::NodeStatus;
use entente_api::time::Time;
use entente_operator::scrape;
use futures::{StreamExt as _, stream};

use self::told::Told;

/// Nodes that are asked at the same time.
const AT_ONCE: usize = 16;

/// A peer that lacks more blocks than this is behind: fewer are on their way.
pub const BEHIND: u64 = 10;
/// A certificate that is good for fewer days should have been renewed.
pub const DAYS_LEFT: i64 = 14;

/// Days until a node's certificate expires.
pub fn days_left(node: &NodeStatus, now: Time) -> Option<i64> {
    let end = node.certificate_expire_time?;
    Some((end.get() - now.get()).num_days())
}

/// What nodes answered, by their names, and the names of those that did not.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    pub told: BTreeMap<String, Told>,
    pub silent: Vec<String>,
}

/// Asks nodes. One that does not answer within two seconds is silent.
pub async fn ask(nodes: &[NodeStatus]) -> Answers {
    let asked: Vec<_> = nodes
        .iter()
        .map(|node| one(node.name.clone(), node.operations_endpoint.clone()))
        .collect();
    let mut all: Vec<(String, Option<Told>)> = stream::iter(asked).buffer_unordered(AT_ONCE).collect().await;
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut answers = Answers::default();
    for (name, told) in all {
        match told {
            Some(told) => _ = answers.told.insert(name, told),
            None => answers.silent.push(name),
        }
    }
    answers
}

async fn one(name: String, endpoint: Option<String>) -> (String, Option<Told>) {
    let answer = match endpoint {
        Some(endpoint) => scrape::metrics(&endpoint).await.ok(),
        None => None,
    };
    (name, answer.map(|text| Told::read(&text)))
}

impl Answers {
    /// Blocks of a channel, on whoever has most of them.
    pub fn highest(&self, channel: &str) -> Option<u64> {
        let heights = self.told.values().filter_map(|told| told.height(channel));
        heights.max()
    }
}

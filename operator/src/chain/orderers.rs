//! What the orderers tell of themselves by their metrics: which channels somebody leads, and how far each has come.
//!
//! Fabric has no service that says so. Both engines count under the same names (`orderer/consensus/etcdraft/metrics.go`).

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::Duration;

use futures::future::join_all;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

const LEADS: &str = "consensus_etcdraft_is_leader";
const LAST_BLOCK: &str = "consensus_etcdraft_committed_block_number";
/// Longest wait for one orderer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Largest answer that is read.
const MAX_BYTES: u64 = 8 << 20;

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
    let asked = operations.iter().map(async |endpoint| {
        let answer = timeout(PATIENCE, metrics(endpoint)).await;
        answer.ok()?.ok()
    });
    let mut told = Told::default();
    for text in join_all(asked).await.into_iter().flatten() {
        read(&text, &mut told);
    }
    told
}

/// The metrics as text. One request on one connection, so that HTTP/1.0 does.
async fn metrics(endpoint: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(endpoint).await?;
    let request = format!("GET /metrics HTTP/1.0\r\nHost: {endpoint}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(MAX_BYTES).read_to_end(&mut answer).await?;
    let answer = String::from_utf8(answer).map_err(io::Error::other)?;
    let ok = answer.lines().next().is_some_and(|line| line.contains(" 200"));
    match answer.split_once("\r\n\r\n") {
        Some((_, body)) if ok => Ok(body.to_owned()),
        _ => Err(io::Error::other("this is no answer to a request for metrics")),
    }
}

/// Takes over what one orderer tells (Prometheus text format).
fn read(text: &str, told: &mut Told) {
    let led = told.led.get_or_insert_default();
    for line in text.lines() {
        let Some((name, channel, value)) = sample(line) else {
            continue;
        };
        match name {
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

/// Name, channel and value of a line such as `name{channel="main"} 7`.
fn sample(line: &str) -> Option<(&str, &str, f64)> {
    let (name, rest) = line.split_once('{')?;
    let (labels, value) = rest.rsplit_once('}')?;
    let (_, rest) = labels.split_once("channel=\"")?;
    let (channel, _) = rest.split_once('"')?;
    Some((name, channel, value.split_whitespace().next()?.parse().ok()?))
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

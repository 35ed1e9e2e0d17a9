//! What a node tells of itself by its metrics: both engines write the Prometheus text format, under the same names.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longest wait for one node.
const PATIENCE: Duration = Duration::from_secs(2);
/// Largest answer that is read.
const MAX_BYTES: u64 = 8 << 20;

/// One line of metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample<'a> {
    pub name: &'a str,
    labels: &'a str,
    pub value: f64,
}

impl<'a> Sample<'a> {
    /// The value of a label, as far as it needs no unescaping: names of channels and codes do not.
    pub fn label(&self, name: &str) -> Option<&'a str> {
        let mut rest = self.labels;
        while let Some((key, after)) = rest.split_once("=\"") {
            let (value, next) = after.split_once('"')?;
            if key.trim_start_matches(',').trim() == name {
                return Some(value);
            }
            rest = next;
        }
        None
    }
}

/// The metrics behind the `host:port` of a node's operations endpoint.
///
/// # Errors
/// When it does not answer within two seconds, or with something else.
pub async fn metrics(endpoint: &str) -> io::Result<String> {
    timeout(PATIENCE, ask(endpoint))
        .await
        .unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut)))
}

/// One request on one connection, so that HTTP/1.0 does.
async fn ask(endpoint: &str) -> io::Result<String> {
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

/// Every sample of a text; what is none is passed over.
pub fn samples(text: &str) -> impl Iterator<Item = Sample<'_>> {
    text.lines().filter_map(sample)
}

/// A line such as `name{channel="main"} 7` or `name 7`.
fn sample(line: &str) -> Option<Sample<'_>> {
    if line.starts_with('#') {
        return None;
    }
    let (name, labels, value) = match line.split_once('{') {
        Some((name, rest)) => {
            let (labels, value) = rest.rsplit_once('}')?;
            (name, labels, value)
        }
        None => {
            let (name, value) = line.split_once(' ')?;
            (name, "", value)
        }
    };
    let value = value.split_whitespace().next()?.parse().ok()?;
    Some(Sample { name, labels, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_read_with_their_labels() {
        let text = "# HELP ledger_transaction_count Transactions\n\
            ledger_transaction_count{channel=\"main\",validation_code=\"VALID\"} 7\n\
            process_open_fds 12 1700000000\n\
            not a sample\n";

        let found: Vec<_> = samples(text).collect();

        let told: Vec<_> = found.iter().map(|sample| (sample.name, sample.value)).collect();
        assert_eq!(told, [("ledger_transaction_count", 7.0), ("process_open_fds", 12.0)]);
        assert_eq!(
            ["channel", "validation_code", "code"].map(|label| found[0].label(label)),
            [Some("main"), Some("VALID"), None]
        );
    }

    #[tokio::test]
    async fn a_node_that_is_not_there_has_no_metrics() {
        assert!(metrics("127.0.0.1:1").await.is_err());
    }
}

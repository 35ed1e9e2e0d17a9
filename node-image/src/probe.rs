//! Asks a node's operations endpoint whether it is healthy: the liveness probe of an image without a shell or curl.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::{cli, config};

/// A health report is short.
const LARGEST: u64 = 64 << 10;

/// Fails unless the node answers that it is healthy.
pub fn run(probe: &cli::Probe) -> anyhow::Result<()> {
    let address = match (&probe.address, &probe.config) {
        (Some(address), _) => address.clone(),
        (None, Some(path)) => config::load(path)?.operations.listen.to_string(),
        (None, None) => bail!("give --config or --address"),
    };
    let timeout = Duration::from_secs(probe.timeout.max(1));
    let answer = ask(&address, timeout).with_context(|| format!("no answer from http://{address}/healthz"))?;
    let (status, body) = parse(&answer).with_context(|| format!("http://{address}/healthz"))?;
    if status != 200 {
        bail!("http://{address}/healthz answers {status}: {}", body.trim());
    }
    Ok(())
}

fn ask(address: &str, timeout: Duration) -> anyhow::Result<String> {
    let target = address.to_socket_addrs()?.next().context("the address names no host")?;
    let mut stream = TcpStream::connect_timeout(&target, timeout)?;
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(timeout))?;
    // In one piece, so that whoever answers early does not close a connection that still has something to say.
    stream.write_all(format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut answer = String::new();
    stream.take(LARGEST).read_to_string(&mut answer)?;
    Ok(answer)
}

fn parse(answer: &str) -> anyhow::Result<(u16, &str)> {
    let (head, body) = answer.split_once("\r\n\r\n").context("the answer is not HTTP")?;
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .context("the answer has no HTTP status")?;
    Ok((status, body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// A server that answers one request with `answer`.
    fn serving(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        });
        address
    }

    fn probe(address: String) -> Result<(), String> {
        let probe = cli::Probe {
            config: None,
            address: Some(address),
            timeout: 5,
        };
        run(&probe).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn only_a_healthy_node_passes() {
        let healthy = serving("HTTP/1.1 200 OK\r\n\r\n{\"status\":\"OK\"}");
        let sick = serving("HTTP/1.1 503 Service Unavailable\r\n\r\n{\"status\":\"Service Unavailable\"}\n");
        let expected = format!("http://{sick}/healthz answers 503: {{\"status\":\"Service Unavailable\"}}");

        assert_eq!(probe(healthy), Ok(()));
        assert_eq!(probe(sick), Err(expected));
        assert!(
            probe("127.0.0.1:1".to_owned())
                .unwrap_err()
                .starts_with("no answer from http://127.0.0.1:1/healthz")
        );
    }
}

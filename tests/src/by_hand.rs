//! A consortium set up by hand with the stock tools (`by-hand/network.sh`), its nodes of either engine.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::executables;

/// What to set up.
pub struct Setup<'a> {
    /// Folder of stock Fabric's executables.
    pub stock: &'a Path,
    /// An empty folder for everything that the network writes.
    pub work: &'a Path,
    /// First of 40 free ports.
    pub ports: u16,
    /// `native` or `stock`, three of them.
    pub orderers: [&'a str; 3],
    /// `native` or `stock`, one an organization.
    pub peers: [&'a str; 2],
    /// Name of the contract, the shell command that serves it, and the first transaction's arguments.
    pub contract: &'a str,
    pub serve: &'a str,
    pub first: &'a [&'a str],
}

/// A running network. Ends with its standard input.
pub struct Network {
    script: Child,
    work: PathBuf,
    /// Each step with the seconds since the start, in order.
    pub steps: Vec<(String, f64)>,
    pub pids: Vec<u32>,
}

impl Network {
    /// Sets a network up and waits for its first committed transaction.
    pub async fn start(setup: &Setup<'_>) -> anyhow::Result<Network> {
        let first = serde_json::json!({ "Args": setup.first });
        let mut script = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("by-hand/network.sh"))
            .env("BIN", setup.stock)
            .env("CONTRACT", setup.serve)
            .env("NAME", setup.contract)
            .env("FIRST", first.to_string())
            .env("WORK", setup.work)
            .env("PORTS", setup.ports.to_string())
            .env("ORDERERS", setup.orderers.join(" "))
            .env("PEERS", setup.peers.join(" "))
            .env("ENTENTE_NODE", executables::entente("entente-node"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .context("the network's script could not be started")?;
        let mut lines = BufReader::new(script.stdout.take().context("the script has a standard output")?).lines();
        let mut steps = Vec::new();
        while let Some(line) = lines.next_line().await? {
            let (step, value) = line.split_once('\t').with_context(|| format!("not a step: {line}"))?;
            if step == "pids" {
                let pids = value.split(' ').map(str::parse).collect::<Result<_, _>>()?;
                return Ok(Network {
                    script,
                    work: setup.work.to_owned(),
                    steps,
                    pids,
                });
            }
            steps.push((step.to_owned(), value.parse()?));
        }
        bail!(
            "the network came as far as {:?}: see {}",
            steps.last(),
            setup.work.display()
        );
    }

    /// Seconds from the first command to the first committed transaction.
    pub fn seconds(&self) -> f64 {
        self.steps.last().map_or(0.0, |(_, seconds)| *seconds)
    }

    /// The connection file of an application of organization 1 or 2, for the clients of `tests/clients`.
    pub fn connection(&self, organization: u8) -> PathBuf {
        self.work.join(format!("connection-{organization}.json"))
    }

    /// Runs a stock `peer` command as the administrator of organization 1 or 2, and gives what it prints.
    pub async fn peer(&self, stock: &Path, organization: u8, ports: u16, args: &[&str]) -> anyhow::Result<String> {
        let n = organization;
        let crypto = self.work.join(format!("crypto/peerOrganizations/org{n}.test"));
        let output = Command::new(stock.join("peer"))
            .args(args)
            .env("FABRIC_CFG_PATH", self.work.join(format!("cfg/p{n}")))
            .env("FABRIC_LOGGING_SPEC", "error")
            .env("CORE_PEER_LOCALMSPID", format!("Org{n}MSP"))
            .env("CORE_PEER_ADDRESS", format!("127.0.0.1:{}", ports + 10 + u16::from(n)))
            .env(
                "CORE_PEER_MSPCONFIGPATH",
                crypto.join(format!("users/Admin@org{n}.test/msp")),
            )
            .env(
                "CORE_PEER_TLS_ROOTCERT_FILE",
                crypto.join(format!("peers/peer0.org{n}.test/tls/ca.crt")),
            )
            .output()
            .await?;
        if !output.status.success() {
            bail!("peer {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    pub async fn end(mut self) -> anyhow::Result<()> {
        drop(self.script.stdin.take());
        self.script.wait().await?;
        Ok(())
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // Closes the script's input, so that a failed test ends its nodes too.
        drop(self.script.stdin.take());
    }
}

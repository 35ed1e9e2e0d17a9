//! Load through the official Node client.

use std::path::Path;

use anyhow::bail;
use entente_tests::clients;
use serde::Deserialize;
use tokio::process::Command;

/// What `load.mjs` measured. Latencies in milliseconds.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub per_second: f64,
    pub p50: f64,
    pub p99: f64,
    pub failures: std::collections::BTreeMap<String, u64>,
}

/// Calls the contract of `connection` for `seconds`, `in_flight` at a time. `kind` is `submit` or `evaluate`.
pub async fn run(kind: &str, in_flight: u32, seconds: u32, connection: &Path) -> anyhow::Result<Report> {
    let folder = clients::folder("gateway")?;
    let output = Command::new(folder.join("node_modules/.bin/node"))
        .args([
            "load.mjs",
            kind,
            "--in-flight",
            &in_flight.to_string(),
            "--seconds",
            &seconds.to_string(),
        ])
        .current_dir(&folder)
        .env("CONNECTION", connection)
        .kill_on_drop(true)
        .output()
        .await?;
    if !output.status.success() {
        bail!(
            "the load ended with {}:\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Repeats a call until the gateway has found every endorser: a stock one has to learn of them by gossip first.
pub async fn warm(connection: &Path) -> anyhow::Result<()> {
    let mut last = None;
    for _ in 0..60 {
        match run("evaluate", 1, 0, connection).await {
            Ok(_) => return Ok(()),
            Err(error) => last = Some(error),
        }
    }
    let last = last.map(|error| format!("{error:#}")).unwrap_or_default();
    bail!("the contract was not endorsed by both organizations: {last}")
}

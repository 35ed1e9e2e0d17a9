//! The line that begins with `ready:`: the platform works, shown by a transaction where there is a demo chain.

use std::time::{Duration, Instant};

use entente_fabric::crypto::sha256;
use serde_json::{Value, json};

use super::demo;
use super::platform::Platform;
use crate::cli::client::Client;
use crate::cli::{CliError, Console};
use crate::uri::segment;

const READY_WITHIN: Duration = Duration::from_secs(300);
const CHANNEL: &str = "main";
const CONTRACT: &str = "evidence";

/// Waits until every chain is ready, then prints the proof. `begun` is when the chains were asked for.
pub async fn show(
    client: &Client,
    platform: &Platform,
    begun: Instant,
    console: &mut Console,
) -> Result<(), CliError> {
    let chains = all_ready(client).await?;
    for chain in &chains {
        platform
            .nodes_run(chain["name"].as_str().unwrap_or_default(), READY_WITHIN)
            .await;
    }
    let Some(demo) = chains
        .iter()
        .find(|chain| chain["name"] == demo::CHAIN && has_contract(chain))
    else {
        let nodes: usize = chains.iter().map(|chain| nodes(chain).len()).sum();
        let megabytes = memory(platform, &chains).await;
        return console.line(&match chains.len() {
            0 => "ready: no chain yet".to_owned(),
            count => format!(
                "ready: {count} {} with {nodes} nodes after {:.1} s, {megabytes:.0} MB of memory",
                if count == 1 { "chain" } else { "chains" },
                begun.elapsed().as_secs_f64()
            ),
        });
    };
    let committed = transaction(client, console).await?;
    let seconds = begun.elapsed().as_secs_f64();
    let megabytes = memory(platform, std::slice::from_ref(demo)).await;
    console.line(&format!(
        "ready: transaction {} in block {} of {}/{CHANNEL}, {seconds:.2} s from request to commit, {megabytes:.0} MB of memory for its {} processes",
        committed["transactionId"].as_str().unwrap_or_default(),
        committed["blockNumber"],
        demo::CHAIN,
        nodes(demo).len() + contracts(demo),
    ))
}

async fn all_ready(client: &Client) -> Result<Vec<Value>, CliError> {
    let deadline = Instant::now() + READY_WITHIN;
    loop {
        let chains = client.list("/v1/chains").await?;
        // A chain that its owner must mend is no reason to wait.
        let waiting = chains
            .iter()
            .find(|chain| matches!(chain["state"].as_str(), Some("pending" | "provisioning" | "updating")));
        match waiting {
            None => return Ok(chains),
            Some(chain) if Instant::now() > deadline => {
                let name = chain["name"].as_str().unwrap_or_default();
                return Err(CliError::Timeout {
                    what: format!("chain \"{name}\" is {}", chain["state"]),
                });
            }
            Some(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

fn has_contract(chain: &Value) -> bool {
    let contracts = chain.pointer("/spec/contracts").and_then(Value::as_array);
    contracts
        .into_iter()
        .flatten()
        .any(|contract| contract["name"] == CONTRACT)
}

fn contracts(chain: &Value) -> usize {
    chain
        .pointer("/status/contracts")
        .and_then(Value::as_array)
        .map_or(0, Vec::len)
}

fn nodes(chain: &Value) -> Vec<&Value> {
    chain
        .pointer("/status/nodes")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .collect()
}

/// Certifies a digest that nobody has certified, in the name of the demo's first organization. Nodes that have just been
/// started again need a moment to find each other, so what may help is tried again; the same digest is never certified
/// twice.
async fn transaction(client: &Client, console: &mut Console) -> Result<Value, CliError> {
    let deadline = Instant::now() + READY_WITHIN;
    let digest = hex::encode(sha256(uuid::Uuid::new_v4().as_bytes()));
    let path = format!(
        "/v1/chains/{}/channels/{CHANNEL}/contracts/{CONTRACT}:submit",
        segment(demo::CHAIN)
    );
    let body = json!({"function": "Certify", "arguments": [digest, "first light"]});
    let mut is_told = false;
    loop {
        match client.post(&path, &body).await {
            Err(error) if may_pass(&error) && Instant::now() < deadline => {
                if !std::mem::replace(&mut is_told, true) {
                    console.note("The nodes are starting.");
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            answer => return answer,
        }
    }
}

fn may_pass(error: &CliError) -> bool {
    let passing = [
        "node_unreachable",
        "no_quorum",
        "not_ready",
        "overloaded",
        "endorsement_policy_failure",
        "deadline_exceeded",
    ];
    error.code().is_some_and(|code| passing.contains(&code))
}

async fn memory(platform: &Platform, chains: &[Value]) -> f64 {
    let mut bytes = 0;
    for chain in chains {
        bytes += platform.memory_of(chain["name"].as_str().unwrap_or_default()).await;
    }
    bytes as f64 / 1e6
}

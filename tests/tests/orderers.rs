//! Three orderers lose one under load, and two: nothing that was acknowledged is lost, and commits go on by themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use entente_tests::platform::{Platform, http_client, signal};
use entente_tests::wait;
use nix::sys::signal::Signal;
use reqwest::StatusCode;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(120);

async fn chain() -> Platform {
    let platform = Platform::start().await.expect("the platform starts");
    let spec = json!({
        "members": [{ "organization": "bank" }],
        "contracts": [{ "name": "evidence", "template": "evidence" }],
    });
    platform.create_chain("ledger", spec).await.expect("the chain is ready");
    platform
}

fn digest(n: u32) -> String {
    format!("{n:064x}")
}

#[tokio::test]
async fn killing_each_orderer_under_load_loses_no_acknowledged_transaction() {
    let platform = Arc::new(chain().await);
    let (stop, next) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let workers: Vec<_> = (0..8)
        .map(|_| {
            let (platform, stop, next) = (platform.clone(), stop.clone(), next.clone());
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if platform
                        .submit("ledger", "evidence", "Certify", &[&digest(n), "load"])
                        .await
                        .is_ok()
                    {
                        acknowledged.push(n);
                    }
                }
                acknowledged
            })
        })
        .collect();

    for orderer in ["orderer0", "orderer1", "orderer2"] {
        let pid = platform.process("ledger", orderer).expect("the orderer runs");
        signal(pid, Signal::SIGKILL).expect("it is killed");
        wait::until("the orderer to be started again", PATIENCE, async || {
            platform.process("ledger", orderer).ok().filter(|now| *now != pid)
        })
        .await;
        let mark = next.load(Ordering::Relaxed);
        wait::until("commits to go on", PATIENCE, async || {
            (next.load(Ordering::Relaxed) > mark + 40).then_some(())
        })
        .await;
    }
    stop.store(true, Ordering::Relaxed);

    let mut acknowledged = Vec::new();
    for worker in workers {
        acknowledged.extend(worker.await.expect("a worker ends"));
    }
    assert!(
        acknowledged.len() > 50,
        "only {} transactions were acknowledged",
        acknowledged.len()
    );
    for n in acknowledged {
        let history = platform
            .evaluate("ledger", "evidence", "History", &[&digest(n)])
            .await
            .expect("it can be read");
        assert_eq!(entries(&history), 1, "digest {n} was acknowledged once: {history}");
    }
}

fn entries(history: &Value) -> usize {
    history["result"].as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn without_a_quorum_submits_fail_clearly_and_resume_by_themselves() {
    let platform = chain().await;
    let down = ["orderer1", "orderer2"].map(|name| platform.process("ledger", name).expect("the orderer runs"));
    // Stopped rather than killed: the platform would start a dead one again at once.
    down.iter()
        .for_each(|pid| signal(*pid, Signal::SIGSTOP).expect("it is stopped"));

    let problem = wait::until("a refusal", PATIENCE, async || {
        let (status, problem) = submit(&platform, 1).await;
        (status == StatusCode::SERVICE_UNAVAILABLE).then_some(problem)
    })
    .await;
    assert_eq!(problem["code"], "no_quorum", "{problem}");

    signal(down[0], Signal::SIGCONT).expect("one returns");
    // Another digest each time: one whose answer came too late may have been certified all the same.
    let attempts = AtomicU32::new(2);
    wait::until("commits to go on", PATIENCE * 2, async || {
        let (status, _) = submit(&platform, attempts.fetch_add(1, Ordering::Relaxed)).await;
        status.is_success().then_some(())
    })
    .await;
    signal(down[1], Signal::SIGCONT).expect("the other returns");
}

/// One submit, with its status and body whatever they are.
async fn submit(platform: &Platform, n: u32) -> (StatusCode, Value) {
    let answer = http_client()
        .post(format!(
            "{}/v1/chains/ledger/channels/main/contracts/evidence:submit",
            platform.url()
        ))
        .bearer_auth(platform.token().expect("there is a token"))
        .json(&json!({ "function": "Certify", "arguments": [digest(n), "quorum"] }))
        .send()
        .await
        .expect("the platform answers");
    let status = answer.status();
    (status, answer.json().await.unwrap_or_default())
}

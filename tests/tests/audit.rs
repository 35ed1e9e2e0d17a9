//! The audit of a real platform, anchored on a real chain.

use std::time::Duration;

use entente_tests::platform::Platform;
use entente_tests::wait;
use serde_json::json;

#[tokio::test]
async fn heads_are_anchored_on_a_chain_and_verified_against_it() {
    let settings = [
        ("ENTENTE_AUDIT_ANCHOR", "platform/main/evidence"),
        ("ENTENTE_AUDIT_ANCHOR_EVERY", "1s"),
    ];
    let platform = Platform::start_with(&settings).await.expect("the platform starts");
    let chain = json!({
        "ordering": { "replicas": 1 },
        "deletionPolicy": "Delete",
        "members": [{ "organization": "operations" }],
        "contracts": [{ "name": "evidence", "template": "evidence" }],
    });
    platform
        .create_chain("platform", chain)
        .await
        .expect("the chain is ready");
    let anchored = async || {
        let anchors = platform.get("/v1/audit-anchors").await.ok()?;
        let last = anchors["items"].as_array()?.last()?.clone();
        Some((last["seq"].as_i64()?, last["digest"].as_str()?.to_owned()))
    };

    let (first, digest) = wait::until("the head to be anchored", Duration::from_secs(60), anchored).await;
    let verified = platform.cli(&["audit", "verify"]).await.expect("it can be started");
    let anchor = platform
        .get(&format!("/v1/audit-anchors/{first}"))
        .await
        .expect("it is there");
    let organization = json!({ "name": "later", "spec": {} });
    platform
        .change(reqwest::Method::POST, "/v1/organizations", Some(organization))
        .await
        .expect("another row");
    wait::until("the next head to be anchored", Duration::from_secs(30), async || {
        anchored().await.filter(|(seq, _)| *seq > first)
    })
    .await;
    let again = platform.cli(&["audit", "verify"]).await.expect("it can be started");

    let said = |output: &std::process::Output| {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = text
            .lines()
            .find(|line| line.starts_with("anchored "))
            .map(str::to_owned);
        (output.status.success(), line)
    };
    let block = &anchor["onChain"]["blockNumber"];
    let transaction = anchor["transactionId"].as_str().expect("it has one");
    assert_eq!(
        said(&verified),
        (
            true,
            Some(format!(
                "anchored {first} in block {block} of platform/main, transaction {transaction}"
            ))
        ),
        "{}",
        String::from_utf8_lossy(&verified.stderr)
    );
    assert_eq!(anchor["onChain"]["record"]["digest"], digest);
    assert_eq!(anchor["onChain"]["record"]["note"], "head of an audit");
    let (is_whole, line) = said(&again);
    assert!(is_whole && line.is_some_and(|line| !line.starts_with(&format!("anchored {first} "))));
}

//! A chain's life on one machine, asked for over REST: made, used, changed, damaged, and deleted. On both engines.

use std::time::Duration;

use entente_tests::platform::{Platform, signal};
use entente_tests::{clients, executables, wait};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(120);

/// Two organizations, three orderers, the evidence contract: ten lines in a file.
fn consortium(engine: &str) -> Value {
    json!({
        "engine": engine,
        "deletionPolicy": "Delete",
        "members": [{ "organization": "province-finance" }, { "organization": "city-finance" }],
        "contracts": [{ "name": "evidence", "template": "evidence" }],
    })
}

fn digest(n: u8) -> String {
    format!("{n:02x}").repeat(32)
}

#[tokio::test]
async fn a_native_chain_lives() {
    a_chain_lives("native").await;
}

#[tokio::test]
async fn a_stock_chain_lives() {
    if executables::stock_fabric_or_skip("a_stock_chain_lives").is_some() {
        a_chain_lives("fabric").await;
    }
}

/// From the request to the deletion, with every edit that a running chain takes.
async fn a_chain_lives(engine: &str) {
    let mut platform = Platform::start().await.expect("the platform starts");
    platform
        .create_chain("payments", consortium(engine))
        .await
        .expect("the chain is ready");

    let committed = platform
        .submit("payments", "evidence", "Certify", &[&digest(1), "first"])
        .await
        .expect("committed");
    assert_eq!(committed["code"], "VALID");
    let known = platform
        .evaluate("payments", "evidence", "Get", &[&digest(1)])
        .await
        .expect("it can be read");
    assert_eq!(known["result"]["digest"], digest(1));

    a_deleted_chain_can_be_had_back(&platform).await;
    edits_converge(&platform).await;
    the_official_client_is_served(&platform).await;
    the_platform_can_be_killed(&mut platform).await;

    platform
        .change(reqwest::Method::DELETE, "/v1/chains/payments?force=true", None)
        .await
        .expect("the chain is deleted");
    assert_eq!(platform.processes("payments"), []);
    let left = std::fs::read_dir(platform.data().join("nodes"))
        .expect("the nodes' folder")
        .flatten();
    let left: Vec<_> = left
        .map(|entry| entry.file_name())
        .filter(|name| name != "ports.json")
        .collect();
    assert_eq!(left, Vec::<std::ffi::OsString>::new());
    assert!(platform.interrupt().await.expect("the platform ends").success());
}

async fn a_deleted_chain_can_be_had_back(platform: &Platform) {
    let change = async |method, path: &str| platform.change(method, path, None).await;
    change(reqwest::Method::DELETE, "/v1/chains/payments")
        .await
        .expect("the chain goes into the recycle bin");
    assert_eq!(platform.processes("payments"), []);
    change(reqwest::Method::POST, "/v1/chains/payments:undelete")
        .await
        .expect("the chain comes back");
    let known = platform
        .evaluate("payments", "evidence", "Get", &[&digest(1)])
        .await
        .expect("it has its ledgers");
    assert_eq!(known["result"]["digest"], digest(1));
}

async fn edits_converge(platform: &Platform) {
    let patch = async |what: &str, patch: Value| platform.patch_chain("payments", patch).await.expect(what);
    let three = json!([
        { "organization": "province-finance", "peers": 2 },
        { "organization": "city-finance" },
        { "organization": "county-finance" },
    ]);
    patch(
        "a second peer and a third member",
        json!({ "spec": { "members": three } }),
    )
    .await;
    let names: Vec<String> = platform
        .processes("payments")
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(
        names.iter().filter(|name| name.starts_with("peer")).count(),
        4,
        "{names:?}"
    );

    let channels =
        json!([{ "name": "main" }, { "name": "audit", "members": ["province-finance", "county-finance"] }]);
    patch("a second channel", json!({ "spec": { "channels": channels } })).await;
    let info = platform
        .get("/v1/chains/payments/channels/audit/info")
        .await
        .expect("the channel answers");
    assert!(info["height"].as_u64().is_some_and(|height| height > 0), "{info}");

    let contracts = json!([
        { "name": "evidence", "template": "evidence", "version": "1.1" },
        { "name": "records", "template": "evidence", "channel": "audit" },
    ]);
    patch(
        "a contract's upgrade and another contract",
        json!({ "spec": { "contracts": contracts } }),
    )
    .await;
    let kept = platform
        .evaluate("payments", "evidence", "Get", &[&digest(1)])
        .await
        .expect("the upgrade keeps the state");
    assert_eq!(kept["result"]["digest"], digest(1));

    patch(
        "other batches",
        json!({ "spec": { "batch": { "maxMessageCount": 7, "timeout": "100ms" } } }),
    )
    .await;
    platform
        .submit("payments", "evidence", "Certify", &[&digest(2), "after"])
        .await
        .expect("it still commits");
}

/// Deploys the JavaScript contract, and runs the official client's tests on it.
async fn the_official_client_is_served(platform: &Platform) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it has an address").to_string();
    drop(listener);
    let chain = platform
        .get("/v1/chains/payments")
        .await
        .expect("the chain can be read");
    let mut contracts = chain["spec"]["contracts"].clone();
    contracts.as_array_mut().expect("a list").push(json!({
        "name": "notes", "external": { "address": address },
        "endorsementPolicy": "AND('ProvinceFinanceMSP.peer', 'CityFinanceMSP.peer')",
    }));
    let patch = json!({ "spec": { "contracts": contracts } });
    let answer = platform
        .call(reqwest::Method::PATCH, "/v1/chains/payments", Some(patch))
        .await
        .expect("it is taken");
    // The shim must name the package by which peers know it: it depends on the address, and the platform makes it.
    let package = wait::until("the package's id", PATIENCE, async || {
        let contract = platform.get("/v1/contracts/payments.main.notes").await.ok()?;
        contract["status"]["packageId"].as_str().map(str::to_owned)
    })
    .await;
    let _service = clients::serve_notes(&address, &package).expect("the contract is served");
    let operation = answer["operation"]["id"].as_str().expect("a change has an operation");
    platform.succeeded(operation).await.expect("it is deployed");

    let connection = platform
        .connect("payments", "province-finance", "notes")
        .await
        .expect("an application is enrolled");
    clients::until_endorsed("gateway", &connection)
        .await
        .expect("both organizations endorse");
    clients::node_tests("gateway", "gateway.test.mjs", &connection)
        .await
        .expect("the client's tests pass");
}

/// A node that died is started again; a platform that died adopts the nodes that live.
async fn the_platform_can_be_killed(platform: &mut Platform) {
    let peer = platform
        .process("payments", "peer0-city-finance")
        .expect("the peer runs");
    signal(peer, Signal::SIGKILL).expect("it is killed");
    wait::until("another process of the peer", PATIENCE, async || {
        platform
            .process("payments", "peer0-city-finance")
            .ok()
            .filter(|pid| *pid != peer)
    })
    .await;

    let mut before = platform.processes("payments");
    platform.kill().await.expect("the platform is killed");
    platform.resume().await.expect("it starts again");
    wait::until("the chain to be ready again", PATIENCE, async || {
        platform
            .submit("payments", "evidence", "Certify", &[&digest(3), "again"])
            .await
            .ok()
    })
    .await;

    let mut after = platform.processes("payments");
    before.sort();
    after.sort();
    assert_eq!(before, after);
}

#[tokio::test]
async fn the_command_line_names_who_signs_a_transaction() {
    let platform = Platform::start().await.expect("the platform starts");
    platform
        .create_chain("payments", consortium("native"))
        .await
        .expect("the chain is ready");
    let clerk = json!({ "name": "clerk", "spec": { "organization": "city-finance" } });
    platform
        .change(reqwest::Method::POST, "/v1/identities", Some(clerk))
        .await
        .expect("a clerk is enrolled");
    let certify = async |n: u8, who: &[&str]| {
        let digest = digest(n);
        let call = [
            "tx", "submit", "payments", "evidence", "Certify", &digest, "a note", "-o", "json",
        ];
        let output = platform.cli(&[&call, who].concat()).await.expect("the command runs");
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let submitter = answer["result"]["submitter"].as_str().map(str::to_owned);
        (
            output.status.code(),
            submitter,
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };

    let by_first = certify(1, &[]).await;
    let by_city = certify(2, &["--as", "city-finance"]).await;
    let by_clerk = certify(3, &["--as", "city-finance", "--identity", "clerk"]).await;
    let by_anothers = certify(4, &["--as", "province-finance", "--identity", "clerk"]).await;
    let by_nobody = certify(5, &["--as", "city-finance", "--identity", "ghost"]).await;
    let by_stranger = certify(6, &["--as", "county-finance"]).await;

    let signed = |who: &str| (Some(0), Some(who.to_owned()), String::new());
    let refused = |code: i32, reason: &str| (Some(code), None, format!("error: {reason}\n"));
    assert_eq!(
        by_first,
        signed("ProvinceFinanceMSP/O=province-finance, OU=admin, CN=admin.province-finance")
    );
    assert_eq!(
        by_city,
        signed("CityFinanceMSP/O=city-finance, OU=admin, CN=admin.city-finance")
    );
    assert_eq!(by_clerk, signed("CityFinanceMSP/O=city-finance, OU=client, CN=clerk"));
    assert_eq!(
        by_anothers,
        refused(
            4,
            "The identity \"clerk\" belongs to \"city-finance\", not to \"province-finance\".\n\
             hint: Name the organization of the identity in `organization`."
        )
    );
    assert_eq!(by_nobody, refused(3, "There is no identity \"ghost\"."));
    assert_eq!((by_stranger.0, by_stranger.1), (Some(4), None));
    let reason = "error: The organization \"county-finance\" has no peer on the chain \"payments\".\n";
    assert!(by_stranger.2.starts_with(reason), "{}", by_stranger.2);
}

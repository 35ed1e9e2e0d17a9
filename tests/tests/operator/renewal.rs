//! Certificates that come to their end are replaced while the chain runs.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use entente_api::node_release::Engine;
use entente_tests::executables;

use crate::harness::{CHAIN, Gateway, Home, Operator, knows};

const DAY: Duration = Duration::from_secs(24 * 3600);
const NODES: [&str; 5] = ["orderer0", "orderer1", "orderer2", "peer0-bank", "peer0-tax"];

/// Certificates and keys of a node, by file.
fn credentials(home: &Path, node: &str) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
    let folder = home.join("nodes/hebei/ledger").join(node);
    let read = |file: &str| (file.to_owned(), std::fs::read_to_string(folder.join(file)).unwrap());
    let certificates = ["msp/signcerts/cert.pem", "tls/cert.pem"].map(read);
    let keys = ["msp/keystore/key.pem", "tls/key.pem"].map(read);
    (certificates.into(), keys.into())
}

/// An operator makes the chain almost a year ago, by its clock; the next one finds certificates that end soon.
async fn certificates_are_renewed_under_load(engine: Engine) {
    let home = Home::new();
    let long_ago = SystemTime::now() - 355 * DAY;
    let first = Operator::start_at(home.0.path(), engine, Arc::new(move || long_ago)).await;
    let chain = first.create("ledger", CHAIN).await;
    let gateways = [
        Gateway::of(&first, &chain, "peer0-bank").await,
        Gateway::of(&first, &chain, "peer0-tax").await,
    ];
    gateways[0].transacts("main", "before").await;
    gateways[1].transacts("main", "before").await;
    let before = NODES.map(|node| credentials(home.0.path(), node));
    first.stop().await;
    let done = Arc::new(AtomicBool::new(false));
    let load = gateways.map(|gateway| {
        let done = done.clone();
        tokio::spawn(async move {
            let mut count = 0;
            while !done.load(Ordering::Relaxed) {
                gateway.insists("main", &format!("meanwhile {count}")).await;
                count += 1;
            }
            count
        })
    });

    let second = Operator::start(home.0.path(), engine).await;
    let after = second
        .until("every certificate to be replaced", async || {
            let after = NODES.map(|node| credentials(home.0.path(), node));
            let replaced = before
                .iter()
                .zip(&after)
                .all(|((old, _), (new, _))| old.iter().zip(new).all(|(old, new)| old != new));
            replaced.then_some(after)
        })
        .await;
    let renewed = second.ready("ledger").await;
    done.store(true, Ordering::Relaxed);
    let mut counts = Vec::new();
    for worker in load {
        counts.push(worker.await.unwrap());
    }

    let keys = |credentials: &[(_, BTreeMap<String, String>)]| {
        credentials.iter().map(|(_, keys)| keys.clone()).collect::<Vec<_>>()
    };
    assert_eq!(keys(&before), keys(&after));
    let sequence = |chain: &entente_api::Chain| chain.status.as_ref().unwrap().channels[0].config_sequence;
    assert_eq!(sequence(&chain), sequence(&renewed));
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
    assert!(knows(&second, &renewed, "before").await);
    assert!(knows(&second, &renewed, "meanwhile 0").await);
    second.delete("ledger").await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_of_native_nodes_are_renewed_under_load() {
    certificates_are_renewed_under_load(Engine::Native).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_of_stock_nodes_are_renewed_under_load() {
    if executables::stock_fabric_or_skip("certificates_of_stock_nodes_are_renewed_under_load").is_some() {
        certificates_are_renewed_under_load(Engine::Fabric).await;
    }
}

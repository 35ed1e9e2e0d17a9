//! Measures a consortium on the cluster, as a user of `kubectl` has it: seconds to Ready and to the first committed
//! transaction, requests to the API server, memory, and the time to recover from a deleted pod. `make bench-cluster`.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use entente_api::Chain;
use entente_api::condition::Progress;
use entente_fabric::client::connect::{ConnectOptions, connect};
use entente_fabric::client::gateway;
use entente_fabric::identity::SigningIdentity;
use entente_fabric::proposal::Invocation;
use entente_fabric::tls::TlsClient;
use entente_operator::vault::{self, BundleId, Vault as _};
use entente_tests::cluster::{self, Image, Namespace};
use entente_tests::skip::measured;
use entente_tests::{executables, wait};
use serde_json::json;

use crate::platform::Process;

const PATIENCE: Duration = Duration::from_secs(300);
const RUNS: usize = 3;
const ROWS: [&str; 5] = [
    "kubectl apply to Ready, s",
    "kubectl apply to the first commit, s",
    "requests to the API server",
    "memory of all nodes at rest, MB",
    "a peer's pod deleted to its next commit, s",
];

/// Three orderers, two organizations with a peer each, one contract.
fn consortium(name: &str, release: Option<&str>) -> String {
    let mut spec = json!({
        "members": [{"organization": "bank"}, {"organization": "tax"}],
        "contracts": [{"name": "evidence", "template": "evidence"}],
        "deletionPolicy": "Delete",
    });
    if let Some(release) = release {
        spec["release"] = json!(release);
    }
    json!({"apiVersion": "entente.dev/v1alpha1", "kind": "Chain", "metadata": {"name": name}, "spec": spec})
        .to_string()
}

/// Certifies something through the first peer of `bank`, as its administrator.
async fn commit(namespace: &Namespace, chain: &Chain, note: &str) -> anyhow::Result<()> {
    let keys = vault::Kubernetes::new(kube::Client::try_default().await?);
    let bundle = keys.read(&BundleId::new(namespace.name(), "bank", "admin")).await?;
    let bundle = bundle.context("there is an administrator")?;
    let signer = SigningIdentity::new(
        "BankMSP",
        &bundle["msp/signcerts/cert.pem"],
        &bundle["msp/keystore/key.pem"],
    )?;
    let field = [
        "get",
        "organization",
        "bank",
        "--output=jsonpath={.status.tlsCaCertificate}",
    ];
    let root = namespace.kubectl(&field).await?;
    let mut nodes = chain.status.iter().flat_map(|status| &status.nodes);
    let peer = nodes
        .find(|node| node.name == "peer0-bank")
        .context("there is a peer")?;
    let digest = hex::encode(entente_fabric::crypto::sha256(note.as_bytes()));
    let call = Invocation::new("main", "evidence", "Certify")
        .arg(digest.as_str())
        .arg(note);
    let tls = TlsClient::trusting_pem(root.as_bytes())?;
    let peer = connect(&peer.endpoint, Some(&tls), &ConnectOptions::default()).await?;
    let endorsed = gateway::endorse(&peer, &call, &[], &signer).await?;
    gateway::submit(&peer, &endorsed).await?;
    gateway::commit_status(&peer, "main", &endorsed.transaction_id, &signer).await?;
    Ok(())
}

/// Resident memory of a chain's nodes, as they tell it.
async fn memory(chain: &Chain) -> anyhow::Result<f64> {
    let mut bytes = 0.0;
    for node in chain.status.iter().flat_map(|status| &status.nodes) {
        let Some(operations) = &node.operations_endpoint else {
            continue;
        };
        let metrics = reqwest::get(format!("http://{operations}/metrics"))
            .await?
            .text()
            .await?;
        let line = metrics
            .lines()
            .find(|line| line.starts_with("process_resident_memory_bytes "));
        let value = line.and_then(|line| line.split(' ').next_back());
        bytes += value.context("it tells its memory")?.parse::<f64>()?;
    }
    Ok(bytes)
}

/// One figure a row.
async fn measure(
    namespace: &Namespace,
    operator: &Process,
    name: &str,
    release: Option<&str>,
) -> anyhow::Result<[f64; ROWS.len()]> {
    let requests = async || {
        operator
            .metric("entente_operator_api_requests_total")
            .await
            .unwrap_or_default()
    };
    let before = requests().await;
    let began = Instant::now();
    namespace.apply(&consortium(name, release)).await?;
    let resource = format!("chain/{name}");
    let ready = ["wait", "--for=condition=Ready", "--timeout=300s", &resource];
    namespace.kubectl(&ready).await?;
    let to_ready = began.elapsed();
    let chain: Chain = serde_json::from_str(&namespace.kubectl(&["get", &resource, "--output=json"]).await?)?;
    commit(namespace, &chain, &format!("first of {name}")).await?;
    let to_commit = began.elapsed();
    if let Some(status) = &chain.status {
        steps(&status.progress);
    }
    let asked = requests().await - before;
    let memory = memory(&chain).await? / 1e6;

    let began = Instant::now();
    let pod = format!("{name}-peer0-bank-0");
    namespace.kubectl(&["delete", "pod", &pod]).await?;
    let note = format!("again of {name}");
    wait::until("a commit through the new pod", PATIENCE, async || {
        let attempt = tokio::time::timeout(Duration::from_secs(10), commit(namespace, &chain, &note));
        attempt.await.ok()?.ok()
    })
    .await;
    let recovered = began.elapsed();
    namespace.kubectl(&["delete", &resource, "--timeout=120s"]).await?;
    let (ready, commit) = (to_ready.as_secs_f64(), to_commit.as_secs_f64());
    Ok([ready, commit, asked, memory, recovered.as_secs_f64()])
}

/// What each step took, where that is worth telling.
fn steps(progress: &Progress) {
    for step in &progress.steps {
        let (Some(began), Some(ended)) = (step.start_time, step.end_time) else {
            continue;
        };
        let took = (ended.get() - began.get()).num_milliseconds();
        if took >= 100 {
            measured(&format!("  {} took {:.1} s", step.name, took as f64 / 1e3));
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

async fn table(namespace: &Namespace, operator: &Process, engine: &str, release: Option<&str>) -> anyhow::Result<()> {
    let mut runs = Vec::new();
    for run in 0..RUNS {
        runs.push(measure(namespace, operator, &format!("{engine}-{run}"), release).await?);
    }
    for (row, name) in ROWS.iter().enumerate() {
        let value = median(runs.iter().map(|run| run[row]).collect());
        measured(&format!("| {engine} | {name} | {value:.1} |"));
    }
    Ok(())
}

#[test]
#[ignore = "it measures: `make bench-cluster` runs it"]
fn a_consortium_is_measured_on_the_cluster() {
    cluster::test(async |cluster| {
        cluster.define_resources().await?;
        let namespace = Namespace::create(cluster, "bench").await?;
        let image = cluster.image(Image::Node).await?;
        let own = ["--namespace", namespace.name(), "--lease-namespace", namespace.name()];
        let operator = Process::start("operator", &[&own[..], &["--node-image", &image]].concat())?;
        operator.leading().await;

        table(&namespace, &operator, "native", None).await?;
        if executables::stock_fabric().is_some() {
            let images = json!({
                "peer": cluster.image(Image::StockPeer).await?,
                "orderer": cluster.image(Image::StockOrderer).await?,
                "nodeTools": image,
            });
            let release = json!({
                "apiVersion": "entente.dev/v1alpha1", "kind": "NodeRelease", "metadata": {"name": "stock"},
                "spec": {"engine": "fabric", "version": "3.1", "images": images},
            });
            cluster.apply(&release.to_string()).await?;
            table(&namespace, &operator, "stock", Some("stock")).await?;
        }
        let words = operator
            .metric("process_resident_memory_bytes")
            .await
            .unwrap_or_default()
            / 1e6;
        measured(&format!("the operator has {words:.0} MB"));

        let names: Vec<String> = (0..10).map(|number| format!("small-{number}")).collect();
        let began = Instant::now();
        let small = |name: &String| {
            let spec = json!({
                "members": [{"organization": "bank"}], "ordering": {"replicas": 1},
                "contracts": [{"name": "evidence", "template": "evidence"}], "deletionPolicy": "Delete",
            });
            let chain = json!({"apiVersion": "entente.dev/v1alpha1", "kind": "Chain", "metadata": {"name": name}, "spec": spec});
            format!("---\n{chain}\n")
        };
        namespace.apply(&names.iter().map(small).collect::<String>()).await?;
        let all = ["wait", "--for=condition=Ready", "--timeout=300s", "chains", "--all"];
        namespace.kubectl(&all).await?;
        let took = began.elapsed().as_secs_f64();
        measured(&format!(
            "ten chains of one member requested at once were all ready after {took:.1} s"
        ));
        namespace
            .kubectl(&["delete", "chains,organizations", "--all", "--timeout=180s"])
            .await?;
        drop(operator);
        Ok(())
    });
}

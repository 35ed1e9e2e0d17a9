//! The pod of the orderer that leads is deleted while clients write: what they were told is committed stays so.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use entente_api::Chain;
use entente_api::node_release::Engine;
use entente_fabric::client::gateway;
use entente_fabric::proposal::Invocation;
use entente_fabric::proto::protos::TxValidationCode;
use entente_tests::cluster::{self, Cluster, Image, Namespace};
use entente_tests::executables;
use entente_tests::skip::say;

use crate::operator::Operator;

const CHAIN: &str = "
members: [{organization: bank}]
contracts: [{name: evidence, template: evidence}]
deletionPolicy: Delete
";
const CLIENTS: usize = 4;
/// Committed before and after the leader goes, at least.
const ENOUGH: usize = 40;
/// Longest time in which nothing is committed. Stock orderers do not hand over, and lose what their leader has not ordered:
/// their clients wait as long as they please.
const SILENCE: Duration = Duration::from_secs(3);
/// Longest wait of a client for one transaction.
const PATIENCE: Duration = Duration::from_secs(20);

/// What clients have seen.
#[derive(Default)]
struct Ledger {
    /// What was certified, and when the client was told so.
    committed: Mutex<Vec<(String, Instant)>>,
    /// Attempts that ended otherwise. Whether they have passed is not known.
    failed: AtomicUsize,
    enough: AtomicBool,
}

/// One client: certifies one thing after the other; what fails is tried again with another one.
async fn write(operator: &Operator, endpoint: &str, client: usize, ledger: &Ledger) -> anyhow::Result<()> {
    let (peer, signer) = operator.gateway("bank", endpoint).await?;
    for number in 0_u64.. {
        if ledger.enough.load(Ordering::Relaxed) {
            break;
        }
        let digest = hex::encode(entente_fabric::crypto::sha256(format!("{client}/{number}").as_bytes()));
        let call = Invocation::new("main", "evidence", "Certify")
            .arg(digest.as_str())
            .arg("a note");
        let attempt = tokio::time::timeout(PATIENCE, async {
            let endorsed = gateway::endorse(&peer, &call, &[], &signer).await?;
            gateway::submit(&peer, &endorsed).await?;
            let committed = gateway::commit_status(&peer, "main", &endorsed.transaction_id, &signer).await?;
            ensure!(committed.code == TxValidationCode::Valid, "{:?}", committed.code);
            anyhow::Ok(())
        });
        match attempt.await {
            Ok(Ok(())) => ledger
                .committed
                .lock()
                .expect("no client panics")
                .push((digest, Instant::now())),
            Ok(Err(error)) => {
                tracing::debug!("{error:#}");
                ledger.failed.fetch_add(1, Ordering::Relaxed);
            }
            Err(_) => {
                ledger.failed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
    Ok(())
}

/// The orderer that leads the channel, as its metrics tell.
async fn leader(chain: &Chain) -> anyhow::Result<String> {
    let nodes = chain.status.iter().flat_map(|status| &status.nodes);
    for node in nodes.filter(|node| node.role == "orderer") {
        let operations = node.operations_endpoint.as_ref().context("it has metrics")?;
        let metrics = reqwest::get(format!("http://{operations}/metrics"))
            .await?
            .text()
            .await?;
        if metrics.contains("consensus_etcdraft_is_leader{channel=\"main\"} 1") {
            return Ok(node.name.clone());
        }
    }
    anyhow::bail!("nobody leads")
}

#[test]
fn a_leader_whose_pod_is_deleted_under_load_takes_nothing_with_it() {
    cluster::test(async |cluster| lose_the_leader(cluster, Engine::Native).await);
}

#[test]
fn a_stock_leader_whose_pod_is_deleted_under_load_takes_nothing_with_it() {
    let name = "load::a_stock_leader_whose_pod_is_deleted_under_load_takes_nothing_with_it";
    if executables::stock_fabric_or_skip(name).is_some() {
        cluster::test(async |cluster| lose_the_leader(cluster, Engine::Fabric).await);
    }
}

async fn lose_the_leader(cluster: &Cluster, engine: Engine) -> anyhow::Result<()> {
    let namespace = Namespace::create(cluster, "load").await?;
    let image = cluster.image(Image::Node).await?;
    let operator = Operator::start(&namespace, &image).await?;
    let spec = operator.on(engine, cluster, &image, CHAIN).await?;
    let chain = operator.create("ledger", &spec).await?;
    let mut nodes = chain.status.iter().flat_map(|status| &status.nodes);
    let peer = nodes.find(|node| node.role == "peer").context("there is a peer")?;
    let ledger = Ledger::default();
    let count = || ledger.committed.lock().expect("no client panics").len();

    let clients =
        futures::future::try_join_all((0..CLIENTS).map(|client| write(&operator, &peer.endpoint, client, &ledger)));
    let disturb = async {
        let enough = |wanted| operator.until("clients to write", async move || Ok((count() >= wanted).then_some(())));
        enough(ENOUGH).await?;
        let leads = leader(&chain).await?;
        let pod = format!("ledger-{leads}-0");
        let deleted = Instant::now();
        namespace.kubectl(&["delete", "pod", &pod, "--wait=false"]).await?;
        enough(count() + ENOUGH).await?;
        operator.all_run("ledger", 4).await?;
        enough(count() + ENOUGH).await?;
        ledger.enough.store(true, Ordering::Relaxed);
        anyhow::Ok(deleted)
    };
    let (_, deleted) = tokio::try_join!(clients, disturb)?;

    let committed = std::mem::take(&mut *ledger.committed.lock().expect("no client panics"));
    let times: Vec<Instant> = committed.iter().map(|(_, when)| *when).collect();
    let gaps = times.windows(2).filter(|pair| pair[1] > deleted);
    let silence = gaps.map(|pair| pair[1].saturating_duration_since(pair[0])).max();
    let silence = silence.unwrap_or_default();
    say(&format!(
        "{} committed, {} failed, {:.2} s without a commit",
        committed.len(),
        ledger.failed.load(Ordering::Relaxed),
        silence.as_secs_f64()
    ));
    if engine == Engine::Native {
        ensure!(silence < SILENCE, "nothing was committed for {silence:?}");
    }
    let (peer, signer) = operator.gateway("bank", &peer.endpoint).await?;
    for (digest, _) in &committed {
        let question = Invocation::new("main", "evidence", "Get").arg(digest.as_str());
        gateway::evaluate(&peer, &question, &[], &signer)
            .await
            .with_context(|| format!("{digest} was committed and is lost"))?;
    }
    operator.delete("ledger").await?;
    operator.stop().await
}

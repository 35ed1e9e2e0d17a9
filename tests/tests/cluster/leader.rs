//! Several operators, of which one acts at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use entente_operator::leader::{Election, Times};
use entente_operator::metrics::Metrics;
use entente_tests::cluster::{self, Namespace};
use entente_tests::wait;
use k8s_openapi::api::coordination::v1::Lease;
use kube::api::{Api, Patch, PatchParams};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(20);
/// Shorter than the usual ones, in the same proportions.
const TIMES: Times = Times {
    lease: Duration::from_secs(3),
    patience: Duration::from_secs(2),
    renewal: Duration::from_millis(800),
    retry: Duration::from_millis(200),
};

/// How many act, and how often somebody began to.
#[derive(Default)]
struct Ring {
    acting: AtomicUsize,
    most: AtomicUsize,
    terms: AtomicUsize,
}

struct Candidate {
    name: &'static str,
    stop: CancellationToken,
    /// Whether the API server can be reached.
    cut_off: Arc<AtomicBool>,
    leads: Arc<AtomicBool>,
    running: JoinHandle<()>,
}

impl Candidate {
    async fn start(namespace: &Namespace, name: &'static str, ring: &Arc<Ring>) -> anyhow::Result<Candidate> {
        let (cut_off, leads) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let client = client(cut_off.clone()).await?;
        let election =
            Election::new(client, namespace.name(), "operator", name, Metrics::default()).with_times(TIMES);
        let stop = CancellationToken::new();
        let (told, ring, acts) = (stop.clone(), ring.clone(), leads.clone());
        let running = tokio::spawn(async move {
            let act = |term: CancellationToken| {
                let (ring, acts) = (ring.clone(), acts.clone());
                async move {
                    ring.terms.fetch_add(1, Ordering::SeqCst);
                    let now = ring.acting.fetch_add(1, Ordering::SeqCst) + 1;
                    ring.most.fetch_max(now, Ordering::SeqCst);
                    acts.store(true, Ordering::SeqCst);
                    term.cancelled().await;
                    acts.store(false, Ordering::SeqCst);
                    ring.acting.fetch_sub(1, Ordering::SeqCst);
                }
            };
            election.run(told, act).await;
        });
        Ok(Candidate {
            name,
            stop,
            cut_off,
            leads,
            running,
        })
    }

    fn leads(&self) -> bool {
        self.leads.load(Ordering::SeqCst)
    }

    /// Waits until it leads; says how long that took.
    async fn leading(&self) -> Duration {
        let began = Instant::now();
        let what = format!("{} to lead", self.name);
        wait::until(&what, PATIENCE, async || self.leads().then_some(())).await;
        began.elapsed()
    }

    /// Stops it as a signal does.
    async fn stop(self) -> anyhow::Result<()> {
        self.stop.cancel();
        Ok(self.running.await?)
    }
}

/// A client whose requests are not answered while it is cut off.
async fn client(cut_off: Arc<AtomicBool>) -> anyhow::Result<kube::Client> {
    // Another test of this process may have installed it.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let config = kube::Config::infer().await?;
    let fuse = tower::util::MapFutureLayer::new(move |answer| {
        let cut_off = cut_off.load(Ordering::SeqCst);
        async move {
            match cut_off {
                true => std::future::pending().await,
                false => answer.await,
            }
        }
    });
    Ok(kube::client::ClientBuilder::try_from(config)?.with_layer(&fuse).build())
}

#[test]
fn one_leads_and_the_next_one_takes_over_at_once_when_it_stops() {
    cluster::test(async |cluster| {
        let namespace = Namespace::create(cluster, "leaders").await?;
        let ring = Arc::new(Ring::default());
        let first = Candidate::start(&namespace, "first", &ring).await?;
        first.leading().await;
        let second = Candidate::start(&namespace, "second", &ring).await?;
        let third = Candidate::start(&namespace, "third", &ring).await?;

        // Long enough for a lease to lapse that nobody renews.
        tokio::time::sleep(TIMES.lease * 2).await;
        ensure!(first.leads(), "the leader has changed without need");
        first.stop().await?;
        let took = tokio::select! {
            took = second.leading() => took,
            took = third.leading() => took,
        };

        ensure!(took < Duration::from_secs(1), "the lead was taken after {took:?}");
        assert_eq!(ring.most.load(Ordering::SeqCst), 1);
        assert_eq!(ring.terms.load(Ordering::SeqCst), 2);
        second.stop().await?;
        third.stop().await
    });
}

#[test]
fn a_leader_that_dies_is_followed_when_its_lease_has_lapsed() {
    cluster::test(async |cluster| {
        let namespace = Namespace::create(cluster, "deaths").await?;
        let ring = Arc::new(Ring::default());
        let first = Candidate::start(&namespace, "first", &ring).await?;
        first.leading().await;
        let second = Candidate::start(&namespace, "second", &ring).await?;
        tokio::time::sleep(TIMES.renewal).await;

        first.running.abort();
        let took = second.leading().await;

        ensure!(
            took > TIMES.lease - TIMES.renewal * 2,
            "the lead was taken after {took:?} already"
        );
        ensure!(
            took < TIMES.lease + Duration::from_secs(2),
            "the lead was taken only after {took:?}"
        );
        second.stop().await
    });
}

#[test]
fn a_leader_that_cannot_renew_stops_before_another_begins() {
    cluster::test(async |cluster| {
        let namespace = Namespace::create(cluster, "cuts").await?;
        let ring = Arc::new(Ring::default());
        let first = Candidate::start(&namespace, "first", &ring).await?;
        first.leading().await;
        let second = Candidate::start(&namespace, "second", &ring).await?;

        first.cut_off.store(true, Ordering::SeqCst);
        second.leading().await;
        ensure!(!first.leads(), "two act at a time");
        first.cut_off.store(false, Ordering::SeqCst);
        second.stop().await?;
        first.leading().await;

        assert_eq!(ring.most.load(Ordering::SeqCst), 1);
        assert_eq!(ring.terms.load(Ordering::SeqCst), 3);
        first.stop().await
    });
}

#[test]
fn a_leader_whose_lease_was_taken_from_it_acts_no_more() {
    cluster::test(async |cluster| {
        let namespace = Namespace::create(cluster, "thefts").await?;
        let ring = Arc::new(Ring::default());
        let first = Candidate::start(&namespace, "first", &ring).await?;
        first.leading().await;
        let leases: Api<Lease> = Api::namespaced(client(Arc::default()).await?, namespace.name());

        let theft = Patch::Merge(serde_json::json!({"spec": {"holderIdentity": "an administrator"}}));
        leases.patch("operator", &PatchParams::default(), &theft).await?;
        wait::until("the leader to notice", PATIENCE, async || {
            (!first.leads()).then_some(())
        })
        .await;

        // It leads again when the new holder does not renew.
        first.leading().await;
        first.stop().await?;
        let lease = leases.get("operator").await?.spec.context("the lease says something")?;
        assert_eq!(lease.holder_identity, None);
        assert_eq!(lease.lease_transitions, Some(2));
        Ok(())
    });
}

//! The operator is cut off, nodes die: whoever starts again ends in the same place.

use std::time::Duration;

use entente_api::Chain;
use entente_api::chain::ChainSpec;
use entente_api::node_release::Engine;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::harness::{CHAIN, Home, Operator, processes, say, scope, transacts};

/// Starts a chain, cuts the operator off after `moment`, and lets the next one finish.
async fn cut_off_after(moment: Duration) {
    let home = Home::new();
    // A runtime of its own: with it everything that the operator has begun ends at once, as with a killed process.
    let doomed = tokio::runtime::Runtime::new().unwrap();
    let root = home.0.path().to_owned();
    let begun = doomed.spawn(async move {
        let operator = Operator::start(&root, Engine::Native).await;
        let spec: ChainSpec = serde_yaml::from_str(CHAIN).unwrap();
        operator
            .context
            .registry
            .create(&scope(), &Chain::new("ledger", spec))
            .await
            .unwrap();
    });
    begun.await.unwrap();
    tokio::time::sleep(moment).await;
    doomed.shutdown_background();
    let running = processes(home.0.path());

    let second = Operator::start(home.0.path(), Engine::Native).await;
    let chain = second.ready("ledger").await;

    say(&format!(
        "cut off after {moment:?} with {} processes, ready all the same",
        running.len()
    ));
    let now = processes(home.0.path());
    assert!(
        running.iter().all(|process| now.contains(process)),
        "{running:?} are not all adopted: {now:?}"
    );
    assert_eq!(now.len(), 6);
    transacts(&second, &chain, "main", "after a restart").await;
    second.delete("ledger").await;
    assert_eq!(processes(home.0.path()), []);
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_that_is_cut_off_at_any_step_is_followed_by_one_that_finishes() {
    for milliseconds in [30, 120, 250, 400, 600, 800, 1000] {
        // A moment to be cut off at, not a wait for something.
        cut_off_after(Duration::from_millis(milliseconds)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_that_is_deleted_while_it_is_made_leaves_nothing_behind() {
    let home = Home::new();
    let operator = Operator::start(home.0.path(), Engine::Native).await;
    for milliseconds in [50, 300, 700] {
        let spec: ChainSpec = serde_yaml::from_str(CHAIN).unwrap();
        operator
            .context
            .registry
            .create(&scope(), &Chain::new("ledger", spec))
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;

        operator.delete("ledger").await;

        assert_eq!(processes(home.0.path()), []);
        assert_eq!(operator.context.substrate.list("hebei", "ledger").await.unwrap(), []);
    }
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_dies_is_started_again_and_the_chain_says_so() {
    let home = Home::new();
    let operator = Operator::start(home.0.path(), Engine::Native).await;
    operator.create("ledger", CHAIN).await;

    for victim in ["peer0-bank", "orderer1"] {
        let (_, pid) = processes(home.0.path())
            .into_iter()
            .find(|(name, _)| name == victim)
            .unwrap();
        kill(Pid::from_raw(pid.try_into().unwrap()), Signal::SIGKILL).unwrap();
        operator
            .until("the restart to be told", async || {
                let status = operator.chain("ledger").await.status?;
                let restarted = status
                    .nodes
                    .iter()
                    .any(|node| node.name == victim && node.restarts == 1);
                (restarted && status.progress.is_ready()).then_some(())
            })
            .await;
    }

    transacts(&operator, &operator.chain("ledger").await, "main", "after deaths").await;
    operator.delete("ledger").await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_loses_its_data_gets_it_back_from_the_others() {
    let home = Home::new();
    let operator = Operator::start(home.0.path(), Engine::Native).await;
    let chain = operator.create("ledger", CHAIN).await;
    transacts(&operator, &chain, "main", "before losses").await;
    let sequence = |chain: &Chain| {
        let channels = chain.status.iter().flat_map(|status| &status.channels);
        channels.map(|channel| channel.config_sequence).sum::<u64>()
    };

    // An orderer has forgotten its votes: its vote is taken, it gets a new one, and its old place in the list.
    for (victim, changes) in [("peer0-tax", 0), ("orderer1", 3)] {
        let before = sequence(&operator.chain("ledger").await);
        let (_, pid) = processes(home.0.path())
            .into_iter()
            .find(|(name, _)| name == victim)
            .unwrap();
        std::fs::remove_dir_all(home.0.path().join("nodes/hebei/ledger").join(victim).join("data")).unwrap();
        kill(Pid::from_raw(pid.try_into().unwrap()), Signal::SIGKILL).unwrap();
        operator
            .until("the chain to be whole again", async || {
                let chain = operator.chain("ledger").await;
                let changed = sequence(&chain) == before + changes;
                let status = chain.status?;
                let restarted = status
                    .nodes
                    .iter()
                    .any(|node| node.name == victim && node.restarts == 1);
                (restarted && changed && status.progress.is_ready()).then_some(())
            })
            .await;
        let tag = format!("after {victim} lost its data");
        transacts(&operator, &operator.chain("ledger").await, "main", &tag).await;
    }

    operator.delete("ledger").await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_that_is_ready_is_left_in_peace() {
    let home = Home::new();
    let operator = Operator::start(home.0.path(), Engine::Native).await;
    operator.create("ledger", CHAIN).await;
    let mut watch = operator.context.registry.watch(&scope());

    // The passes that the last changes have called for find nothing to do, and say nothing.
    let quiet = tokio::time::timeout(Duration::from_secs(3), watch.next()).await;

    assert!(quiet.is_err(), "something was written: {quiet:?}");
    operator.delete("ledger").await;
    operator.stop().await;
}

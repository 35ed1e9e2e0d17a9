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

/// What a user asks for just before the operator is cut off.
#[derive(Debug, Clone, Copy)]
enum Wish {
    Create,
    Grow,
    Shrink,
    Delete,
}

async fn ask(operator: &Operator, wish: Wish) {
    let registry = &operator.context.registry;
    match wish {
        Wish::Create => {
            let spec: ChainSpec = serde_yaml::from_str(CHAIN).unwrap();
            registry.create(&scope(), &Chain::new("ledger", spec)).await.unwrap();
        }
        Wish::Grow => {
            let grow = |spec: &mut ChainSpec| {
                spec.members[0].peers = 2;
                spec.contracts[0].definition.version = "2.0".to_owned();
            };
            operator.change("ledger", grow).await;
        }
        Wish::Shrink => {
            let shrink = |spec: &mut ChainSpec| {
                spec.members.truncate(1);
                spec.ordering.replicas = 1;
            };
            operator.change("ledger", shrink).await;
        }
        Wish::Delete => {
            registry.delete::<Chain>(&scope(), "ledger").await.unwrap();
        }
    }
}

/// Cuts operators off one after the other, after ever longer moments, while the first one's wish is fulfilled.
async fn cut_off_at(home: &Home, wish: Wish, moments: impl Iterator<Item = u64>) -> usize {
    let mut wish = Some(wish);
    let mut count = 0;
    for moment in moments {
        let doomed = tokio::runtime::Runtime::new().unwrap();
        let (root, wish) = (home.0.path().to_owned(), wish.take());
        let begun = doomed.spawn(async move {
            let operator = Operator::start(&root, Engine::Native).await;
            if let Some(wish) = wish {
                ask(&operator, wish).await;
            }
            // A moment to be cut off at, not a wait for something.
            tokio::time::sleep(Duration::from_millis(moment)).await;
        });
        begun.await.unwrap();
        doomed.shutdown_background();
        count += 1;
    }
    count
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_that_are_cut_off_fifty_times_make_one_chain_edit_it_and_delete_it() {
    let home = Home::new();
    let mut cuts = 0;
    // Steps that do not divide each other's, so that hardly two cuts meet the same point.
    for step in [17, 41, 67] {
        cuts += cut_off_at(&home, Wish::Create, (1..=5).map(|n| n * step)).await;
        cuts += cut_off_at(&home, Wish::Grow, (1..=5).map(|n| n * step)).await;
        let operator = Operator::start(home.0.path(), Engine::Native).await;
        let chain = operator.ready("ledger").await;
        let contract = chain.status.as_ref().map(|status| status.contracts[0].clone()).unwrap();
        transacts(&operator, &chain, "main", "grown").await;
        operator.stop().await;
        let mut running: Vec<String> = processes(home.0.path()).into_iter().map(|(name, _)| name).collect();
        running.retain(|name| !name.starts_with("contract"));
        running.sort();
        let orderers = (0..3).map(|n| format!("orderer{n}"));
        let peers = ["peer0-bank", "peer0-tax", "peer1-bank"].map(str::to_owned);
        assert_eq!(running, orderers.chain(peers).collect::<Vec<_>>());
        assert_eq!(contract.version.as_deref(), Some("2.0"));

        cuts += cut_off_at(&home, Wish::Shrink, (1..=4).map(|n| n * step)).await;
        let operator = Operator::start(home.0.path(), Engine::Native).await;
        let chain = operator.ready("ledger").await;
        transacts(&operator, &chain, "main", "shrunk").await;
        operator.stop().await;
        assert_eq!(processes(home.0.path()).len(), 4);

        cuts += cut_off_at(&home, Wish::Delete, (1..=3).map(|n| n * step / 2)).await;
        let operator = Operator::start(home.0.path(), Engine::Native).await;
        let registry = &operator.context.registry;
        operator
            .until("the chain to be gone", async || {
                let left = registry.get::<Chain>(&scope(), "ledger").await.unwrap();
                left.is_none().then_some(())
            })
            .await;
        assert_eq!(processes(home.0.path()), []);
        assert_eq!(operator.context.substrate.list("hebei", "ledger").await.unwrap(), []);
        operator.stop().await;
    }
    assert_eq!(cuts, 51);
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

//! A chain that rests, and one that was deleted and is had back.

use entente_api::Chain;
use entente_api::chain::{ChainSpec, DeletionPolicy};
use entente_api::condition::kind;
use entente_api::node_release::Engine;

use crate::harness::{CHAIN, Home, Operator, knows, processes, scope, transacts};

fn spec() -> ChainSpec {
    serde_yaml::from_str(CHAIN).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspended_chain_runs_nothing_and_goes_on_where_it_stopped() {
    let home = Home::new();
    let operator = Operator::start(home.0.path(), Engine::Native).await;
    let chain = operator.create("ledger", CHAIN).await;
    transacts(&operator, &chain, "main", "before").await;
    let endpoints = |chain: &Chain| {
        let nodes = &chain.status.as_ref().unwrap().nodes;
        nodes.iter().map(|node| node.endpoint.clone()).collect::<Vec<_>>()
    };

    operator.change("ledger", |spec| spec.suspended = true).await;
    let resting = operator.suspended("ledger").await;
    assert_eq!(processes(home.0.path()), []);
    let ready = resting
        .status
        .as_ref()
        .unwrap()
        .progress
        .condition(kind::READY)
        .unwrap();
    assert_eq!((ready.status.as_str(), ready.reason.as_str()), ("False", "Suspended"));

    let again = operator.edit("ledger", |spec| spec.suspended = false).await;
    assert_eq!(endpoints(&again), endpoints(&chain));
    assert!(knows(&operator, &again, "before").await);
    transacts(&operator, &again, "main", "after").await;
    operator.delete("ledger").await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_that_begins_at_rest_starts_no_process() {
    let home = Home::new();
    let operator = Operator::start(home.0.path(), Engine::Native).await;
    let suspended = ChainSpec {
        suspended: true,
        ..spec()
    };

    let chain = Chain::new("ledger", suspended);
    operator.context.registry.create(&scope(), &chain).await.unwrap();
    operator.suspended("ledger").await;

    assert_eq!(processes(home.0.path()), []);
    operator.delete("ledger").await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_retained_goes_on_under_the_same_name() {
    let home = Home::new();
    let operator = Operator::start(home.0.path(), Engine::Native).await;
    let chain = operator.create("ledger", CHAIN).await;
    operator
        .change("ledger", |spec| spec.deletion_policy = DeletionPolicy::Retain)
        .await;
    transacts(&operator, &chain, "main", "before").await;

    operator.delete("ledger").await;
    assert_eq!(processes(home.0.path()), []);
    let chain = operator.create("ledger", CHAIN).await;

    assert!(knows(&operator, &chain, "before").await);
    transacts(&operator, &chain, "main", "after").await;
    operator.delete("ledger").await;
    assert_eq!(operator.context.substrate.list("hebei", "ledger").await.unwrap(), []);
    operator.stop().await;
}

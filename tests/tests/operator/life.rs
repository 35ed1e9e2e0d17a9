//! A chain is made, works, and leaves nothing behind.

use entente_api::node_release::Engine;
use entente_api::{Contract, Member};
use entente_tests::executables;

use crate::harness::{CHAIN, Home, Operator, processes, scope, transacts};

async fn a_chain_lives(engine: Engine) {
    let home = Home::new();
    let operator = Operator::start(home.0.path(), engine).await;

    let chain = operator.create("ledger", CHAIN).await;

    let status = chain.status.unwrap();
    assert_eq!(status.nodes.len(), 5);
    assert_eq!(status.member_count, 2);
    let contract = &status.contracts[0];
    assert_eq!((contract.version.as_deref(), contract.sequence), (Some("1.0"), Some(1)));
    transacts(&operator, &operator.chain("ledger").await, "main", "first").await;
    operator.delete("ledger").await;
    assert_eq!(processes(home.0.path()), []);
    assert_eq!(
        operator.context.registry.list::<Member>(&scope()).await.unwrap().len(),
        0
    );
    assert_eq!(
        operator
            .context
            .registry
            .list::<Contract>(&scope())
            .await
            .unwrap()
            .len(),
        0
    );
    assert_eq!(operator.context.substrate.list("hebei", "ledger").await.unwrap(), []);
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_native_chain_is_made_and_leaves_nothing_behind() {
    a_chain_lives(Engine::Native).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stock_chain_is_made_and_leaves_nothing_behind() {
    if executables::stock_fabric_or_skip("a_stock_chain_is_made_and_leaves_nothing_behind").is_some() {
        a_chain_lives(Engine::Fabric).await;
    }
}

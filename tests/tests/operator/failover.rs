//! A member's second peer stands in for its first.

use entente_api::node_release::Engine;
use entente_tests::{executables, wait};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::harness::{Gateway, Home, Operator, PATIENCE, processes};

/// The first peer of a member dies, and nobody starts it again: the operator has ended.
async fn the_second_peer_endorses(engine: Engine) {
    let home = Home::new();
    let operator = Operator::start(home.0.path(), engine).await;
    let chain = operator
        .create(
            "ledger",
            "
        members: [{organization: bank, peers: 2}, {organization: tax}]
        ordering: {replicas: 1}
        contracts: [{name: evidence, template: evidence}]
    ",
        )
        .await;
    let of_tax = Gateway::of(&operator, &chain, "peer0-tax").await;
    let of_bank = Gateway::of(&operator, &chain, "peer1-bank").await;
    of_tax.transacts("main", "all are there").await;
    operator.stop().await;
    let first = |(name, pid): (String, u32)| (name == "peer0-bank").then_some(pid);
    let pid = processes(home.0.path()).into_iter().find_map(first).unwrap();

    kill(Pid::from_raw(pid.try_into().unwrap()), Signal::SIGKILL).unwrap();
    wait::until("the peer to be gone", PATIENCE, async || {
        processes(home.0.path())
            .into_iter()
            .find_map(first)
            .is_none()
            .then_some(())
    })
    .await;

    of_tax.transacts("main", "through another member").await;
    of_bank.transacts("main", "through the second peer").await;
    assert_eq!(processes(home.0.path()).into_iter().find_map(first), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_native_peer_of_a_member_endorses_when_the_first_is_gone() {
    the_second_peer_endorses(Engine::Native).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_stock_peer_of_a_member_endorses_when_the_first_is_gone() {
    let name = "the_second_stock_peer_of_a_member_endorses_when_the_first_is_gone";
    if executables::stock_fabric_or_skip(name).is_some() {
        the_second_peer_endorses(Engine::Fabric).await;
    }
}

//! A running chain follows each edit of its resource.

use entente_api::chain::ChainMember;
use entente_api::node_release::Engine;
use entente_tests::executables;

use crate::harness::{Home, Operator, processes, transacts};

/// Every edit that a running chain follows, one after the other.
async fn a_chain_follows_edits(engine: Engine) {
    let home = Home::new();
    let operator = Operator::start(home.0.path(), engine).await;
    operator
        .create(
            "ledger",
            "
        deletionPolicy: Delete
        members: [{organization: bank}]
        ordering: {replicas: 1}
        contracts: [{name: evidence, template: evidence}]
    ",
        )
        .await;
    let member = ChainMember::new;

    let chain = operator.edit("ledger", |spec| spec.members[0].peers = 2).await;
    assert_eq!(chain.status.as_ref().unwrap().nodes.len(), 3);
    transacts(&operator, &chain, "main", "another peer").await;

    let chain = operator
        .edit("ledger", |spec| spec.members.push(member("tax", 1)))
        .await;
    assert_eq!(chain.status.as_ref().unwrap().channels[0].members, ["bank", "tax"]);
    transacts(&operator, &chain, "main", "another member").await;

    let chain = operator
        .edit("ledger", |spec| {
            spec.channels
                .push(serde_yaml::from_str("{name: audit, members: [tax]}").unwrap());
            let evidence = "{name: evidence, template: evidence, channel: audit}";
            spec.contracts.push(serde_yaml::from_str(evidence).unwrap());
        })
        .await;
    transacts(&operator, &chain, "main", "another channel").await;
    transacts(&operator, &chain, "audit", "on it").await;

    let chain = operator
        .edit("ledger", |spec| spec.contracts[0].definition.version = "2.0".to_owned())
        .await;
    let upgraded = &chain.status.as_ref().unwrap().contracts;
    let upgraded = upgraded.iter().find(|contract| contract.channel == "main").unwrap();
    assert_eq!((upgraded.version.as_deref(), upgraded.sequence), (Some("2.0"), Some(2)));
    transacts(&operator, &chain, "main", "an upgrade").await;

    let chain = operator
        .edit("ledger", |spec| {
            spec.contracts.retain(|contract| contract.definition.channel.is_none());
        })
        .await;
    operator
        .until(
            "the service of the contract that was taken out to be gone",
            async || {
                let left = processes(home.0.path());
                left.iter()
                    .all(|(name, _)| !name.starts_with("contract-audit"))
                    .then_some(())
            },
        )
        .await;

    let before = chain.status.unwrap().channels[0].config_sequence;
    let chain = operator
        .edit("ledger", |spec| spec.batch.timeout = Some("100ms".to_owned()))
        .await;
    assert_eq!(chain.status.as_ref().unwrap().channels[0].config_sequence, before + 1);
    transacts(&operator, &chain, "main", "batch settings").await;

    let chain = operator.edit("ledger", |spec| spec.ordering.replicas = 3).await;
    assert_eq!(
        chain.status.as_ref().unwrap().channels[0].orderers,
        ["orderer0", "orderer1", "orderer2"]
    );
    transacts(&operator, &chain, "main", "three orderers").await;

    let chain = operator.edit("ledger", |spec| spec.members[0].peers = 1).await;
    transacts(&operator, &chain, "main", "a peer less").await;

    let chain = operator
        .edit("ledger", |spec| {
            spec.members.push(member("audit-office", 1));
            spec.ordering.replicas = 5;
        })
        .await;
    transacts(&operator, &chain, "main", "both at once").await;

    let chain = operator
        .edit("ledger", |spec| {
            spec.members.retain(|member| member.organization != "bank");
            spec.ordering.replicas = 3;
        })
        .await;
    assert_eq!(
        chain.status.as_ref().unwrap().channels[0].members,
        ["tax", "audit-office"]
    );
    transacts(&operator, &chain, "main", "a member less").await;
    operator
        .until("the peers of the former member to be gone", async || {
            processes(home.0.path())
                .iter()
                .all(|(name, _)| name != "peer0-bank")
                .then_some(())
        })
        .await;
    operator.delete("ledger").await;
    assert_eq!(processes(home.0.path()), []);
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_native_chain_follows_edits() {
    a_chain_follows_edits(Engine::Native).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stock_chain_follows_edits() {
    if executables::stock_fabric_or_skip("a_stock_chain_follows_edits").is_some() {
        a_chain_follows_edits(Engine::Fabric).await;
    }
}

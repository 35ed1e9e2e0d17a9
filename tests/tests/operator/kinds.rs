//! Resources that are written on their own, and specs that cannot be.

use std::process::Stdio;
use std::time::Duration;

use entente_api::condition::State;
use entente_api::contract::{ContractDefinition, ContractSpec, ExternalService};
use entente_api::identity::IdentitySpec;
use entente_api::member::MemberSpec;
use entente_api::node_release::Engine;
use entente_api::{Contract, Identity, Member, Organization};
use entente_fabric::package::{self, Connection};
use entente_tests::executables;

use crate::harness::{CHAIN, Home, Operator, processes, scope, transacts};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_and_an_identity_may_be_written_on_their_own() {
    let home = Home::new();
    let operator = Operator::start(home.0.path(), Engine::Native).await;
    let registry = &operator.context.registry;
    operator
        .create(
            "ledger",
            "{deletionPolicy: Delete, members: [{organization: bank}], contracts: [{name: evidence, template: evidence}]}",
        )
        .await;

    registry
        .create(&scope(), &Organization::new("tax", Default::default()))
        .await
        .unwrap();
    let spec = MemberSpec::new("ledger", "tax", 1);
    registry
        .create(&scope(), &Member::new("tax-in-ledger", spec))
        .await
        .unwrap();
    operator
        .until("the member to be admitted", async || {
            let chain = operator.chain("ledger").await;
            let status = chain.status?;
            (status.member_count == 2 && status.progress.is_ready()).then_some(())
        })
        .await;
    transacts(&operator, &operator.chain("ledger").await, "main", "by its own member").await;

    let spec = IdentitySpec {
        organization: "tax".to_owned(),
        validity_days: 30,
        ..IdentitySpec::default()
    };
    registry.create(&scope(), &Identity::new("clerk", spec)).await.unwrap();
    let clerk = operator
        .until("the identity to be enrolled", async || {
            let clerk: Identity = registry.get(&scope(), "clerk").await.unwrap()?;
            clerk.status.filter(|status| status.progress.is_ready())
        })
        .await;
    assert_eq!(clerk.msp_id.as_deref(), Some("TaxMSP"));
    assert!(clerk.certificate.unwrap().starts_with("-----BEGIN CERTIFICATE-----"));

    registry.delete::<Member>(&scope(), "tax-in-ledger").await.unwrap();
    operator
        .until("the member to be gone", async || {
            registry
                .get::<Member>(&scope(), "tax-in-ledger")
                .await
                .unwrap()
                .is_none()
                .then_some(())
        })
        .await;
    let chain = operator.ready("ledger").await;
    assert_eq!(chain.status.unwrap().channels[0].members, ["bank"]);
    assert!(processes(home.0.path()).iter().all(|(name, _)| !name.ends_with("tax")));

    operator.delete("ledger").await;
    registry.delete::<Organization>(&scope(), "tax").await.unwrap();
    registry.delete::<Organization>(&scope(), "bank").await.unwrap();
    operator
        .until("everything to be gone", async || {
            let organizations = registry.list::<Organization>(&scope()).await.unwrap();
            let identities = registry.list::<Identity>(&scope()).await.unwrap();
            (organizations.is_empty() && identities.is_empty()).then_some(())
        })
        .await;
    assert!(!home.0.path().join("vault/hebei").exists());
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contract_may_be_served_by_somebody_else() {
    let home = Home::new();
    let operator = Operator::start(home.0.path(), Engine::Native).await;
    let registry = &operator.context.registry;
    operator
        .create("ledger", "members: [{organization: bank}, {organization: tax}]")
        .await;
    let address = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().to_string()
    };
    let connection = Connection {
        address: address.clone(),
        dial_timeout: "10s".to_owned(),
        ..Connection::default()
    };
    let id = package::id("evidence_1.0", &package::build("evidence_1.0", &connection).unwrap());
    let service = tokio::process::Command::new(executables::entente("entente-node"))
        .args(["contract", "evidence"])
        .env("CHAINCODE_SERVER_ADDRESS", &address)
        .env("CHAINCODE_ID", id)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();

    let definition = ContractDefinition {
        external: Some(ExternalService {
            address,
            root_certificate: None,
        }),
        version: "1.0".to_owned(),
        endorsement_policy: Some("AND('BankMSP.peer', 'TaxMSP.peer')".to_owned()),
        ..ContractDefinition::default()
    };
    let spec = ContractSpec {
        chain: "ledger".to_owned(),
        name: Some("evidence".to_owned()),
        definition,
    };
    registry
        .create(&scope(), &Contract::new("evidence", spec))
        .await
        .unwrap();
    operator
        .until("the contract to be ready", async || {
            let contract: Contract = registry.get(&scope(), "evidence").await.unwrap()?;
            contract.status.filter(|status| status.progress.is_ready())
        })
        .await;
    let chain = operator.ready("ledger").await;

    transacts(&operator, &chain, "main", "served elsewhere").await;
    operator.delete("ledger").await;
    drop(service);
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_edit_is_an_outcome_and_leaves_the_chain_running() {
    let home = Home::new();
    let operator = Operator::start(home.0.path(), Engine::Native).await;
    let chain = operator.create("ledger", CHAIN).await;
    let before = processes(home.0.path());

    let mut wrong = chain.clone();
    wrong.spec.ordering.replicas = 2;
    wrong.metadata.resource_version = None;
    operator.context.registry.update(&scope(), &wrong).await.unwrap();
    let rejected = operator
        .until("the edit to be refused", async || {
            operator
                .chain("ledger")
                .await
                .status
                .filter(|status| status.progress.state == State::Rejected)
        })
        .await;
    transacts(&operator, &chain, "main", "while refused").await;
    let mended = operator.edit("ledger", |spec| spec.ordering.replicas = 3).await;

    let ready = rejected.progress.condition("Ready").unwrap();
    assert_eq!(
        ready.message,
        "spec.ordering.replicas: Raft with 2 orderers survives no failure; use 1, 3 or 5"
    );
    assert_eq!(processes(home.0.path()), before);
    assert_eq!(mended.status.unwrap().progress.state, State::Ready);
    operator.delete("ledger").await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_chains_at_once_all_become_ready() {
    let home = Home::new();
    let operator = Operator::start(home.0.path(), Engine::Native).await;
    let names: Vec<String> = (0..10).map(|index| format!("ledger-{index}")).collect();

    let chains = names.iter().map(|name| operator.create(name, CHAIN));
    let chains = tokio::time::timeout(Duration::from_secs(120), futures::future::join_all(chains))
        .await
        .unwrap();

    assert_eq!(chains.len(), 10);
    futures::future::join_all(names.iter().map(|name| operator.delete(name))).await;
    assert_eq!(processes(home.0.path()), []);
    operator.stop().await;
}

//! A chain whose members are of several tenants: each in a namespace of its own.

use entente_api::condition::{Progress, kind};
use entente_api::member::MemberSpec;
use entente_api::names::annotation;
use entente_api::node_release::Engine;
use entente_api::organization::OrganizationSpec;
use entente_api::{Chain, Member, Organization};
use entente_operator::Context;
use entente_operator::registry::Scope;

use crate::harness::{Home, Operator, processes, transacts};

fn takes_part(organization: &str) -> Member {
    let spec = MemberSpec {
        chain_namespace: Some("hebei".to_owned()),
        ..MemberSpec::new("ledger", organization, 1)
    };
    Member::new(&format!("{organization}-in-ledger"), spec)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_tenants_organization_takes_part_when_both_sides_say_so() {
    let home = Home::new();
    let operator = Operator::start(home.0.path(), Engine::Native).await;
    let registry = &operator.context.registry;
    let (hebei, shijiazhuang) = (Scope::namespace("hebei"), Scope::namespace("shijiazhuang"));
    let members_and_channels = async || {
        let status = operator.ready("ledger").await.status.unwrap();
        (status.member_count, status.channels[0].members.clone())
    };

    operator
        .create(
            "ledger",
            "
            deletionPolicy: Delete
            members: [{organization: bank}, {organization: tax, namespace: shijiazhuang}]
            contracts: [{name: evidence, template: evidence}]
            ",
        )
        .await;
    assert_eq!(members_and_channels().await, (1, vec!["bank".to_owned()]));

    // Whom the chain does not name is told nothing of it, and changes nothing.
    let stranger = Scope::namespace("baoding");
    registry.create(&stranger, &takes_part("tax")).await.unwrap();
    let answer = operator
        .until("the stranger to be answered", async || {
            let member = registry.get::<Member>(&stranger, "tax-in-ledger").await.unwrap()?;
            let status = member.status?;
            status
                .progress
                .condition(kind::READY)
                .map(|ready| ready.message.clone())
        })
        .await;
    assert_eq!(
        answer,
        "no chain \"ledger\" of namespace \"hebei\" names \"tax\" of this namespace as a member"
    );
    assert_eq!(members_and_channels().await, (1, vec!["bank".to_owned()]));

    let spec = OrganizationSpec {
        msp_id: Some("ShijiazhuangTaxMSP".to_owned()),
        ..OrganizationSpec::default()
    };
    registry
        .create(&shijiazhuang, &Organization::new("tax", spec))
        .await
        .unwrap();
    registry.create(&shijiazhuang, &takes_part("tax")).await.unwrap();
    operator
        .until("the member to be admitted", async || {
            let status = operator.chain("ledger").await.status?;
            let runs = status.nodes.iter().any(|node| node.name == "peer0-tax");
            (runs && status.channels[0].members.len() == 2 && status.progress.is_ready()).then_some(())
        })
        .await;
    // A majority of two is both, so each transaction is endorsed by the other tenant's peer.
    transacts(&operator, &operator.chain("ledger").await, "main", "of two tenants").await;
    let status = operator.chain("ledger").await.status.unwrap();
    let peer = status.nodes.iter().find(|node| node.name == "peer0-tax").unwrap();
    assert_eq!(peer.organization, "tax");
    let member = registry.get::<Member>(&shijiazhuang, "tax-in-ledger").await.unwrap();
    assert_eq!(
        member.unwrap().status.unwrap().msp_id.as_deref(),
        Some("ShijiazhuangTaxMSP")
    );
    let folder = |path: &str| home.0.path().join(path).exists();
    assert!(folder("vault/shijiazhuang/tax/ca"));
    assert!(folder("nodes/shijiazhuang/ledger.hebei/peer0-tax"));
    assert!(!folder("vault/hebei/tax"));
    assert!(!folder("nodes/hebei/ledger/peer0-tax"));

    registry.delete::<Member>(&shijiazhuang, "tax-in-ledger").await.unwrap();
    operator
        .until("the member to be gone", async || {
            let member = registry.get::<Member>(&shijiazhuang, "tax-in-ledger").await.unwrap();
            member.is_none().then_some(())
        })
        .await;
    assert_eq!(members_and_channels().await, (1, vec!["bank".to_owned()]));
    assert!(processes(home.0.path()).iter().all(|(name, _)| name != "peer0-tax"));
    transacts(&operator, &operator.chain("ledger").await, "main", "alone again").await;

    operator.delete("ledger").await;
    assert!(
        registry
            .list::<Member>(&hebei)
            .await
            .unwrap()
            .iter()
            .all(|member| { member.metadata.namespace.as_deref() != Some("hebei") })
    );
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_takes_part_whose_record_is_not_approved_however_it_was_written() {
    let home = Home::new();
    let operator = Operator::start_with(home.0.path(), Engine::Native, |context| Context {
        requires_real_names: true,
        ..context
    })
    .await;
    let registry = &operator.context.registry;
    let (hebei, shijiazhuang) = (Scope::namespace("hebei"), Scope::namespace("shijiazhuang"));
    for (scope, name) in [(&hebei, "bank"), (&shijiazhuang, "tax")] {
        let organization = Organization::new(name, OrganizationSpec::default());
        registry.create(scope, &organization).await.unwrap();
    }
    let approve = async |scope: &Scope, name: &str| {
        let mut organization: Organization = registry.get(scope, name).await.unwrap().unwrap();
        let uid = organization.metadata.uid.clone().unwrap();
        let notes = organization.metadata.annotations.get_or_insert_default();
        notes.insert(annotation::RECORD_APPROVED.to_owned(), uid);
        organization.metadata.resource_version = None;
        registry.update(scope, &organization).await.unwrap();
    };
    let spec = "
        deletionPolicy: Delete
        ordering: {replicas: 1}
        members: [{organization: bank}, {organization: tax, namespace: shijiazhuang}]
        ";
    let chain = Chain::new("ledger", serde_yaml::from_str(spec).unwrap());
    registry.create(&hebei, &chain).await.unwrap();
    registry.create(&shijiazhuang, &takes_part("tax")).await.unwrap();
    let told = |progress: Progress| progress.condition(kind::READY).map(|ready| ready.message.clone());
    let waits_for =
        |name: &str| format!("no operator of the platform has approved the record of the organization \"{name}\"");

    let chain = operator
        .until("the chain to wait", async || {
            told(operator.chain("ledger").await.status?.progress)
        })
        .await;
    assert_eq!(chain, waits_for("bank"));
    assert_eq!(processes(home.0.path()), []);

    approve(&hebei, "bank").await;
    let status = operator.ready("ledger").await.status.unwrap();
    assert_eq!(status.channels[0].members, ["bank"]);
    let member = async || {
        registry
            .get::<Member>(&shijiazhuang, "tax-in-ledger")
            .await
            .unwrap()?
            .status
    };
    let answer = operator
        .until("the member to wait", async || told(member().await?.progress))
        .await;
    assert_eq!(answer, waits_for("tax"));

    approve(&shijiazhuang, "tax").await;
    operator
        .until("the member to be admitted", async || {
            let status = operator.chain("ledger").await.status?;
            (status.channels[0].members == ["bank", "tax"]).then_some(())
        })
        .await;
    operator.stop().await;
}

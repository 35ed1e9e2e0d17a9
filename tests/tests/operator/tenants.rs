//! A chain whose members are of several tenants: each in a namespace of its own.

use entente_api::condition::kind;
use entente_api::member::MemberSpec;
use entente_api::node_release::Engine;
use entente_api::organization::OrganizationSpec;
use entente_api::{Member, Organization};
use entente_operator::registry::Scope;

use crate::harness::{Home, Operator, processes, transacts};

fn takes_part(organization: &str) -> Member {
    let spec = MemberSpec {
        chain: "ledger".to_owned(),
        chain_namespace: Some("hebei".to_owned()),
        organization: organization.to_owned(),
        peers: 1,
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

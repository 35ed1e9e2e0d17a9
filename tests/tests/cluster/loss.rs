//! A chain survives what happens to pods: they are deleted, lose their volumes, are evicted.

use entente_api::node_release::Engine;
use entente_tests::cluster::{self, Cluster, Image, Namespace};
use entente_tests::executables;

use crate::operator::Operator;

const CHAIN: &str = "
members: [{organization: bank, peers: 2}, {organization: tax}]
contracts: [{name: evidence, template: evidence}]
deletionPolicy: Delete
";

#[test]
fn lost_pods_and_volumes_come_back() {
    cluster::test(async |cluster| lose(cluster, Engine::Native).await);
}

#[test]
fn lost_pods_and_volumes_of_stock_nodes_come_back() {
    if executables::stock_fabric_or_skip("loss::lost_pods_and_volumes_of_stock_nodes_come_back").is_some() {
        cluster::test(async |cluster| lose(cluster, Engine::Fabric).await);
    }
}

async fn lose(cluster: &Cluster, engine: Engine) -> anyhow::Result<()> {
    let namespace = Namespace::create(cluster, "loss").await?;
    let image = cluster.image(Image::Node).await?;
    let operator = Operator::start(&namespace, &image).await?;
    let spec = operator.on(engine, cluster, &image, CHAIN).await?;
    let chain = operator.create("ledger", &spec).await?;
    operator.transacts(&chain, "main", "before").await?;

    operator
        .replace_pods(&namespace, &["ledger-peer0-bank-0", "ledger-orderer0-0"])
        .await?;
    operator.all_run("ledger", 6).await?;
    operator.transacts_soon(&chain, "main", "after pods were lost").await?;

    for node in ["ledger-peer0-tax", "ledger-orderer1"] {
        let claim = format!("data-{node}-0");
        namespace
            .kubectl(&["delete", "persistentvolumeclaim", &claim, "--wait=false"])
            .await?;
        operator.replace_pods(&namespace, &[&format!("{node}-0")]).await?;
        operator.all_run("ledger", 6).await?;
        let tag = format!("after {node} lost its volume");
        operator.transacts_soon(&chain, "main", &tag).await?;
        operator.ready("ledger").await?;
    }
    for orderer in ["orderer0", "orderer1", "orderer2"] {
        operator.orders("ledger", orderer, "main").await?;
    }

    for service in ["ledger-orderer2", "ledger-peer1-bank"] {
        namespace
            .kubectl(&["delete", "service", service, "--wait=false"])
            .await?;
        operator.exists(&namespace, "service", service).await?;
    }
    operator.transacts(&chain, "main", "after Services were lost").await?;
    operator.delete("ledger").await?;
    operator.stop().await
}

#[test]
fn evictions_never_take_the_quorum() {
    cluster::test(async |cluster| {
        let namespace = Namespace::create(cluster, "evict").await?;
        let image = cluster.image(Image::Node).await?;
        let operator = Operator::start(&namespace, &image).await?;
        let chain = operator.create("ledger", CHAIN).await?;

        let evict = async |pod: &str| {
            let eviction = format!(
                "{{\"apiVersion\": \"policy/v1\", \"kind\": \"Eviction\", \"metadata\": {{\"name\": \"{pod}\"}}}}"
            );
            let path = format!("/api/v1/namespaces/{}/pods/{pod}/eviction", namespace.name());
            cluster.create_raw(&path, &eviction).await
        };
        evict("ledger-orderer0-0").await?;
        let refused = evict("ledger-orderer1-0").await.unwrap_err().to_string();
        evict("ledger-peer0-bank-0").await?;
        let also = evict("ledger-peer1-bank-0").await.unwrap_err().to_string();

        assert!(refused.contains("disruption budget"), "{refused}");
        assert!(also.contains("disruption budget"), "{also}");
        operator
            .transacts_by("tax", &chain, "main", "while others are away")
            .await?;
        operator.all_run("ledger", 6).await?;
        operator.transacts(&chain, "main", "after evictions").await?;
        operator.delete("ledger").await?;
        operator.stop().await
    });
}

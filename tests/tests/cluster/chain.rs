//! A chain whose nodes are pods.

use entente_api::node_release::Engine;
use entente_tests::cluster::{self, Image, Namespace};
use entente_tests::executables;

use crate::operator::Operator;

/// What a customer writes.
const CHAIN: &str = "
members: [{organization: bank}, {organization: tax}]
channels: [{name: main}]
contracts: [{name: evidence, template: evidence}]
";

#[test]
fn a_native_chain_becomes_ready_and_commits() {
    cluster::test(async |cluster| {
        let namespace = Namespace::create(cluster, "chain").await?;
        let image = cluster.image(Image::Node).await?;
        let operator = Operator::start(&namespace, &image).await?;

        let chain = operator.create("ledger", CHAIN).await?;

        operator.transacts(&chain, "main", "first").await?;
        operator.delete("ledger").await?;
        operator.stop().await
    });
}

#[test]
fn a_chain_that_was_deleted_and_retained_goes_on_under_its_name() {
    cluster::test(async |cluster| {
        let namespace = Namespace::create(cluster, "retained").await?;
        let image = cluster.image(Image::Node).await?;
        let operator = Operator::start(&namespace, &image).await?;
        let volumes = ["get", "persistentvolumeclaims", "--output=name"];
        let chain = operator.create("ledger", CHAIN).await?;
        operator.transacts(&chain, "main", "before").await?;

        operator.delete("ledger").await?;
        let kinds = "pods,statefulsets,deployments,services,networkpolicies,configmaps";
        let left = namespace.kubectl(&["get", kinds, "--output=name"]).await?;
        let kept = namespace.kubectl(&volumes).await?;
        let chain = operator
            .create("ledger", &format!("{CHAIN}\ndeletionPolicy: Delete"))
            .await?;

        assert_eq!(left, "configmap/kube-root-ca.crt\n");
        assert_eq!(kept.lines().count(), 5);
        operator.knows(&chain, "main", "before").await?;
        operator.transacts(&chain, "main", "after").await?;
        operator.delete("ledger").await?;
        assert_eq!(namespace.kubectl(&volumes).await?, "");
        operator.stop().await
    });
}

#[test]
fn a_stock_chain_becomes_ready_and_commits() {
    let Some(_) = executables::stock_fabric_or_skip("chain::a_stock_chain_becomes_ready_and_commits") else {
        return;
    };
    cluster::test(async |cluster| {
        let namespace = Namespace::create(cluster, "stock").await?;
        let image = cluster.image(Image::Node).await?;
        let operator = Operator::start(&namespace, &image).await?;
        let spec = operator.on(Engine::Fabric, cluster, &image, CHAIN).await?;

        let chain = operator.create("ledger", &spec).await?;

        operator.transacts(&chain, "main", "first").await?;
        operator.delete("ledger").await?;
        operator.stop().await
    });
}

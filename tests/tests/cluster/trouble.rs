//! What keeps a chain from running is said where its owner looks: in its status.

use entente_tests::cluster::{self, Image, Namespace};

use crate::operator::Operator;

const SMALL: &str = "members: [{organization: bank}]\nordering: {replicas: 1}\ndeletionPolicy: Delete\n";

#[test]
fn an_image_that_cannot_be_pulled_is_named() {
    cluster::test(async |cluster| {
        let namespace = Namespace::create(cluster, "pull").await?;
        let operator = Operator::start(&namespace, "nowhere.invalid/node:1").await?;

        let cause = operator.create_in_vain("ledger", SMALL, "cannot be pulled").await?;

        assert!(
            cause.contains("does not run: its image nowhere.invalid/node:1 cannot be pulled:"),
            "{cause}"
        );
        operator.delete("ledger").await?;
        operator.stop().await
    });
}

#[test]
fn a_node_that_ends_again_and_again_says_its_last_words() {
    cluster::test(async |cluster| {
        let namespace = Namespace::create(cluster, "crash").await?;
        // It is no node, and says so.
        let operator = Operator::start(&namespace, &cluster.image(Image::Platform).await?).await?;

        let cause = operator.create_in_vain("ledger", SMALL, "exec").await?;

        assert!(cause.contains("entente-node"), "{cause}");
        operator.delete("ledger").await?;
        operator.stop().await
    });
}

#[test]
fn a_quota_and_a_full_cluster_are_told_in_words() {
    cluster::test(async |cluster| {
        let namespace = Namespace::create(cluster, "quota").await?;
        let image = cluster.image(Image::Node).await?;
        let operator = Operator::start(&namespace, &image).await?;
        namespace
            .apply("{apiVersion: v1, kind: ResourceQuota, metadata: {name: none}, spec: {hard: {pods: 0}}}")
            .await?;

        let cause = operator.create_in_vain("ledger", SMALL, "exceeded quota").await?;

        assert!(cause.contains("the cluster refuses its pod"), "{cause}");
        namespace.kubectl(&["delete", "resourcequota", "none"]).await?;
        let chain = operator.ready("ledger").await?;
        assert!(chain.status.is_some());
        operator.delete("ledger").await?;
        operator.stop().await
    });
}

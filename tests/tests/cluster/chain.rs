//! A chain whose nodes are pods.

use entente_tests::cluster::{self, Image, Namespace};

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

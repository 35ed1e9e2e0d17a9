//! A chain whose nodes are pods follows the edits of its resource.

use entente_api::chain::{ChainMember, DeletionPolicy};
use entente_api::node_release::Engine;
use entente_tests::cluster::{self, Cluster, Image, Namespace};
use entente_tests::executables;

use crate::operator::Operator;

const CHAIN: &str = "
members: [{organization: bank}]
ordering: {replicas: 1}
contracts: [{name: evidence, template: evidence}]
deletionPolicy: Delete
storage: {size: 1Gi}
";

fn member(organization: &str, peers: u32) -> ChainMember {
    ChainMember::new(organization, peers)
}

#[test]
fn a_chain_follows_every_edit_and_leaves_nothing_behind() {
    cluster::test(async |cluster| edit(cluster, Engine::Native).await);
}

#[test]
fn a_stock_chain_follows_every_edit_and_leaves_nothing_behind() {
    let name = "edits::a_stock_chain_follows_every_edit_and_leaves_nothing_behind";
    if executables::stock_fabric_or_skip(name).is_some() {
        cluster::test(async |cluster| edit(cluster, Engine::Fabric).await);
    }
}

async fn edit(cluster: &Cluster, engine: Engine) -> anyhow::Result<()> {
    let namespace = Namespace::create(cluster, "edits").await?;
    let image = cluster.image(Image::Node).await?;
    let operator = Operator::start(&namespace, &image).await?;
    let spec = operator.on(engine, cluster, &image, CHAIN).await?;
    let chain = operator.create("ledger", &spec).await?;
    assert_eq!(chain.spec.deletion_policy, DeletionPolicy::Delete);

    let chain = operator.edit("ledger", |spec| spec.members[0].peers = 2).await?;
    operator.transacts(&chain, "main", "another peer").await?;
    let chain = operator
        .edit("ledger", |spec| spec.members.push(member("tax", 1)))
        .await?;
    operator.transacts(&chain, "main", "another member").await?;
    let chain = operator
        .edit("ledger", |spec| spec.contracts[0].definition.version = "2.0".to_owned())
        .await?;
    operator.transacts(&chain, "main", "an upgrade").await?;
    let chain = operator.edit("ledger", |spec| spec.ordering.replicas = 3).await?;
    operator.transacts(&chain, "main", "three orderers").await?;
    let chain = operator
        .edit("ledger", |spec| spec.storage.size = "2Gi".to_owned())
        .await?;
    operator.transacts(&chain, "main", "larger volumes").await?;
    let sizes = namespace
        .kubectl(&[
            "get",
            "persistentvolumeclaims",
            "--output=jsonpath={.items[*].spec.resources.requests.storage}",
        ])
        .await?;
    assert_eq!(sizes, "2Gi 2Gi 2Gi 2Gi 2Gi 2Gi");
    let chain = operator
        .edit("ledger", |spec| {
            spec.members.retain(|member| member.organization != "bank");
            spec.ordering.replicas = 1;
        })
        .await?;
    operator.transacts(&chain, "main", "a member less").await?;
    operator.edit("ledger", |spec| spec.suspended = true).await?;
    assert_eq!(namespace.kubectl(&["get", "pods", "--output=name"]).await?, "");
    let chain = operator.edit("ledger", |spec| spec.suspended = false).await?;
    operator.transacts(&chain, "main", "a rest").await?;

    operator.delete("ledger").await?;

    let kinds =
        "pods,statefulsets,deployments,services,secrets,persistentvolumeclaims,poddisruptionbudgets,networkpolicies";
    let left = namespace.kubectl(&["get", kinds, "--output=name"]).await?;
    assert_eq!(left, "");
    operator.stop().await
}

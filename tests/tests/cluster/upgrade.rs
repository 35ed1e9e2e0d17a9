//! A contract in an image of its own: a new image runs before its definition is committed, and a broken one leaves the
//! old one serving.

use entente_tests::cluster::{self, Image, Namespace};

use crate::operator::Operator;

#[test]
fn a_broken_image_leaves_the_old_contract_serving() {
    cluster::test(async |cluster| {
        let namespace = Namespace::create(cluster, "upgrade").await?;
        let node = cluster.image(Image::Node).await?;
        let contract = cluster.image(Image::Contract).await?;
        let operator = Operator::start(&namespace, &node).await?;
        let spec = format!(
            "
            members: [{{organization: bank}}]
            ordering: {{replicas: 1}}
            contracts: [{{name: evidence, image: \"{contract}\"}}]
            deletionPolicy: Delete
            "
        );
        let chain = operator.create("ledger", &spec).await?;
        operator.transacts(&chain, "main", "the first image").await?;

        // The node's own image says what it could do, and ends.
        let broken = operator.edit_in_vain("ledger", "does not run", |spec| {
            let definition = &mut spec.contracts[0].definition;
            definition.image = Some(node.clone());
            definition.version = "2.0".to_owned();
        });
        let cause = broken.await?;
        operator.transacts(&chain, "main", "behind a broken image").await?;
        let chain = operator
            .edit("ledger", |spec| {
                let definition = &mut spec.contracts[0].definition;
                definition.image = Some(contract.clone());
                definition.version = "3.0".to_owned();
            })
            .await?;

        assert!(cause.contains("exit code 2"), "{cause}");
        let contract = &chain.status.as_ref().map(|status| &status.contracts[0]);
        let committed = contract.map(|contract| (contract.version.as_deref(), contract.sequence));
        assert_eq!(committed, Some((Some("3.0"), Some(2))));
        operator.transacts(&chain, "main", "the third image").await?;
        operator.delete("ledger").await?;
        operator.stop().await
    });
}

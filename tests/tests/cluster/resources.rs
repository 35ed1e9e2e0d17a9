//! The custom resources, as a real API server sees them.

use entente_tests::cluster::{self, Cluster, Namespace};

const TEN_LINES: &str = include_str!("../../../examples/ten-lines.yaml");

#[test]
fn a_chain_of_ten_lines_is_accepted_and_gets_its_defaults() {
    cluster::test(async |cluster| {
        let namespace = ready(cluster).await?;

        let applied = namespace.apply(TEN_LINES).await?;

        assert_eq!(applied, "chain.entente.dev/first-chain serverside-applied\n");
        let defaults = "--output=jsonpath={.spec.ordering.replicas} {.spec.members[*].peers} {.spec.storage.size}";
        let chain = namespace.kubectl(&["get", "chain", "first-chain", defaults]).await?;
        assert_eq!(chain, "3 1 1 10Gi");
        Ok(())
    });
}

#[test]
fn applying_a_chain_again_changes_nothing() {
    cluster::test(async |cluster| {
        let namespace = ready(cluster).await?;
        let version = "--output=jsonpath={.metadata.resourceVersion} {.metadata.generation}";
        namespace.apply(TEN_LINES).await?;
        let first = namespace.kubectl(&["get", "chain", "first-chain", version]).await?;

        namespace.apply(TEN_LINES).await?;

        assert_eq!(
            namespace.kubectl(&["get", "chain", "first-chain", version]).await?,
            first
        );
        Ok(())
    });
}

#[test]
fn a_wrong_chain_is_refused_in_the_words_of_the_rule_that_it_breaks() {
    cluster::test(async |cluster| {
        let namespace = ready(cluster).await?;
        for (spec, words) in [
            (
                "{members: [{organization: bank, peers: 12}]}",
                "spec.members[0].peers in body should be less than or equal to 9",
            ),
            (
                "{members: [{organization: bank}], ordering: {replicas: 2}}",
                "Raft needs an odd number of orderers; use 1, 3 or 5",
            ),
            (
                "{members: [{organization: bank}], engine: besu}",
                "Unsupported value: \"besu\"",
            ),
            (
                "{members: [{organization: bank}], memebrs: 3}",
                "spec.memebrs: field not declared in schema",
            ),
        ] {
            let manifest =
                format!("{{apiVersion: entente.dev/v1alpha1, kind: Chain, metadata: {{name: wrong}}, spec: {spec}}}");

            let refused = namespace.apply(&manifest).await.expect_err(spec).to_string();

            assert!(refused.contains(words), "{spec}: {refused}");
        }
        Ok(())
    });
}

#[test]
fn every_kind_explains_itself() {
    cluster::test(async |cluster| {
        cluster.define_resources().await?;
        let kinds = cluster.kubectl(&["get", "--raw", "/apis/entente.dev/v1alpha1"]).await?;
        let kinds: serde_json::Value = serde_json::from_str(&kinds)?;
        for kind in kinds["resources"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|kind| kind["name"].as_str())
        {
            if kind.contains('/') {
                continue;
            }

            let explained = cluster.kubectl(&["explain", &format!("{kind}.spec")]).await?;

            assert!(explained.contains("GROUP:      entente.dev"), "{explained}");
            assert!(!explained.contains("<no description>"), "{explained}");
        }
        Ok(())
    });
}

async fn ready(cluster: &Cluster) -> anyhow::Result<Namespace> {
    cluster.define_resources().await?;
    Namespace::create(cluster, "resources").await
}

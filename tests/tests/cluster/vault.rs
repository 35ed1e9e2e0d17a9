//! Key material in Secrets of its owner's namespace.

use anyhow::ensure;
use entente_operator::metrics::Metrics;
use entente_operator::vault::{Bundle, BundleId, Kubernetes, Vault};
use entente_tests::cluster::{self, Namespace};

async fn vault(metrics: &Metrics) -> anyhow::Result<Kubernetes> {
    // Another test of this process may have installed it.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Ok(Kubernetes::new(entente_operator::cluster::connect(metrics).await?))
}

fn bundle(content: &str) -> Bundle {
    let file = |path: &str, content: &str| (path.to_owned(), content.as_bytes().to_vec());
    Bundle::from([
        file("msp/keystore/key.pem", content),
        file("msp/signcerts/cert.pem", "certificate"),
    ])
}

#[test]
fn the_first_bundle_stays_until_it_is_replaced_or_removed() {
    cluster::test(async |cluster| {
        let namespace = Namespace::create(cluster, "vault").await?;
        let metrics = Metrics::default();
        let (vault, other) = (vault(&metrics).await?, vault(&metrics).await?);
        let id = |organization: &str, path: &str| BundleId::new(namespace.name(), organization, path);
        let node = id("bank", "nodes/ledger/peer0-bank");

        let nothing = vault.read(&node).await?;
        let (first, second) = tokio::join!(vault.create(&node, bundle("one")), other.create(&node, bundle("two")));
        let (first, second) = (first?, second?);
        let held = match first {
            true => bundle("one"),
            false => bundle("two"),
        };
        ensure!(nothing.is_none() && first != second, "{nothing:?} {first} {second}");
        assert_eq!(vault.read(&node).await?, Some(held.clone()));
        assert_eq!(other.read(&node).await?, Some(held));

        let renewed = Bundle::from([("msp/signcerts/cert.pem".to_owned(), b"renewed".to_vec())]);
        vault.replace(&node, renewed).await?;
        let read = vault.read(&node).await?.unwrap_or_default();
        assert_eq!(read["msp/signcerts/cert.pem"], b"renewed");

        for (organization, path) in [("bank", "ca"), ("bank", "nodes-old"), ("tax", "nodes/ledger/peer0-tax")] {
            vault.create(&id(organization, path), bundle(path)).await?;
        }
        vault.remove(&id("bank", "nodes")).await?;
        vault.remove(&id("bank", "nodes")).await?;
        let asked = [
            "get",
            "secrets",
            "-o",
            "jsonpath={.items[*].metadata.annotations.entente\\.dev/bundle}",
        ];
        assert_eq!(
            namespace.kubectl(&asked).await?,
            "bank/ca bank/nodes-old tax/nodes/ledger/peer0-tax"
        );
        Ok(())
    });
}

#[test]
fn authorities_cannot_be_changed_and_strangers_secrets_are_left_alone() {
    cluster::test(async |cluster| {
        let namespace = Namespace::create(cluster, "secrets").await?;
        let vault = vault(&Metrics::default()).await?;
        let id = |path: &str| BundleId::new(namespace.name(), "bank", path);
        vault.create(&id("ca"), bundle("root")).await?;

        let changed = vault.replace(&id("ca"), bundle("another root")).await;
        let name = entente_api::names::bundle("bank", "admin");
        namespace
            .kubectl(&["create", "secret", "generic", &name, "--from-literal=password=theirs"])
            .await?;
        let read = vault.read(&id("admin")).await;
        let replaced = vault.replace(&id("admin"), bundle("ours")).await;
        vault.remove(&id("admin")).await?;

        ensure!(changed.is_err(), "an authority was changed");
        let foreign = format!(
            "the Secret {name} stands where the key material {}/bank/admin should be, and is not the platform's; \
             remove it",
            namespace.name()
        );
        assert_eq!(read.err().map(|error| error.to_string()), Some(foreign.clone()));
        assert_eq!(replaced.err().map(|error| error.to_string()), Some(foreign));
        namespace.kubectl(&["get", "secret", &name]).await?;
        Ok(())
    });
}

#[test]
fn an_authority_is_recast_once_its_new_form_is_known_to_be_the_same() {
    cluster::test(async |cluster| {
        let namespace = Namespace::create(cluster, "recast").await?;
        let metrics = Metrics::default();
        let (vault, other) = (vault(&metrics).await?, vault(&metrics).await?);
        let id = BundleId::new(namespace.name(), "bank", "ca");
        vault.create(&id, bundle("root")).await?;
        let is_sealed = |stored: &Bundle| *stored == bundle("sealed");

        let refused = vault.recast(&id, bundle("something else"), &is_sealed).await;
        let kept = other.read(&id).await?;
        let name = entente_api::names::bundle("bank", "ca/recast");
        namespace.kubectl(&["delete", "secret", &name]).await?;
        vault.recast(&id, bundle("sealed"), &is_sealed).await?;
        let made_again = vault.create(&id, bundle("another root")).await?;

        let reason = format!(
            "the Secret {name} should be the key material {}/bank/ca in another form, and is not; remove it",
            namespace.name()
        );
        assert_eq!(refused.err().map(|error| error.to_string()), Some(reason));
        assert_eq!(kept, Some(bundle("root")));
        assert_eq!(vault.read(&id).await?, Some(bundle("sealed")));
        ensure!(!made_again, "an authority was made twice");
        vault.remove(&BundleId::new(namespace.name(), "bank", "ca")).await?;
        assert_eq!(namespace.kubectl(&["get", "secrets", "--output=name"]).await?, "");
        Ok(())
    });
}

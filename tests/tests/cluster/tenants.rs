//! Tenants of one cluster: a namespace each, closed and bounded, and chains that several of them share.

use std::collections::BTreeSet;

use anyhow::Context as _;
use entente_api::member::MemberSpec;
use entente_api::organization::OrganizationSpec;
use entente_api::tenant::{Quotas, TenantSpec};
use entente_api::{Member, Organization, Tenant};
use entente_operator::registry::Scope;
use entente_tests::cluster::{self, Image, Namespace};

use crate::operator::Operator;

/// Private keys in the Secrets of a namespace.
async fn keys(namespace: &Namespace) -> anyhow::Result<BTreeSet<String>> {
    use base64::Engine as _;

    let secrets = namespace.kubectl(&["get", "secrets", "--output=json"]).await?;
    let secrets: serde_json::Value = serde_json::from_str(&secrets)?;
    let values = secrets["items"].as_array().into_iter().flatten();
    let values = values.filter_map(|secret| secret["data"].as_object());
    let values = values.flat_map(|data| data.values().filter_map(serde_json::Value::as_str));
    let mut keys = BTreeSet::new();
    for value in values {
        let text = String::from_utf8(base64::engine::general_purpose::STANDARD.decode(value)?)?;
        if text.contains("PRIVATE KEY") {
            keys.insert(text);
        }
    }
    Ok(keys)
}

#[test]
fn members_of_one_chain_in_several_namespaces_keep_their_keys_to_themselves() {
    cluster::test(async |cluster| {
        let hebei = Namespace::create(cluster, "hebei").await?;
        let shijiazhuang = Namespace::create(cluster, "shijiazhuang").await?;
        let image = cluster.image(Image::Node).await?;
        let operator = Operator::start(&hebei, &image).await?;
        let registry = &operator.context.registry;
        let theirs = Scope::namespace(shijiazhuang.name());
        registry
            .create(&theirs, &Organization::new("tax", OrganizationSpec::default()))
            .await?;
        let part = MemberSpec {
            chain_namespace: Some(hebei.name().to_owned()),
            ..MemberSpec::new("ledger", "tax", 1)
        };
        registry.create(&theirs, &Member::new("tax-in-ledger", part)).await?;
        let spec = format!(
            "
            members: [{{organization: bank}}, {{organization: tax, namespace: {}}}]
            ordering: {{replicas: 1}}
            contracts: [{{name: evidence, template: evidence}}]
            deletionPolicy: Delete
            ",
            shijiazhuang.name()
        );

        operator.create("ledger", &spec).await?;
        let chain = operator
            .until("both to be members", async || {
                let chain = operator.ready("ledger").await?;
                let both = chain.status.as_ref().is_some_and(|status| status.member_count == 2);
                Ok(both.then_some(chain))
            })
            .await?;

        // A majority of two is both, so each transaction crosses the border.
        operator.transacts_by("bank", &chain, "main", "of two tenants").await?;
        let pods = async |namespace: &Namespace| {
            let names = namespace.kubectl(&["get", "statefulsets", "--output=name"]).await?;
            anyhow::Ok(names.lines().map(str::to_owned).collect::<Vec<_>>())
        };
        let prefix = "statefulset.apps/ledger";
        assert_eq!(
            pods(&hebei).await?,
            [format!("{prefix}-orderer0"), format!("{prefix}-peer0-bank")]
        );
        // The chain's name says there whose it is, and is cut short.
        let theirs_alone = pods(&shijiazhuang).await?;
        let peer = format!("{prefix}-{}-peer0-tax", hebei.name());
        assert!(
            theirs_alone.len() == 1 && theirs_alone[0].starts_with(&peer),
            "{theirs_alone:?}"
        );
        let (ours, others) = (keys(&hebei).await?, keys(&shijiazhuang).await?);
        assert!(!ours.is_empty() && !others.is_empty());
        assert_eq!(ours.intersection(&others).count(), 0);

        registry.delete::<Member>(&theirs, "tax-in-ledger").await?;
        operator
            .until("the member to be gone", async || {
                let left = registry.get::<Member>(&theirs, "tax-in-ledger").await?;
                Ok(left.is_none().then_some(()))
            })
            .await?;
        operator.delete("ledger").await?;
        assert_eq!(pods(&shijiazhuang).await?, [""; 0]);
        operator.stop().await
    });
}

#[test]
fn a_tenant_has_a_namespace_that_is_closed_and_bounded() {
    cluster::test(async |cluster| {
        let namespace = Namespace::create(cluster, "tenants").await?;
        let image = cluster.image(Image::Node).await?;
        let operator = Operator::start(&namespace, &image).await?;
        let registry = &operator.context.registry;
        let name = format!("bureau-{}", std::process::id());
        let quotas = Quotas {
            storage: Some("5Gi".to_owned()),
            ..Quotas::default()
        };
        let tenant = TenantSpec {
            quotas,
            ..TenantSpec::default()
        };
        let ready = async |storage: &str| {
            let quota = [
                "get",
                "resourcequota",
                "entente",
                "--output=jsonpath={.spec.hard.requests\\.storage}",
            ];
            operator
                .until("the quota", async || {
                    let args = [&["--namespace", &name], &quota[..]].concat();
                    let found = cluster.kubectl(&args).await.ok();
                    Ok(found.filter(|found| found == storage))
                })
                .await
        };

        registry
            .create(&Scope::All, &Tenant::new(&name, tenant.clone()))
            .await?;
        ready("5Gi").await?;
        let level = "--output=jsonpath={.metadata.labels.pod-security\\.kubernetes\\.io/enforce}";
        let level = cluster.kubectl(&["get", "namespace", &name, level]).await?;
        let mut larger = tenant;
        larger.quotas.storage = Some("6Gi".to_owned());
        registry.update(&Scope::All, &Tenant::new(&name, larger)).await?;
        ready("6Gi").await?;
        registry.delete::<Tenant>(&Scope::All, &name).await?;
        operator
            .until("the tenant to be gone", async || {
                Ok(registry
                    .get::<Tenant>(&Scope::All, &name)
                    .await?
                    .is_none()
                    .then_some(()))
            })
            .await?;

        assert_eq!(level, "restricted");
        let kinds = "resourcequotas,limitranges,networkpolicies";
        let left = ["--namespace", &name, "get", kinds, "--output=name"];
        assert_eq!(cluster.kubectl(&left).await?, "");
        // What was to be retained is in it.
        let deleted = cluster.kubectl(&["delete", "namespace", &name, "--wait=false"]).await;
        deleted.context("the namespace is still there")?;
        operator.stop().await
    });
}

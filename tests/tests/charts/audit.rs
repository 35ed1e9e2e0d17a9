//! Whoever changes something by `kubectl` is in the audit by name, and so is what they were refused.

use anyhow::Context as _;
use entente_tests::cluster::{Cluster, Namespace};
use entente_tests::wait;
use reqwest::Method;
use serde_json::Value;

use crate::release::SOON;
use crate::tenants::{Rest, Who};

const LI: &str = "li@bank.example";
const WANG: &str = "system:serviceaccount:ci:wang";

/// Both may do anything with the tenant's resources.
const RIGHTS: &str = r#"
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: editors}
rules:
  - {apiGroups: [entente.dev], resources: ["*"], verbs: ["*"]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: editors}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: editors}
subjects:
  - {apiGroup: rbac.authorization.k8s.io, kind: User, name: li@bank.example}
  - {apiGroup: rbac.authorization.k8s.io, kind: User, name: "system:serviceaccount:ci:wang"}
"#;

/// One as a user, the other as a machine's account.
pub async fn names_who_used_kubectl(
    cluster: &Cluster,
    rest: &Rest,
    platform: &Who,
    (system, tenant): (&Namespace, &Namespace),
) -> anyhow::Result<()> {
    tenant.apply(RIGHTS).await?;
    the_cluster_asks(cluster, system).await;
    let manifest = tempfile::NamedTempFile::new()?;
    let organization =
        "{apiVersion: entente.dev/v1alpha1, kind: Organization, metadata: {name: tax}, spec: {region: Hebei}}";
    std::fs::write(manifest.path(), organization)?;
    let file = manifest.path().to_str().context("the file's name is UTF-8")?;
    let kubectl = async |who: &str, words: &str| {
        let words: Vec<&str> = words.split(' ').chain(["--as", who]).collect();
        tenant.kubectl(&words).await
    };

    let spec = |on: bool| {
        format!(r#"patch chain/first-chain --type=merge --patch={{"spec":{{"deletionProtection":{on}}}}}"#)
    };
    kubectl(LI, &spec(true)).await?;
    let refused = kubectl(WANG, "delete chain/first-chain").await;
    kubectl(WANG, "annotate chain/first-chain checked=yes").await?;
    // Whoever calls their program what the platform's is called does not hide.
    kubectl(WANG, &format!("{} --field-manager=entente-operator", spec(false))).await?;
    kubectl(LI, &format!("apply --server-side --filename {file}")).await?;
    kubectl(LI, &format!("apply --server-side --filename {file}")).await?;
    kubectl(LI, "annotate organization/tax note=none --dry-run=server").await?;
    // What others would apply is what is there: nothing was added to it.
    let differences = [
        kubectl(WANG, &format!("diff --server-side --filename {file}")).await?,
        kubectl(LI, &format!("diff --server-side --filename {file}")).await?,
    ];
    kubectl(WANG, "delete organization/tax").await?;

    assert!(refused.is_err(), "a protected chain was deleted");
    assert_eq!(differences, ["", ""]);
    let chain = "chains/first-chain";
    for (who, expected) in [
        (
            LI,
            vec![
                ("chain_put", chain, "done"),
                ("organization_create", "organizations/tax", "done"),
            ],
        ),
        (
            WANG,
            vec![
                ("chain_delete", chain, "refused"),
                ("chain_put", chain, "done"),
                ("chain_put", chain, "done"),
                ("organization_delete", "organizations/tax", "done"),
            ],
        ),
    ] {
        let path = format!("/v1/audit-events?actor=kubectl:{who}&pageSize=100");
        let rows = wait::until("what was done by kubectl to be told", SOON, async || {
            let (_, answer) = rest.call(platform, Method::GET, &path, None).await.ok()?;
            let rows = told(&answer);
            (rows.len() >= expected.len()).then_some(rows)
        })
        .await;
        let expected = expected
            .into_iter()
            .map(|row| <[&str; 3]>::from(row).map(str::to_owned));
        assert_eq!(rows, expected.collect::<Vec<_>>(), "{who}");
    }
    Ok(())
}

/// Waits until the API server has been told whom to trust.
async fn the_cluster_asks(cluster: &Cluster, system: &Namespace) {
    let name = format!("{}.entente-api.changes", system.name());
    let asked = [
        "get",
        "mutatingwebhookconfiguration",
        &name,
        "--output=jsonpath={.webhooks[0].clientConfig.caBundle}",
    ];
    wait::until("the API server to trust the API", SOON, async || {
        let bundle = cluster.kubectl(&asked).await.ok()?;
        (!bundle.is_empty()).then_some(())
    })
    .await;
}

/// Action, object and outcome of each row; what was refused is told a little later than what was done.
fn told(answer: &Value) -> Vec<[String; 3]> {
    let rows = answer["items"].as_array().into_iter().flatten();
    let text = |row: &Value, field: &str| row[field].as_str().unwrap_or_default().to_owned();
    let mut rows: Vec<_> = rows
        .map(|row| ["action", "object", "outcome"].map(|field| text(row, field)))
        .collect();
    rows.sort();
    rows
}

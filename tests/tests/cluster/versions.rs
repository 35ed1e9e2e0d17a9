//! Operators of two versions take turns at one chain, as during an upgrade that is taken back: each brings the chain to its
//! own shape once, and then leaves it alone.

use std::time::Duration;

use entente_tests::cluster::{self, Cluster, Image, Namespace};
use entente_tests::wait;

use crate::platform::Process;

const CHAIN: &str = "
apiVersion: entente.dev/v1alpha1
kind: Chain
metadata: {name: ledger}
spec:
  members: [{organization: bank}]
  ordering: {replicas: 1}
  contracts: [{name: evidence, template: evidence}]
  deletionPolicy: Delete
";
/// All that an operator writes for a chain.
const KINDS: &str = "chains,members,contracts,organizations,statefulsets,deployments,services,configmaps,secrets,\
                     networkpolicies,poddisruptionbudgets,persistentvolumeclaims";
const PATIENCE: Duration = Duration::from_secs(180);
/// Nothing may be written for this long.
const REST: Duration = Duration::from_secs(5);

/// An operator whose version brings nodes of its own: they are what sets one release of the platform apart from another.
fn operator(namespace: &Namespace, node_image: &str) -> anyhow::Result<Process> {
    let name = namespace.name();
    let own = [
        "--namespace",
        name,
        "--lease-namespace",
        name,
        "--node-image",
        node_image,
    ];
    Process::start("operator", &own)
}

/// The version of each object, which every write makes another one.
async fn written(namespace: &Namespace) -> anyhow::Result<String> {
    let columns = "jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.resourceVersion}{'\\n'}{end}";
    namespace.kubectl(&["get", KINDS, "--output", columns]).await
}

/// Waits until every node runs `image` and the chain is ready, and nothing has been written between two looks.
async fn settled(namespace: &Namespace, image: &str) -> anyhow::Result<()> {
    let images = "--output=jsonpath={.items[*].spec.template.spec.containers[*].image}";
    let workloads = ["get", "statefulsets,deployments", images];
    wait::until("every node to be of the version that leads", PATIENCE, async || {
        let found = namespace.kubectl(&workloads).await.ok()?;
        let mut found = found.split_whitespace().peekable();
        (found.peek().is_some() && found.all(|found| found == image)).then_some(())
    })
    .await;
    for workload in namespace
        .kubectl(&["get", "statefulsets,deployments", "--output=name"])
        .await?
        .lines()
    {
        namespace
            .kubectl(&["rollout", "status", workload, "--timeout=120s"])
            .await?;
    }
    namespace
        .kubectl(&["wait", "--for=condition=Ready", "--timeout=180s", "chain/ledger"])
        .await?;
    wait::until("the chain to be at rest", PATIENCE, async || {
        let before = written(namespace).await.ok()?;
        tokio::time::sleep(Duration::from_secs(2)).await;
        (written(namespace).await.ok()? == before).then_some(())
    })
    .await;
    Ok(())
}

/// What `kubectl` would change in the chain that it has applied.
async fn difference(namespace: &Namespace, manifest: &str) -> anyhow::Result<String> {
    let diff = ["diff", "--server-side", "--filename", manifest];
    namespace.kubectl(&diff).await
}

#[test]
fn operators_of_two_versions_do_not_fight_over_a_chain() {
    cluster::test(async |cluster| take_turns(cluster).await);
}

async fn take_turns(cluster: &Cluster) -> anyhow::Result<()> {
    cluster.define_resources().await?;
    let namespace = Namespace::create(cluster, "versions").await?;
    // Two images of the same program.
    let (old, new) = (cluster.image(Image::Node).await?, cluster.image(Image::Contract).await?);
    let manifest = tempfile::NamedTempFile::new()?;
    std::fs::write(manifest.path(), CHAIN)?;
    let path = manifest.path().to_str().unwrap_or_default();

    let mut leads = operator(&namespace, &old)?;
    leads.leading().await;
    namespace.apply(CHAIN).await?;
    settled(&namespace, &old).await?;
    for (mine, theirs) in [(&old, &new), (&new, &old)] {
        let waits = operator(&namespace, theirs)?;
        waits.ready().await;
        let before = written(&namespace).await?;
        // A time in which nothing may happen, not a wait for something.
        tokio::time::sleep(REST).await;
        assert_eq!(
            written(&namespace).await?,
            before,
            "while {mine} leads and {theirs} waits"
        );
        assert_eq!(difference(&namespace, path).await?, "");
        leads.stop()?;
        waits.leading().await;
        settled(&namespace, theirs).await?;
        leads = waits;
    }
    let before = written(&namespace).await?;
    tokio::time::sleep(REST).await;
    assert_eq!(written(&namespace).await?, before, "after every turn");
    assert_eq!(difference(&namespace, path).await?, "");

    // Of what a user has asked for, an operator owns nothing.
    let managers =
        "jsonpath={range .metadata.managedFields[*]}{.manager} {.subresource} {.fieldsV1.f:spec}{'\\n'}{end}";
    let managers = namespace
        .kubectl(&["get", "chain", "ledger", "--show-managed-fields", "--output", managers])
        .await?;
    let of_spec: Vec<&str> = managers
        .lines()
        .filter(|line| line.contains("f:members"))
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert_eq!(of_spec, ["kubectl"]);
    namespace
        .kubectl(&["delete", "chain", "ledger", "--timeout=120s"])
        .await?;
    Ok(())
}

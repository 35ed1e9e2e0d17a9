//! The charts on a cluster: installed, used, upgraded, uninstalled.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use entente_tests::cluster::{self, Cluster, Image, Namespace};
use entente_tests::{charts, platform, wait};
use serde_json::Value;

use crate::tenants::{self, Rest, Who};
use crate::{audit, master_key, records};

const TEN_LINES: &str = include_str!("../../../examples/ten-lines.yaml");
/// Longest wait for what takes seconds on a machine that has nothing else to do.
pub const PATIENCE: &str = "--timeout=5m";
pub const SOON: Duration = Duration::from_secs(180);

#[test]
fn a_release_makes_a_chain_is_upgraded_under_it_and_leaves_the_definitions() {
    cluster::test(async |cluster| {
        if !cluster.is_ours_or_skip("a_release_makes_a_chain_is_upgraded_under_it_and_leaves_the_definitions") {
            return Ok(());
        }
        // What the operator does with a chain is asked of it before it goes.
        let system = Namespace::create(cluster, "entente-system").await?;
        let tenant = Namespace::create(cluster, "tenant").await?;
        let images = [cluster.image(Image::Platform).await?, cluster.image(Image::Node).await?];

        install(&system, &tenant, &images)?;
        tenant.apply(TEN_LINES).await?;
        tenant
            .kubectl(&["wait", "--for=condition=Ready", PATIENCE, "chain/first-chain"])
            .await?;

        the_api_shows_the_chain(&system).await?;
        the_operator_is_closed_to_tenants(cluster, &system, &tenant).await?;
        rights_are_few(cluster, &system, &tenant).await?;
        let token = token(&system).await?;
        let (rest, platform) = (Rest::of(&system), Who::Bearer(token.clone()));
        let tenants = tenants::work_by_rest_alone(cluster, &rest, &platform).await?;
        tenants::let_a_service_account_in(cluster, &rest, &tenants).await?;
        tenants::shut_the_api_out(cluster, &system, &tenants).await?;
        upgrade(&system)?;
        assert_eq!(self::token(&system).await?, token);
        tenants::the_api_is_let_in(cluster, &system, &tenants).await?;
        tenants::leave(cluster, &rest, &platform, tenants).await?;
        audit::names_who_used_kubectl(cluster, &rest, &platform, (&system, &tenant)).await?;
        master_key::seals_what_was_made_before(&rest, &platform, (&system, &tenant)).await?;
        ask_for_real_names(&system)?;
        records::are_needed_by_everybody(&rest, &platform, &tenant).await?;
        tenant
            .kubectl(&["wait", "--for=condition=Ready", PATIENCE, "chain/first-chain"])
            .await?;
        nothing_was_forbidden(&system).await?;
        a_protected_chain_stays(&tenant).await?;
        tenant.kubectl(&["delete", "chains", "--all", PATIENCE]).await?;
        tenant.kubectl(&["delete", "organizations", "--all", PATIENCE]).await?;
        uninstall(cluster, &system).await
    });
}

fn install(system: &Namespace, tenant: &Namespace, images: &[String; 2]) -> anyhow::Result<()> {
    let [platform, node] = images
        .each_ref()
        .map(|image| image.split_once('@').map(|(_, digest)| digest));
    let (platform, node) = platform.zip(node).context("images are named by digest")?;
    // Tests of other programs may have left definitions and releases in a cluster that is used again.
    helm(system, "install entente-crds entente-crds --take-ownership")?;
    let values = format!(
        "image.platform.digest={platform},image.node.digest={node},api.namespace={},operator.log=info",
        tenant.name()
    );
    let notes = helm(
        system,
        &format!("install entente entente --take-ownership --wait --set {values}"),
    )?;
    ensure!(notes.contains("Make a chain. This is a whole one:"), "{notes}");
    Ok(())
}

fn upgrade(system: &Namespace) -> anyhow::Result<()> {
    helm(
        system,
        "upgrade entente entente --reuse-values --wait --set operator.log=debug",
    )
    .map(drop)
}

fn ask_for_real_names(system: &Namespace) -> anyhow::Result<()> {
    let upgrade = "upgrade entente entente --reuse-values --wait --set api.requireRealNames=true";
    helm(system, upgrade).map(drop)
}

async fn uninstall(cluster: &Cluster, system: &Namespace) -> anyhow::Result<()> {
    helm(system, "uninstall entente entente-crds --wait")?;
    let left = system
        .kubectl(&["get", "deployments,pods,services,roles", "--output=name"])
        .await?;
    assert_eq!(left, "");
    let kept = cluster.kubectl(&["get", "crd,noderelease", "--output=name"]).await?;
    let native = format!("native-{}", env!("CARGO_PKG_VERSION").replace('.', "-"));
    for kind in ["chains", "organizations", "nodereleases"] {
        let definition = format!("customresourcedefinition.apiextensions.k8s.io/{kind}.entente.dev\n");
        assert!(kept.contains(&definition), "{kept}");
    }
    assert!(kept.contains(&format!("noderelease.entente.dev/{native}\n")), "{kept}");
    forget_releases(cluster).await
}

/// Releases are the whole cluster's: what this test has published must not be the default of another's chains. Nobody is
/// left who would act on their finalizers.
async fn forget_releases(cluster: &Cluster) -> anyhow::Result<()> {
    for release in cluster
        .kubectl(&["get", "nodereleases", "--output=name"])
        .await?
        .lines()
    {
        let released = r#"--patch={"metadata":{"finalizers":null}}"#;
        cluster.kubectl(&["patch", release, "--type=merge", released]).await?;
        cluster.kubectl(&["delete", release, PATIENCE]).await?;
    }
    Ok(())
}

/// Runs helm with these words, in the namespace of the release.
pub fn helm(system: &Namespace, words: &str) -> anyhow::Result<String> {
    let words = format!("{words} --namespace {} {PATIENCE}", system.name());
    charts::helm(&words.split_whitespace().collect::<Vec<_>>())
}

async fn token(system: &Namespace) -> anyhow::Result<String> {
    let encoded = system
        .kubectl(&["get", "secret", "entente-api-token", "--output=jsonpath={.data.token}"])
        .await?;
    Ok(String::from_utf8(BASE64_STANDARD.decode(encoded)?)?)
}

/// `kubectl delete` is refused while the chain says so.
async fn a_protected_chain_stays(tenant: &Namespace) -> anyhow::Result<()> {
    let protect = async |on: bool| {
        let patch = format!(r#"--patch={{"spec":{{"deletionProtection":{on}}}}}"#);
        tenant
            .kubectl(&["patch", "chain/first-chain", "--type=merge", &patch])
            .await
    };
    protect(true).await?;
    let refused = tenant.kubectl(&["delete", "chain/first-chain"]).await;
    let reason = refused.err().context("a protected chain was deleted")?.to_string();
    assert!(
        reason.contains("the chain is protected from deletion; set spec.deletionProtection to false first"),
        "{reason}"
    );
    protect(false).await.map(drop)
}

/// What `kubectl` has made is there for REST too.
async fn the_api_shows_the_chain(system: &Namespace) -> anyhow::Result<()> {
    let url = format!("http://entente-api.{}.svc.cluster.local/v1/chains", system.name());
    let token = token(system).await?;
    let http = platform::http_client();
    let stranger = http.get(&url).send().await?;
    ensure!(stranger.status() == 401, "{}", stranger.status());
    let answer = http.get(&url).bearer_auth(token).send().await?.error_for_status()?;
    let chains: Value = serde_json::from_str(&answer.text().await?)?;
    assert_eq!(chains["items"][0]["name"], "first-chain", "{chains:#}");
    Ok(())
}

/// A tenant's pod reaches the API, and not the operator, not even where it shows its metrics.
async fn the_operator_is_closed_to_tenants(
    cluster: &Cluster,
    system: &Namespace,
    tenant: &Namespace,
) -> anyhow::Result<()> {
    let image = cluster.image(Image::Probe).await?;
    tenant.apply(&probe_pod(&image)).await?;
    tenant
        .kubectl(&["wait", "--for=condition=Ready", PATIENCE, "pod/probe"])
        .await?;
    let dial = async |host: &str, port: u16| {
        let address = format!("{host}.{}.svc.cluster.local:{port}", system.name());
        tenant
            .kubectl(&["exec", "probe", "--", "/probe", "dial", &address])
            .await
    };

    dial("entente-api", 80).await?;
    let refused = dial("entente-operator", 8081).await;

    assert!(refused.is_err(), "the operator can be reached by a tenant's pod");
    // The policy alone kept it out.
    system.kubectl(&["delete", "networkpolicy", "entente-operator"]).await?;
    wait::until(
        "the operator to be open without its policy",
        Duration::from_secs(30),
        async || dial("entente-operator", 8081).await.ok(),
    )
    .await;
    Ok(())
}

fn probe_pod(image: &str) -> String {
    format!(
        "apiVersion: v1
kind: Pod
metadata: {{name: probe}}
spec:
  terminationGracePeriodSeconds: 1
  automountServiceAccountToken: false
  securityContext: {{runAsNonRoot: true, runAsUser: 65532, seccompProfile: {{type: RuntimeDefault}}}}
  containers:
    - name: main
      image: {image}
      args: [sleep]
      securityContext: {{allowPrivilegeEscalation: false, capabilities: {{drop: [ALL]}}}}
"
    )
}

/// Neither part may do what it has no code for.
async fn rights_are_few(cluster: &Cluster, system: &Namespace, tenant: &Namespace) -> anyhow::Result<()> {
    let api = format!("system:serviceaccount:{}:entente-api", system.name());
    let operator = format!("system:serviceaccount:{}:entente-operator", system.name());
    let (own, other) = (tenant.name(), system.name());
    for (who, verb, what, namespace, expected) in [
        (&api, "get", "secrets", own, "yes"),
        (&api, "get", "secrets", other, "no"),
        (&api, "list", "secrets", own, "no"),
        (&api, "create", "chains.entente.dev", own, "yes"),
        (&api, "create", "chains.entente.dev", other, "no"),
        (&api, "create", "pods", own, "no"),
        (&operator, "create", "statefulsets.apps", own, "yes"),
        (&operator, "create", "pods", own, "no"),
        (
            &operator,
            "update",
            "leases.coordination.k8s.io/entente-operator",
            other,
            "yes",
        ),
        (&operator, "update", "leases.coordination.k8s.io/another", other, "no"),
        (
            &operator,
            "create",
            "clusterrolebindings.rbac.authorization.k8s.io",
            own,
            "no",
        ),
        (&operator, "get", "nodes", own, "no"),
        (&operator, "delete", "namespaces", own, "no"),
        (&operator, "list", "secrets", own, "yes"),
        (&operator, "create", "pods/exec", own, "no"),
        (&operator, "escalate", "roles.rbac.authorization.k8s.io", own, "no"),
        (&operator, "impersonate", "users", own, "no"),
        (&api, "create", "statefulsets.apps", own, "no"),
        (&api, "create", "pods/exec", own, "no"),
        (&api, "delete", "secrets", own, "no"),
        (
            &api,
            "patch",
            "mutatingwebhookconfigurations.admissionregistration.k8s.io",
            own,
            "no",
        ),
    ] {
        let asked = ["auth", "can-i", verb, what, "--as", who, "--namespace", namespace];
        // Answers no with an exit code.
        let answer = match cluster.kubectl(&asked).await {
            Ok(answer) => answer.trim().to_owned(),
            Err(_) => "no".to_owned(),
        };
        assert_eq!(answer, expected, "{who} {verb} {what} in {namespace}");
    }
    Ok(())
}

/// Every rule that the code needs is there.
async fn nothing_was_forbidden(system: &Namespace) -> anyhow::Result<()> {
    for part in ["operator", "api"] {
        let selector = format!("--selector=app.kubernetes.io/component={part}");
        let log = system.kubectl(&["logs", &selector, "--tail=-1", "--prefix"]).await?;
        let refused: Vec<&str> = log.lines().filter(|line| line.contains("forbidden")).collect();
        assert!(refused.is_empty(), "{refused:#?}");
    }
    Ok(())
}

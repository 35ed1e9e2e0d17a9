//! The registry of a cluster does what every registry does, survives what API servers do, and asks for little.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use entente_api::Chain;
use entente_api::chain::{ChainSpec, ChainStatus};
use entente_operator::metrics::Metrics;
use entente_operator::registry::kubernetes::Kubernetes;
use entente_operator::registry::{Registry, RegistryError, Scope};
use entente_tests::cluster::{self, Namespace};
use entente_tests::store::{self, Stage};
use entente_tests::wait;

/// Longest wait for what should take a moment.
const PATIENCE: Duration = Duration::from_secs(30);
/// Twice as long as the cluster takes at most to see that there is a new kind whose objects it has to count.
const DISCOVERY: Duration = Duration::from_secs(60);

/// A connection of its own, with its own watches, as another program's.
async fn connected(metrics: &Metrics) -> anyhow::Result<Registry> {
    // Another test of this process may have installed it.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let client = entente_operator::cluster::connect(metrics).await?;
    let store = Kubernetes::start(client, &Scope::All, "test");
    store.ready().await;
    Ok(Registry::new(Arc::new(store)))
}

fn chain(name: &str, spec: &str) -> anyhow::Result<Chain> {
    Ok(Chain::new(name, serde_yaml::from_str::<ChainSpec>(spec)?))
}

#[test]
fn custom_resources_behave_as_every_registry() {
    cluster::test(async |cluster| {
        cluster.define_resources().await?;
        let metrics = Metrics::default();
        let (registry, other) = (connected(&metrics).await?, connected(&metrics).await?);

        for (index, behaviour) in store::ALL.iter().enumerate() {
            println!("{}", behaviour.name);
            let own = Namespace::create(cluster, &format!("own{index}")).await?;
            let rival = Namespace::create(cluster, &format!("rival{index}")).await?;
            let stage = Stage {
                registry: registry.clone(),
                other: other.clone(),
                own: Scope::namespace(own.name()),
                rival: Scope::namespace(rival.name()),
            };
            (behaviour.run)(stage).await;
        }
        Ok(())
    });
}

#[test]
fn a_refusal_of_the_api_server_names_each_field() {
    cluster::test(async |cluster| {
        cluster.define_resources().await?;
        let namespace = Namespace::create(cluster, "refusals").await?;
        let (registry, scope) = (
            connected(&Metrics::default()).await?,
            Scope::namespace(namespace.name()),
        );
        let refused = |spec: &str| {
            let chain = chain("ledger", spec);
            async {
                let error = registry.create(&scope, &chain?).await.err().context("it is refused")?;
                anyhow::Ok(error.to_string().replace(namespace.name(), "hebei"))
            }
        };

        assert_eq!(
            refused("{members: [{organization: bank}, {organization: Tax}], ordering: {replicas: 2}}").await?,
            "Chain hebei/ledger is refused: spec.members[1].organization: use lower-case letters, digits and dashes \
             between them, at most 63; spec.ordering.replicas: Raft needs an odd number of orderers; use 1, 3 or 5"
        );
        assert_eq!(
            refused("{members: [{organization: bank}], access: {type: Gateway, domain: chains.example.com}}").await?,
            "Chain hebei/ledger is refused: spec.access.gateway: give gateway with type Gateway, and only then"
        );
        namespace
            .kubectl(&["create", "quota", "plan", "--hard=count/chains.entente.dev=0"])
            .await?;
        let one_more = serde_json::to_string(&chain("one-more", "{members: [{organization: bank}]}")?)?;
        let in_vain = format!(
            "/apis/entente.dev/v1alpha1/namespaces/{}/chains?dryRun=All",
            namespace.name()
        );
        // Until what is used has been counted, the refusal says no more than that.
        wait::until("the quota to be enforced", DISCOVERY, async || {
            let refused = cluster.create_raw(&in_vain, &one_more).await.err()?;
            format!("{refused:#}").contains("exceeded quota").then_some(())
        })
        .await;
        assert_eq!(
            refused("{members: [{organization: bank}]}").await?,
            "Chain hebei/ledger is more than its namespace may hold: plan, requested: count/chains.entente.dev=1, \
             used: \
             count/chains.entente.dev=0, limited: count/chains.entente.dev=0"
        );
        let nowhere = registry
            .create(
                &Scope::namespace("nowhere"),
                &chain("ledger", "{members: [{organization: bank}]}")?,
            )
            .await;
        let Err(RegistryError::NoSuchNamespace { .. }) = nowhere else {
            anyhow::bail!("{nowhere:?} says nothing of the namespace");
        };
        Ok(())
    });
}

#[test]
fn at_rest_the_api_server_is_asked_for_nothing() {
    cluster::test(async |cluster| {
        cluster.define_resources().await?;
        let namespace = Namespace::create(cluster, "rest").await?;
        let (metrics, scope) = (Metrics::default(), Scope::namespace(namespace.name()));
        let registry = connected(&metrics).await?;
        let chain = chain("ledger", "{members: [{organization: bank}]}")?;
        registry.apply(&scope, &chain).await?;
        let before = settled(&metrics).await;

        for _ in 0..100 {
            registry.get::<Chain>(&scope, "ledger").await?;
            registry.list::<Chain>(&Scope::All).await?;
            registry.apply(&scope, &chain).await?;
            registry
                .put_status::<Chain>(&scope, "ledger", &ChainStatus::default())
                .await?;
        }

        // The first status is news.
        assert_eq!(metrics.requests() - before, 1);
        Ok(())
    });
}

/// How many requests were made, once none has been made for a second: each kind's watch begins after its list, in its own
/// time.
async fn settled(metrics: &Metrics) -> u64 {
    let last = Cell::new((metrics.requests(), Instant::now()));
    wait::until("the watches to be open", PATIENCE, async || {
        let (count, since) = last.get();
        if metrics.requests() != count {
            last.set((metrics.requests(), Instant::now()));
            return None;
        }
        (since.elapsed() > Duration::from_secs(1)).then_some(count)
    })
    .await
}

#[test]
fn what_kubectl_writes_and_what_the_platform_writes_do_not_disturb_each_other() {
    cluster::test(async |cluster| {
        cluster.define_resources().await?;
        let namespace = Namespace::create(cluster, "managers").await?;
        let (registry, scope) = (
            connected(&Metrics::default()).await?,
            Scope::namespace(namespace.name()),
        );
        let manifest = "apiVersion: entente.dev/v1alpha1
kind: Chain
metadata: {name: ledger, annotations: {team: audit}}
spec: {members: [{organization: bank}, {organization: tax, peers: 2}]}
";
        namespace.apply(manifest).await?;
        let read = wait::until("the chain to be told", PATIENCE, async || {
            registry.get::<Chain>(&scope, "ledger").await.ok()?
        })
        .await;
        let marked: Chain = registry.add_finalizer(&scope, "ledger", "entente.dev/cleanup").await?;
        let same = registry.update(&scope, &marked).await?;

        let again = namespace.apply(manifest).await?;
        let fields = ["get", "chain", "ledger", "--show-managed-fields", "-o"];
        let managers = namespace
            .kubectl(
                &[
                    &fields[..],
                    &["jsonpath={range .metadata.managedFields[*]}{.manager} {.fieldsV1}{'\\n'}{end}"],
                ]
                .concat(),
            )
            .await?;

        assert_eq!(read.metadata.generation, Some(1));
        assert_eq!(same, marked);
        assert_eq!(marked.metadata.generation, Some(1));
        assert_eq!(again, "chain.entente.dev/ledger serverside-applied\n");
        let after = registry
            .get::<Chain>(&scope, "ledger")
            .await?
            .context("the chain is there")?;
        assert_eq!(after.metadata.resource_version, marked.metadata.resource_version);
        let ours = managers.lines().find(|line| line.starts_with("entente-operator "));
        assert_eq!(
            ours,
            Some(r#"entente-operator {"f:metadata":{"f:finalizers":{".":{},"v:\"entente.dev/cleanup\"":{}}}}"#)
        );
        registry
            .remove_finalizer::<Chain>(&scope, "ledger", "entente.dev/cleanup")
            .await?;
        Ok(())
    });
}

//! The operator is cut off at any point: whoever starts again ends in the same place, with nothing doubled and nothing left.

use std::path::{Path, PathBuf};
use std::time::Duration;

use entente_api::Chain;
use entente_api::chain::{ChainMember, ChainSpec};
use entente_api::node_release::Engine;
use entente_tests::cluster::{self, Cluster, Image, Namespace};
use entente_tests::executables;
use entente_tests::skip::say;

use crate::operator::Operator;

const CHAIN: &str = "
members: [{organization: bank}]
ordering: {replicas: 1}
contracts: [{name: evidence, template: evidence}]
deletionPolicy: Delete
";

/// What a user asks for just before the operator is cut off.
#[derive(Clone, Copy)]
enum Wish {
    Create,
    Grow,
    Delete,
    /// What was asked for before.
    Nothing,
}

async fn ask(operator: &Operator, wish: Wish, spec: &str) -> anyhow::Result<()> {
    let registry = &operator.context.registry;
    match wish {
        Wish::Nothing => Ok(()),
        Wish::Create => {
            let spec: ChainSpec = serde_yaml::from_str(spec)?;
            registry.create(&operator.scope, &Chain::new("ledger", spec)).await?;
            Ok(())
        }
        Wish::Grow => {
            operator
                .change("ledger", |spec| {
                    spec.members[0].peers = 2;
                    spec.members.push(ChainMember::new("tax", 1));
                    spec.contracts[0].definition.version = "2.0".to_owned();
                })
                .await
        }
        Wish::Delete => {
            registry.delete::<Chain>(&operator.scope, "ledger").await?;
            Ok(())
        }
    }
}

/// Operators of one installation, one after the other.
#[derive(Clone)]
struct Installation {
    namespace: String,
    image: String,
    home: PathBuf,
    spec: String,
}

impl Installation {
    async fn operator(&self) -> anyhow::Result<Operator> {
        Operator::resume(&self.namespace, &self.image, None, &self.home).await
    }

    /// Starts an operator, asks it for something, and cuts it off after `moment`. It has a runtime of its own, with which
    /// everything that it has begun ends at once, as with a killed process.
    async fn cut_off(&self, wish: Wish, moment: Duration) -> anyhow::Result<()> {
        let own = self.clone();
        tokio::task::spawn_blocking(move || {
            let doomed = tokio::runtime::Runtime::new()?;
            let begun = doomed.block_on(async {
                let operator = own.operator().await?;
                ask(&operator, wish, &own.spec).await?;
                // A moment to be cut off at, not a wait for something.
                tokio::time::sleep(moment).await;
                anyhow::Ok(())
            });
            doomed.shutdown_background();
            begun
        })
        .await?
    }

    /// Cuts operators off one after the other, while the first one's wish is fulfilled.
    async fn cut_off_at(&self, wish: Wish, moments: &[u64]) -> anyhow::Result<()> {
        for (index, moment) in moments.iter().enumerate() {
            let wish = if index == 0 { wish } else { Wish::Nothing };
            self.cut_off(wish, Duration::from_millis(*moment)).await?;
        }
        say(&format!("operators were cut off after {moments:?} ms"));
        Ok(())
    }
}

/// The objects of a kind in a namespace, without what a StatefulSet or Deployment adds to its pods' names.
async fn all(namespace: &Namespace, kind: &str) -> anyhow::Result<Vec<String>> {
    let names = namespace.kubectl(&["get", kind, "--output=name"]).await?;
    let names = names.lines().filter_map(|line| line.split_once('/'));
    Ok(names.map(|(_, name)| name.to_owned()).collect())
}

#[test]
fn an_operator_that_is_cut_off_at_any_step_is_followed_by_one_that_finishes() {
    cluster::test(async |cluster| cut_operators_off(cluster, Engine::Native).await);
}

#[test]
fn an_operator_of_stock_nodes_that_is_cut_off_at_any_step_is_followed_by_one_that_finishes() {
    let name = "crash::an_operator_of_stock_nodes_that_is_cut_off_at_any_step_is_followed_by_one_that_finishes";
    if executables::stock_fabric_or_skip(name).is_some() {
        cluster::test(async |cluster| cut_operators_off(cluster, Engine::Fabric).await);
    }
}

async fn cut_operators_off(cluster: &Cluster, engine: Engine) -> anyhow::Result<()> {
    let namespace = Namespace::create(cluster, "crash").await?;
    let home = tempfile::tempdir()?;
    let mut installation = Installation {
        namespace: namespace.name().to_owned(),
        image: cluster.image(Image::Node).await?,
        home: Path::new(home.path()).to_owned(),
        spec: String::new(),
    };
    let operator = installation.operator().await?;
    installation.spec = operator.on(engine, cluster, &installation.image, CHAIN).await?;
    operator.stop().await?;
    // Stock nodes take longer to start.
    let later: &[u64] = match engine {
        Engine::Native => &[],
        Engine::Fabric => &[6000],
    };

    installation
        .cut_off_at(Wish::Create, &[&[50, 200, 450, 900, 1600, 2500], later].concat())
        .await?;
    let operator = installation.operator().await?;
    let chain = operator.ready("ledger").await?;
    operator.transacts(&chain, "main", "made").await?;
    operator.stop().await?;
    assert_eq!(
        all(&namespace, "statefulsets").await?,
        ["ledger-orderer0", "ledger-peer0-bank"]
    );

    installation
        .cut_off_at(Wish::Grow, &[&[100, 300, 700, 1500, 3000], later].concat())
        .await?;
    let operator = installation.operator().await?;
    let chain = operator.ready("ledger").await?;
    operator.transacts(&chain, "main", "grown").await?;
    operator.stop().await?;
    let nodes = [
        "ledger-orderer0",
        "ledger-peer0-bank",
        "ledger-peer0-tax",
        "ledger-peer1-bank",
    ];
    assert_eq!(all(&namespace, "statefulsets").await?, nodes);
    assert_eq!(
        all(&namespace, "persistentvolumeclaims").await?,
        nodes.map(|node| format!("data-{node}-0"))
    );
    assert_eq!(all(&namespace, "deployments").await?.len(), 1);
    let contract = &chain.status.as_ref().map(|status| status.contracts[0].clone());
    let committed = contract
        .as_ref()
        .map(|contract| (contract.version.as_deref(), contract.sequence));
    assert_eq!(committed, Some((Some("2.0"), Some(2))));

    installation.cut_off_at(Wish::Delete, &[30, 150, 400]).await?;
    let operator = installation.operator().await?;
    operator
        .until("the chain to be gone", async || {
            Ok(operator.chain("ledger").await?.is_none().then_some(()))
        })
        .await?;
    let kinds =
        "pods,statefulsets,deployments,services,secrets,persistentvolumeclaims,poddisruptionbudgets,networkpolicies";
    let left = namespace.kubectl(&["get", kinds, "--output=name"]).await?;
    assert_eq!(left, "");
    operator.stop().await
}

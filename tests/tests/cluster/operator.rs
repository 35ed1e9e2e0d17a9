//! An operator in the test's own process, with its resources in a database of its own and its nodes in a namespace.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use entente_api::chain::ChainSpec;
use entente_api::condition::{Progress, State, kind};
use entente_api::member::NodeStatus;
use entente_api::node_release::{Engine, Images, NodeReleaseSpec};
use entente_api::{Chain, Contract, NodeRelease, Organization};
use entente_fabric::client::connect::{ConnectOptions, connect};
use entente_fabric::client::gateway;
use entente_fabric::identity::SigningIdentity;
use entente_fabric::proposal::Invocation;
use entente_fabric::proto::protos::TxValidationCode;
use entente_fabric::tls::TlsClient;
use entente_operator::registry::embedded::Embedded;
use entente_operator::registry::{Registry, Scope};
use entente_operator::substrate::NodeState;
use entente_operator::substrate::kubernetes::{Kubernetes, Settings};
use entente_operator::vault::{self, BundleId};
use entente_tests::cluster::{Cluster, Image, Namespace};
use entente_tests::skip::say;
use tonic::transport::Channel;

const PATIENCE: Duration = Duration::from_secs(240);
/// Longest wait of a client for one transaction.
const ATTEMPT: Duration = Duration::from_secs(20);

pub struct Operator {
    pub context: entente_operator::Context,
    pub scope: Scope,
    namespace: String,
    running: tokio::task::JoinHandle<()>,
    _home: Option<tempfile::TempDir>,
}

impl Operator {
    /// An operator whose chains live in `namespace` and run `image`.
    pub async fn start(namespace: &Namespace, image: &str) -> anyhow::Result<Operator> {
        Operator::start_for(namespace, image, None).await
    }

    /// The same, where the platform's own pods are in a namespace `platform`.
    pub async fn start_for(
        namespace: &Namespace,
        image: &str,
        platform: Option<&Namespace>,
    ) -> anyhow::Result<Operator> {
        let home = tempfile::tempdir()?;
        let platform = platform.map(|platform| platform.name().to_owned());
        let mut operator = Operator::resume(namespace.name(), image, platform, home.path()).await?;
        operator._home = Some(home);
        Ok(operator)
    }

    /// The same, with what an operator before it has left in its folder.
    pub async fn resume(
        namespace: &str,
        image: &str,
        platform_namespace: Option<String>,
        home: &Path,
    ) -> anyhow::Result<Operator> {
        // With RUST_LOG set, what the operator does is told beside what the test says.
        let filter = tracing_subscriber::EnvFilter::from_default_env();
        let log = tracing_subscriber::fmt().with_env_filter(filter);
        log.with_writer(std::io::stderr).try_init().ok();
        // A second provider in the process would make TLS ambiguous.
        rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
        let store = Embedded::open(&home.join("registry.db")).await?;
        let client = kube::Client::try_default().await?;
        let settings = Settings {
            platform_namespace,
            ..Settings::new(image)
        };
        let substrate = Kubernetes::new(client, settings);
        let keys = vault::Local::new(&home.join("vault"));
        let registry = Registry::new(Arc::new(store));
        let context = entente_operator::Context::new(registry, Arc::new(substrate), Arc::new(keys));
        Ok(Operator {
            running: tokio::spawn(entente_operator::run(context.clone())),
            scope: Scope::namespace(namespace),
            namespace: namespace.to_owned(),
            context,
            _home: None,
        })
    }

    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.context.stop.cancel();
        Ok((&mut self.running).await?)
    }

    /// Publishes software for nodes.
    pub async fn release(&self, name: &str, engine: Engine, images: Images) -> anyhow::Result<()> {
        let spec = NodeReleaseSpec {
            engine,
            version: "1".to_owned(),
            default: false,
            end_of_life_time: None,
            images: Some(images),
        };
        let release = NodeRelease::new(name, spec);
        self.context.registry.apply(&Scope::All, &release).await?;
        Ok(())
    }

    /// Publishes stock Fabric as the release `fabric`; `tools` is the image of our node.
    async fn release_stock(&self, cluster: &Cluster, tools: &str) -> anyhow::Result<()> {
        let images = Images {
            peer: cluster.image(Image::StockPeer).await?,
            orderer: cluster.image(Image::StockOrderer).await?,
            node_tools: Some(tools.to_owned()),
            ..Images::default()
        };
        self.release("fabric", Engine::Fabric, images).await
    }

    /// The spec of a chain that runs this engine, whose software is published; `tools` is the image of our node.
    pub async fn on(&self, engine: Engine, cluster: &Cluster, tools: &str, spec: &str) -> anyhow::Result<String> {
        if engine == Engine::Native {
            return Ok(spec.to_owned());
        }
        self.release_stock(cluster, tools).await?;
        Ok(format!("{}\nrelease: fabric\n", spec.trim_end()))
    }

    /// Creates a chain and waits until it is ready.
    pub async fn create(&self, name: &str, spec: &str) -> anyhow::Result<Chain> {
        let spec: ChainSpec = serde_yaml::from_str(spec)?;
        let began = Instant::now();
        let chain = Chain::new(name, spec);
        self.context.registry.create(&self.scope, &chain).await?;
        let chain = self.ready(name).await?;
        say(&format!(
            "chain {name} is ready after {:.2} s",
            began.elapsed().as_secs_f64()
        ));
        steps(&chain);
        Ok(chain)
    }

    /// Creates a chain that cannot run, and waits until its status says so with `word`. Gives the whole message.
    pub async fn create_in_vain(&self, name: &str, spec: &str, word: &str) -> anyhow::Result<String> {
        let chain = Chain::new(name, serde_yaml::from_str(spec)?);
        self.context.registry.create(&self.scope, &chain).await?;
        self.says(name, word).await
    }

    /// Edits a chain so that it cannot follow, and waits until its status says so with `word`. Gives the whole message.
    pub async fn edit_in_vain(
        &self,
        name: &str,
        word: &str,
        change: impl FnOnce(&mut ChainSpec),
    ) -> anyhow::Result<String> {
        self.change(name, change).await?;
        self.says(name, word).await
    }

    pub async fn change(&self, name: &str, change: impl FnOnce(&mut ChainSpec)) -> anyhow::Result<()> {
        let mut chain = self.chain(name).await?.context("the chain exists")?;
        change(&mut chain.spec);
        chain.metadata.resource_version = None;
        self.context.registry.update(&self.scope, &chain).await?;
        Ok(())
    }

    /// `host:port` of the service of a contract.
    pub async fn contract_address(&self, chain: &Chain, name: &str) -> anyhow::Result<String> {
        let mut contracts = chain.status.iter().flat_map(|status| &status.contracts);
        let resource = contracts.find(|contract| contract.name == name);
        let resource = &resource.context("the chain has the contract")?.resource;
        let found: Option<Contract> = self.context.registry.get(&self.scope, resource).await?;
        let service = found.and_then(|found| found.status).and_then(|status| status.service);
        service.context("the contract has a service")
    }

    /// What a chain's status says, once it says `word`.
    async fn says(&self, name: &str, word: &str) -> anyhow::Result<String> {
        self.until(&format!("{name} to say \"{word}\""), async || {
            let status = self
                .chain(name)
                .await?
                .and_then(|chain| chain.status)
                .unwrap_or_default();
            let message = status
                .progress
                .condition(kind::READY)
                .map(|ready| ready.message.clone());
            Ok(message.filter(|message| message.contains(word)))
        })
        .await
    }

    /// Waits until a chain's nodes are this many and all run.
    pub async fn all_run(&self, name: &str, count: usize) -> anyhow::Result<()> {
        self.until(&format!("{count} nodes of {name} to run"), async || {
            let substrate = &self.context.substrate;
            let nodes = substrate.list(&self.namespace, name).await?;
            let nodes = nodes.iter().filter(|node| !node.name.starts_with("contract"));
            let states = futures::future::join_all(nodes.map(|node| substrate.state(node))).await;
            Ok((states.len() == count && states.iter().all(NodeState::is_running)).then_some(()))
        })
        .await
    }

    /// Deletes pods, and waits until there are others of their names. `kubectl delete` itself may miss that the one it waits
    /// for is gone when another one has its name already.
    pub async fn replace_pods(&self, namespace: &Namespace, pods: &[&str]) -> anyhow::Result<()> {
        let uids = async || {
            let uid = ["--ignore-not-found", "--output=jsonpath={.metadata.uid}"];
            let asked = pods.iter().map(async |pod| {
                let args = [&["get", "pod", pod], &uid[..]].concat();
                namespace.kubectl(&args).await
            });
            futures::future::try_join_all(asked).await
        };
        let before = uids().await?;
        let delete = [&["delete", "pod", "--wait=false"], pods].concat();
        namespace.kubectl(&delete).await?;
        self.until(&format!("other pods in the place of {pods:?}"), async || {
            let now = uids().await?;
            let mut pairs = now.iter().zip(&before);
            let replaced = pairs.all(|(now, before)| !now.is_empty() && now != before);
            Ok(replaced.then_some(()))
        })
        .await
    }

    /// Waits until an object exists.
    pub async fn exists(&self, namespace: &Namespace, kind: &str, name: &str) -> anyhow::Result<()> {
        self.until(&format!("the {kind} {name}"), async || {
            Ok(namespace.kubectl(&["get", kind, name]).await.ok().map(drop))
        })
        .await
    }

    /// Asks until the answer is `Some`.
    pub async fn until<T>(
        &self,
        what: &str,
        asked: impl AsyncFn() -> anyhow::Result<Option<T>>,
    ) -> anyhow::Result<T> {
        let answered = tokio::time::timeout(PATIENCE, async {
            loop {
                if let Some(answer) = asked().await? {
                    return Ok(answer);
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        answered
            .await
            .unwrap_or_else(|_| bail!("waited {PATIENCE:?} for {what}"))
    }

    pub async fn edit(&self, name: &str, change: impl FnOnce(&mut ChainSpec)) -> anyhow::Result<Chain> {
        self.change(name, change).await?;
        let began = Instant::now();
        let chain = self.ready(name).await?;
        say(&format!(
            "chain {name} follows an edit after {:.2} s",
            began.elapsed().as_secs_f64()
        ));
        Ok(chain)
    }

    pub async fn chain(&self, name: &str) -> anyhow::Result<Option<Chain>> {
        Ok(self.context.registry.get::<Chain>(&self.scope, name).await?)
    }

    /// Waits until the chain is what its spec says, ready or at rest; tells how it stands when it never is.
    pub async fn ready(&self, name: &str) -> anyhow::Result<Chain> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let chain = self.chain(name).await?.context("the chain exists")?;
            let generation = chain.metadata.generation.unwrap_or_default();
            let is_settled = |progress: &Progress| {
                let rests = progress.state == State::Suspended && progress.observed_generation == Some(generation);
                progress.is_ready_at(generation) || rests
            };
            if chain.status.as_ref().is_some_and(|status| is_settled(&status.progress)) {
                return Ok(chain);
            }
            if Instant::now() > deadline {
                steps(&chain);
                bail!(
                    "{name} does not become ready: {:#?}",
                    chain.status.map(|status| status.progress.conditions)
                );
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub async fn delete(&self, name: &str) -> anyhow::Result<()> {
        let began = Instant::now();
        self.context.registry.delete::<Chain>(&self.scope, name).await?;
        while let Some(chain) = self.chain(name).await? {
            if began.elapsed() > PATIENCE {
                steps(&chain);
                bail!("{name} does not go");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        say(&format!(
            "chain {name} is gone after {:.2} s",
            began.elapsed().as_secs_f64()
        ));
        Ok(())
    }

    /// A transaction through the gateway of each member's first peer, committed.
    pub async fn transacts(&self, chain: &Chain, channel: &str, tag: &str) -> anyhow::Result<()> {
        let status = chain.status.as_ref().context("the chain has a status")?;
        let known = status.channels.iter().find(|known| known.name == channel);
        let members = &known.context("the chain has the channel")?.members;
        let first_of_member =
            |node: &&NodeStatus| node.name.starts_with("peer0-") && members.contains(&node.organization);
        for node in status.nodes.iter().filter(first_of_member) {
            self.certify(node, channel, tag).await?;
        }
        Ok(())
    }

    /// The same, tried until it passes: a node that has just come back has to catch up first.
    pub async fn transacts_soon(&self, chain: &Chain, channel: &str, tag: &str) -> anyhow::Result<()> {
        let began = Instant::now();
        let attempt = AtomicUsize::new(0);
        self.until(&format!("a transaction {tag}"), async || {
            let attempt = attempt.fetch_add(1, Ordering::Relaxed);
            let tag = format!("{tag} {attempt}");
            let outcome = tokio::time::timeout(ATTEMPT, self.transacts(chain, channel, &tag)).await;
            let outcome = outcome.unwrap_or_else(|_| bail!("no end within {ATTEMPT:?}"));
            Ok(outcome.inspect_err(|error| tracing::debug!("{error:#}")).ok())
        })
        .await?;
        say(&format!(
            "a transaction {tag} passes after {:.2} s",
            began.elapsed().as_secs_f64()
        ));
        Ok(())
    }

    /// Waits until an orderer takes part in ordering a channel, as its own metrics tell.
    pub async fn orders(&self, chain: &str, orderer: &str, channel: &str) -> anyhow::Result<()> {
        let url = format!("http://{chain}-{orderer}.{}:9443/metrics", self.namespace);
        let wanted = ["participation_status", "participation_consensus_relation"]
            .map(|metric| format!("{metric}{{channel=\"{channel}\"}} 1"));
        self.until(&format!("{orderer} to order {channel}"), async || {
            let Ok(answer) = reqwest::get(&url).await else {
                return Ok(None);
            };
            let metrics = answer.text().await?;
            let has = |line: &String| metrics.lines().any(|found| found == line);
            Ok(wanted.iter().all(has).then_some(()))
        })
        .await
    }

    /// A transaction through the gateway of this member's first peer, committed.
    pub async fn transacts_by(
        &self,
        organization: &str,
        chain: &Chain,
        channel: &str,
        tag: &str,
    ) -> anyhow::Result<()> {
        let nodes = chain.status.iter().flat_map(|status| &status.nodes);
        let mut own = nodes.filter(|node| node.role == "peer" && node.organization == organization);
        self.certify(own.next().context("it has a peer")?, channel, tag).await
    }

    async fn certify(&self, node: &NodeStatus, channel: &str, tag: &str) -> anyhow::Result<()> {
        let call = Invocation::new(channel, "evidence", "Certify")
            .arg(digest(tag, node).as_str())
            .arg("a note");
        self.submit(&node.organization, &node.endpoint, &call).await
    }

    /// Whether each member's first peer still knows what [`Operator::transacts`] has certified.
    pub async fn knows(&self, chain: &Chain, channel: &str, tag: &str) -> anyhow::Result<()> {
        let nodes = chain.status.iter().flat_map(|status| &status.nodes);
        for node in nodes.filter(|node| node.name.starts_with("peer0-")) {
            let (peer, signer) = self.gateway(&node.organization, &node.endpoint).await?;
            let question = Invocation::new(channel, "evidence", "Get").arg(digest(tag, node).as_str());
            gateway::evaluate(&peer, &question, &[], &signer).await?;
        }
        Ok(())
    }

    async fn submit(&self, organization: &str, endpoint: &str, call: &Invocation) -> anyhow::Result<()> {
        let (peer, signer) = self.gateway(organization, endpoint).await?;
        let endorsed = gateway::endorse(&peer, call, &[], &signer).await?;
        gateway::submit(&peer, &endorsed).await?;
        let committed = gateway::commit_status(&peer, &call.channel, &endorsed.transaction_id, &signer).await?;
        ensure!(committed.code == TxValidationCode::Valid, "{:?}", committed.code);
        Ok(())
    }

    /// A connection to a peer, and the administrator of its organization.
    pub async fn gateway(&self, organization: &str, endpoint: &str) -> anyhow::Result<(Channel, SigningIdentity)> {
        let id = BundleId::new(&self.namespace, organization, "admin");
        let bundle = self
            .context
            .vault
            .read(&id)
            .await?
            .context("there is an administrator")?;
        let found: Option<Organization> = self.context.registry.get(&self.scope, organization).await?;
        let status = found
            .and_then(|found| found.status)
            .context("the organization exists")?;
        let signer = SigningIdentity::new(
            &status.msp_id.context("it has an MSP")?,
            &bundle["msp/signcerts/cert.pem"],
            &bundle["msp/keystore/key.pem"],
        )?;
        let root = status.tls_ca_certificate.context("it has a TLS CA")?;
        let tls = TlsClient::trusting_pem(root.as_bytes())?;
        let peer = connect(endpoint, Some(&tls), &ConnectOptions::default()).await?;
        Ok((peer, signer))
    }
}

fn digest(tag: &str, node: &NodeStatus) -> String {
    hex::encode(entente_fabric::crypto::sha256(format!("{tag}{}", node.name).as_bytes()))
}

impl Drop for Operator {
    fn drop(&mut self) {
        self.running.abort();
    }
}

/// Says when each step began and ended, in milliseconds since the first.
fn steps(chain: &Chain) {
    let Some(status) = &chain.status else { return };
    let zero = status.progress.steps.iter().filter_map(|step| step.start_time).min();
    for step in &status.progress.steps {
        let at = |time: Option<entente_api::time::Time>| match (time, zero) {
            (Some(time), Some(zero)) => (time.get() - zero.get()).num_milliseconds().to_string(),
            _ => "-".to_owned(),
        };
        let (began, ended) = (at(step.start_time), at(step.end_time));
        let cause = step.cause.as_deref().unwrap_or_default();
        say(&format!(
            "  {began:>6} {ended:>6} {:?} {} {cause}",
            step.state, step.name
        ));
    }
}

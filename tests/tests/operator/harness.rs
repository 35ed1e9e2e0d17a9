//! An operator in the test's own process, on a folder of its own, with real nodes.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use entente_api::chain::ChainSpec;
use entente_api::condition::{State, StepState};
use entente_api::node_release::{Engine, NodeRelease, NodeReleaseSpec};
use entente_api::{Chain, Contract, Member, Organization};
use entente_fabric::client::connect::{ConnectOptions, connect};
use entente_fabric::client::{endorser, gateway};
use entente_fabric::identity::SigningIdentity;
use entente_fabric::proposal::Invocation;
use entente_fabric::proto::protos::TxValidationCode;
use entente_fabric::tls::TlsClient;
use entente_operator::registry::embedded::Embedded;
use entente_operator::registry::{Registry, Scope};
use entente_operator::substrate::local::{Executables, Local};
use entente_operator::vault::{self, BundleId};
use entente_operator::{Clock, Context};
use entente_tests::{executables, wait};
use tonic::transport::Channel;

pub const PATIENCE: Duration = Duration::from_secs(180);
/// Two members, three orderers, one contract; nothing stays when it is deleted.
pub const CHAIN: &str = "
deletionPolicy: Delete
members: [{organization: bank}, {organization: tax}]
channels: [{name: main}]
contracts: [{name: evidence, template: evidence, channel: main}]
";

/// An operator on a folder of its own.
pub struct Operator {
    pub context: Context,
    running: tokio::task::JoinHandle<()>,
    engine: Engine,
}

pub fn scope() -> Scope {
    Scope::namespace("hebei")
}

impl Operator {
    pub async fn start(root: &Path, engine: Engine) -> Operator {
        Operator::start_at(root, engine, Arc::new(SystemTime::now)).await
    }

    /// With a clock of the test's own.
    pub async fn start_at(root: &Path, engine: Engine, clock: Clock) -> Operator {
        Operator::start_with(root, engine, |context| Context { clock, ..context }).await
    }

    /// With a context that the test has changed.
    pub async fn start_with(root: &Path, engine: Engine, change: impl FnOnce(Context) -> Context) -> Operator {
        // With RUST_LOG set, what the operator does is told beside what the test says.
        let filter = tracing_subscriber::EnvFilter::from_default_env();
        let _ = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .try_init();
        let store = Embedded::open(&root.join("registry.db")).await.unwrap();
        let programs = Executables {
            node: executables::entente("entente-node"),
            stock: executables::stock_fabric(),
        };
        let substrate = Local::open(&root.join("nodes"), programs).unwrap();
        let keys = vault::Local::new(&root.join("vault"));
        let context = Context::new(Registry::new(Arc::new(store)), Arc::new(substrate), Arc::new(keys));
        let context = change(context);
        let spec = NodeReleaseSpec {
            engine,
            version: "1".to_owned(),
            default: true,
            end_of_life_time: None,
            images: None,
        };
        let release = NodeRelease::new(engine.as_str(), spec);
        context.registry.apply(&Scope::All, &release).await.unwrap();
        let running = tokio::spawn(entente_operator::run(context.clone()));
        Operator {
            context,
            running,
            engine,
        }
    }

    pub async fn stop(mut self) {
        self.context.stop.cancel();
        (&mut self.running).await.unwrap();
    }

    pub async fn create(&self, name: &str, spec: &str) -> Chain {
        let spec: ChainSpec = serde_yaml::from_str(spec).unwrap();
        let began = Instant::now();
        self.context
            .registry
            .create(&scope(), &Chain::new(name, spec))
            .await
            .unwrap();
        let chain = self.ready(name).await;
        let seconds = began.elapsed().as_secs_f64();
        say(&format!(
            "{} chain {name} is ready after {seconds:.2} s",
            self.engine.as_str()
        ));
        steps(&chain);
        chain
    }

    /// Writes a change of the spec.
    pub async fn change(&self, name: &str, change: impl FnOnce(&mut ChainSpec)) {
        let mut chain = self.chain(name).await;
        change(&mut chain.spec);
        chain.metadata.resource_version = None;
        self.context.registry.update(&scope(), &chain).await.unwrap();
    }

    /// Writes a change of the spec, and waits until the chain is ready with it.
    pub async fn edit(&self, name: &str, change: impl FnOnce(&mut ChainSpec)) -> Chain {
        self.change(name, change).await;
        let began = Instant::now();
        let chain = self.ready(name).await;
        say(&format!(
            "{} chain {name} follows an edit after {:.2} s",
            self.engine.as_str(),
            began.elapsed().as_secs_f64()
        ));
        chain
    }

    /// Waits until the chain rests as its newest spec asks.
    pub async fn suspended(&self, name: &str) -> Chain {
        self.until("the chain to rest", async || {
            let chain = self.chain(name).await;
            let progress = &chain.status.as_ref()?.progress;
            let current = progress.observed_generation == chain.metadata.generation;
            (current && progress.state == State::Suspended).then_some(chain)
        })
        .await
    }

    /// Asks until the answer is `Some`; tells how everything stands when it never is.
    pub async fn until<T, F: Future<Output = Option<T>>>(&self, what: &str, mut asked: impl FnMut() -> F) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(answer) = asked().await {
                return answer;
            }
            if Instant::now() > deadline {
                self.describe().await;
                panic!("waited {PATIENCE:?} for {what}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Prints how every chain, member and contract stands.
    async fn describe(&self) {
        let registry = &self.context.registry;
        for chain in registry.list::<Chain>(&scope()).await.unwrap() {
            say(&format!(
                "chain: {:#?}",
                chain
                    .status
                    .as_ref()
                    .map(|s| (&s.progress.conditions, &s.channels, &s.plan))
            ));
            steps(&chain);
        }
        for member in registry.list::<Member>(&scope()).await.unwrap() {
            say(&format!("member {:?}: {:#?}", member.metadata.name, member.status));
        }
        for contract in registry.list::<Contract>(&scope()).await.unwrap() {
            say(&format!(
                "contract {:?}: {:#?}",
                contract.metadata.name, contract.status
            ));
        }
    }

    pub async fn chain(&self, name: &str) -> Chain {
        self.context
            .registry
            .get::<Chain>(&scope(), name)
            .await
            .unwrap()
            .unwrap()
    }

    pub async fn ready(&self, name: &str) -> Chain {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let chain = self.chain(name).await;
            let generation = chain.metadata.generation.unwrap();
            if chain
                .status
                .as_ref()
                .is_some_and(|status| status.progress.is_ready_at(generation))
            {
                return chain;
            }
            if Instant::now() > deadline {
                self.describe().await;
                panic!("{name} does not become ready");
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub async fn delete(&self, name: &str) {
        let began = Instant::now();
        self.context.registry.delete::<Chain>(&scope(), name).await.unwrap();
        wait::until("the chain to be gone", PATIENCE, async || {
            self.context
                .registry
                .get::<Chain>(&scope(), name)
                .await
                .unwrap()
                .is_none()
                .then_some(())
        })
        .await;
        say(&format!(
            "{} chain {name} is gone after {:.2} s",
            self.engine.as_str(),
            began.elapsed().as_secs_f64()
        ));
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        self.running.abort();
    }
}

fn steps(chain: &Chain) {
    let Some(status) = &chain.status else { return };
    let zero = status.progress.steps.iter().filter_map(|step| step.start_time).min();
    for step in &status.progress.steps {
        let at = |time: Option<entente_api::time::Time>| match (time, zero) {
            (Some(time), Some(zero)) => (time.get() - zero.get()).num_milliseconds().to_string(),
            _ => "-".to_owned(),
        };
        let state = match step.state {
            StepState::Succeeded => "ok",
            StepState::Failed => "FAILED",
            StepState::Running => "running",
            StepState::Pending => "pending",
        };
        let cause = step.cause.as_deref().unwrap_or_default();
        say(&format!(
            "  {:>6} {:>6} {state:8} {} {cause}",
            at(step.start_time),
            at(step.end_time),
            step.name
        ));
    }
}

pub fn say(line: &str) {
    use std::io::Write as _;
    std::io::stderr().write_all(format!("{line}\n").as_bytes()).unwrap();
}

/// A folder whose processes end with the test, whatever becomes of it.
pub struct Home(pub tempfile::TempDir);

impl Home {
    pub fn new() -> Home {
        Home(tempfile::tempdir().unwrap())
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // An operator of a test that failed starts its nodes again until its runtime ends it.
        for _ in 0..40 {
            let left = processes(self.0.path());
            if left.is_empty() && !std::thread::panicking() {
                return;
            }
            for (_, pid) in left {
                let pid = nix::unistd::Pid::from_raw(pid.try_into().unwrap());
                let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Processes of nodes below a folder, by node name.
pub fn processes(root: &Path) -> Vec<(String, u32)> {
    let prefix = format!("ENTENTE_NODE_FOLDER={}", root.display());
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let found = pids.filter_map(|pid| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
        let mut variables = environment.split(|byte| *byte == 0).map(String::from_utf8_lossy);
        let folder = variables.find(|variable| variable.starts_with(&prefix))?.into_owned();
        Some((folder.rsplit('/').next()?.to_owned(), pid))
    });
    found.collect()
}

/// A transaction through the gateway of each member of the chain's own tenant, endorsed as the contract's policy wants it and committed.
pub async fn transacts(operator: &Operator, chain: &Chain, channel: &str, tag: &str) {
    let status = chain.status.as_ref().unwrap();
    for node in status.nodes.iter().filter(|node| node.name.starts_with("peer0-")) {
        if !status
            .channels
            .iter()
            .any(|c| c.name == channel && c.members.contains(&node.organization))
        {
            continue;
        }
        let another_tenants = chain
            .spec
            .members
            .iter()
            .any(|member| member.organization == node.organization && member.namespace.is_some());
        if another_tenants {
            continue;
        }
        let gateway = Gateway::of(operator, chain, &node.name).await;
        gateway.transacts(channel, tag).await;
    }
}

/// A peer's gateway, as its organization's administrator uses it. Does without the operator once it is made.
pub struct Gateway {
    name: String,
    peer: Channel,
    signer: SigningIdentity,
}

impl Gateway {
    pub async fn of(operator: &Operator, chain: &Chain, peer: &str) -> Gateway {
        let nodes = &chain.status.as_ref().unwrap().nodes;
        let node = nodes.iter().find(|node| node.name == peer).unwrap();
        let (signer, tls) = administrator(operator, chain, &node.organization).await;
        let peer = connect(&node.endpoint, Some(&tls), &ConnectOptions::default())
            .await
            .unwrap();
        Gateway {
            name: node.name.clone(),
            peer,
            signer,
        }
    }

    /// Certifies something, endorsed as the contract's policy wants it, and waits for its commit.
    pub async fn transacts(&self, channel: &str, tag: &str) {
        let Gateway { name, peer, signer } = self;
        let call = Invocation::new(channel, "evidence", "Certify")
            .arg(digest(tag, name).as_str())
            .arg("a note");
        // So it does when the peer that was asked has just died.
        let endorsed = wait::until("the endorsements", PATIENCE, async || {
            gateway::endorse(peer, &call, &[], signer).await.ok()
        })
        .await;
        gateway::submit(peer, &endorsed).await.unwrap();
        let committed = gateway::commit_status(peer, channel, &endorsed.transaction_id, signer)
            .await
            .unwrap();
        assert_eq!(committed.code, TxValidationCode::Valid);
    }

    /// The same while nodes come and go, as a client that is not content before the transaction is committed.
    pub async fn insists(&self, channel: &str, tag: &str) {
        let Gateway { name, peer, signer } = self;
        let call = Invocation::new(channel, "evidence", "Certify")
            .arg(digest(tag, name).as_str())
            .arg("a note");
        let endorsed = wait::until("endorsements", PATIENCE, async || {
            gateway::endorse(peer, &call, &[], signer).await.ok()
        })
        .await;
        let id = &endorsed.transaction_id;
        let committed = wait::until("the transaction to be committed", PATIENCE, async || {
            gateway::submit(peer, &endorsed).await.ok()?;
            let status = gateway::commit_status(peer, channel, id, signer);
            tokio::time::timeout(Duration::from_secs(5), status).await.ok()?.ok()
        })
        .await;
        assert_eq!(committed.code, TxValidationCode::Valid);
    }

    /// Whether the peer itself runs the contract: nobody else is asked.
    pub async fn runs_it(&self, channel: &str) -> bool {
        let question = Invocation::new(channel, "evidence", "org.hyperledger.fabric:GetMetadata");
        endorser::query(&self.peer, &question, &self.signer).await.is_ok()
    }
}

/// Whether each member's peer still knows what [`transacts`] has certified on channel `main`.
pub async fn knows(operator: &Operator, chain: &Chain, tag: &str) -> bool {
    let nodes = &chain.status.as_ref().unwrap().nodes;
    for node in nodes.iter().filter(|node| node.name.starts_with("peer0-")) {
        let (signer, tls) = administrator(operator, chain, &node.organization).await;
        let peer = connect(&node.endpoint, Some(&tls), &ConnectOptions::default())
            .await
            .unwrap();
        let question = Invocation::new("main", "evidence", "Get").arg(digest(tag, &node.name).as_str());
        if gateway::evaluate(&peer, &question, &[], &signer).await.is_err() {
            return false;
        }
    }
    true
}

fn digest(tag: &str, node: &str) -> String {
    hex::encode(entente_fabric::crypto::sha256(format!("{tag}{node}").as_bytes()))
}

/// What an organization's administrator signs and speaks TLS with.
async fn administrator(operator: &Operator, chain: &Chain, organization: &str) -> (SigningIdentity, TlsClient) {
    let mut members = chain.spec.members.iter();
    let entry = members.find(|member| member.organization == organization);
    let home = entry.and_then(|entry| entry.namespace.as_deref()).unwrap_or("hebei");
    let id = BundleId::new(home, organization, "admin");
    let bundle = operator.context.vault.read(&id).await.unwrap().unwrap();
    let organization: Organization = operator
        .context
        .registry
        .get(&Scope::namespace(home), organization)
        .await
        .unwrap()
        .unwrap();
    let organization = organization.status.unwrap();
    let signer = SigningIdentity::new(
        &organization.msp_id.unwrap(),
        &bundle["msp/signcerts/cert.pem"],
        &bundle["msp/keystore/key.pem"],
    )
    .unwrap();
    let tls = TlsClient::trusting_pem(organization.tls_ca_certificate.unwrap().as_bytes()).unwrap();
    (signer, tls)
}

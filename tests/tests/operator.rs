//! The operator with real nodes, without the platform around it: resources in, a chain out.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use entente_api::chain::{ChainMember, ChainSpec};
use entente_api::condition::StepState;
use entente_api::node_release::{Engine, NodeRelease, NodeReleaseSpec};
use entente_api::{Chain, Contract, Member, Organization};
use entente_fabric::client::connect::{ConnectOptions, connect};
use entente_fabric::client::gateway;
use entente_fabric::identity::SigningIdentity;
use entente_fabric::proposal::Invocation;
use entente_fabric::proto::protos::TxValidationCode;
use entente_fabric::tls::TlsClient;
use entente_operator::Context;
use entente_operator::registry::embedded::Embedded;
use entente_operator::registry::{Registry, Scope};
use entente_operator::substrate::local::{Executables, Local};
use entente_operator::vault::{self, BundleId};
use entente_tests::{executables, wait};

const PATIENCE: Duration = Duration::from_secs(120);
const CHAIN: &str = "
members: [{organization: bank}, {organization: tax}]
channels: [{name: main}]
contracts: [{name: evidence, template: evidence, channel: main}]
";

/// An operator on a folder of its own.
struct Operator {
    context: Context,
    running: tokio::task::JoinHandle<()>,
    engine: Engine,
}

fn scope() -> Scope {
    Scope::namespace("hebei")
}

impl Operator {
    async fn start(root: &Path, engine: Engine) -> Operator {
        let store = Embedded::open(&root.join("registry.db")).await.unwrap();
        let programs = Executables {
            node: executables::entente("entente-node"),
            contracts: executables::entente("entente-contracts"),
            stock: executables::stock_fabric(),
        };
        let substrate = Local::open(&root.join("nodes"), programs).unwrap();
        let keys = vault::Local::new(&root.join("vault"));
        let context = Context::new(Registry::new(Arc::new(store)), Arc::new(substrate), Arc::new(keys));
        let spec = NodeReleaseSpec {
            engine,
            version: "1".to_owned(),
            default: true,
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

    async fn stop(self) {
        self.context.stop.cancel();
        self.running.await.unwrap();
    }

    async fn create(&self, name: &str, spec: &str) -> Chain {
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

    async fn edit(&self, name: &str, change: impl FnOnce(&mut ChainSpec)) -> Chain {
        let mut chain = self.chain(name).await;
        change(&mut chain.spec);
        chain.metadata.resource_version = None;
        self.context.registry.update(&scope(), &chain).await.unwrap();
        let began = Instant::now();
        let chain = self.ready(name).await;
        say(&format!(
            "{} chain {name} follows an edit after {:.2} s",
            self.engine.as_str(),
            began.elapsed().as_secs_f64()
        ));
        chain
    }

    async fn chain(&self, name: &str) -> Chain {
        self.context
            .registry
            .get::<Chain>(&scope(), name)
            .await
            .unwrap()
            .unwrap()
    }

    async fn ready(&self, name: &str) -> Chain {
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
                steps(&chain);
                panic!(
                    "{name} does not become ready: {:#?}",
                    chain.status.unwrap().progress.conditions
                );
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn delete(&self, name: &str) {
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

fn say(line: &str) {
    use std::io::Write as _;
    std::io::stderr().write_all(format!("{line}\n").as_bytes()).unwrap();
}

/// A folder whose processes end with the test, whatever becomes of it.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Home {
        Home(tempfile::tempdir().unwrap())
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let kept = std::path::Path::new("/tmp").join("entente-operator-failed");
            let _ = std::fs::remove_dir_all(&kept);
            let _ = std::process::Command::new("cp")
                .arg("-r")
                .arg(self.0.path())
                .arg(&kept)
                .status();
        }
        for (_, pid) in processes(self.0.path()) {
            let pid = nix::unistd::Pid::from_raw(pid.try_into().unwrap());
            let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL);
        }
    }
}

/// Processes of nodes below a folder, by node name.
fn processes(root: &Path) -> Vec<(String, u32)> {
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

/// A transaction through the gateway of each member, endorsed as the contract's policy wants it and committed.
async fn transacts(operator: &Operator, chain: &Chain, channel: &str, tag: &str) {
    let status = chain.status.as_ref().unwrap();
    for node in status.nodes.iter().filter(|node| node.name.starts_with("peer0-")) {
        if !status
            .channels
            .iter()
            .any(|c| c.name == channel && c.members.contains(&node.organization))
        {
            continue;
        }
        let id = BundleId::new("hebei", &node.organization, "admin");
        let bundle = operator.context.vault.read(&id).await.unwrap().unwrap();
        let organization: Organization = operator
            .context
            .registry
            .get(&scope(), &node.organization)
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
        let peer = connect(&node.endpoint, Some(&tls), &ConnectOptions::default())
            .await
            .unwrap();
        let digest = hex::encode(entente_fabric::crypto::sha256(format!("{tag}{}", node.name).as_bytes()));
        let call = Invocation::new(channel, "evidence", "Certify")
            .arg(digest.as_str())
            .arg("a note");
        let endorsed = gateway::endorse(&peer, &call, &[], &signer).await.unwrap();
        gateway::submit(&peer, &endorsed).await.unwrap();
        let committed = gateway::commit_status(&peer, channel, &endorsed.transaction_id, &signer)
            .await
            .unwrap();
        assert_eq!(committed.code, TxValidationCode::Valid);
    }
}

async fn a_chain_lives(engine: Engine) {
    let home = Home::new();
    let operator = Operator::start(home.0.path(), engine).await;

    let chain = operator.create("ledger", CHAIN).await;

    let status = chain.status.unwrap();
    assert_eq!(status.nodes.len(), 5);
    assert_eq!(status.member_count, 2);
    let contract = &status.contracts[0];
    assert_eq!((contract.version.as_deref(), contract.sequence), (Some("1.0"), Some(1)));
    transacts(&operator, &operator.chain("ledger").await, "main", "first").await;
    operator.delete("ledger").await;
    assert_eq!(processes(home.0.path()), []);
    assert_eq!(
        operator.context.registry.list::<Member>(&scope()).await.unwrap().len(),
        0
    );
    assert_eq!(
        operator
            .context
            .registry
            .list::<Contract>(&scope())
            .await
            .unwrap()
            .len(),
        0
    );
    assert_eq!(operator.context.substrate.list("hebei", "ledger").await.unwrap(), []);
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_native_chain_is_made_and_leaves_nothing_behind() {
    a_chain_lives(Engine::Native).await;
}

/// Every edit that a running chain follows, one after the other.
async fn a_chain_follows_edits(engine: Engine) {
    let home = Home::new();
    let operator = Operator::start(home.0.path(), engine).await;
    operator
        .create(
            "ledger",
            "
        members: [{organization: bank}]
        ordering: {replicas: 1}
        contracts: [{name: evidence, template: evidence}]
    ",
        )
        .await;
    let member = |organization: &str, peers| ChainMember {
        organization: organization.to_owned(),
        peers,
    };

    let chain = operator.edit("ledger", |spec| spec.members[0].peers = 2).await;
    assert_eq!(chain.status.as_ref().unwrap().nodes.len(), 3);
    transacts(&operator, &chain, "main", "another peer").await;

    let chain = operator
        .edit("ledger", |spec| spec.members.push(member("tax", 1)))
        .await;
    assert_eq!(chain.status.as_ref().unwrap().channels[0].members, ["bank", "tax"]);
    transacts(&operator, &chain, "main", "another member").await;

    let chain = operator
        .edit("ledger", |spec| {
            spec.channels
                .push(serde_yaml::from_str("{name: audit, members: [tax]}").unwrap());
            let evidence = "{name: evidence, template: evidence, channel: audit}";
            spec.contracts.push(serde_yaml::from_str(evidence).unwrap());
        })
        .await;
    transacts(&operator, &chain, "main", "another channel").await;
    transacts(&operator, &chain, "audit", "on it").await;

    let chain = operator
        .edit("ledger", |spec| spec.contracts[0].definition.version = "2.0".to_owned())
        .await;
    let upgraded = &chain.status.as_ref().unwrap().contracts;
    let upgraded = upgraded.iter().find(|contract| contract.channel == "main").unwrap();
    assert_eq!((upgraded.version.as_deref(), upgraded.sequence), (Some("2.0"), Some(2)));
    transacts(&operator, &chain, "main", "an upgrade").await;

    let before = chain.status.unwrap().channels[0].config_sequence;
    let chain = operator
        .edit("ledger", |spec| spec.batch.timeout = Some("100ms".to_owned()))
        .await;
    assert_eq!(chain.status.as_ref().unwrap().channels[0].config_sequence, before + 1);
    transacts(&operator, &chain, "main", "batch settings").await;

    let chain = operator.edit("ledger", |spec| spec.ordering.replicas = 3).await;
    assert_eq!(
        chain.status.as_ref().unwrap().channels[0].orderers,
        ["orderer0", "orderer1", "orderer2"]
    );
    transacts(&operator, &chain, "main", "three orderers").await;

    let chain = operator.edit("ledger", |spec| spec.members[0].peers = 1).await;
    transacts(&operator, &chain, "main", "a peer less").await;

    let chain = operator
        .edit("ledger", |spec| {
            spec.members.push(member("audit-office", 1));
            spec.ordering.replicas = 5;
        })
        .await;
    transacts(&operator, &chain, "main", "both at once").await;

    let chain = operator
        .edit("ledger", |spec| {
            spec.members.retain(|member| member.organization != "bank");
            spec.ordering.replicas = 3;
        })
        .await;
    assert_eq!(
        chain.status.as_ref().unwrap().channels[0].members,
        ["tax", "audit-office"]
    );
    transacts(&operator, &chain, "main", "a member less").await;
    wait::until("the peers of the former member to be gone", PATIENCE, async || {
        processes(home.0.path())
            .iter()
            .all(|(name, _)| name != "peer0-bank")
            .then_some(())
    })
    .await;
    operator.delete("ledger").await;
    assert_eq!(processes(home.0.path()), []);
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_native_chain_follows_edits() {
    a_chain_follows_edits(Engine::Native).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stock_chain_follows_edits() {
    if executables::stock_fabric_or_skip("a_stock_chain_follows_edits").is_some() {
        a_chain_follows_edits(Engine::Fabric).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stock_chain_is_made_and_leaves_nothing_behind() {
    if executables::stock_fabric_or_skip("a_stock_chain_is_made_and_leaves_nothing_behind").is_some() {
        a_chain_lives(Engine::Fabric).await;
    }
}

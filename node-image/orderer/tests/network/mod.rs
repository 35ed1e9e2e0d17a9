//! A network of real orderers in this process: each in a runtime of its own, which can be torn down at any moment, with its
//! own files and TLS listeners on loopback.

#![allow(dead_code, reason = "each test file uses its part")]

pub mod identities;

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use entente_api::node_config::{AdminEndpoint, NodeConfig, OperationsConfig, OrdererConfig, RoleConfig, TlsFiles};
use entente_fabric::client::connect::{ConnectOptions, connect};
use entente_fabric::client::participation::Participation;
use entente_fabric::client::{Caller, broadcast, deliver};
use entente_fabric::config::{edit, genesis, update};
use entente_fabric::envelope;
use entente_fabric::identity::SigningIdentity;
use entente_fabric::proto::common::{Block, Config, ConfigSignature, ConfigUpdateEnvelope, Envelope, HeaderType};
use entente_fabric::proto::etcdraft::{ConfigMetadata, Consenter, Options};
use entente_fabric::proto::orderer::atomic_broadcast_client::AtomicBroadcastClient;
use entente_fabric::tls::{Alpn, ClientAuth, ServeOptions, ServerTls, TlsClient, TlsIdentity, serve};
use entente_orderer::Orderer;
use futures::StreamExt as _;
use identities::{Authority, Leaf};
use prometheus_client::registry::Registry;
use prost::Message as _;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

pub const CHANNEL: &str = "ledger";

/// Longest that anything may take before a test fails.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Waits for a condition; says what it waited for when it does not come.
pub async fn eventually<T, F: AsyncFnMut() -> Option<T>>(what: &str, mut condition: F) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = condition().await {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {DEADLINE:?} for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What the channel's Raft group runs with.
#[derive(Clone)]
pub struct Tuning {
    pub snapshot_interval: u32,
    pub max_message_count: u32,
    pub batch_timeout: Duration,
}

impl Default for Tuning {
    fn default() -> Tuning {
        Tuning {
            snapshot_interval: 16 << 20,
            max_message_count: 10,
            batch_timeout: Duration::from_millis(50),
        }
    }
}

pub struct Network {
    dir: tempfile::TempDir,
    pub orderers: Vec<Node>,
    orderer_ca: Authority,
    orderer_tls_ca: Authority,
    bank_ca: Authority,
    bank_tls_ca: Authority,
    pub orderer_admin: Arc<SigningIdentity>,
    pub client: Arc<SigningIdentity>,
    pub admin_tls: TlsClient,
    tuning: Tuning,
}

/// One orderer: what it is, and, while it runs, the runtime it runs in.
pub struct Node {
    pub config: NodeConfig,
    pub address: SocketAddr,
    pub admin: SocketAddr,
    signer: Arc<SigningIdentity>,
    tls_pem: Vec<u8>,
    running: Option<Running>,
    tls_root: Vec<u8>,
}

struct Running {
    /// `None` once it is being torn down.
    runtime: Option<Runtime>,
    orderer: Arc<Orderer>,
    metrics: Registry,
    stop: CancellationToken,
    listeners: [JoinHandle<()>; 2],
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Running {
    /// Tears the runtime down. Blocking calls of a killed process end, too; here they must be waited for.
    fn tear_down(mut self) {
        if let Some(runtime) = self.runtime.take() {
            std::thread::spawn(move || runtime.shutdown_timeout(Duration::from_secs(5)))
                .join()
                .unwrap();
        }
    }
}

impl Network {
    pub fn new(count: usize) -> Network {
        Network::tuned(count, Tuning::default())
    }

    pub fn tuned(count: usize, tuning: Tuning) -> Network {
        // `RUST_LOG=entente_orderer=debug` shows what the orderers do.
        let filter = tracing_subscriber::EnvFilter::from_default_env();
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_test_writer()
            .try_init()
            .ok();
        let (orderer_ca, orderer_tls_ca) = (Authority::new("orderer ca"), Authority::new("orderer tls ca"));
        let (bank_ca, bank_tls_ca) = (Authority::new("bank ca"), Authority::new("bank tls ca"));
        let orderer_admin = Arc::new(orderer_ca.issue("orderer-admin", "admin").identity("OrdererMSP"));
        let client = Arc::new(bank_ca.issue("teller", "client").identity("BankMSP"));
        let admin_leaf = orderer_tls_ca.issue("administrator", "admin");
        let admin_tls = TlsClient::trusting_pem(orderer_tls_ca.pem().as_bytes())
            .unwrap()
            .with_identity(admin_leaf.tls());
        let mut network = Network {
            dir: tempfile::tempdir().unwrap(),
            orderers: Vec::new(),
            orderer_ca,
            orderer_tls_ca,
            bank_ca,
            bank_tls_ca,
            orderer_admin,
            client,
            admin_tls,
            tuning,
        };
        (0..count).for_each(|_| {
            network.add_orderer();
        });
        network
    }

    /// Makes one more orderer, without starting it.
    pub fn add_orderer(&mut self) -> usize {
        let index = self.orderers.len();
        let dir = self.dir.path().join(format!("orderer{index}"));
        std::fs::create_dir_all(&dir).unwrap();
        let tls = self.orderer_tls_ca.issue("127.0.0.1", "orderer");
        let files = write_tls(&dir, &tls, &self.orderer_tls_ca);
        let (address, admin) = (free_port(), free_port());
        let config = NodeConfig {
            name: format!("orderer{index}"),
            msp_id: "OrdererMSP".to_owned(),
            msp_dir: dir.join("msp"),
            data_dir: dir.join("data"),
            listen: address,
            external_endpoint: address.to_string(),
            tls: files.clone(),
            operations: OperationsConfig {
                listen: "127.0.0.1:0".parse().unwrap(),
            },
            log_spec: "info".to_owned(),
            role: RoleConfig::Orderer(OrdererConfig::new(AdminEndpoint {
                listen: admin,
                tls: files,
            })),
        };
        let signer = Arc::new(self.orderer_ca.issue(&config.name, "orderer").identity("OrdererMSP"));
        let tls_root = self.orderer_tls_ca.pem().into_bytes();
        self.orderers.push(Node {
            config,
            address,
            admin,
            signer,
            tls_pem: tls.certificate_pem.clone().into_bytes(),
            running: None,
            tls_root,
        });
        index
    }

    /// Gives an orderer that does not run a TLS certificate with a new key.
    pub fn renew_tls(&mut self, index: usize) {
        let tls = self.orderer_tls_ca.issue("127.0.0.1", "orderer");
        let dir = self.dir.path().join(format!("orderer{index}"));
        write_tls(&dir, &tls, &self.orderer_tls_ca);
        self.orderers[index].tls_pem = tls.certificate_pem.into_bytes();
    }

    pub fn start_all(&mut self) {
        self.orderers.iter_mut().for_each(Node::start);
    }

    /// Block 0 of the channel, with the first `consenters` orderers in it.
    pub fn genesis(&self, consenters: usize) -> Block {
        let members = &self.orderers[..consenters];
        let organization = |name: &str, msp_id: &str, ca: &Authority, tls_ca: &Authority, endpoints: Vec<String>| {
            genesis::Organization {
                name: name.to_owned(),
                msp: genesis::membership(msp_id, ca.pem().as_bytes(), tls_ca.pem().as_bytes()),
                orderer_endpoints: endpoints,
                anchor_peers: Vec::new(),
                reads_only: false,
            }
        };
        let endpoints = members.iter().map(|node| node.address.to_string()).collect();
        let profile = genesis::Profile {
            channel_capability: "V3_0".to_owned(),
            orderer_capability: "V2_0".to_owned(),
            application_capability: "V2_5".to_owned(),
            orderer_organizations: vec![organization(
                "Orderer",
                "OrdererMSP",
                &self.orderer_ca,
                &self.orderer_tls_ca,
                endpoints,
            )],
            application_organizations: vec![organization(
                "Bank",
                "BankMSP",
                &self.bank_ca,
                &self.bank_tls_ca,
                Vec::new(),
            )],
            raft: ConfigMetadata {
                consenters: members.iter().map(Node::consenter).collect(),
                options: Some(Options {
                    tick_interval: "100ms".to_owned(),
                    election_tick: 10,
                    heartbeat_tick: 1,
                    max_inflight_blocks: 5,
                    snapshot_interval_size: self.tuning.snapshot_interval,
                }),
            },
            batch_timeout: self.tuning.batch_timeout,
            max_message_count: self.tuning.max_message_count,
            absolute_max_bytes: 1 << 20,
            preferred_max_bytes: 512 << 10,
        };
        genesis::block(CHANNEL, genesis::channel_group(&profile))
    }

    /// Starts `count` orderers and joins them to a new channel of theirs.
    pub async fn with_channel(count: usize) -> Network {
        Network::with_tuned_channel(count, Tuning::default()).await
    }

    pub async fn with_tuned_channel(count: usize, tuning: Tuning) -> Network {
        let mut network = Network::tuned(count, tuning);
        network.start_all();
        let genesis = network.genesis(count);
        for index in 0..count {
            network.participation(index).join(&genesis).await.unwrap();
        }
        network
    }

    pub fn participation(&self, index: usize) -> Participation {
        Participation::new(&self.orderers[index].admin.to_string(), Some(self.admin_tls.clone()))
    }

    pub async fn connect(&self, index: usize) -> Channel {
        let tls = TlsClient::trusting_pem(self.orderer_tls_ca.pem().as_bytes()).unwrap();
        let address = self.orderers[index].address.to_string();
        connect(&address, Some(&tls), &ConnectOptions::default()).await.unwrap()
    }

    /// A transaction as clients send it; `text` makes it recognizable.
    pub fn transaction(&self, text: &str) -> Envelope {
        let data = text.as_bytes().to_vec();
        envelope::signed(HeaderType::EndorserTransaction, CHANNEL, data, &[], &*self.client).unwrap()
    }

    /// Submits a transaction until it is ordered.
    pub async fn submit(&self, index: usize, text: &str) {
        let (connection, transaction) = (self.connect(index).await, self.transaction(text));
        eventually(&format!("orderer {index} to accept {text}"), async || {
            broadcast::submit(&connection, &transaction).await.ok()
        })
        .await;
    }

    /// Submits a transaction again and again until it is on the chain, as a client does that has had no commit. The chain up
    /// to it.
    pub async fn submit_until_ordered(&self, index: usize, text: &str) -> Vec<String> {
        let submitting = async {
            loop {
                self.submit(index, text).await;
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        };
        tokio::select! {
            () = submitting => unreachable!("it has no end"),
            texts = self.read(index, |texts| texts.iter().any(|found| found == text)) => texts,
        }
    }

    /// The first `count` transactions on the chain of an orderer, by their text, configurations left out.
    pub async fn transactions(&self, index: usize, count: usize) -> Vec<String> {
        self.read(index, |texts| texts.len() >= count).await
    }

    /// Waits until a configuration may change the consenters: the orderers must have told each other that they live.
    pub async fn everybody_is_known_to_live(&self) {
        for node in &self.orderers {
            eventually("the orderers to know of each other", async || {
                let running = node.running.as_ref()?;
                (running.orderer.active_consenters(CHANNEL) == self.orderers.len()).then_some(())
            })
            .await;
        }
    }

    /// Reads the chain from its start until `enough` has been seen.
    async fn read(&self, index: usize, enough: impl Fn(&[String]) -> bool) -> Vec<String> {
        let connection = self.connect(index).await;
        let mut texts = Vec::new();
        let reading = async {
            let seek = deliver::best_effort(deliver::from(0));
            let caller = Caller::new(&*self.client);
            let mut blocks = deliver::from_orderer(&connection, CHANNEL, seek, caller).unwrap();
            while !enough(&texts) {
                let block = blocks.next().await.unwrap().unwrap();
                texts.extend(texts_of(&block));
            }
        };
        let in_time = tokio::time::timeout(DEADLINE, reading).await;
        assert!(in_time.is_ok(), "orderer {index} delivered only {texts:?}");
        texts
    }

    /// A stream of blocks, and one of messages, that their clients leave open.
    pub async fn keeps_reading(&self, index: usize) -> impl Sized + use<> {
        let connection = self.connect(index).await;
        let seek = deliver::best_effort(deliver::from(0));
        let mut blocks = deliver::from_orderer(&connection, CHANNEL, seek, Caller::new(&*self.client)).unwrap();
        blocks.next().await.unwrap().unwrap();
        let messages =
            futures::stream::iter([self.transaction("from an open stream")]).chain(futures::stream::pending());
        let mut answers = AtomicBroadcastClient::new(connection)
            .broadcast(messages)
            .await
            .unwrap()
            .into_inner();
        answers.message().await.unwrap().unwrap();
        (blocks, answers)
    }

    pub async fn height(&self, index: usize) -> u64 {
        self.participation(index)
            .info(CHANNEL)
            .await
            .map_or(0, |info| info.height)
    }

    pub async fn wait_for_height(&self, index: usize, height: u64) {
        eventually(&format!("orderer {index} to reach height {height}"), async || {
            (self.height(index).await >= height).then_some(())
        })
        .await;
    }

    /// The configuration in force, as an orderer has it.
    pub async fn config(&self, index: usize) -> (Block, Config) {
        let connection = self.connect(index).await;
        let block = deliver::config_block(&connection, CHANNEL, Caller::new(&*self.client))
            .await
            .unwrap();
        let config = entente_fabric::block::config_envelope(&block).unwrap().config.unwrap();
        (block, config)
    }

    /// Changes the configuration through an orderer, signed by the orderer organization's administrator.
    pub async fn reconfigure(&self, index: usize, change: impl Fn(&Config) -> Config) {
        let connection = self.connect(index).await;
        eventually("the configuration update to be accepted", async || {
            let (_, config) = self.config(index).await;
            let update = update::compute(CHANNEL, &config, &change(&config)).ok()?;
            let envelope = self.sign_update(update.encode_to_vec());
            broadcast::submit(&connection, &envelope).await.ok()
        })
        .await;
    }

    pub fn sign_update(&self, config_update: Vec<u8>) -> Envelope {
        let signer: &dyn entente_fabric::crypto::Signer = &*self.orderer_admin;
        let signature_header = envelope::signature_header(signer).encode_to_vec();
        let signature = signer.sign(&[&signature_header[..], &config_update].concat()).unwrap();
        let signatures = vec![ConfigSignature {
            signature_header,
            signature,
        }];
        let update = ConfigUpdateEnvelope {
            config_update,
            signatures,
        };
        envelope::signed(HeaderType::ConfigUpdate, CHANNEL, update.encode_to_vec(), &[], signer).unwrap()
    }

    pub fn add_consenter(&self, config: &Config, index: usize) -> Config {
        edit::add_consenter(config, self.orderers[index].consenter()).unwrap()
    }

    /// The orderer that leads, as the metrics of each say.
    pub async fn leader(&self) -> usize {
        eventually("a leader", async || {
            self.orderers
                .iter()
                .position(|node| node.running.is_some() && node.leads())
        })
        .await
    }
}

impl Node {
    pub fn consenter(&self) -> Consenter {
        Consenter {
            host: self.address.ip().to_string(),
            port: u32::from(self.address.port()),
            client_tls_cert: self.tls_pem.clone(),
            server_tls_cert: self.tls_pem.clone(),
        }
    }

    /// Makes an orderer that does not run ask, once it does, whether it was removed after so long without a leader.
    pub fn suspect_eviction_after(&mut self, seconds: u64) {
        let RoleConfig::Orderer(role) = &mut self.config.role else {
            unreachable!()
        };
        role.eviction_suspicion_seconds = seconds;
    }

    pub fn start(&mut self) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (config, signer, tls_root) = (self.config.clone(), self.signer.clone(), self.tls_root.clone());
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let starting = runtime.spawn(async move {
            let mut registry = prometheus_client::registry::Registry::default();
            let orderer = Orderer::start(&config, signer, &mut registry).await.unwrap();
            let RoleConfig::Orderer(role) = &config.role else {
                unreachable!()
            };
            let identity = TlsIdentity::from_pem(
                &std::fs::read(&config.tls.certificate).unwrap(),
                &std::fs::read(&config.tls.key).unwrap(),
            )
            .unwrap();
            let main = ServerTls::new(&identity, &ClientAuth::Request, Alpn::H2).unwrap();
            let require = ClientAuth::Require { authorities: tls_root };
            let admin = ServerTls::new(&identity, &require, Alpn::H2AndHttp1).unwrap();
            let listener = tokio::net::TcpListener::bind(config.listen).await.unwrap();
            let routes = orderer.grpc().into_axum_router();
            let clients = tokio::spawn(serve(
                listener,
                Some(main),
                routes,
                ServeOptions::default(),
                stopped.clone(),
            ));
            let listener = tokio::net::TcpListener::bind(role.admin.listen).await.unwrap();
            let routes = orderer.participation();
            let admins = tokio::spawn(serve(listener, Some(admin), routes, ServeOptions::default(), stopped));
            (orderer, registry, [clients, admins])
        });
        let (orderer, metrics, listeners) = futures::executor::block_on(starting).unwrap();
        self.running = Some(Running {
            runtime: Some(runtime),
            orderer: Arc::new(orderer),
            metrics,
            stop,
            listeners,
        });
    }

    /// Ends everything of this orderer at once, as a kill would, however much it is in the middle of.
    pub fn kill(&mut self) {
        self.running.take().unwrap().tear_down();
    }

    /// Stops in order.
    pub async fn shut_down(&mut self) {
        let mut running = self.running.take().unwrap();
        let (orderer, stop) = (running.orderer.clone(), running.stop.clone());
        let shutting_down = running.runtime.as_ref().unwrap().spawn(async move {
            orderer.shutdown().await;
            stop.cancel();
        });
        shutting_down.await.unwrap();
        for listener in &mut running.listeners {
            listener.await.unwrap();
        }
        running.tear_down();
    }

    pub fn leads(&self) -> bool {
        self.running
            .as_ref()
            .is_some_and(|running| running.orderer.leads(CHANNEL))
    }

    /// The sum of a counter over its labels.
    pub fn counted(&self, name: &str) -> f64 {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.running.as_ref().unwrap().metrics).unwrap();
        let of_name = |line: &&str| line.split(['{', ' ']).next() == Some(name);
        let values = text
            .lines()
            .filter(of_name)
            .map(|line| line.rsplit(' ').next().unwrap());
        values.map(|value| value.parse::<f64>().unwrap()).sum()
    }

    /// The participation API without the TLS around it.
    pub fn participation(&self) -> axum::Router {
        self.running.as_ref().unwrap().orderer.participation()
    }

    pub fn failed_checks(&self) -> Vec<entente_orderer::FailedCheck> {
        self.running.as_ref().unwrap().orderer.failed_checks()
    }

    pub fn data(&self) -> PathBuf {
        self.config.data_dir.clone()
    }
}

pub fn texts_of(block: &Block) -> Vec<String> {
    if entente_fabric::block::is_config(block) {
        return Vec::new();
    }
    let text = |bytes: &bytes::Bytes| {
        let envelope = Envelope::decode(bytes.as_ref()).unwrap();
        let (payload, _) = envelope::payload(&envelope).unwrap();
        String::from_utf8(payload.data).unwrap()
    };
    block.data.iter().flat_map(|data| data.data.iter().map(text)).collect()
}

fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn write_tls(dir: &std::path::Path, leaf: &Leaf, authority: &Authority) -> TlsFiles {
    let (certificate, key, root) = (dir.join("tls.pem"), dir.join("tls.key"), dir.join("tls-ca.pem"));
    std::fs::write(&certificate, &leaf.certificate_pem).unwrap();
    std::fs::write(&key, &leaf.key_pem).unwrap();
    std::fs::write(&root, authority.pem()).unwrap();
    TlsFiles {
        certificate,
        key,
        root_certificates: vec![root],
        client_root_certificates: Vec::new(),
    }
}

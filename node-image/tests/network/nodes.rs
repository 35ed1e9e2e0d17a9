//! Node processes, each with a folder, ports on loopback and a certificate.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use entente_api::node_config::{
    AdminEndpoint, NodeConfig, OperationsConfig, OrdererConfig, PeerConfig, PeerLimits, RoleConfig, TlsFiles,
};

use super::crypto::{Organization, Pair};

const EXECUTABLE: &str = env!("CARGO_BIN_EXE_entente-node");
const PATIENCE: Duration = Duration::from_secs(120);

pub struct Node {
    pub config: NodeConfig,
    pub tls: Pair,
    file: PathBuf,
    child: Option<Child>,
}

fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

impl Node {
    pub fn orderer(root: &std::path::Path, name: &str, organization: &Organization) -> Node {
        let role = |tls: &TlsFiles| {
            let tls = TlsFiles {
                client_root_certificates: tls.root_certificates.clone(),
                ..tls.clone()
            };
            RoleConfig::Orderer(OrdererConfig::new(AdminEndpoint {
                listen: free_port(),
                tls,
            }))
        };
        Node::new(root, name, organization, "orderer", role)
    }

    pub fn peer(root: &std::path::Path, name: &str, organization: &Organization) -> Node {
        let role = |_: &TlsFiles| {
            RoleConfig::Peer(PeerConfig {
                chaincode_listen: free_port(),
                chaincode_builder_config: "{}".into(),
                limits: PeerLimits::default(),
            })
        };
        Node::new(root, name, organization, "peer", role)
    }

    fn new(
        root: &std::path::Path,
        name: &str,
        organization: &Organization,
        unit: &str,
        role: impl Fn(&TlsFiles) -> RoleConfig,
    ) -> Node {
        let dir = root.join(name);
        let tls = organization.write_node(&dir, name, unit);
        let listen = free_port();
        let files = TlsFiles {
            certificate: dir.join("tls/cert.pem"),
            key: dir.join("tls/key.pem"),
            root_certificates: vec![dir.join("tls/ca.pem")],
            client_root_certificates: vec![],
        };
        let config = NodeConfig {
            name: name.into(),
            msp_id: organization.msp_id.clone(),
            msp_dir: dir.join("msp"),
            data_dir: dir.join("data"),
            listen,
            external_endpoint: listen.to_string(),
            role: role(&files),
            tls: files,
            operations: OperationsConfig { listen: free_port() },
            log_spec: "info".into(),
        };
        let file = dir.join("node.json");
        std::fs::write(&file, serde_json::to_vec_pretty(&config).unwrap()).unwrap();
        Node {
            config,
            tls,
            file,
            child: None,
        }
    }

    pub fn endpoint(&self) -> &str {
        &self.config.external_endpoint
    }

    pub fn admin_endpoint(&self) -> String {
        match &self.config.role {
            RoleConfig::Orderer(orderer) => orderer.admin.listen.to_string(),
            RoleConfig::Peer(_) => panic!("a peer has no administration endpoint"),
        }
    }

    /// Starts the process and waits until it is healthy.
    pub fn start(&mut self) {
        let role = match &self.config.role {
            RoleConfig::Orderer(_) => "orderer",
            RoleConfig::Peer(_) => "peer",
        };
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.log())
            .unwrap();
        let mut command = Command::new(EXECUTABLE);
        command
            .arg(role)
            .arg("--config")
            .arg(&self.file)
            .stdin(Stdio::null())
            .stderr(log);
        self.child = Some(command.spawn().unwrap());
        let deadline = Instant::now() + PATIENCE;
        while !self.is_healthy() {
            let ended = self.child.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none(), "{} ended: {}", self.config.name, self.log_text());
            assert!(
                Instant::now() < deadline,
                "{} is not healthy: {}",
                self.config.name,
                self.log_text()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Asks as an image's health check does.
    pub fn is_healthy(&self) -> bool {
        let mut probe = Command::new(EXECUTABLE);
        probe.arg("probe").arg("--config").arg(&self.file).stderr(Stdio::null());
        probe.status().unwrap().success()
    }

    /// Pulls the plug.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Asks it to stop, and gives its exit status.
    pub fn stop(&mut self) -> std::process::ExitStatus {
        let mut child = self.child.take().unwrap();
        Command::new("kill").arg(child.id().to_string()).status().unwrap();
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "{} does not stop: {}",
                self.config.name,
                self.log_text()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn log(&self) -> PathBuf {
        self.file.with_file_name("log")
    }

    pub fn log_text(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

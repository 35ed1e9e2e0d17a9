//! From a plan to the command that runs it.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use aws_lc_rs::digest;
use entente_api::node_release::Engine;
use tokio::process::{Child, Command};

use super::folder::Folder;
use super::process;
use crate::substrate::{NodePlan, NodeRole, Program, Setting, SubstrateError, Workload};

/// The programs that nodes run.
#[derive(Debug, Clone)]
pub struct Executables {
    /// `entente-node`.
    pub node: PathBuf,
    /// Folder of stock `peer` and `orderer`, when there is one.
    pub stock: Option<PathBuf>,
}

/// What must be run for a plan, and the fingerprint that tells it from any other plan.
#[derive(Debug, Clone)]
pub struct Launch {
    pub fingerprint: String,
    /// Where it accepts connections once it is up.
    pub listen: std::net::SocketAddr,
    /// Runs to its end before the node: turns the configuration into the stock engine's.
    render: Option<Vec<String>>,
    program: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
}

impl Launch {
    pub fn new(plan: &NodePlan, executables: &Executables, folder: &Path) -> Result<Launch, SubstrateError> {
        let text = |path: PathBuf| path.to_string_lossy().into_owned();
        let config = text(folder.join("node.json"));
        let mut launch = Launch {
            fingerprint: String::new(),
            listen: ([127, 0, 0, 1], 0).into(),
            render: None,
            program: executables.node.clone(),
            arguments: Vec::new(),
            environment: Vec::new(),
        };
        match &plan.workload {
            Workload::Node {
                engine: Engine::Native,
                role,
                listen,
                ..
            } => {
                let role = match role {
                    NodeRole::Orderer => "orderer",
                    NodeRole::Peer => "peer",
                };
                launch.listen = listen.services;
                launch.arguments = vec![role.to_owned(), "--config".to_owned(), config];
            }
            Workload::Node {
                engine: Engine::Fabric,
                role,
                listen,
                ..
            } => {
                let stock = executables.stock.as_ref().ok_or_else(|| {
                    SubstrateError::Refused(
                        "this installation has no stock Fabric: set ENTENTE_FABRIC_BIN to the folder of its `peer` and \
                         `orderer`, or choose a release of the native engine"
                            .to_owned(),
                    )
                })?;
                let rendered = text(folder.join("rendered"));
                launch.listen = listen.services;
                launch.render = Some(
                    ["render", "--config", &config, "--out", &rendered]
                        .map(str::to_owned)
                        .to_vec(),
                );
                (launch.program, launch.arguments) = match role {
                    NodeRole::Orderer => (stock.join("orderer"), Vec::new()),
                    NodeRole::Peer => (stock.join("peer"), vec!["node".to_owned(), "start".to_owned()]),
                };
                launch.environment.push(("FABRIC_CFG_PATH".to_owned(), rendered));
            }
            Workload::Contract {
                program: Program::Image(_),
                ..
            } => {
                return Err(SubstrateError::Refused(
                    "containers do not run on this machine: run the service yourself and give its address as external"
                        .to_owned(),
                ));
            }
            Workload::Contract {
                program: Program::Template { name, .. },
                listen,
                environment,
            } => {
                launch.listen = *listen;
                launch.arguments = vec!["contract".to_owned(), name.clone()];
                launch
                    .environment
                    .push(("CHAINCODE_SERVER_ADDRESS".to_owned(), listen.to_string()));
                let value = |setting: &Setting| match setting {
                    Setting::Text(text) => text.clone(),
                    Setting::File(path) => text(folder.join(path)),
                };
                let set = environment.iter().map(|(name, setting)| (name.clone(), value(setting)));
                launch.environment.extend(set);
            }
        }
        launch.fingerprint = fingerprint(plan);
        Ok(launch)
    }

    /// Starts the process. It is the leader of a group of its own: an interrupt at the platform's terminal is the
    /// platform's to handle, and the platform's death is no reason for a node to die.
    pub async fn start(&self, folder: &Folder, node: &Path) -> Result<Child, SubstrateError> {
        if let Some(arguments) = &self.render {
            let output = Command::new(node).args(arguments).output().await;
            let output = output.map_err(SubstrateError::io("running `entente-node render`"))?;
            if !output.status.success() {
                let reason = String::from_utf8_lossy(&output.stderr).trim().to_owned();
                return Err(SubstrateError::Refused(format!(
                    "the stock configuration could not be made: {reason}"
                )));
            }
        }
        let path = folder.log();
        let open = |path: &Path| std::fs::OpenOptions::new().create(true).append(true).open(path);
        let log = open(&path).map_err(SubstrateError::io(format!("opening {}", path.display())))?;
        let errors = log
            .try_clone()
            .map_err(SubstrateError::io(format!("opening {}", path.display())))?;
        Command::new(&self.program)
            .args(&self.arguments)
            .current_dir(folder.path())
            .env(process::FOLDER, folder.path())
            .env(process::FINGERPRINT, &self.fingerprint)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .map_err(SubstrateError::io(format!("starting {}", self.program.display())))
    }
}

/// Equal for equal plans, whatever platform computes it.
fn fingerprint(plan: &NodePlan) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    let mut add = |bytes: &[u8]| {
        context.update(&(bytes.len() as u64).to_be_bytes());
        context.update(bytes);
    };
    add(format!("{:?}", plan.workload).as_bytes());
    for (name, content) in plan.files.iter().chain(&plan.keys) {
        add(name.as_bytes());
        add(content);
    }
    hex::encode(context.finish())
}

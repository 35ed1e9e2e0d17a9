//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use entente_contracts::Template;

use crate::version::VERSION;

/// A node of a consortium chain, compatible with Hyperledger Fabric.
#[derive(Debug, Parser)]
#[command(name = "entente-node", version = VERSION)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a peer until SIGTERM or SIGINT.
    Peer(Node),
    /// Run an orderer until SIGTERM or SIGINT.
    Orderer(Node),
    /// Run an organization's certificate authority until SIGTERM or SIGINT.
    Ca(Ca),
    /// Serve one of Entente's business contracts to peers until SIGTERM or SIGINT.
    #[command(subcommand)]
    Contract(Template),
    /// Ask a running node whether it is healthy. Exit code 0 means yes.
    Probe(Probe),
    /// Write the configuration files that a stock Fabric peer or orderer needs to run as this node.
    Render(Render),
    /// Act as a stock peer's external builder for chaincode that runs as a service.
    Builder(Builder),
}

#[derive(Debug, Args)]
pub struct Node {
    /// The node's configuration file (JSON, or YAML by its extension).
    #[arg(long, short, env = "ENTENTE_NODE_CONFIG")]
    pub config: PathBuf,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Ca {
    #[command(subcommand)]
    pub act: Option<CaAct>,
    #[command(flatten)]
    pub config: Option<Node>,
}

#[derive(Debug, Subcommand)]
pub enum CaAct {
    /// Seal the authority's keys under another master key. Stop the authority first, and configure the new key afterwards.
    RotateMasterKey(RotateMasterKey),
}

#[derive(Debug, Args)]
pub struct RotateMasterKey {
    #[command(flatten)]
    pub config: Node,
    /// File with the new master key: 32 bytes in hexadecimal or base64.
    #[arg(long, conflicts_with = "new_key_env", required_unless_present = "new_key_env")]
    pub new_key_file: Option<PathBuf>,
    /// Environment variable with the new master key.
    #[arg(long)]
    pub new_key_env: Option<String>,
}

#[derive(Debug, Args)]
pub struct Probe {
    /// The node's configuration file, for the address of its operations endpoint.
    #[arg(long, short, env = "ENTENTE_NODE_CONFIG", required_unless_present = "address")]
    pub config: Option<PathBuf>,
    /// host:port of the operations endpoint, instead of a configuration file.
    #[arg(long, conflicts_with = "config")]
    pub address: Option<String>,
    /// How long to wait for the answer, in seconds.
    #[arg(long, default_value_t = 3)]
    pub timeout: u64,
}

#[derive(Debug, Args)]
pub struct Render {
    /// The node's configuration file (JSON, or YAML by its extension).
    #[arg(long, short, env = "ENTENTE_NODE_CONFIG")]
    pub config: PathBuf,
    /// Folder for the files: FABRIC_CFG_PATH of the stock process.
    #[arg(long, short)]
    pub out: PathBuf,
}

#[derive(Debug, Args)]
pub struct Builder {
    #[arg(value_enum)]
    pub step: Step,
    /// What the peer passes to this step.
    pub arguments: Vec<OsString>,
}

/// The steps of Fabric's external builder contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Step {
    /// Whether the package is for this builder.
    Detect,
    /// Check the package and bring it into the output folder.
    Build,
    /// Hand the connection settings to the peer.
    Release,
}

//! The business contracts that Entente ships: one executable, one subcommand a template. Each serves its contract to
//! peers as a service; flags and the environment variables of Fabric's conventions say where.

mod evidence;

use std::fs;
use std::io::IsTerminal as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use entente_contract::{Contract, Options, Tls};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// Serve one of Entente's business contracts to Fabric peers.
#[derive(Debug, Parser)]
#[command(name = "entente-contracts", version)]
struct Cli {
    #[command(subcommand)]
    template: Template,
}

#[derive(Debug, Subcommand)]
enum Template {
    /// Certify digests of documents with owner, time and note; look them up, list and revoke them.
    Evidence(Serving),
}

/// Where to listen, and as whom. What is not given is taken from CHAINCODE_SERVER_ADDRESS, CHAINCODE_ID (or
/// CORE_CHAINCODE_ID_NAME) and CHAINCODE_TLS_KEY, CHAINCODE_TLS_CERT, CHAINCODE_CLIENT_CA_CERT.
#[derive(Debug, Args)]
struct Serving {
    /// host:port; port 0 takes a free one and logs it.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// The package id that peers know the contract by: label:hash.
    #[arg(long, value_name = "PACKAGE_ID")]
    chaincode_id: Option<String>,
    /// PEM file of the TLS certificate.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// PEM file of the TLS key.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// PEM file of the authorities whose certificates peers must show.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_client_ca: Option<PathBuf>,
}

impl Serving {
    fn options(self) -> anyhow::Result<Options> {
        let flag = |name: &str| match name {
            "CHAINCODE_SERVER_ADDRESS" => self.listen.clone(),
            "CHAINCODE_ID" => self.chaincode_id.clone(),
            _ => None,
        };
        let mut options = Options::from_variables(|name| flag(name).or_else(|| std::env::var(name).ok()))?;
        if let (Some(certificate), Some(key)) = (&self.tls_cert, &self.tls_key) {
            let read = |path: &PathBuf| fs::read(path).with_context(|| format!("cannot read {}", path.display()));
            options.tls = Some(Tls {
                certificate_pem: read(certificate)?,
                key_pem: read(key)?,
                client_authorities_pem: self.tls_client_ca.as_ref().map(read).transpose()?,
            });
        }
        Ok(options)
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let (contract, serving) = match Cli::parse().template {
        Template::Evidence(serving) => (evidence::contract(), serving),
    };
    serve(contract, serving.options()?).await
}

/// Until SIGTERM or SIGINT; transactions that run may end first.
async fn serve(contract: Contract, options: Options) -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let stopped = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        tracing::info!("stopping");
        stopped.cancel();
    });
    entente_contract::serve(contract, options, |_| {}, stop).await?;
    Ok(())
}

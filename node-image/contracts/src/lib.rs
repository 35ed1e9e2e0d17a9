//! The business contracts that Entente ships, as the subcommands of `entente-node contract`. Each serves its contract
//! to peers as a service; flags and the environment variables of Fabric's conventions say where.

mod evidence;
#[cfg(test)]
mod tests;

use std::fs;
use std::io::IsTerminal as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use entente_contract::{Contract, Options, Tls};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// A business contract, and how it is served.
#[derive(Debug, Subcommand)]
pub enum Template {
    /// Certify digests of documents with owner, time and note; look them up, list and revoke them.
    Evidence(Serving),
}

/// Where to listen, and as whom. What is not given is taken from CHAINCODE_SERVER_ADDRESS, CHAINCODE_ID (or
/// CORE_CHAINCODE_ID_NAME) and CHAINCODE_TLS_KEY, CHAINCODE_TLS_CERT, CHAINCODE_CLIENT_CA_CERT.
#[derive(Debug, Args)]
pub struct Serving {
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

/// Serves the contract until SIGTERM or SIGINT.
///
/// # Errors
/// A setting that is missing or wrong, and an address that cannot be listened on.
pub fn run(template: Template) -> anyhow::Result<()> {
    let variable = |name: &str| std::env::var(name).ok();
    let level = entente_templates::LOG_LEVEL
        .read(variable)
        .map_err(anyhow::Error::msg)?;
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let (contract, serving) = match template {
        Template::Evidence(serving) => {
            let settings = evidence::Settings::read(variable).map_err(anyhow::Error::msg)?;
            (evidence::contract(settings), serving)
        }
    };
    let runtime = tokio::runtime::Runtime::new().context("the threads cannot be started")?;
    runtime.block_on(serve(contract, serving.options()?))
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

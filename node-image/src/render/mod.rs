//! Turns a node's configuration into the files that a stock peer or orderer starts from.
//!
//! The operator writes one [`NodeConfig`] whatever the engine. For the stock engine this step runs before the process:
//! it writes `core.yaml` or `orderer.yaml`, and places the chaincode builder beside it.

mod core;
mod orderer;
mod place;

use anyhow::Context as _;
use entente_api::node_config::{NodeConfig, RoleConfig};

use crate::cli;

/// Writes the files into the folder that the process gets as `FABRIC_CFG_PATH`.
pub fn run(config: &NodeConfig, render: &cli::Render) -> anyhow::Result<()> {
    let out = std::path::absolute(&render.out).with_context(|| render.out.display().to_string())?;
    std::fs::create_dir_all(&out).with_context(|| format!("the folder {} cannot be made", out.display()))?;
    let (name, document) = match &config.role {
        RoleConfig::Peer(peer) => {
            let builder = out.join("builder");
            place::builder(&builder)?;
            ("core.yaml", core::document(config, peer, &builder))
        }
        RoleConfig::Orderer(role) => ("orderer.yaml", orderer::document(config, role)),
    };
    let text = serde_yaml::to_string(&document).context("the configuration cannot be written as YAML")?;
    let path = out.join(name);
    std::fs::write(&path, text).with_context(|| format!("the file {} cannot be written", path.display()))
}

fn paths(files: &[std::path::PathBuf]) -> Vec<String> {
    files.iter().map(|path| path.display().to_string()).collect()
}

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

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;

    /// Compares a rendered file with the one in `rendered/`; `UPDATE=1` writes that anew.
    fn check(name: &str, document: &serde_json::Value) {
        let text = serde_yaml::to_string(document).unwrap();
        let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "src", "render", "rendered", name]
            .iter()
            .collect();
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            text == expected,
            "{name} is rendered differently; `UPDATE=1 cargo test -p entente-node render` writes what it is now:\n{text}"
        );
    }

    /// A configuration as the operator writes it, with nothing left to defaults.
    fn config(json: &str) -> NodeConfig {
        let config: NodeConfig = serde_json::from_str(json).unwrap();
        config.check().unwrap();
        config.resolved(Path::new("/etc/node"))
    }

    #[test]
    fn a_stock_peer_is_told_what_the_node_is() {
        let config = config(
            r#"{
                "name": "peer0-bank", "mspId": "BankMSP", "mspDir": "msp", "dataDir": "/var/node",
                "listen": "0.0.0.0:7051", "externalEndpoint": "peer0.bank.example:7051",
                "tls": {
                    "certificate": "tls/cert.pem", "key": "tls/key.pem", "rootCertificates": ["tls/ca.pem"],
                    "clientRootCertificates": ["tls/clients.pem", "tls/more.pem"]
                },
                "operations": {"listen": "127.0.0.1:9443"}, "logSpec": "gossip=warning:info",
                "role": "peer", "chaincodeListen": "127.0.0.1:7052",
                "chaincodeBuilderConfig": "{\"peername\": \"peer0\"}",
                "limits": {
                    "endorserConcurrency": 1, "deliverConcurrency": 2, "gatewayConcurrency": 3,
                    "executeTimeoutSeconds": 4, "chaincodeStartupTimeoutSeconds": 5, "endorsementTimeoutSeconds": 6,
                    "broadcastTimeoutSeconds": 7, "totalQueryLimit": 8
                }
            }"#,
        );
        let RoleConfig::Peer(peer) = &config.role else {
            panic!("it is a peer's")
        };

        check(
            "core.yaml",
            &core::document(&config, peer, Path::new("/run/fabric/builder")),
        );
    }

    #[test]
    fn a_stock_orderer_is_told_what_the_node_is() {
        let config = config(
            r#"{
                "name": "orderer0", "mspId": "OrdererMSP", "mspDir": "msp", "dataDir": "/var/node",
                "listen": "[::1]:7050", "externalEndpoint": "orderer0.example:7050",
                "tls": {"certificate": "tls/cert.pem", "key": "tls/key.pem", "rootCertificates": ["tls/ca.pem"]},
                "operations": {"listen": "127.0.0.1:8443"},
                "role": "orderer",
                "admin": {
                    "listen": "127.0.0.1:7053",
                    "tls": {
                        "certificate": "admin/cert.pem", "key": "admin/key.pem",
                        "clientRootCertificates": ["admin/ca.pem"]
                    }
                }
            }"#,
        );
        let RoleConfig::Orderer(role) = &config.role else {
            panic!("it is an orderer's")
        };

        check("orderer.yaml", &orderer::document(&config, role));
    }
}

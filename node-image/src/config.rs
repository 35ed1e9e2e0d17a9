//! Reads a node's configuration file.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use entente_api::ca_config::CaConfig;
use entente_api::node_config::NodeConfig;
use serde::de::DeserializeOwned;

/// More than any configuration needs; a wrong path must not fill the memory.
const LARGEST: u64 = 1 << 20;

/// Reads, checks and resolves a node's configuration file. Errors name the file and the field.
pub fn load(path: &Path) -> anyhow::Result<NodeConfig> {
    let config: NodeConfig = read(path)?;
    config
        .check()
        .with_context(|| format!("the configuration file {}", path.display()))?;
    Ok(config.resolved(&folder(path)?))
}

/// The same for a certificate authority.
pub fn load_ca(path: &Path) -> anyhow::Result<CaConfig> {
    let config: CaConfig = read(path)?;
    config
        .check()
        .with_context(|| format!("the configuration file {}", path.display()))?;
    Ok(config.resolved(&folder(path)?))
}

fn read<T: DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    let name = path.display();
    let metadata =
        std::fs::metadata(path).with_context(|| format!("the configuration file {name} cannot be read"))?;
    if metadata.len() > LARGEST {
        bail!(
            "the configuration file {name} has {} bytes; at most {LARGEST} are read",
            metadata.len()
        );
    }
    let text =
        std::fs::read_to_string(path).with_context(|| format!("the configuration file {name} cannot be read"))?;
    let is_yaml = path
        .extension()
        .is_some_and(|extension| extension == "yaml" || extension == "yml");
    match is_yaml {
        true => serde_yaml::from_str(&text).with_context(|| format!("the configuration file {name}")),
        false => serde_json::from_str(&text).with_context(|| format!("the configuration file {name}")),
    }
}

/// The folder that relative paths start from.
fn folder(path: &Path) -> anyhow::Result<PathBuf> {
    let absolute = std::path::absolute(path).with_context(|| format!("the path {}", path.display()))?;
    Ok(absolute.parent().unwrap_or(Path::new("/")).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDERER: &str = r#"
name: orderer0
mspId: OrdererMSP
mspDir: msp
dataDir: data
listen: 127.0.0.1:7050
externalEndpoint: orderer0:7050
tls: {certificate: tls.pem, key: tls.key}
operations: {listen: 127.0.0.1:8443}
role: orderer
admin:
  listen: 127.0.0.1:7053
  tls: {certificate: tls.pem, key: tls.key, clientRootCertificates: [admin-ca.pem]}
"#;

    #[test]
    fn a_yaml_file_is_read_and_its_paths_are_absolute() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.yaml");
        std::fs::write(&path, ORDERER).unwrap();

        let config = load(&path).unwrap();

        assert_eq!(config.data_dir, folder.path().join("data"));
        assert_eq!(config.name, "orderer0");
    }

    #[test]
    fn what_is_wrong_is_said_with_file_and_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.yaml");
        std::fs::write(&path, ORDERER.replace("[admin-ca.pem]", "[]")).unwrap();

        let unusable = format!("{:#}", load(&path).unwrap_err());
        let missing = format!("{:#}", load(&folder.path().join("absent.json")).unwrap_err());

        let file = format!("the configuration file {}", path.display());
        assert_eq!(
            unusable,
            format!(
                "{file}: admin.tls.clientRootCertificates: without an issuer nobody could administer the orderer"
            )
        );
        assert!(missing.contains("absent.json cannot be read"), "{missing}");
    }
}

//! The node releases of an installation: this program's own node, and stock Fabric where its executables are given.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use entente_api::NodeRelease;
use entente_api::node_release::{Engine, NodeReleaseSpec};
use entente_operator::registry::{Registry, RegistryError, Scope};
use tokio::process::Command;

/// Publishes what is there. A release that the administrator has changed since stays as it is.
pub async fn publish(registry: &Registry, fabric_bin: Option<&Path>) -> Result<(), RegistryError> {
    let own = env!("CARGO_PKG_VERSION");
    create(registry, Engine::Native, own, true).await?;
    if let Some(folder) = fabric_bin {
        let version = stock_version(folder).await.unwrap_or_else(|| "unknown".to_owned());
        create(registry, Engine::Fabric, &version, false).await?;
    }
    Ok(())
}

async fn create(registry: &Registry, engine: Engine, version: &str, default: bool) -> Result<(), RegistryError> {
    let name = format!("{}-{}", engine.as_str(), version.replace('.', "-"));
    let spec = NodeReleaseSpec {
        engine,
        version: version.to_owned(),
        default,
        end_of_life_time: None,
        images: None,
    };
    match registry.create(&Scope::All, &NodeRelease::new(&name, spec)).await {
        Ok(_) | Err(RegistryError::AlreadyExists { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// What `peer version` says: ` Version: v3.1.5`.
async fn stock_version(folder: &Path) -> Option<String> {
    let asked = Command::new(folder.join("peer"))
        .arg("version")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let answer = tokio::time::timeout(Duration::from_secs(10), asked).await.ok()?.ok()?;
    let text = String::from_utf8(answer.stdout).ok()?;
    read_version(&text)
}

fn read_version(text: &str) -> Option<String> {
    let line = text.lines().find_map(|line| line.trim().strip_prefix("Version:"))?;
    let version = line.trim().trim_start_matches('v');
    let usable = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.' || b == b'-';
    (!version.is_empty() && version.bytes().all(usable)).then(|| version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_stock_fabric_is_read_from_its_own_words() {
        assert_eq!(
            read_version("peer:\n Version: v3.1.5\n Commit SHA: abc\n Go version: go1.25\n").as_deref(),
            Some("3.1.5")
        );
        assert_eq!(read_version("no such thing"), None);
    }
}

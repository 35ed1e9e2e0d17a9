//! Images for tests, made on the spot from the executables at hand.
//!
//! The project's own are those of the build that the test belongs to, with the few shared libraries that they are linked
//! with: a second, static build would double the time that tests need. `ENTENTE_TEST_IMAGES` has released ones tested
//! instead.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::executables;

/// An image that tests use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Image {
    /// `entente-node`, as `node-image/Containerfile` has it.
    Node,
    /// A contract as somebody packs one: it serves without being told what.
    Contract,
    /// `entente`, the platform.
    Platform,
    /// Stock Fabric's peer, as its own image has it.
    StockPeer,
    /// Stock Fabric's orderer.
    StockOrderer,
    /// `probe`, of `tests/cluster/components/cmd/probe`: sees what a pod sees.
    Probe,
}

impl Image {
    /// The name for a pod, with the tag `test`.
    pub fn name(self) -> String {
        match self {
            Image::Probe => "cluster.entente.dev/probe:1".to_owned(),
            Image::Node => "entente.dev/entente-node:test".to_owned(),
            Image::Contract => "entente.dev/contract:test".to_owned(),
            Image::Platform => "entente.dev/entente:test".to_owned(),
            Image::StockPeer => "entente.dev/fabric-peer:test".to_owned(),
            Image::StockOrderer => "entente.dev/fabric-orderer:test".to_owned(),
        }
    }

    /// The name for a cluster that was given: images cannot be brought there, they have to be there under a registry's name.
    pub(super) fn published(self) -> anyhow::Result<String> {
        let registry = std::env::var("ENTENTE_TEST_REGISTRY").context(
            "ENTENTE_TEST_REGISTRY is not set: the registry from which the cluster of ENTENTE_TEST_KUBECONFIG pulls images",
        )?;
        let name = self.name();
        let (_, path) = name.split_once('/').context("the name has a registry")?;
        Ok(format!("{registry}/{path}"))
    }

    /// The image's archive: a released one, or one of the build under test, made anew when an executable is newer.
    pub(super) async fn archive(self) -> anyhow::Result<PathBuf> {
        if let Some(released) = self.released() {
            return released;
        }
        let programs = self.programs()?;
        let folder = executables::folder().join("images");
        std::fs::create_dir_all(&folder)?;
        let archive = folder.join(format!("{self:?}.tar").to_lowercase());
        if is_newer(&archive, &programs)? {
            return Ok(archive);
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../node-image/archive");
        let mut command = Command::new(script);
        command
            .args(["--name", &self.name(), "--libraries", "--out"])
            .arg(&archive);
        command.args(["--env", "PATH=/usr/local/bin"]);
        command.args(self.options());
        if self == Image::StockPeer {
            // The builder that an init container brings; stock's own base image has what it needs.
            command.arg("--libraries-of").arg(executables::entente("entente-node"));
        }
        for program in &programs {
            command.arg(format!("{}=/usr/local/bin/", program.display()));
        }
        super::run(&mut command, "").await?;
        Ok(archive)
    }

    /// The archive that `make image` made of this image, where such archives are to be used.
    fn released(self) -> Option<anyhow::Result<PathBuf>> {
        let folder = PathBuf::from(std::env::var_os("ENTENTE_TEST_IMAGES")?);
        let name = match self {
            Image::Node => "entente-node",
            Image::Platform => "entente",
            _ => return None,
        };
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        let archive = folder.join(format!("{name}-{}-{architecture}.tar", env!("CARGO_PKG_VERSION")));
        let missing = format!("ENTENTE_TEST_IMAGES has no {}: run `make image`", archive.display());
        Some(if archive.is_file() {
            Ok(archive)
        } else {
            Err(anyhow::anyhow!(missing))
        })
    }

    fn programs(self) -> anyhow::Result<Vec<PathBuf>> {
        let stock = |name: &str| {
            let folder = executables::stock_fabric().context("no stock Fabric (set ENTENTE_FABRIC_BIN)")?;
            Ok(vec![folder.join(name)])
        };
        match self {
            Image::Node | Image::Contract => Ok(vec![executables::entente("entente-node")]),
            Image::Platform => Ok(vec![executables::entente("entente")]),
            Image::StockPeer => stock("peer"),
            Image::StockOrderer => stock("orderer"),
            Image::Probe => anyhow::bail!("tests/cluster/build makes the probe's image"),
        }
    }

    /// What sets one image apart from another, as its Containerfile says it.
    fn options(self) -> &'static [&'static str] {
        match self {
            Image::Node => &["--entrypoint", "/usr/local/bin/entente-node"],
            Image::Contract => &[
                "--entrypoint",
                "/usr/local/bin/entente-node",
                "--command",
                "contract",
                "--command",
                "evidence",
            ],
            Image::Platform => &["--entrypoint", "/usr/local/bin/entente"],
            // As stock Fabric's own: no entrypoint, root unless told otherwise, and a folder for its configuration.
            Image::StockPeer => &[
                "--user=",
                "--env",
                "FABRIC_CFG_PATH=/etc/hyperledger/fabric",
                "--folder",
                "/etc/hyperledger/fabric",
                "--folder",
                "/var/hyperledger",
                "--command",
                "peer",
                "--command",
                "node",
                "--command",
                "start",
            ],
            Image::StockOrderer => &[
                "--user=",
                "--env",
                "FABRIC_CFG_PATH=/etc/hyperledger/fabric",
                "--folder",
                "/etc/hyperledger/fabric",
                "--folder",
                "/var/hyperledger",
                "--command",
                "orderer",
                "--command",
                "start",
            ],
            Image::Probe => &[],
        }
    }
}

/// Whether `file` exists and is newer than all of `sources`.
fn is_newer(file: &Path, sources: &[PathBuf]) -> anyhow::Result<bool> {
    let Ok(made) = file.metadata().and_then(|metadata| metadata.modified()) else {
        return Ok(false);
    };
    for source in sources {
        if source.metadata()?.modified()? >= made {
            return Ok(false);
        }
    }
    Ok(true)
}

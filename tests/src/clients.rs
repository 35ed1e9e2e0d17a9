//! The official Fabric clients and shims of `tests/clients`.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, bail};
use tokio::process::{Child, Command};

/// The folder of one client, with its npm packages installed.
///
/// # Errors
/// When they are not installed: `make test` does that.
pub fn folder(name: &str) -> anyhow::Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(name);
    if !folder.join("node_modules").is_dir() {
        bail!(
            "{} has no node_modules: run `npm ci` there, as `make test` does",
            folder.display()
        );
    }
    Ok(folder)
}

/// Runs one of the client's Node test files against the chain of a connection file, and fails with its report.
pub async fn node_tests(client: &str, file: &str, connection: &Path) -> anyhow::Result<()> {
    let folder = folder(client)?;
    let report = Command::new(folder.join("node_modules/.bin/node"))
        .args(["--test", "--test-reporter=spec", file])
        .current_dir(&folder)
        .env("CONNECTION", connection)
        .kill_on_drop(true)
        .output()
        .await
        .context("node could not be started")?;
    if !report.status.success() {
        bail!("{file} failed:\n{}", String::from_utf8_lossy(&report.stdout));
    }
    Ok(())
}

/// Serves the JavaScript contract `notes` at `address`, for the package id that the peers know it by.
pub fn serve_notes(address: &str, package_id: &str) -> anyhow::Result<Child> {
    let folder = folder("js-contract")?;
    Command::new(folder.join("node_modules/.bin/fabric-chaincode-node"))
        .args(["server", "--chaincode-address", address, "--chaincode-id", package_id])
        .current_dir(&folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("the JavaScript contract could not be started")
}

/// Waits until a transaction that needs every organization commits through the gateway. A stock gateway has to learn of
/// the other organizations' peers by gossip first.
pub async fn until_endorsed(client: &str, connection: &Path) -> anyhow::Result<()> {
    let folder = folder(client)?;
    let output = Command::new(folder.join("node_modules/.bin/node"))
        .args(["until-endorsed.mjs", "--seconds", "60"])
        .current_dir(&folder)
        .env("CONNECTION", connection)
        .kill_on_drop(true)
        .output()
        .await
        .context("node could not be started")?;
    if !output.status.success() {
        bail!(
            "no transaction was endorsed:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}

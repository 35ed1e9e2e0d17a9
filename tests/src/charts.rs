//! The charts of `charts`, and the real helm.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

/// Folder of the charts.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../charts")
}

/// Runs `helm` in the folder of the charts and gives what it prints. The cluster's own helm is used where it has been
/// built, else the one on the PATH.
///
/// # Errors
/// With what helm complains of.
pub fn helm(args: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(program().context("helm is missing")?)
        .args(args)
        .current_dir(folder())
        .output()
        .context("helm could not be started")?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "helm {}: {}{}",
        args.join(" "),
        String::from_utf8_lossy(&output.stdout),
        stderr.trim()
    );
    Ok(String::from_utf8(output.stdout)?)
}

/// Whether there is a helm; otherwise a line on standard error says that the test is skipped.
pub fn helm_or_skip(test: &str) -> bool {
    let found = program().is_some();
    if !found {
        crate::skip::skip(test, "no helm (tests/cluster/build makes one)");
    }
    found
}

fn program() -> Option<PathBuf> {
    let own = PathBuf::from(env::var_os("HOME")?).join(".cache/entente/cluster/current/bin");
    let path = env::var_os("PATH").unwrap_or_default();
    [own]
        .into_iter()
        .chain(env::split_paths(&path))
        .map(|folder| folder.join("helm"))
        .find(|file| file.is_file())
}

//! Where the executables are that a test starts.

use std::env;
use std::path::{Path, PathBuf};

use crate::skip::skip;

/// An executable of this workspace, from the build that the test itself belongs to.
///
/// # Panics
/// When it has not been built: `cargo test` does not build other packages' binaries, `make test` does.
pub fn entente(name: &str) -> PathBuf {
    let path = folder().join(name);
    assert!(
        path.is_file(),
        "{} is not built: run `cargo build --bins` first, as `make test` does",
        path.display()
    );
    path
}

/// The folder of the executables of the build that the test itself belongs to.
pub(crate) fn folder() -> PathBuf {
    let own = env::current_exe().expect("a running program has an executable");
    let folder = own.parent().expect("an executable is in a folder");
    // Cargo puts tests into <target>/<profile>/deps, programs into <target>/<profile>.
    let profile = if folder.ends_with("deps") {
        folder.parent()
    } else {
        None
    };
    profile.unwrap_or(folder).to_owned()
}

/// The folder of stock Fabric's executables: `ENTENTE_FABRIC_BIN`, or the newest version under
/// `$HOME/.cache/entente/fabric/<version>/bin`. `None` when there is none.
pub fn stock_fabric() -> Option<PathBuf> {
    let complete = |dir: &Path| ["peer", "orderer"].iter().all(|name| dir.join(name).is_file());
    if let Some(dir) = env::var_os("ENTENTE_FABRIC_BIN").map(PathBuf::from) {
        return complete(&dir).then_some(dir);
    }
    let cache = PathBuf::from(env::var_os("HOME")?).join(".cache/entente/fabric");
    let mut versions: Vec<PathBuf> = cache
        .read_dir()
        .ok()?
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .collect();
    versions.sort();
    versions.into_iter().rev().find(|dir| complete(dir))
}

/// Stock Fabric's executables, or a line on standard error that says which test is skipped for want of them.
pub fn stock_fabric_or_skip(test: &str) -> Option<PathBuf> {
    let found = stock_fabric();
    if found.is_none() {
        skip(test, "no stock Fabric (set ENTENTE_FABRIC_BIN)");
    }
    found
}

/// The stock `fabric-ca-client`: in `ENTENTE_FABRIC_BIN`, or the newest under
/// `$HOME/.cache/entente/fabric-ca/<version>/bin`; or a line on standard error that says which test is skipped without it.
pub fn stock_ca_client_or_skip(test: &str) -> Option<PathBuf> {
    let named = env::var_os("ENTENTE_FABRIC_BIN").map(|folder| PathBuf::from(folder).join("fabric-ca-client"));
    let cache = env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/entente/fabric-ca"));
    let mut versions: Vec<PathBuf> = cache
        .and_then(|cache| cache.read_dir().ok())
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin/fabric-ca-client"))
        .collect();
    versions.sort();
    let found = named
        .into_iter()
        .chain(versions.into_iter().rev())
        .find(|path| path.is_file());
    if found.is_none() {
        skip(
            test,
            "no stock fabric-ca-client (put it beside `peer` in ENTENTE_FABRIC_BIN)",
        );
    }
    found
}

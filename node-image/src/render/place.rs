//! Places this executable as the chaincode builder of a stock peer.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::Context as _;

/// Makes `folder/bin` with `detect`, `build` and `release`, all of them this executable.
///
/// The peer may run where our path is not: it gets a copy of its own, as a hard link where that is possible.
pub(super) fn builder(folder: &Path) -> anyhow::Result<()> {
    let executable = std::env::current_exe().context("the path of this executable is unknown")?;
    let bin = folder.join("bin");
    fs::create_dir_all(&bin).with_context(|| format!("the folder {} cannot be made", bin.display()))?;
    let copy = bin.join("entente-node");
    place(&executable, &copy).with_context(|| format!("{} cannot be placed", copy.display()))?;
    for step in ["detect", "build", "release"] {
        let link = bin.join(step);
        link_to("entente-node", &link).with_context(|| format!("{} cannot be placed", link.display()))?;
    }
    Ok(())
}

fn place(executable: &Path, target: &Path) -> io::Result<()> {
    remove(target)?;
    // Another file system, or a policy against links to files of other owners.
    fs::hard_link(executable, target).or_else(|_| fs::copy(executable, target).map(|_| ()))
}

fn link_to(name: &str, link: &Path) -> io::Result<()> {
    remove(link)?;
    std::os::unix::fs::symlink(name, link)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

//! Files of an MSP folder.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::LocalMspError;
use crate::crypto::pem;

/// A revocation list is the largest thing in an MSP folder.
const MAX_FILE: u64 = 4 * 1024 * 1024;

pub const PUBLIC: u32 = 0o644;
pub const SECRET: u32 = 0o600;

pub struct Item {
    pub path: PathBuf,
    pub contents: Vec<u8>,
}

/// Every PEM file of a folder by name. Other files, and a folder that is not there, are passed over, as in stock.
pub fn pem_files(dir: &Path) -> Result<Vec<Item>, LocalMspError> {
    let failed = |source| LocalMspError::Read {
        path: dir.to_owned(),
        source,
    };
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(why) if why.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(why) => return Err(failed(why)),
    };
    let mut paths = entries
        .map(|entry| entry.map(|e| e.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)?;
    paths.sort();
    let mut items = Vec::new();
    for path in paths.into_iter().filter(|path| path.is_file()) {
        let contents = read(&path)?;
        if pem::first(&contents).is_some() {
            items.push(Item { path, contents });
        } else {
            tracing::warn!(file = %path.display(), "passed over: it holds no PEM block");
        }
    }
    Ok(items)
}

pub fn read(path: &Path) -> Result<Vec<u8>, LocalMspError> {
    let failed = |source| LocalMspError::Read {
        path: path.to_owned(),
        source,
    };
    if fs::metadata(path).map_err(failed)?.len() > MAX_FILE {
        return Err(LocalMspError::TooLarge {
            path: path.to_owned(),
            limit: MAX_FILE,
        });
    }
    fs::read(path).map_err(failed)
}

/// Writes beside the file and renames: a reader sees the old contents or the new ones.
pub fn write(dir: &Path, name: &str, contents: &[u8], mode: u32) -> Result<(), LocalMspError> {
    let path = dir.join(name);
    let beside = dir.join(format!(".{name}.new"));
    let attempt = || {
        fs::create_dir_all(dir)?;
        match fs::remove_file(&beside) {
            Err(why) if why.kind() != ErrorKind::NotFound => return Err(why),
            _ => {}
        }
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&beside)?;
        file.write_all(contents)?;
        file.sync_all()?;
        fs::rename(&beside, &path)
    };
    attempt().map_err(|source| LocalMspError::Write {
        path: path.clone(),
        source,
    })
}

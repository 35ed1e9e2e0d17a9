//! Reads a backup.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Component, Path};

use super::take::AUTHORITY_ROOT;
use crate::cli::CliError;

/// What a backup may hold, at its top.
const PARTS: [&str; 6] = [
    "version.json",
    "admin-token",
    "registry.db",
    "platform.db",
    "authorities",
    "vault",
];

/// Makes the folder `data` of the backup in `file`. The folder gets its name when it is complete.
pub fn all(file: &Path, data: &Path) -> Result<(), CliError> {
    let is_empty = fs::read_dir(data).map(|mut entries| entries.next().is_none());
    if matches!(is_empty, Ok(false)) {
        return Err(CliError::Failed {
            message: format!("{} is not empty", data.display()),
            hint: Some("Name a new folder with --data; nothing is overwritten.".to_owned()),
        });
    }
    let unfinished = data.with_extension("unfinished");
    let made = unpack(file, &unfinished).and_then(|()| {
        if is_empty.is_ok() {
            fs::remove_dir(data).map_err(|error| cannot(data, &error))?;
        }
        fs::rename(&unfinished, data).map_err(|error| cannot(data, &error))
    });
    if made.is_err() {
        // What was unpacked of it is of no use.
        fs::remove_dir_all(&unfinished).ok();
    }
    made
}

fn unpack(file: &Path, folder: &Path) -> Result<(), CliError> {
    let opened =
        File::open(file).map_err(|error| CliError::failed(format!("{} cannot be read: {error}", file.display())))?;
    // Left over from a restoration that was cut short.
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|error| cannot(folder, &error))?;
    }
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| cannot(folder, &error))?;
    let wrong = |what: &str| CliError::failed(format!("{} is no backup of Entente: {what}", file.display()));
    let mut archive = tar::Archive::new(opened);
    archive.set_preserve_permissions(true);
    let entries = archive.entries().map_err(|error| wrong(&error.to_string()))?;
    for entry in entries {
        let mut entry = entry.map_err(|error| wrong(&error.to_string()))?;
        let path = entry.path().map_err(|error| wrong(&error.to_string()))?.into_owned();
        let mut components = path.components();
        let is_ours = matches!(components.next(), Some(Component::Normal(top)) if PARTS.iter().chain(&AUTHORITY_ROOT).any(|part| top == *part));
        let kind = entry.header().entry_type();
        if !is_ours || !(kind.is_file() || kind.is_dir()) {
            return Err(wrong(&format!("it holds {}", path.display())));
        }
        let unpacked = entry.unpack_in(folder).map_err(|error| wrong(&error.to_string()))?;
        if !unpacked {
            return Err(wrong(&format!("{} leads out of the folder", path.display())));
        }
    }
    match folder.join("version.json").is_file() {
        true => Ok(()),
        false => Err(wrong("it holds no version.json")),
    }
}

fn cannot(path: &Path, error: &std::io::Error) -> CliError {
    CliError::failed(format!("{} cannot be written: {error}", path.display()))
}

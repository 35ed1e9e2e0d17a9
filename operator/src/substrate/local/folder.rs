//! A node's folder: what the plan puts there, its log, and whatever the node itself writes.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Component, Path, PathBuf};

use crate::substrate::{NodeId, SubstrateError};

/// The folder of one node.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    pub fn new(root: &Path, id: &NodeId) -> Folder {
        Folder {
            path: root.join(&id.namespace).join(&id.chain).join(&id.name),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn log(&self) -> PathBuf {
        self.path.join("node.log")
    }

    /// Bytes that everything in it takes on disk. `None` when there is none.
    pub fn size(&self) -> Option<u64> {
        fs::metadata(&self.path).ok()?;
        let mut bytes = 0;
        let mut unread = vec![self.path.clone()];
        while let Some(folder) = unread.pop() {
            // What is compacted away meanwhile is not counted.
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let Ok(about) = entry.metadata() else { continue };
                match about.is_dir() {
                    true => unread.push(entry.path()),
                    false => bytes += about.blocks() * 512,
                }
            }
        }
        Some(bytes)
    }

    /// Writes the plan's files, each as a whole or not at all. A file that is already right is not touched.
    pub fn write<'a>(&self, files: impl Iterator<Item = (&'a String, &'a Vec<u8>)>) -> Result<(), SubstrateError> {
        create_private(&self.path)?;
        for (name, content) in files {
            let relative = Path::new(name);
            if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
                return Err(SubstrateError::Refused(format!(
                    "{name} is not a path inside the node's folder"
                )));
            }
            let path = self.path.join(relative);
            create_private(path.parent().unwrap_or(&self.path))?;
            write_private(&path, content).map_err(SubstrateError::io(format!("writing {}", path.display())))?;
        }
        Ok(())
    }

    /// Removes the folder, and its parents when they hold nothing else.
    pub fn remove(&self) -> Result<(), SubstrateError> {
        match fs::remove_dir_all(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(SubstrateError::io(format!("removing {}", self.path.display()))(error));
            }
            _ => {}
        }
        for parent in self.path.ancestors().skip(1).take(2) {
            if fs::remove_dir(parent).is_err() {
                break; // another node or chain lives there
            }
        }
        Ok(())
    }
}

/// Creates a folder that only its owner may enter, with its parents.
pub fn create_private(path: &Path) -> Result<(), SubstrateError> {
    let context = || format!("creating the folder {}", path.display());
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(SubstrateError::io(context()))
}

fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    if fs::read(path).is_ok_and(|current| current == content) {
        return fs::set_permissions(path, Permissions::from_mode(0o600));
    }
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(content)?;
    file.sync_data()?;
    fs::rename(draft, path)
}

/// Names of the folders in `path`, in order; none when it does not exist.
pub fn names(path: &Path) -> Result<Vec<String>, SubstrateError> {
    let context = || format!("listing {}", path.display());
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(SubstrateError::io(context())(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(SubstrateError::io(context()))?;
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            names.extend(entry.file_name().into_string());
        }
    }
    names.sort();
    Ok(names)
}

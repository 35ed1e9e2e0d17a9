//! The data folder belongs to one process at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, bail};

const LOCK: &str = "node.lock";

/// Holds the data folder until it is dropped, or the process ends in any way.
pub struct Held {
    _lock: File,
}

/// Makes the folder if need be and takes it.
pub fn hold(folder: &Path) -> anyhow::Result<Held> {
    let name = folder.display();
    std::fs::create_dir_all(folder).with_context(|| format!("the data folder {name} cannot be made"))?;
    let mut lock = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(folder.join(LOCK))
        .with_context(|| format!("the data folder {name} cannot be written"))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            lock.read_to_string(&mut holder).ok();
            bail!(
                "the data folder {name} is in use by process {}; stop it first",
                holder.trim()
            );
        }
        Err(TryLockError::Error(error)) => {
            return Err(error).with_context(|| format!("the data folder {name} cannot be locked"));
        }
    }
    lock.set_len(0)
        .and_then(|()| writeln!(lock, "{}", std::process::id()))
        .with_context(|| format!("the data folder {name} cannot be written"))?;
    Ok(Held { _lock: lock })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_holder_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");

        let first = hold(&data).unwrap();
        let second = hold(&data).err().unwrap().to_string();
        drop(first);

        let pid = std::process::id();
        assert_eq!(
            second,
            format!(
                "the data folder {} is in use by process {pid}; stop it first",
                data.display()
            )
        );
        assert!(hold(&data).is_ok());
    }
}

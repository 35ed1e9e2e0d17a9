//! Where a registrar keeps things, and writing them so that a crash leaves the old or the new.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The folders under an orderer's data folder.
#[derive(Debug, Clone)]
pub struct Paths {
    root: PathBuf,
}

impl Paths {
    pub fn create(root: &Path) -> io::Result<Paths> {
        let paths = Paths { root: root.to_owned() };
        for folder in ["channels", "join", "removed"] {
            fs::create_dir_all(root.join(folder))?;
        }
        // Deleting was under way when the process ended.
        for entry in fs::read_dir(root.join("removed"))? {
            fs::remove_dir_all(entry?.path())?;
        }
        Ok(paths)
    }

    pub fn blocks(&self, channel: &str) -> PathBuf {
        self.channel(channel).join("blocks")
    }

    pub fn raft(&self, channel: &str) -> PathBuf {
        self.channel(channel).join("raft")
    }

    pub fn channel(&self, channel: &str) -> PathBuf {
        self.root.join("channels").join(channel)
    }

    fn removed(&self, channel: &str) -> PathBuf {
        self.root.join("removed").join(channel)
    }

    fn join_block(&self, channel: &str) -> PathBuf {
        self.root.join("join").join(format!("{channel}.block"))
    }

    /// Channels that have a folder or a join block.
    pub fn channels(&self) -> io::Result<Vec<String>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(self.root.join("channels"))? {
            found.extend(entry?.file_name().into_string().ok());
        }
        for entry in fs::read_dir(self.root.join("join"))? {
            let name = entry?.file_name().into_string().unwrap_or_default();
            found.extend(name.strip_suffix(".block").map(str::to_owned));
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    pub fn save_join_block(&self, channel: &str, bytes: &[u8]) -> io::Result<()> {
        write_whole(&self.join_block(channel), bytes)
    }

    pub fn load_join_block(&self, channel: &str) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.join_block(channel)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub fn remove_join_block(&self, channel: &str) -> io::Result<()> {
        match fs::remove_file(self.join_block(channel)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => sync_dir(&self.root.join("join")),
        }
    }

    /// Makes sure that a channel is not found again. The join block goes first: with it, a restart would join again.
    pub fn set_aside(&self, channel: &str) -> io::Result<()> {
        self.remove_join_block(channel)?;
        // Left over from a removal that failed half way.
        self.delete(channel)?;
        match fs::rename(self.channel(channel), self.removed(channel)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => sync_dir(&self.root.join("channels")),
        }
    }

    /// Deletes what was set aside.
    pub fn delete(&self, channel: &str) -> io::Result<()> {
        match fs::remove_dir_all(self.removed(channel)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Drops a Raft log that was written under another id: in a group that this node was removed from, it is void.
    pub fn claim_raft(&self, channel: &str, id: u64) -> io::Result<()> {
        let (folder, claim) = (self.raft(channel), self.channel(channel).join("raft-id"));
        match fs::read_to_string(&claim) {
            Ok(text) if text.trim() == id.to_string() => return Ok(()),
            Ok(_) => match fs::remove_dir_all(&folder) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        write_whole(&claim, id.to_string().as_bytes())
    }
}

fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = File::create(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    path.parent().map_or(Ok(()), sync_dir)
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

//! Private writes between endorsement and commit (`core/transientstore`).
//!
//! Only hashes are ordered; the plaintext waits here, on disk because the peer may restart before the block comes. One
//! file for each endorsed transaction, by channel.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use entente_fabric::crypto::sha256;
use entente_fabric::proto::rwset::TxPvtReadWriteSet;
use prost::Message as _;

use crate::failure::Failure;

/// Blocks that a transaction may take to be committed; what is older will never be.
const RETENTION_BLOCKS: u64 = 1000;

/// The transient store of a peer.
pub struct Transient {
    dir: PathBuf,
}

impl Transient {
    /// `dir` is made when the first private write comes.
    pub fn new(dir: &Path) -> Transient {
        Transient { dir: dir.to_owned() }
    }

    /// Keeps what a simulation wrote, at the ledger's `height`. Durable when it returns.
    pub fn keep(&self, channel: &str, tx_id: &str, height: u64, private: &TxPvtReadWriteSet) -> Result<(), Failure> {
        self.write(channel, tx_id, height, &private.encode_to_vec())
            .map_err(|error| {
                tracing::error!(channel, tx = tx_id, %error, "private writes cannot be stored");
                Failure(format!("private data of transaction {tx_id} cannot be stored: {error}"))
            })
    }

    fn write(&self, channel: &str, tx_id: &str, height: u64, bytes: &[u8]) -> io::Result<()> {
        let dir = self.dir.join(channel);
        DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
        // A transaction that is endorsed twice may have two outcomes; the commit tells by hash which one counts.
        let hash = hex::encode(&sha256(bytes)[..8]);
        let path = dir.join(format!("{tx_id}.{height}.{hash}"));
        let partial = dir.join(format!(".{}", hex::encode(rand::random::<[u8; 8]>())));
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&partial)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&partial, &path)?;
        File::open(&dir)?.sync_all()
    }

    /// What is kept for a transaction; several outcomes when it was endorsed several times.
    pub fn find(&self, channel: &str, tx_id: &str) -> Vec<TxPvtReadWriteSet> {
        let files = self.files(channel).into_iter().filter(|file| file.tx_id == tx_id);
        files
            .filter_map(|file| TxPvtReadWriteSet::decode(&fs::read(file.path).ok()?[..]).ok())
            .collect()
    }

    /// Drops what is kept for committed transactions, and what has waited too long at `height`.
    pub fn forget(&self, channel: &str, tx_ids: &[&str], height: u64) {
        for file in self.files(channel) {
            let orphaned = file.height.saturating_add(RETENTION_BLOCKS) < height;
            if (orphaned || tx_ids.contains(&file.tx_id.as_str()))
                && let Err(error) = fs::remove_file(&file.path)
            {
                tracing::warn!(channel, tx = file.tx_id, %error, "private writes of a committed transaction stay behind");
            }
        }
    }

    /// Whether anything is kept for the channel. Cheap, for the blocks of channels without private data.
    pub fn is_empty(&self, channel: &str) -> bool {
        self.files(channel).is_empty()
    }

    fn files(&self, channel: &str) -> Vec<Kept> {
        let Ok(entries) = fs::read_dir(self.dir.join(channel)) else {
            return Vec::new();
        };
        entries.filter_map(|entry| Kept::new(entry.ok()?.path())).collect()
    }
}

/// A file of the store, by what its name says.
struct Kept {
    path: PathBuf,
    tx_id: String,
    height: u64,
}

impl Kept {
    fn new(path: PathBuf) -> Option<Kept> {
        let name = path.file_name()?.to_str()?;
        let mut parts = name.split('.');
        let (tx_id, height) = (parts.next()?, parts.next()?);
        if tx_id.is_empty() {
            // Half-written when the peer was killed.
            return None;
        }
        Some(Kept {
            tx_id: tx_id.to_owned(),
            height: height.parse().ok()?,
            path,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use entente_fabric::proto::rwset::NsPvtReadWriteSet;

    fn writes(namespace: &str) -> TxPvtReadWriteSet {
        let namespace = NsPvtReadWriteSet {
            namespace: namespace.to_owned(),
            ..Default::default()
        };
        TxPvtReadWriteSet {
            ns_pvt_rwset: vec![namespace],
            ..Default::default()
        }
    }

    #[test]
    fn private_writes_are_kept_until_their_transaction_is_committed_or_too_old() {
        let dir = tempfile::tempdir().unwrap();
        let store = Transient::new(dir.path());
        store.keep("main", "aa", 5, &writes("x")).unwrap();
        store.keep("main", "bb", 5, &writes("y")).unwrap();
        store.keep("main", "cc", 2000, &writes("z")).unwrap();

        store.forget("main", &["aa"], 1005);
        let kept = ["aa", "bb", "cc"].map(|id| store.find("main", id));
        store.forget("main", &[], 1006);

        assert_eq!(kept, [vec![], vec![writes("y")], vec![writes("z")]]);
        assert_eq!(Transient::new(dir.path()).find("main", "bb"), vec![]);
        assert!(!store.is_empty("main"));
    }
}

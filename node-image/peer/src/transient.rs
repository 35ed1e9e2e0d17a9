//! Private writes between endorsement and commit (`core/transientstore`).
//!
//! Only hashes are ordered; the plaintext waits here, on disk because the peer may restart before the block comes. One
//! file for each endorsed transaction, by channel.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use entente_fabric::block;
use entente_fabric::crypto::sha256;
use entente_fabric::proto::common::Block;
use entente_fabric::proto::rwset::TxPvtReadWriteSet;
use parking_lot::Mutex;
use prost::Message as _;

use crate::failure::Failure;

/// Blocks that a transaction may take to be committed; what is older will never be.
const RETENTION_BLOCKS: u64 = 1000;

/// The transient store of a peer.
pub struct Transient {
    dir: PathBuf,
    /// What there is, by channel and transaction, so that blocks without private data cost nothing.
    index: Mutex<HashMap<String, BTreeMap<String, Vec<Kept>>>>,
}

/// A file of the store, by what its name says.
struct Kept {
    path: PathBuf,
    /// The ledger's height when the transaction was endorsed.
    height: u64,
}

impl Transient {
    /// Opens the store in `dir`, which is made when the first private write comes.
    pub fn open(dir: &Path) -> io::Result<Transient> {
        let mut index: HashMap<String, BTreeMap<String, Vec<Kept>>> = HashMap::new();
        for channel in entries(dir)? {
            let Some(name) = channel.file_name().and_then(|name| name.to_str()) else {
                continue;
            };
            for path in entries(&channel)? {
                if let Some((tx_id, kept)) = read_name(path) {
                    index
                        .entry(name.to_owned())
                        .or_default()
                        .entry(tx_id)
                        .or_default()
                        .push(kept);
                }
            }
        }
        Ok(Transient {
            dir: dir.to_owned(),
            index: Mutex::new(index),
        })
    }

    /// Keeps what a simulation wrote, at the ledger's `height`. Durable when it returns.
    pub fn keep(&self, channel: &str, tx_id: &str, height: u64, private: &TxPvtReadWriteSet) -> Result<(), Failure> {
        let path = self
            .write(channel, tx_id, height, &private.encode_to_vec())
            .map_err(|error| {
                tracing::error!(channel, tx = tx_id, %error, "private writes cannot be stored");
                Failure(format!("private data of transaction {tx_id} cannot be stored: {error}"))
            })?;
        let mut index = self.index.lock();
        let kept = index
            .entry(channel.to_owned())
            .or_default()
            .entry(tx_id.to_owned())
            .or_default();
        if !kept.iter().any(|known| known.path == path) {
            kept.push(Kept { path, height });
        }
        Ok(())
    }

    fn write(&self, channel: &str, tx_id: &str, height: u64, bytes: &[u8]) -> io::Result<PathBuf> {
        let dir = self.dir.join(channel);
        DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
        // A transaction that is endorsed twice may have two outcomes; the block tells by hash which one counts.
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
        File::open(&dir)?.sync_all()?;
        Ok(path)
    }

    /// What is kept for a block's transactions, by position in the block. When a transaction was endorsed several
    /// times, all outcomes together: the ledger takes what the block vouches for.
    pub fn of_block(&self, channel: &str, block: &Block) -> BTreeMap<u64, TxPvtReadWriteSet> {
        let index = self.index.lock();
        let Some(kept) = index.get(channel).filter(|kept| !kept.is_empty()) else {
            return BTreeMap::new();
        };
        let mut found: BTreeMap<u64, TxPvtReadWriteSet> = BTreeMap::new();
        for (position, tx_id) in transaction_ids(block) {
            for file in kept.get(&tx_id).into_iter().flatten() {
                let read = fs::read(&file.path)
                    .ok()
                    .and_then(|bytes| TxPvtReadWriteSet::decode(&bytes[..]).ok());
                match read {
                    Some(set) => found.entry(position).or_default().ns_pvt_rwset.extend(set.ns_pvt_rwset),
                    None => tracing::warn!(channel, tx = tx_id, "private writes that were kept cannot be read"),
                }
            }
        }
        found
    }

    /// Drops what was kept for the transactions of a committed block, and what has waited too long by then.
    pub fn forget_block(&self, channel: &str, block: &Block) {
        let mut index = self.index.lock();
        let Some(kept) = index.get_mut(channel).filter(|kept| !kept.is_empty()) else {
            return;
        };
        let height = block
            .header
            .as_ref()
            .map_or(0, |header| header.number.saturating_add(1));
        let mut gone: Vec<Kept> = Vec::new();
        for (_, tx_id) in transaction_ids(block) {
            gone.extend(kept.remove(&tx_id).unwrap_or_default());
        }
        kept.retain(|_, files| {
            let orphaned = |file: &Kept| file.height.saturating_add(RETENTION_BLOCKS) < height;
            gone.extend(files.extract_if(.., |file| orphaned(file)));
            !files.is_empty()
        });
        for file in gone {
            if let Err(error) = fs::remove_file(&file.path) {
                tracing::warn!(channel, path = %file.path.display(), %error, "private writes of a committed transaction stay behind");
            }
        }
    }
}

fn transaction_ids(block: &Block) -> impl Iterator<Item = (u64, String)> {
    let transactions = block::transactions(block).enumerate();
    transactions.filter_map(|(position, transaction)| {
        Some((u64::try_from(position).ok()?, transaction.ok()?.id().to_owned()))
    })
}

fn entries(dir: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(dir) {
        Ok(entries) => entries.map(|entry| entry.map(|entry| entry.path())).collect(),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(Vec::new())
        }
        Err(error) => Err(error),
    }
}

/// The transaction of a file; `None` for one that was half-written when the peer was killed.
fn read_name(path: PathBuf) -> Option<(String, Kept)> {
    let name = path.file_name()?.to_str()?;
    let mut parts = name.split('.');
    let (tx_id, height) = (parts.next().filter(|id| !id.is_empty())?, parts.next()?.parse().ok()?);
    Some((tx_id.to_owned(), Kept { path, height }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use entente_fabric::proto::common::{BlockData, BlockHeader, ChannelHeader, Envelope, Header, Payload};
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

    fn block(number: u64, tx_ids: &[&str]) -> Block {
        let envelope = |tx_id: &&str| {
            let header = ChannelHeader {
                tx_id: (*tx_id).to_owned(),
                ..Default::default()
            };
            let header = Header {
                channel_header: header.encode_to_vec(),
                ..Default::default()
            };
            let payload = Payload {
                header: Some(header),
                data: Vec::new(),
            };
            Envelope {
                payload: payload.encode_to_vec(),
                ..Default::default()
            }
            .encode_to_vec()
            .into()
        };
        Block {
            header: Some(BlockHeader {
                number,
                ..Default::default()
            }),
            data: Some(BlockData {
                data: tx_ids.iter().map(envelope).collect(),
            }),
            metadata: None,
        }
    }

    #[test]
    fn private_writes_are_kept_until_their_transaction_is_committed_or_too_old() {
        let dir = tempfile::tempdir().unwrap();
        let store = Transient::open(dir.path()).unwrap();
        store.keep("main", "aa", 5, &writes("x")).unwrap();
        store.keep("main", "bb", 5, &writes("y")).unwrap();
        store.keep("main", "cc", 2000, &writes("z")).unwrap();
        let all = block(0, &["xx", "aa", "bb", "cc"]);

        let kept = Transient::open(dir.path()).unwrap().of_block("main", &all);
        assert_eq!(
            kept,
            BTreeMap::from([(1, writes("x")), (2, writes("y")), (3, writes("z"))])
        );

        store.forget_block("main", &block(1004, &["aa"]));
        assert_eq!(
            store.of_block("main", &all),
            BTreeMap::from([(2, writes("y")), (3, writes("z"))])
        );

        store.forget_block("main", &block(1005, &[]));
        let kept = Transient::open(dir.path()).unwrap().of_block("main", &all);
        assert_eq!(kept, BTreeMap::from([(3, writes("z"))]));
    }
}

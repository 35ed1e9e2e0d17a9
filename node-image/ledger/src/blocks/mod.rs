//! The block store: a channel's chain in append-only files.
//!
//! Both roles use it. An orderer appends and syncs; a peer's [`crate::Ledger`] keeps a block invisible until everything
//! that is derived from it is written as well, so that whoever sees a block also sees its effects.

mod files;
mod recent;
mod segment;
#[cfg(test)]
mod tests;

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use entente_fabric::block;
use entente_fabric::proto::common::{Block, BlockHeader};
use parking_lot::{Mutex, RwLock};
use prost::Message as _;
use tokio::sync::watch;

use crate::LedgerError;
use files::Files;
use recent::{Recent, Stored};

/// A new segment is begun past this size. Opening the store reads one segment, so this bounds the time of a restart.
const SEGMENT_SIZE: u64 = 16 * 1024 * 1024;

/// One channel's blocks. Cheap to clone; one writer, many readers.
#[derive(Clone)]
pub struct BlockStore {
    inner: Arc<Inner>,
}

struct Inner {
    dir: PathBuf,
    segment_size: u64,
    chain: RwLock<Chain>,
    /// Number of blocks known to be on disk. Held during a sync, so that those who wait share the next one.
    synced: Mutex<u64>,
    visible: watch::Sender<u64>,
    /// Held open for its lock: two processes must not append to the same files.
    _lock: File,
}

struct Chain {
    files: Files,
    recent: Recent,
    tip: Option<Tip>,
}

/// The last appended header and its hash, which the next block names.
#[derive(Clone)]
struct Tip {
    header: BlockHeader,
    hash: [u8; 32],
}

impl BlockStore {
    /// Opens or creates the store in `dir`, cutting a torn tail.
    pub fn open(dir: &Path) -> Result<BlockStore, LedgerError> {
        BlockStore::open_with(dir, SEGMENT_SIZE)
    }

    fn open_with(dir: &Path, segment_size: u64) -> Result<BlockStore, LedgerError> {
        fs::create_dir_all(dir).map_err(|e| LedgerError::io(format!("cannot create {}", dir.display()), e))?;
        let lock = lock(dir)?;
        let files = Files::open(dir).map_err(|e| failure(dir, "cannot open the block store", e))?;
        let next = files.next();
        let mut chain = Chain {
            files,
            recent: Recent::default(),
            tip: None,
        };
        if let Some(last) = next.checked_sub(1) {
            let located = chain
                .files
                .locate(last)
                .map_err(|e| failure(dir, "cannot find the last block", e))?;
            let bytes = located
                .map(|l| l.read())
                .transpose()
                .map_err(|e| failure(dir, "cannot read the last block", e))?;
            let stored = Stored::new(bytes.unwrap_or_default());
            let decoded = stored
                .block()
                .map_err(|e| damaged(dir, format!("block {last} cannot be decoded: {e}")))?;
            let header = decoded.header.clone().filter(|header| header.number == last);
            let header =
                header.ok_or_else(|| damaged(dir, format!("block {last} is stored under a wrong number")))?;
            chain.tip = Some(Tip {
                hash: block::header_hash(&header),
                header,
            });
            chain.recent.push(last, stored);
        }
        let inner = Inner {
            dir: dir.to_owned(),
            segment_size,
            chain: RwLock::new(chain),
            // What a killed process has written may still be on its way to the disk.
            synced: Mutex::new(0),
            visible: watch::Sender::new(next),
            _lock: lock,
        };
        Ok(BlockStore { inner: Arc::new(inner) })
    }

    /// Number of the next block: 0 for an empty store.
    pub fn height(&self) -> u64 {
        *self.inner.visible.borrow()
    }

    /// Appends the next block, as marshalled bytes. Not durable before [`BlockStore::sync`].
    /// Refuses a wrong number or previous hash.
    pub fn append(&self, block: &Block) -> Result<(), LedgerError> {
        self.append_hidden(block)?;
        self.show();
        Ok(())
    }

    /// Appends a block that no reader sees before [`BlockStore::show`].
    pub(crate) fn append_hidden(&self, block: &Block) -> Result<(), LedgerError> {
        let header = block
            .header
            .as_ref()
            .ok_or_else(|| LedgerError::Refused("the block has no header".to_owned()))?;
        let mut chain = self.inner.chain.write();
        chain.check_next(header)?;
        let stored = Stored::new(block.encode_to_vec().into());
        let written = chain.files.append(&stored.bytes, self.inner.segment_size);
        written.map_err(|e| failure(&self.inner.dir, &format!("cannot write block {}", header.number), e))?;
        chain.recent.push(header.number, stored);
        chain.tip = Some(Tip {
            hash: block::header_hash(header),
            header: header.clone(),
        });
        Ok(())
    }

    /// Makes every appended block visible.
    pub(crate) fn show(&self) {
        let next = self.inner.chain.read().files.next();
        self.inner
            .visible
            .send_if_modified(|height| std::mem::replace(height, next) != next);
    }

    /// Makes everything appended so far durable (one fdatasync, shared with whoever asks at the same time).
    pub fn sync(&self) -> Result<(), LedgerError> {
        let wanted = self.inner.chain.read().files.next();
        let mut synced = self.inner.synced.lock();
        if *synced >= wanted {
            return Ok(());
        }
        // Asked again under the lock: this covers blocks appended while another sync was running.
        let (next, last) = {
            let chain = self.inner.chain.read();
            (chain.files.next(), chain.files.last_segment().cloned())
        };
        if let Some(segment) = last {
            segment
                .file
                .sync_data()
                .map_err(|e| failure(&self.inner.dir, "cannot sync the block store", e))?;
        }
        *synced = next;
        Ok(())
    }

    /// The block's bytes as they were appended.
    pub fn bytes(&self, number: u64) -> Result<Option<Bytes>, LedgerError> {
        Ok(self.stored(number)?.map(|stored| stored.bytes))
    }

    pub fn block(&self, number: u64) -> Result<Option<Arc<Block>>, LedgerError> {
        let Some(stored) = self.stored(number)? else {
            return Ok(None);
        };
        let decoded = stored.block();
        let block =
            decoded.map_err(|e| damaged(&self.inner.dir, format!("block {number} cannot be decoded: {e}")))?;
        Ok(Some(block))
    }

    fn stored(&self, number: u64) -> Result<Option<Stored>, LedgerError> {
        if number >= self.height() {
            return Ok(None);
        }
        let located = {
            let chain = self.inner.chain.read();
            if let Some(stored) = chain.recent.get(number) {
                return Ok(Some(stored.clone()));
            }
            chain.files.locate(number)
        };
        let read = located.and_then(|location| location.map(|l| l.read()).transpose());
        let bytes = read.map_err(|e| failure(&self.inner.dir, &format!("cannot read block {number}"), e))?;
        Ok(bytes.map(Stored::new))
    }

    /// Header of the last block.
    pub fn tip(&self) -> Option<BlockHeader> {
        self.inner.chain.read().tip.as_ref().map(|tip| tip.header.clone())
    }

    /// Changes with every block that becomes visible; holds the height.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.inner.visible.subscribe()
    }
}

impl Chain {
    fn check_next(&self, header: &BlockHeader) -> Result<(), LedgerError> {
        let next = self.files.next();
        if header.number != next {
            return Err(LedgerError::Refused(format!(
                "block {} is not the next block, {next}",
                header.number
            )));
        }
        match &self.tip {
            Some(tip) if header.previous_hash != tip.hash => Err(LedgerError::Refused(format!(
                "block {next} names {} as the hash of the block before it, which is {}",
                hex::encode(&header.previous_hash),
                hex::encode(tip.hash)
            ))),
            _ => Ok(()),
        }
    }
}

fn lock(dir: &Path) -> Result<File, LedgerError> {
    let path = dir.join("lock");
    let file = File::create(&path).map_err(|e| LedgerError::io(format!("cannot create {}", path.display()), e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LedgerError::Refused(format!(
            "{} is in use by another process; stop it first",
            dir.display()
        ))),
        Err(TryLockError::Error(e)) => Err(LedgerError::io(format!("cannot lock {}", path.display()), e)),
    }
}

/// Says whether the disk failed or what is on it is wrong.
fn failure(dir: &Path, context: &str, error: io::Error) -> LedgerError {
    match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => damaged(dir, format!("{context}: {error}")),
        _ => LedgerError::io(format!("{context} in {}", dir.display()), error),
    }
}

fn damaged(dir: &Path, reason: String) -> LedgerError {
    LedgerError::Damaged {
        path: dir.display().to_string(),
        reason,
    }
}

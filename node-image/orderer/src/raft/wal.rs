//! The Raft log on disk: one append-only file of `length | crc | record`.
//!
//! A batch is written and made durable with one fdatasync. When the log has been folded into the chain, the file is
//! rewritten from the checkpoint on and swapped in by a rename, so there is always exactly one whole log. A torn tail, as a
//! power failure leaves it, is cut off when the file is opened: nothing in it had been acknowledged.

mod record;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use ::raft::eraftpb::{Entry, HardState};
use bytes::Bytes;
use tracing::warn;

use super::log::Checkpoint;
use record::MAGIC;

const FILE: &str = "log";
const FRESH: &str = "log.new";

/// What is to be written together.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    pub hard_state: Option<HardState>,
    pub entries: Vec<Entry>,
    /// A snapshot of another node, which replaces everything before it.
    pub installed: Option<Checkpoint>,
}

/// What was found on disk.
#[derive(Debug, Default)]
pub struct Recovered {
    pub hard_state: HardState,
    pub checkpoint: Checkpoint,
    pub entries: Vec<Entry>,
}

/// The open log file.
pub struct Wal {
    dir: PathBuf,
    file: File,
}

impl Wal {
    /// Opens the log in `dir`. `None` tells that there was none, so the node is new to its channel.
    pub fn open(dir: &Path) -> io::Result<(Wal, Option<Recovered>)> {
        fs::create_dir_all(dir)?;
        // Left behind by a crash during a rewrite; the old file is still whole.
        match fs::remove_file(dir.join(FRESH)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let path = dir.join(FILE);
        if !path.exists() {
            let wal = Wal {
                dir: dir.to_owned(),
                file: create(dir, &[])?,
            };
            return Ok((wal, None));
        }
        let mut bytes = Vec::new();
        File::open(&path)?.read_to_end(&mut bytes)?;
        let (recovered, valid) = record::replay(Bytes::from(bytes))?;
        let file = OpenOptions::new().append(true).open(&path)?;
        let length = file.metadata()?.len();
        if valid < length {
            warn!(path = %path.display(), cut = length - valid, "cutting the torn end of the Raft log");
            file.set_len(valid)?;
            file.sync_all()?;
        }
        Ok((
            Wal {
                dir: dir.to_owned(),
                file,
            },
            Some(recovered),
        ))
    }

    /// Writes batches and makes them durable together.
    pub fn append<'a>(&mut self, batches: impl IntoIterator<Item = &'a Batch>) -> io::Result<()> {
        let mut out = Vec::new();
        for batch in batches {
            if let Some(checkpoint) = &batch.installed {
                record::put_installed(&mut out, checkpoint);
            }
            batch
                .entries
                .iter()
                .for_each(|entry| record::put_entry(&mut out, entry));
            // After its entries: it may say that they are committed.
            if let Some(hard_state) = &batch.hard_state {
                record::put_hard_state(&mut out, hard_state);
            }
        }
        self.file.write_all(&out)?;
        self.file.sync_data()
    }

    /// Replaces the file by one that starts at `checkpoint`. Blocks up to it must be durable by then.
    pub fn rewrite(&mut self, checkpoint: &Checkpoint, entries: &[Entry], hard_state: &HardState) -> io::Result<()> {
        let mut out = Vec::new();
        record::put_checkpoint(&mut out, checkpoint);
        entries.iter().for_each(|entry| record::put_entry(&mut out, entry));
        record::put_hard_state(&mut out, hard_state);
        self.file = create(&self.dir, &out)?;
        Ok(())
    }
}

/// Makes a log file with `records` appear whole or not at all.
fn create(dir: &Path, records: &[u8]) -> io::Result<File> {
    let fresh = dir.join(FRESH);
    let mut file = OpenOptions::new().create_new(true).append(true).open(&fresh)?;
    file.write_all(MAGIC)?;
    file.write_all(records)?;
    file.sync_all()?;
    fs::rename(&fresh, dir.join(FILE))?;
    File::open(dir)?.sync_all()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(index: u64, term: u64, data: &'static [u8]) -> Entry {
        Entry {
            index,
            term,
            data: Bytes::from_static(data),
            ..Default::default()
        }
    }

    fn state(term: u64, vote: u64, commit: u64) -> HardState {
        HardState {
            term,
            vote,
            commit,
            ..Default::default()
        }
    }

    fn reopened(dir: &Path) -> Recovered {
        Wal::open(dir).unwrap().1.unwrap()
    }

    #[test]
    fn what_was_appended_is_found_again_and_overwritten_entries_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let (mut wal, found) = Wal::open(dir.path()).unwrap();
        assert!(found.is_none());

        let first = Batch {
            hard_state: Some(state(1, 1, 1)),
            entries: vec![entry(1, 1, b"a"), entry(2, 1, b"b")],
            ..Default::default()
        };
        let second = Batch {
            hard_state: Some(state(2, 3, 1)),
            entries: vec![entry(2, 2, b"c")],
            ..Default::default()
        };
        wal.append([&first, &second]).unwrap();

        let recovered = reopened(dir.path());
        assert_eq!(recovered.entries, [entry(1, 1, b"a"), entry(2, 2, b"c")]);
        assert_eq!(recovered.hard_state, state(2, 3, 1));
    }

    #[test]
    fn a_torn_tail_is_cut_wherever_it_tears() {
        let dir = tempfile::tempdir().unwrap();
        let (mut wal, _) = Wal::open(dir.path()).unwrap();
        wal.append([&Batch {
            entries: vec![entry(1, 1, b"whole")],
            ..Default::default()
        }])
        .unwrap();
        let whole = fs::metadata(dir.path().join(FILE)).unwrap().len();
        wal.append([&Batch {
            entries: vec![entry(2, 1, b"torn")],
            ..Default::default()
        }])
        .unwrap();
        let bytes = fs::read(dir.path().join(FILE)).unwrap();

        for length in whole as usize..bytes.len() {
            fs::write(dir.path().join(FILE), &bytes[..length]).unwrap();
            assert_eq!(
                reopened(dir.path()).entries,
                [entry(1, 1, b"whole")],
                "torn at {length}"
            );
            assert_eq!(fs::metadata(dir.path().join(FILE)).unwrap().len(), whole);
        }
        let mut flipped = bytes.clone();
        *flipped.last_mut().unwrap() ^= 1;
        fs::write(dir.path().join(FILE), &flipped).unwrap();
        assert_eq!(reopened(dir.path()).entries, [entry(1, 1, b"whole")]);
    }

    #[test]
    fn a_rewritten_log_starts_at_its_checkpoint_and_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let (mut wal, _) = Wal::open(dir.path()).unwrap();
        wal.append([&Batch {
            entries: vec![entry(1, 1, b"a"), entry(2, 1, b"b")],
            ..Default::default()
        }])
        .unwrap();
        let checkpoint = Checkpoint {
            index: 2,
            term: 1,
            voters: vec![1, 2],
            block: Bytes::from_static(b"b"),
        };

        wal.rewrite(&checkpoint, &[entry(2, 1, b"b")], &state(1, 2, 2)).unwrap();
        wal.append([&Batch {
            entries: vec![entry(3, 1, b"c")],
            ..Default::default()
        }])
        .unwrap();

        let recovered = reopened(dir.path());
        assert_eq!(recovered.checkpoint, checkpoint);
        assert_eq!(recovered.entries, [entry(2, 1, b"b"), entry(3, 1, b"c")]);
        assert_eq!(recovered.hard_state, state(1, 2, 2));
    }

    #[test]
    fn an_installed_snapshot_voids_the_log_before_it() {
        let dir = tempfile::tempdir().unwrap();
        let (mut wal, _) = Wal::open(dir.path()).unwrap();
        let installed = Checkpoint {
            index: 9,
            term: 3,
            voters: vec![1],
            block: Bytes::new(),
        };

        wal.append([&Batch {
            entries: vec![entry(1, 1, b"a")],
            ..Default::default()
        }])
        .unwrap();
        let after = Batch {
            installed: Some(installed.clone()),
            entries: vec![entry(10, 3, b"k")],
            ..Default::default()
        };
        wal.append([&after]).unwrap();

        let recovered = reopened(dir.path());
        assert_eq!(
            (recovered.checkpoint, recovered.entries),
            (installed, vec![entry(10, 3, b"k")])
        );
    }

    #[test]
    fn a_file_that_is_no_log_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE), b"something else").unwrap();

        assert_eq!(Wal::open(dir.path()).err().unwrap().to_string(), "not a Raft log");
    }

    proptest::proptest! {
        #[test]
        fn no_file_makes_the_reader_panic(bytes: Vec<u8>) {
            let whole = [&MAGIC[..], &bytes].concat();
            record::replay(Bytes::from(bytes)).ok();
            record::replay(Bytes::from(whole)).ok();
        }
    }
}

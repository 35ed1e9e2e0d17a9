//! The Raft log on disk: one append-only file of `length | crc | record`.
//!
//! A batch is written and made durable with one fdatasync. When the log has been folded into the chain, the file is
//! rewritten from the checkpoint on and swapped in by a rename, so there is always exactly one whole log. A torn tail, as a
//! power failure leaves it, is cut off when the file is opened: nothing in it had been acknowledged.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use ::raft::eraftpb::{Entry, EntryType, HardState};
use bytes::{Buf as _, BufMut as _, Bytes};
use tracing::warn;

use super::log::Checkpoint;

const MAGIC: &[u8; 8] = b"ENTWAL01";
const FILE: &str = "log";
const FRESH: &str = "log.new";

/// Records longer than this are damage: a block is bounded by the size of a gRPC message.
const MAX_RECORD: usize = 256 << 20;

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
        let (recovered, valid) = replay(Bytes::from(bytes))?;
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
                frame(&mut out, |out| put_checkpoint(out, Record::Installed, checkpoint));
            }
            batch
                .entries
                .iter()
                .for_each(|entry| frame(&mut out, |out| put_entry(out, entry)));
            // After its entries: it may say that they are committed.
            if let Some(hard_state) = &batch.hard_state {
                frame(&mut out, |out| put_hard_state(out, hard_state));
            }
        }
        self.file.write_all(&out)?;
        self.file.sync_data()
    }

    /// Replaces the file by one that starts at `checkpoint`. Blocks up to it must be durable by then.
    pub fn rewrite(&mut self, checkpoint: &Checkpoint, entries: &[Entry], hard_state: &HardState) -> io::Result<()> {
        let mut out = Vec::new();
        frame(&mut out, |out| put_checkpoint(out, Record::Checkpoint, checkpoint));
        entries
            .iter()
            .for_each(|entry| frame(&mut out, |out| put_entry(out, entry)));
        frame(&mut out, |out| put_hard_state(out, hard_state));
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

#[derive(Clone, Copy)]
#[repr(u8)]
enum Record {
    HardState = 1,
    Entry = 2,
    /// The start of a rewritten file. Entries that follow may lie before it.
    Checkpoint = 3,
    /// A snapshot received: the log before it is void.
    Installed = 4,
}

fn frame(out: &mut Vec<u8>, put: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; 8]);
    put(out);
    let body = &out[start + 8..];
    let (length, crc) = (body.len() as u32, crc32fast::hash(body));
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
    out[start + 4..start + 8].copy_from_slice(&crc.to_le_bytes());
}

fn put_hard_state(out: &mut Vec<u8>, state: &HardState) {
    out.put_u8(Record::HardState as u8);
    [state.term, state.vote, state.commit]
        .into_iter()
        .for_each(|number| out.put_u64_le(number));
}

fn put_entry(out: &mut Vec<u8>, entry: &Entry) {
    out.put_u8(Record::Entry as u8);
    out.put_u8(entry.entry_type as u8);
    out.put_u64_le(entry.index);
    out.put_u64_le(entry.term);
    out.extend_from_slice(&entry.data);
}

fn put_checkpoint(out: &mut Vec<u8>, record: Record, checkpoint: &Checkpoint) {
    out.put_u8(record as u8);
    out.put_u64_le(checkpoint.index);
    out.put_u64_le(checkpoint.term);
    out.put_u64_le(checkpoint.voters.len() as u64);
    checkpoint.voters.iter().for_each(|voter| out.put_u64_le(*voter));
    out.extend_from_slice(&checkpoint.block);
}

/// Reads records up to the first that is not whole; also tells where that is.
fn replay(mut bytes: Bytes) -> io::Result<(Recovered, u64)> {
    let damaged = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let total = bytes.len();
    if bytes.len() < MAGIC.len() || bytes.split_to(MAGIC.len()) != MAGIC[..] {
        return Err(damaged("not a Raft log"));
    }
    let mut recovered = Recovered::default();
    loop {
        let valid = (total - bytes.len()) as u64;
        let Some(record) = next_record(&mut bytes) else {
            return Ok((recovered, valid));
        };
        // Its checksum was right, so a record that makes no sense was written by something else.
        take(record, &mut recovered)
            .ok_or_else(|| damaged("the Raft log holds a record that cannot be understood"))?;
    }
}

fn next_record(bytes: &mut Bytes) -> Option<Bytes> {
    let mut header = bytes.get(..8)?;
    let (length, crc) = (header.get_u32_le() as usize, header.get_u32_le());
    if length == 0 || length > MAX_RECORD || crc32fast::hash(bytes.get(8..8 + length)?) != crc {
        return None;
    }
    bytes.advance(8);
    Some(bytes.split_to(length))
}

fn take(mut record: Bytes, into: &mut Recovered) -> Option<()> {
    match record.try_get_u8().ok()? {
        kind if kind == Record::HardState as u8 => {
            let [term, vote, commit] = [
                record.try_get_u64_le().ok()?,
                record.try_get_u64_le().ok()?,
                record.try_get_u64_le().ok()?,
            ];
            into.hard_state = HardState {
                term,
                vote,
                commit,
                ..Default::default()
            };
        }
        kind if kind == Record::Entry as u8 => {
            let entry_type = match record.try_get_u8().ok()? {
                0 => EntryType::EntryNormal,
                1 => EntryType::EntryConfChange,
                _ => return None,
            };
            let (index, term) = (record.try_get_u64_le().ok()?, record.try_get_u64_le().ok()?);
            // A new leader's entries replace what it did not have.
            into.entries
                .truncate(into.entries.partition_point(|entry| entry.index < index));
            into.entries.push(Entry {
                entry_type,
                index,
                term,
                data: record,
                ..Default::default()
            });
        }
        kind if kind == Record::Checkpoint as u8 => into.checkpoint = checkpoint(record)?,
        kind if kind == Record::Installed as u8 => {
            into.checkpoint = checkpoint(record)?;
            into.entries.clear();
        }
        _ => return None,
    }
    Some(())
}

fn checkpoint(mut record: Bytes) -> Option<Checkpoint> {
    let (index, term) = (record.try_get_u64_le().ok()?, record.try_get_u64_le().ok()?);
    let count = usize::try_from(record.try_get_u64_le().ok()?)
        .ok()
        .filter(|count| *count <= record.len() / 8)?;
    let voters = (0..count)
        .map(|_| record.try_get_u64_le().ok())
        .collect::<Option<_>>()?;
    Some(Checkpoint {
        index,
        term,
        voters,
        block: record,
    })
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
}

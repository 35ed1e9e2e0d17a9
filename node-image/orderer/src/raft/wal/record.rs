//! The records of the log file: `length | crc | body`, integers in little endian.

use std::io;

use ::raft::eraftpb::{Entry, EntryType, HardState};
use bytes::{Buf as _, BufMut as _, Bytes};

use super::Recovered;
use crate::raft::log::Checkpoint;

/// What a log file begins with.
pub const MAGIC: &[u8; 8] = b"ENTWAL01";

/// Records longer than this are damage: a block is bounded by the size of a gRPC message.
const MAX_RECORD: usize = 256 << 20;

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

pub fn put_hard_state(out: &mut Vec<u8>, state: &HardState) {
    frame(out, |out| put_hard_state_body(out, state));
}

pub fn put_entry(out: &mut Vec<u8>, entry: &Entry) {
    frame(out, |out| put_entry_body(out, entry));
}

pub fn put_checkpoint(out: &mut Vec<u8>, checkpoint: &Checkpoint) {
    frame(out, |out| put_checkpoint_body(out, Record::Checkpoint, checkpoint));
}

pub fn put_installed(out: &mut Vec<u8>, checkpoint: &Checkpoint) {
    frame(out, |out| put_checkpoint_body(out, Record::Installed, checkpoint));
}

fn put_hard_state_body(out: &mut Vec<u8>, state: &HardState) {
    out.put_u8(Record::HardState as u8);
    [state.term, state.vote, state.commit]
        .into_iter()
        .for_each(|number| out.put_u64_le(number));
}

fn put_entry_body(out: &mut Vec<u8>, entry: &Entry) {
    out.put_u8(Record::Entry as u8);
    out.put_u8(entry.entry_type as u8);
    out.put_u64_le(entry.index);
    out.put_u64_le(entry.term);
    out.extend_from_slice(&entry.data);
}

fn put_checkpoint_body(out: &mut Vec<u8>, record: Record, checkpoint: &Checkpoint) {
    out.put_u8(record as u8);
    out.put_u64_le(checkpoint.index);
    out.put_u64_le(checkpoint.term);
    out.put_u64_le(checkpoint.voters.len() as u64);
    checkpoint.voters.iter().for_each(|voter| out.put_u64_le(*voter));
    out.extend_from_slice(&checkpoint.block);
}

/// Reads records up to the first that is not whole; also tells where that is.
pub fn replay(mut bytes: Bytes) -> io::Result<(Recovered, u64)> {
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

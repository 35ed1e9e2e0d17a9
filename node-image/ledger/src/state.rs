//! The state as of one block: public values, hashed private values, and private values in clear as far as this peer
//! has them.

use std::collections::VecDeque;

use entente_fabric::proto::kvrwset::KvMetadataWrite;
use prost::Message as _;

use crate::store::{Rows, Snapshot, Table};
use crate::{LedgerError, Version, keys};

/// A value with the version that wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned {
    pub value: Vec<u8>,
    /// Marshalled metadata entries; empty when there are none.
    pub metadata: Vec<u8>,
    pub version: Version,
}

impl Versioned {
    /// The value of one metadata entry. Of several with one name the last counts (`statemetadata.Deserialize`).
    pub fn metadata_entry(&self, name: &str) -> Option<Vec<u8>> {
        metadata_entries(&self.metadata)
            .into_iter()
            .rev()
            .find(|(entry, _)| entry == name)
            .map(|(_, value)| value)
    }
}

/// Marshalled metadata as name-value pairs. What cannot be read was not written by a ledger.
pub fn metadata_entries(metadata: &[u8]) -> Vec<(String, Vec<u8>)> {
    let entries = KvMetadataWrite::decode(metadata).unwrap_or_default().entries;
    entries.into_iter().map(|entry| (entry.name, entry.value)).collect()
}

/// The state as of one block. Cheap to clone; keeps what it shows alive, so it is not to be held for long.
#[derive(Clone)]
pub struct View {
    snapshot: Snapshot,
}

impl View {
    pub(crate) fn new(snapshot: Snapshot) -> View {
        View { snapshot }
    }

    pub(crate) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// A public value.
    pub fn get(&self, namespace: &str, key: &str) -> Result<Option<Versioned>, LedgerError> {
        self.row(namespace, key.as_bytes())
    }

    /// The hash of a private value, by the hash of its key.
    pub fn private_hash(
        &self,
        namespace: &str,
        collection: &str,
        key_hash: &[u8],
    ) -> Result<Option<Versioned>, LedgerError> {
        self.row(&keys::hashed(namespace, collection), key_hash)
    }

    /// A private value in clear, if this peer has it.
    pub fn private(&self, namespace: &str, collection: &str, key: &str) -> Result<Option<Versioned>, LedgerError> {
        self.row(&keys::private(namespace, collection), key.as_bytes())
    }

    /// Public keys from `start` up to `end`, which is not included; an empty `end` means all the rest.
    pub fn range(&self, namespace: &str, start: &str, end: &str) -> Range {
        let start = keys::state(namespace, start.as_bytes());
        let end = if end.is_empty() {
            keys::state_end(namespace)
        } else {
            keys::state(namespace, end.as_bytes())
        };
        let from = start[..start.len().min(keys::SHARED)].to_vec();
        let to = if end.len() >= keys::SHARED {
            keys::after(&end[..keys::SHARED])
        } else {
            end.clone()
        };
        let rows = self.snapshot.range(Table::State, from, to);
        Range {
            rows,
            start,
            end,
            ready: VecDeque::new(),
            ahead: None,
        }
    }

    /// Private keys in clear from `start` up to `end`.
    pub fn private_range(&self, namespace: &str, collection: &str, start: &str, end: &str) -> Range {
        self.range(&keys::private(namespace, collection), start, end)
    }

    /// Every row of the state with its namespace, in the order of the names: what a snapshot of the channel holds.
    pub fn rows(&self) -> impl Iterator<Item = Result<(String, Vec<u8>, Versioned), LedgerError>> + use<> {
        // Names are UTF-8 up to the separator: nothing begins with 0xff.
        self.snapshot.range(Table::State, Vec::new(), vec![u8::MAX]).map(|row| {
            let (name, value) = row?;
            let (name, versioned) = decode(&name, &value)?;
            let at = name.iter().position(|byte| *byte == 0).ok_or_else(|| corrupt(&name))?;
            let namespace = String::from_utf8(name[..at].to_vec()).map_err(|_| corrupt(&name))?;
            Ok((namespace, name[at + 1..].to_vec(), versioned))
        })
    }

    fn row(&self, namespace: &str, key: &[u8]) -> Result<Option<Versioned>, LedgerError> {
        let stored = keys::stored(keys::state(namespace, key));
        let value = self.snapshot.get(Table::State, &stored)?;
        value
            .map(|value| decode(&stored, &value).map(|(_, versioned)| versioned))
            .transpose()
    }
}

/// Keys of one namespace in order.
pub struct Range {
    rows: Rows,
    start: Vec<u8>,
    end: Vec<u8>,
    /// Rows whose names share a beginning that is too long for the store, put in order.
    ready: VecDeque<(Vec<u8>, Versioned)>,
    ahead: Option<(Vec<u8>, Versioned)>,
}

impl Range {
    fn next_row(&mut self) -> Result<Option<(Vec<u8>, Versioned)>, LedgerError> {
        if let Some(row) = self.ready.pop_front() {
            return Ok(Some(row));
        }
        let Some(first) = self.pull()? else { return Ok(None) };
        if first.0.len() < keys::SHARED {
            return Ok(Some(first));
        }
        let mut group = vec![first];
        while let Some(row) = self.pull()? {
            if row.0.get(..keys::SHARED) != group[0].0.get(..keys::SHARED) {
                self.ahead = Some(row);
                break;
            }
            group.push(row);
        }
        group.sort_by(|a, b| a.0.cmp(&b.0));
        self.ready = group.into();
        Ok(self.ready.pop_front())
    }

    fn pull(&mut self) -> Result<Option<(Vec<u8>, Versioned)>, LedgerError> {
        if let Some(row) = self.ahead.take() {
            return Ok(Some(row));
        }
        let Some(row) = self.rows.next() else { return Ok(None) };
        let (name, value) = row?;
        decode(&name, &value).map(Some)
    }
}

impl Iterator for Range {
    type Item = Result<(String, Versioned), LedgerError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (name, versioned) = match self.next_row() {
                Ok(row) => row?,
                Err(error) => return Some(Err(error)),
            };
            if name < self.start || name >= self.end {
                continue;
            }
            // The first separator counts, also in a namespace that holds one: so it is in stock (`decodeDataKey`).
            let at = name.iter().position(|byte| *byte == 0).map_or(name.len(), |at| at + 1);
            let key = String::from_utf8_lossy(&name[at..]).into_owned();
            return Some(Ok((key, versioned)));
        }
    }
}

/// The value of a state row: version, metadata, value; in front of them the full name when the row's was shortened.
pub(crate) fn encode(name: &[u8], value: &[u8], metadata: &[u8], version: Version) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len() + metadata.len() + 16);
    if name.len() >= keys::LONGEST {
        put_bytes(name, &mut out);
    }
    prost::encoding::encode_varint(version.block, &mut out);
    prost::encoding::encode_varint(version.tx, &mut out);
    put_bytes(metadata, &mut out);
    out.extend_from_slice(value);
    out
}

fn decode(stored: &[u8], row: &[u8]) -> Result<(Vec<u8>, Versioned), LedgerError> {
    let mut rest = row;
    let name = match keys::is_shortened(stored) {
        true => take_bytes(&mut rest).ok_or_else(|| corrupt(stored))?,
        false => stored.to_vec(),
    };
    let mut number = || prost::encoding::decode_varint(&mut rest).map_err(|_| corrupt(stored));
    let version = Version {
        block: number()?,
        tx: number()?,
    };
    let metadata = take_bytes(&mut rest).ok_or_else(|| corrupt(stored))?;
    Ok((
        name,
        Versioned {
            value: rest.to_vec(),
            metadata,
            version,
        },
    ))
}

pub(crate) fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    prost::encoding::encode_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

pub(crate) fn take_bytes(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let length = usize::try_from(prost::encoding::decode_varint(rest).ok()?).ok()?;
    let (bytes, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(bytes.to_vec())
}

pub(crate) fn corrupt(name: &[u8]) -> LedgerError {
    LedgerError::Database(format!(
        "the row {} cannot be decoded",
        hex::encode(&name[..name.len().min(64)])
    ))
}

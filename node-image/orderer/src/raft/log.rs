//! The Raft log in memory: what the library reads from. Its contents are always a copy of what the [`super::wal`] holds or
//! is about to hold.

use std::collections::VecDeque;

use ::raft::eraftpb::{ConfState, Entry, HardState, Snapshot};
use ::raft::{Error, GetEntriesContext, RaftState, Storage, StorageError};
use bytes::Bytes;

/// Entries that stay in the log behind a snapshot, for followers that are only a little late
/// (`DefaultSnapshotCatchUpEntries` in `orderer/consensus/etcdraft/chain.go`).
const KEPT_BEHIND_SNAPSHOT: u64 = 4;

/// A point up to which the log has been folded into the chain of blocks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checkpoint {
    pub index: u64,
    pub term: u64,
    pub voters: Vec<u64>,
    /// The last block at this point, as it stood in its entry. Empty at index 0.
    pub block: Bytes,
}

impl Checkpoint {
    pub fn from_snapshot(snapshot: &Snapshot) -> Checkpoint {
        let metadata = snapshot.get_metadata();
        Checkpoint {
            index: metadata.index,
            term: metadata.term,
            voters: metadata.get_conf_state().voters.clone(),
            block: snapshot.data.clone(),
        }
    }
}

/// The log from some point on.
#[derive(Debug, Clone, Default)]
pub struct Log {
    pub hard_state: HardState,
    checkpoint: Checkpoint,
    /// Index and term of the entry before the first one held.
    before: (u64, u64),
    entries: VecDeque<Entry>,
    /// Members as of the last applied entry: what a snapshot sent to another node must say.
    voters: Vec<u64>,
}

impl Log {
    /// The log as it was found on disk. `entries` are without gaps; those that come before `checkpoint` are the ones
    /// kept for late followers.
    pub fn restore(hard_state: HardState, checkpoint: Checkpoint, entries: Vec<Entry>) -> Log {
        let before = match entries.first() {
            Some(first) if first.index <= checkpoint.index => (first.index, first.term),
            _ => (checkpoint.index, checkpoint.term),
        };
        // The term of the entry before the first must be known; when entries reach back behind the checkpoint, the
        // first of them gives it.
        let entries = entries.into_iter().filter(|entry| entry.index > before.0).collect();
        Log {
            hard_state,
            voters: checkpoint.voters.clone(),
            checkpoint,
            before,
            entries,
        }
    }

    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    pub fn last(&self) -> u64 {
        self.entries.back().map_or(self.before.0, |entry| entry.index)
    }

    /// Appends entries; those already there at and after the first new index give way.
    pub fn append(&mut self, new: &[Entry]) {
        let Some(first) = new.first() else { return };
        self.entries
            .truncate(usize::try_from(first.index.saturating_sub(self.before.0 + 1)).unwrap_or(usize::MAX));
        self.entries.extend(new.iter().cloned());
    }

    /// Replaces everything by a snapshot of another node.
    pub fn install(&mut self, checkpoint: Checkpoint) {
        self.entries.clear();
        self.before = (checkpoint.index, checkpoint.term);
        self.voters = checkpoint.voters.clone();
        self.hard_state.commit = self.hard_state.commit.max(checkpoint.index);
        self.checkpoint = checkpoint;
    }

    pub fn set_voters(&mut self, mut voters: Vec<u64>) {
        voters.sort_unstable();
        self.voters = voters;
    }

    pub fn voters(&self) -> &[u64] {
        &self.voters
    }

    /// Folds the log up to `index` (applied) into a checkpoint whose last block is `block`.
    pub fn compact(&mut self, index: u64, block: Bytes) {
        let Ok(term) = self.term(index) else { return };
        self.checkpoint = Checkpoint {
            index,
            term,
            voters: self.voters.clone(),
            block,
        };
        let keep_from = index.saturating_sub(KEPT_BEHIND_SNAPSHOT);
        while self.entries.front().is_some_and(|entry| entry.index <= keep_from) {
            if let Some(dropped) = self.entries.pop_front() {
                self.before = (dropped.index, dropped.term);
            }
        }
    }

    /// Everything held, with the entry before the first as a bare marker of index and term: what [`Log::restore`] takes.
    pub fn contents(&self) -> Vec<Entry> {
        let (index, term) = self.before;
        let marker = (index > 0 && index < self.checkpoint.index).then(|| Entry {
            index,
            term,
            ..Default::default()
        });
        marker.into_iter().chain(self.entries.iter().cloned()).collect()
    }

    fn at(&self, index: u64) -> Option<&Entry> {
        let position = index.checked_sub(self.before.0 + 1)?;
        self.entries.get(usize::try_from(position).ok()?)
    }
}

impl Storage for Log {
    fn initial_state(&self) -> ::raft::Result<RaftState> {
        let conf_state = ConfState {
            voters: self.voters.clone(),
            ..Default::default()
        };
        Ok(RaftState::new(self.hard_state.clone(), conf_state))
    }

    fn entries(
        &self,
        low: u64,
        high: u64,
        max_size: impl Into<Option<u64>>,
        _context: GetEntriesContext,
    ) -> ::raft::Result<Vec<Entry>> {
        if low <= self.before.0 {
            return Err(Error::Store(StorageError::Compacted));
        }
        if high > self.last() + 1 {
            return Err(Error::Store(StorageError::Unavailable));
        }
        let max_size = max_size.into().unwrap_or(u64::MAX);
        let (mut size, mut found) = (0, Vec::new());
        for index in low..high {
            let Some(entry) = self.at(index) else { break };
            size += entry.data.len() as u64 + 16;
            if size > max_size && !found.is_empty() {
                break;
            }
            found.push(entry.clone());
        }
        Ok(found)
    }

    fn term(&self, index: u64) -> ::raft::Result<u64> {
        match index {
            index if index == self.before.0 => Ok(self.before.1),
            index if index < self.before.0 => Err(Error::Store(StorageError::Compacted)),
            index => self
                .at(index)
                .map(|entry| entry.term)
                .ok_or(Error::Store(StorageError::Unavailable)),
        }
    }

    fn first_index(&self) -> ::raft::Result<u64> {
        Ok(self.before.0 + 1)
    }

    fn last_index(&self) -> ::raft::Result<u64> {
        Ok(self.last())
    }

    /// The last checkpoint, with the members of now: the receiver may be one who joined since
    /// (`node.send` in `orderer/consensus/etcdraft/node.go`).
    fn snapshot(&self, request_index: u64, _to: u64) -> ::raft::Result<Snapshot> {
        if self.checkpoint.index == 0 || self.checkpoint.index < request_index {
            return Err(Error::Store(StorageError::SnapshotTemporarilyUnavailable));
        }
        let mut snapshot = Snapshot {
            data: self.checkpoint.block.clone(),
            ..Default::default()
        };
        let metadata = snapshot.mut_metadata();
        (metadata.index, metadata.term) = (self.checkpoint.index, self.checkpoint.term);
        metadata.mut_conf_state().voters = self.voters.clone();
        Ok(snapshot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(index: u64, term: u64) -> Entry {
        Entry {
            index,
            term,
            data: Bytes::from(vec![0; 84]),
            ..Default::default()
        }
    }

    fn indices(log: &Log) -> Vec<(u64, u64)> {
        log.entries.iter().map(|entry| (entry.index, entry.term)).collect()
    }

    #[test]
    fn an_entry_of_a_new_leader_replaces_what_follows() {
        let mut log = Log::default();
        log.append(&[entry(1, 1), entry(2, 1), entry(3, 1)]);

        log.append(&[entry(2, 2)]);

        assert_eq!(indices(&log), [(1, 1), (2, 2)]);
    }

    #[test]
    fn compaction_keeps_four_entries_and_survives_a_restart() {
        let mut log = Log::default();
        log.append(&(1..=10).map(|index| entry(index, 1)).collect::<Vec<_>>());
        log.set_voters(vec![3, 1, 2]);

        log.compact(8, Bytes::from_static(b"block"));
        let again = Log::restore(HardState::default(), log.checkpoint().clone(), log.contents());

        assert_eq!(indices(&log), [(5, 1), (6, 1), (7, 1), (8, 1), (9, 1), (10, 1)]);
        assert_eq!((again.before, indices(&again)), (log.before, indices(&log)));
        assert_eq!(again.voters(), [1, 2, 3]);
        assert!(matches!(log.term(3), Err(Error::Store(StorageError::Compacted))));
        assert_eq!(log.term(4).unwrap(), 1);
    }

    #[test]
    fn entries_are_limited_by_size_but_never_empty() {
        let mut log = Log::default();
        log.append(&(1..=3).map(|index| entry(index, 1)).collect::<Vec<_>>());

        let all = log.entries(1, 4, 200, GetEntriesContext::empty(false)).unwrap();
        let one = log.entries(1, 4, 0, GetEntriesContext::empty(false)).unwrap();

        assert_eq!((all.len(), one.len()), (2, 1));
    }
}

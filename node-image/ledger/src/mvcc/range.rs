//! Phantom protection: whether a range read would find today what it found when it was simulated
//! (`validation/rangequery_validator.go`, `combined_iterator.go`).

use std::iter::Peekable;

use entente_fabric::proto::kvrwset::{
    QueryReads, QueryReadsMerkleSummary, RangeQueryInfo, range_query_info::ReadsInfo,
};

use super::updates::{Change, Updates};
use super::{Conflict, Refusal};
use crate::rwset::merkle::RangeReads;
use crate::rwset::{read, version};
use crate::state::{Range, View};
use crate::{LedgerError, Version};

/// Checks one range read against the state with the changes of the transactions before it.
pub fn check(namespace: &str, info: &RangeQueryInfo, updates: &Updates, view: &View) -> Result<(), Conflict> {
    let rows = Combined::new(namespace, info, updates, view);
    match &info.reads_info {
        Some(ReadsInfo::ReadsMerkleHashes(summary)) => check_summary(summary, rows),
        Some(ReadsInfo::RawReads(reads)) => check_reads(reads, rows),
        None => check_reads(&QueryReads::default(), rows),
    }
}

fn check_reads<'a>(reads: &QueryReads, mut rows: impl Rows<'a>) -> Result<(), Conflict> {
    for read in &reads.kv_reads {
        let Some((key, found)) = rows.next().transpose()? else {
            return Err(Conflict::Phantom);
        };
        if key != read.key {
            return Err(Conflict::Phantom);
        }
        // Every row has a version; stock falls over a recorded row without one.
        let recorded = version(read.version.as_ref()).ok_or(Conflict::Refused(Refusal::RangeReadWithoutVersion))?;
        if recorded != found {
            return Err(Conflict::Phantom);
        }
    }
    match rows.next().transpose()? {
        None => Ok(()),
        Some(_) => Err(Conflict::Phantom),
    }
}

fn check_summary<'a>(recorded: &QueryReadsMerkleSummary, rows: impl Rows<'a>) -> Result<(), Conflict> {
    // Stock stops the channel on a degree that no tree can have.
    let mut reads = RangeReads::new(recorded.max_degree).ok_or(Conflict::Refused(Refusal::MerkleDegree))?;
    let mut matched = 0;
    for row in rows {
        let (key, found) = row?;
        reads.add(read(&key, Some(found)));
        let (level, hashes) = reads.top();
        if level < recorded.max_level || matched == hashes.len() {
            continue;
        }
        if hashes.len() > recorded.max_level_hashes.len() {
            return Err(Conflict::Phantom);
        }
        // When the tree outgrows the recorded level there is nothing to compare with; stock fails on it.
        if hashes
            .get(matched)
            .is_none_or(|hash| *hash != recorded.max_level_hashes[matched])
        {
            return Err(Conflict::Phantom);
        }
        matched += 1;
    }
    match reads.summary() {
        Some(summary) if summary == *recorded => Ok(()),
        _ => Err(Conflict::Phantom),
    }
}

trait Rows<'a>: Iterator<Item = Result<(String, Version), LedgerError>> + 'a {}
impl<'a, T: Iterator<Item = Result<(String, Version), LedgerError>> + 'a> Rows<'a> for T {}

/// The rows of a range as they will be once the transactions before this one are committed.
struct Combined<'a> {
    committed: Peekable<Range>,
    changed: Peekable<std::vec::IntoIter<(&'a String, &'a Change)>>,
    /// The last key of a range that was not read to its end belongs to it.
    last: Option<(&'a View, &'a Updates, String, String)>,
}

impl<'a> Combined<'a> {
    fn new(namespace: &str, info: &RangeQueryInfo, updates: &'a Updates, view: &'a View) -> Self {
        let (start, end) = (info.start_key.as_str(), info.end_key.as_str());
        Combined {
            committed: view.range(namespace, start, end).peekable(),
            changed: updates.range(namespace, start, end).into_iter().peekable(),
            last: (!info.itr_exhausted).then(|| (view, updates, namespace.to_owned(), end.to_owned())),
        }
    }

    fn last(&mut self) -> Option<Result<(String, Version), LedgerError>> {
        let (view, updates, namespace, key) = self.last.take()?;
        if let Some(change) = updates.public(&namespace, &key) {
            return change.value.is_some().then_some(Ok((key, change.version)));
        }
        view.get(&namespace, &key)
            .map(|found| found.map(|versioned| (key, versioned.version)))
            .transpose()
    }
}

impl Iterator for Combined<'_> {
    type Item = Result<(String, Version), LedgerError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let take_committed = match (self.committed.peek(), self.changed.peek()) {
                (None, None) => return self.last(),
                (Some(Err(_)), _) | (Some(_), None) => true,
                (None, Some(_)) => false,
                (Some(Ok((committed, _))), Some((changed, _))) => {
                    if committed == *changed {
                        self.committed.next();
                        continue;
                    }
                    committed < *changed
                }
            };
            if take_committed {
                return self
                    .committed
                    .next()
                    .map(|row| row.map(|(key, versioned)| (key, versioned.version)));
            }
            let (key, change) = self.changed.next()?;
            if change.value.is_some() {
                return Some(Ok((key.clone(), change.version)));
            }
        }
    }
}

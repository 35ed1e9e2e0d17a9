//! The summary of a long range read (`rwsetutil/query_results_helper.go`).
//!
//! Up to `max_degree` reads are kept as they are. Beyond, every `max_degree + 1` reads become a hash, every
//! `max_degree + 1` hashes of a level one of the next.

use entente_fabric::crypto;
use entente_fabric::proto::kvrwset::{KvRead, QueryReads, QueryReadsMerkleSummary, range_query_info::ReadsInfo};
use prost::Message as _;

type Hash = Vec<u8>;

/// Collects the reads of one range.
#[derive(Debug)]
pub struct RangeReads {
    max_degree: usize,
    pending: Vec<KvRead>,
    /// `levels[0]` is the leaf level, 1 in the summary.
    levels: Vec<Vec<Hash>>,
}

impl RangeReads {
    /// `None` when `max_degree` is below 2, which no tree can be built with.
    pub fn new(max_degree: u32) -> Option<RangeReads> {
        let degree = usize::try_from(max_degree).ok().filter(|degree| *degree >= 2)?;
        Some(RangeReads {
            max_degree: degree,
            pending: Vec::new(),
            levels: vec![Vec::new()],
        })
    }

    pub fn add(&mut self, read: KvRead) {
        self.pending.push(read);
        if self.pending.len() > self.max_degree {
            self.hash_pending();
        }
    }

    fn hash_pending(&mut self) {
        let leaf = crypto::sha256(
            &QueryReads {
                kv_reads: std::mem::take(&mut self.pending),
            }
            .encode_to_vec(),
        );
        self.levels[0].push(leaf.to_vec());
        let mut level = 0;
        while self.levels[level].len() > self.max_degree {
            let combined = combine(&std::mem::take(&mut self.levels[level]));
            level += 1;
            if level == self.levels.len() {
                self.levels.push(Vec::new());
            }
            self.levels[level].push(combined);
        }
    }

    /// Level and hashes of the top of the tree as it stands.
    pub fn top(&self) -> (u32, &[Hash]) {
        (self.levels.len() as u32, self.levels.last().map_or(&[], Vec::as_slice))
    }

    /// What goes into the read-write set; `None` when nothing was read.
    pub fn finish(mut self) -> Option<ReadsInfo> {
        if self.levels.len() == 1 && self.levels[0].is_empty() {
            let kv_reads = self.pending;
            return (!kv_reads.is_empty()).then_some(ReadsInfo::RawReads(QueryReads { kv_reads }));
        }
        self.summary().map(ReadsInfo::ReadsMerkleHashes)
    }

    /// The finished summary; `None` when there were too few reads for one.
    pub fn summary(&mut self) -> Option<QueryReadsMerkleSummary> {
        if self.levels.len() == 1 && self.levels[0].is_empty() {
            return None;
        }
        if !self.pending.is_empty() {
            self.hash_pending();
        }
        for level in 0..self.levels.len() - 1 {
            let mut hashes = std::mem::take(&mut self.levels[level]);
            match hashes.len() {
                0 => {}
                1 => self.levels[level + 1].append(&mut hashes),
                _ => self.levels[level + 1].push(combine(&hashes)),
            }
        }
        let mut top = self.levels.pop().unwrap_or_default();
        let mut level = self.levels.len() + 1;
        if top.len() > self.max_degree {
            top = vec![combine(&top)];
            level += 1;
        }
        let (max_degree, max_level) = (self.max_degree as u32, level as u32);
        Some(QueryReadsMerkleSummary {
            max_degree,
            max_level,
            max_level_hashes: top,
        })
    }
}

fn combine(hashes: &[Hash]) -> Hash {
    let parts: Vec<&[u8]> = hashes.iter().map(Vec::as_slice).collect();
    crypto::sha256_parts(&parts).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Version;

    fn reads(count: u64) -> Vec<KvRead> {
        let each = |n: u64| super::super::read(&format!("key{n}"), Some(Version { block: 1, tx: n }));
        (0..count).map(each).collect()
    }

    fn summary(max_degree: u32, count: u64) -> Option<ReadsInfo> {
        let mut range = RangeReads::new(max_degree).unwrap();
        reads(count).into_iter().for_each(|read| range.add(read));
        range.finish()
    }

    fn leaf(reads: &[KvRead]) -> Vec<u8> {
        crypto::sha256(
            &QueryReads {
                kv_reads: reads.to_vec(),
            }
            .encode_to_vec(),
        )
        .to_vec()
    }

    fn merkle(max_degree: u32, max_level: u32, max_level_hashes: Vec<Vec<u8>>) -> Option<ReadsInfo> {
        Some(ReadsInfo::ReadsMerkleHashes(QueryReadsMerkleSummary {
            max_degree,
            max_level,
            max_level_hashes,
        }))
    }

    #[test]
    fn few_reads_are_kept_and_more_become_hashes_level_by_level() {
        let all = reads(12);
        let leaves: Vec<_> = all.chunks(3).map(leaf).collect();

        assert_eq!(summary(2, 0), None);
        assert_eq!(
            summary(2, 2),
            Some(ReadsInfo::RawReads(QueryReads { kv_reads: reads(2) }))
        );
        assert_eq!(summary(2, 3), merkle(2, 1, vec![leaves[0].clone()]));
        assert_eq!(summary(2, 4), merkle(2, 1, vec![leaves[0].clone(), leaf(&all[3..4])]));
        // Three hashes of a level become one of the next, and what is left over joins them there.
        assert_eq!(summary(2, 9), merkle(2, 2, vec![combine(&leaves[..3])]));
        assert_eq!(
            summary(2, 12),
            merkle(2, 2, vec![combine(&leaves[..3]), leaves[3].clone()])
        );
    }

    #[test]
    fn a_degree_below_two_makes_no_tree() {
        assert!(RangeReads::new(0).is_none());
        assert!(RangeReads::new(1).is_none());
    }
}

//! Open iterators of a simulation, and what they have read so far.

use std::collections::BTreeMap;

use entente_fabric::proto::kvrwset::RangeQueryInfo;
use entente_fabric::proto::queryresult;

use crate::LedgerError;
use crate::rwset::merkle::RangeReads;
use crate::rwset::read;
use crate::state::Range;

/// Reads beyond this are recorded as hashes (`maxDegreeQueryReadsHashing`).
const MAX_DEGREE: u32 = 50;

/// An open iterator of a simulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RangeId(pub u64);

#[derive(Default)]
pub(super) struct Ranges {
    /// In the order in which they were opened.
    queries: BTreeMap<RangeId, Query>,
}

struct Query {
    namespace: String,
    /// `None` once it is closed.
    rows: Option<Range>,
    /// Rows that may still be returned, when it is one page.
    left: Option<u32>,
    record: Option<Record>,
}

struct Record {
    info: RangeQueryInfo,
    /// Where the range ends, which is recorded once all of it was read.
    end: String,
    reads: RangeReads,
}

impl Ranges {
    pub fn open(&mut self, rows: Range, namespace: &str, bounds: (&str, &str), page_size: Option<u32>) -> RangeId {
        let (start, end) = bounds;
        let info = RangeQueryInfo {
            start_key: start.to_owned(),
            ..Default::default()
        };
        let reads = RangeReads::new(MAX_DEGREE);
        let record = reads.map(|reads| Record {
            info,
            end: end.to_owned(),
            reads,
        });
        self.insert(Query {
            namespace: namespace.to_owned(),
            rows: Some(rows),
            left: page_size,
            record,
        })
    }

    pub fn open_unrecorded(&mut self, rows: Range, namespace: &str) -> RangeId {
        self.insert(Query {
            namespace: namespace.to_owned(),
            rows: Some(rows),
            left: None,
            record: None,
        })
    }

    fn insert(&mut self, query: Query) -> RangeId {
        let id = RangeId(self.queries.len() as u64);
        self.queries.insert(id, query);
        id
    }

    pub fn next(&mut self, id: RangeId) -> Result<Option<queryresult::Kv>, LedgerError> {
        let query = self.queries.get_mut(&id);
        let Some((query, rows)) = query.and_then(|query| query.rows.take().map(|rows| (query, rows))) else {
            return Err(LedgerError::Refused("query iterator not found".to_owned()));
        };
        let rows = query.rows.insert(rows);
        let row = match query.left {
            Some(0) => None,
            _ => rows.next().transpose()?,
        };
        let Some((key, versioned)) = row else {
            if let Some(record) = &mut query.record {
                record.info.itr_exhausted = true;
                record.info.end_key = record.end.clone();
            }
            return Ok(None);
        };
        query.left = query.left.map(|left| left - 1);
        if let Some(record) = &mut query.record {
            record.reads.add(read(&key, Some(versioned.version)));
            record.info.end_key.clone_from(&key);
        }
        Ok(Some(queryresult::Kv {
            namespace: query.namespace.clone(),
            key,
            value: versioned.value,
        }))
    }

    pub fn bookmark(&mut self, id: RangeId) -> Result<String, LedgerError> {
        let rows = self.queries.get_mut(&id).and_then(|query| query.rows.take());
        let next = rows.and_then(|mut rows| rows.next()).transpose()?;
        Ok(next.map(|(key, _)| key).unwrap_or_default())
    }

    pub fn close(&mut self, id: RangeId) {
        if let Some(query) = self.queries.get_mut(&id) {
            query.rows = None;
        }
    }

    /// What was read, with the namespace.
    pub fn finish(&mut self) -> Vec<(String, RangeQueryInfo)> {
        let queries = std::mem::take(&mut self.queries);
        let recorded = queries.into_values().filter_map(|query| {
            let mut record = query.record?;
            record.info.reads_info = record.reads.finish();
            Some((query.namespace, record.info))
        });
        recorded.collect()
    }
}

//! Iterators that a contract has open (`core/chaincode/query_response_generator.go`).
//!
//! The peer reads ahead: opening a range reads 100 rows and one more, and each further request 100 more, whether the
//! contract wants them or not. What was read is in the read set, so this is part of the protocol.

use std::collections::{HashMap, VecDeque};

use entente_fabric::proto::protos::{QueryResponse, QueryResponseMetadata, QueryResultBytes};
use entente_ledger::simulate::RangeId;
use prost::Message as _;

use super::transaction::Transaction;
use crate::failure::Failure;

/// Rows in one message to the contract.
const BATCH: usize = 100;

/// Where an iterator's rows come from.
pub enum Rows {
    Range(RangeId),
    /// Marshalled rows that are already at hand.
    Listed(VecDeque<Vec<u8>>),
}

impl Rows {
    fn next(&mut self, transaction: &Transaction) -> Result<Option<Vec<u8>>, Failure> {
        match self {
            Rows::Range(range) => {
                let row = transaction.simulate(|simulator| simulator.range_next(*range))?;
                Ok(row.map(|row| row.encode_to_vec()))
            }
            Rows::Listed(rows) => Ok(rows.pop_front()),
        }
    }

    /// Ends the iterator; `None` when the simulation is already over.
    fn close(self, transaction: &Transaction) {
        if let Rows::Range(range) = self {
            // Fails only when the simulation is over, and the range with it.
            let _ = transaction.simulate(|simulator| {
                simulator.range_close(range);
                Ok(())
            });
        }
    }
}

/// An open iterator.
struct Query {
    rows: Rows,
    /// Read, but not yet sent.
    pending: Vec<QueryResultBytes>,
    read: usize,
}

/// The iterators of one call.
#[derive(Default)]
pub struct Queries {
    open: HashMap<String, Query>,
}

impl Queries {
    /// Opens an iterator and answers its first rows. `limit` stops it however many there are. A paginated query is one
    /// page, answered as a whole.
    pub fn open(
        &mut self,
        transaction: &Transaction,
        rows: Rows,
        limit: usize,
        paginated: bool,
    ) -> Result<QueryResponse, Failure> {
        let id = hex::encode(rand::random::<[u8; 16]>());
        let query = Query {
            rows,
            pending: Vec::new(),
            read: 0,
        };
        self.advance(transaction, id, query, limit, paginated)
    }

    /// The next rows of an open iterator.
    pub fn next(&mut self, transaction: &Transaction, id: &str, limit: usize) -> Result<QueryResponse, Failure> {
        let query = self
            .open
            .remove(id)
            .ok_or_else(|| Failure::new("query iterator not found"))?;
        self.advance(transaction, id.to_owned(), query, limit, false)
    }

    pub fn close(&mut self, transaction: &Transaction, id: &str) -> QueryResponse {
        if let Some(query) = self.open.remove(id) {
            query.rows.close(transaction);
        }
        QueryResponse {
            id: id.to_owned(),
            ..Default::default()
        }
    }

    fn advance(
        &mut self,
        transaction: &Transaction,
        id: String,
        mut query: Query,
        limit: usize,
        paginated: bool,
    ) -> Result<QueryResponse, Failure> {
        // The limit comes first: a row beyond it must not even be read.
        while query.read < limit {
            let row = match query.rows.next(transaction) {
                Ok(Some(result_bytes)) => QueryResultBytes { result_bytes },
                Ok(None) => break,
                Err(failure) => {
                    query.rows.close(transaction);
                    return Err(failure);
                }
            };
            query.read += 1;
            if !paginated && query.pending.len() == BATCH {
                let results = std::mem::replace(&mut query.pending, vec![row]);
                self.open.insert(id.clone(), query);
                return Ok(QueryResponse {
                    results,
                    has_more: true,
                    id,
                    metadata: Vec::new(),
                });
            }
            query.pending.push(row);
        }
        let metadata = if paginated {
            page(transaction, &query)?.encode_to_vec()
        } else {
            Vec::new()
        };
        query.rows.close(transaction);
        Ok(QueryResponse {
            results: query.pending,
            has_more: false,
            id,
            metadata,
        })
    }
}

fn page(transaction: &Transaction, query: &Query) -> Result<QueryResponseMetadata, Failure> {
    let bookmark = match query.rows {
        Rows::Range(range) => transaction.simulate(|simulator| simulator.range_bookmark(range))?,
        Rows::Listed(_) => String::new(),
    };
    Ok(QueryResponseMetadata {
        fetched_records_count: i32::try_from(query.read).unwrap_or(i32::MAX),
        bookmark,
    })
}

//! Ranges of keys, pages of them, rich queries, and the history of a key.
//!
//! Peers read ahead: opening a range makes up to 101 of its rows part of what the transaction read, however many are
//! asked for. Pages are for functions that only read; the peer refuses them together with writes.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use entente_fabric::proto::protos::chaincode_message::Type;
use entente_fabric::proto::protos::{
    GetHistoryForKey, GetQueryResult, GetStateByRange, QueryMetadata, QueryResponse, QueryResponseMetadata,
    QueryResultBytes, QueryStateClose, QueryStateNext,
};
use entente_fabric::proto::queryresult::{KeyModification, Kv};
use futures::Stream;
use prost::Message as _;
use serde::de::DeserializeOwned;

use crate::context::{Context, check_key, from_json};
use crate::error::ContractError;
use crate::keys;

/// A key and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub key: String,
    pub value: Vec<u8>,
}

impl Row {
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ContractError> {
        from_json(&self.key, &self.value)
    }
}

/// Some rows, and where the next ones begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub rows: Vec<Row>,
    /// Empty when there are no more.
    pub bookmark: String,
}

/// One value that a key had. The newest comes first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub transaction_id: String,
    pub timestamp: DateTime<Utc>,
    /// `None` when the transaction deleted the key.
    pub value: Option<Vec<u8>>,
}

/// Rows that come from the peer a hundred at a time.
pub struct Rows(Results);

/// Values that a key had, newest first.
pub struct Changes(Results);

struct Results {
    context: Context,
    id: String,
    pending: VecDeque<QueryResultBytes>,
    has_more: bool,
}

impl Rows {
    /// The next row. `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Row>, ContractError> {
        let Some(bytes) = self.0.next().await? else {
            return Ok(None);
        };
        Ok(Some(row(&bytes)?))
    }

    pub fn into_stream(self) -> impl Stream<Item = Result<Row, ContractError>> + Send {
        futures::stream::try_unfold(
            self,
            |mut rows| async move { Ok(rows.next().await?.map(|row| (row, rows))) },
        )
    }

    /// Ends the range before its last row, so that the peer can forget it. Otherwise it does so with the transaction.
    pub async fn close(self) -> Result<(), ContractError> {
        self.0.close().await
    }
}

impl Changes {
    /// The next older value. `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Change>, ContractError> {
        let Some(bytes) = self.0.next().await? else {
            return Ok(None);
        };
        let change = KeyModification::decode(&bytes[..])?;
        let at = change.timestamp.unwrap_or_default();
        let timestamp = u32::try_from(at.nanos)
            .ok()
            .and_then(|nanos| DateTime::from_timestamp(at.seconds, nanos));
        Ok(Some(Change {
            transaction_id: change.tx_id,
            timestamp: timestamp.ok_or_else(|| ContractError::Protocol("a change without its time".into()))?,
            value: Some(change.value).filter(|_| !change.is_delete),
        }))
    }

    pub fn into_stream(self) -> impl Stream<Item = Result<Change, ContractError>> + Send {
        futures::stream::try_unfold(self, |mut changes| async move {
            Ok(changes.next().await?.map(|one| (one, changes)))
        })
    }
}

impl Results {
    async fn open(context: &Context, kind: Type, request: Vec<u8>) -> Result<Results, ContractError> {
        let answer = context.call.ask(kind, request).await?;
        let QueryResponse {
            results, has_more, id, ..
        } = QueryResponse::decode(&answer[..])?;
        Ok(Results {
            context: context.clone(),
            id,
            pending: results.into(),
            has_more,
        })
    }

    async fn next(&mut self) -> Result<Option<Vec<u8>>, ContractError> {
        while self.pending.is_empty() && self.has_more {
            let request = QueryStateNext { id: self.id.clone() };
            let answer = self
                .context
                .call
                .ask(Type::QueryStateNext, request.encode_to_vec())
                .await?;
            let response = QueryResponse::decode(&answer[..])?;
            (self.pending, self.has_more) = (response.results.into(), response.has_more);
        }
        Ok(self.pending.pop_front().map(|result| result.result_bytes))
    }

    async fn close(self) -> Result<(), ContractError> {
        if !self.has_more {
            return Ok(()); // The peer closed it with the last row.
        }
        let request = QueryStateClose { id: self.id };
        self.context
            .call
            .ask(Type::QueryStateClose, request.encode_to_vec())
            .await
            .map(drop)
    }
}

impl Context {
    /// The keys from `start` up to, but without, `end`. Empty means from the first, or to the last. Composite keys are
    /// not among them.
    pub async fn range(&self, start: &str, end: &str) -> Result<Rows, ContractError> {
        self.range_in("", keys::range_start(start)?, keys::range_end(end)?)
            .await
    }

    /// One page of a range. `bookmark` is empty for the first, then that of the page before.
    pub async fn range_page(&self, start: &str, end: &str, size: u32, bookmark: &str) -> Result<Page, ContractError> {
        self.page(keys::range_start(start)?, keys::range_end(end)?, size, bookmark)
            .await
    }

    /// The composite keys that begin with these parts.
    pub async fn composite_range(&self, object_type: &str, attributes: &[&str]) -> Result<Rows, ContractError> {
        let start = keys::composite_key(object_type, attributes)?;
        self.range_in("", &start, &format!("{start}{}", keys::LAST)).await
    }

    /// One page of the composite keys that begin with these parts.
    pub async fn composite_page(
        &self,
        object_type: &str,
        attributes: &[&str],
        size: u32,
        bookmark: &str,
    ) -> Result<Page, ContractError> {
        let start = keys::composite_key(object_type, attributes)?;
        self.page(&start, &format!("{start}{}", keys::LAST), size, bookmark)
            .await
    }

    /// A rich query, on peers whose state database knows the language. Phantoms are not detected when it is committed.
    pub async fn query(&self, selector: &str) -> Result<Rows, ContractError> {
        self.query_in("", selector).await
    }

    /// Every value that a key had, newest first.
    pub async fn history(&self, key: &str) -> Result<Changes, ContractError> {
        check_key(key)?;
        let request = GetHistoryForKey { key: key.to_owned() };
        Results::open(self, Type::GetHistoryForKey, request.encode_to_vec())
            .await
            .map(Changes)
    }

    pub(crate) async fn range_in(&self, collection: &str, start: &str, end: &str) -> Result<Rows, ContractError> {
        let request = GetStateByRange {
            start_key: start.to_owned(),
            end_key: end.to_owned(),
            collection: collection.to_owned(),
            metadata: Vec::new(),
        };
        Results::open(self, Type::GetStateByRange, request.encode_to_vec())
            .await
            .map(Rows)
    }

    pub(crate) async fn query_in(&self, collection: &str, selector: &str) -> Result<Rows, ContractError> {
        let (query, collection) = (selector.to_owned(), collection.to_owned());
        let request = GetQueryResult {
            query,
            collection,
            metadata: Vec::new(),
        };
        Results::open(self, Type::GetQueryResult, request.encode_to_vec())
            .await
            .map(Rows)
    }

    async fn page(&self, start: &str, end: &str, size: u32, bookmark: &str) -> Result<Page, ContractError> {
        let page_size = i32::try_from(size).ok().filter(|size| *size > 0);
        let page_size = page_size.ok_or_else(|| ContractError::refused("a page has at least one row"))?;
        let metadata = QueryMetadata {
            page_size,
            bookmark: bookmark.to_owned(),
        };
        let request = GetStateByRange {
            start_key: start.to_owned(),
            end_key: end.to_owned(),
            collection: String::new(),
            metadata: metadata.encode_to_vec(),
        };
        let answer = self.call.ask(Type::GetStateByRange, request.encode_to_vec()).await?;
        let response = QueryResponse::decode(&answer[..])?;
        let rows = response
            .results
            .iter()
            .map(|result| row(&result.result_bytes))
            .collect::<Result<_, _>>()?;
        Ok(Page {
            rows,
            bookmark: QueryResponseMetadata::decode(&response.metadata[..])?.bookmark,
        })
    }
}

fn row(bytes: &[u8]) -> Result<Row, ContractError> {
    let Kv { key, value, .. } = Kv::decode(bytes)?;
    Ok(Row { key, value })
}

//! What the index of a channel's ledger finds: transactions by who made them and what they call, counts, and whatever a
//! few characters may mean.

use std::sync::Arc;

use axum::extract::State;
use entente_api::time::Time;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::blocks::read_reference;
use super::codes::Code;
use super::extract::{Path, Query};
use super::keys::parts;
use super::page::{Page, PageQuery};
use super::problem::{Problem, ProblemBody};
use crate::access::{Action, Caller};
use crate::ledger::index::Reach;
use crate::ledger::{BlockRef, OpenLedger};
use crate::store::ledger_index::{self, By, Count, Entry, Filter};

/// Hits of each kind that a search gives.
const MOST_HITS: usize = 10;
/// Fewer characters of a transaction's id may mean anything.
const SHORTEST_ID: usize = 6;
const LONGEST_SEARCH: usize = 1024;
/// Rows of each table of statistics.
const MOST_COUNTS: usize = 100;

/// One page of what the index found.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IndexedPage<T> {
    /// The items, in order.
    pub items: Vec<T>,
    /// Continues the list; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
    /// How much of the ledger was looked at. Ask again when it is not all: the rest is being indexed.
    pub index: Reach,
}

impl<T> IndexedPage<T> {
    pub fn new(page: Page<T>, index: Reach) -> IndexedPage<T> {
        IndexedPage {
            items: page.items,
            next_page_token: page.next_page_token,
            index,
        }
    }
}

/// Where a transaction stands, and what it calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransactionSummary {
    /// Its id, hexadecimal; empty for a configuration.
    pub id: String,
    /// `transaction`, `config`, or another of Fabric's header types.
    #[serde(rename = "type")]
    pub kind: String,
    /// Fabric's validation code, `VALID` or why it has no effect.
    pub code: String,
    /// The block that it is in.
    pub block_number: u64,
    /// Its place in the block, from 0.
    pub index: u64,
    /// When its creator says that it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_time: Option<Time>,
    /// MSP id of the organization that made it.
    pub creator: String,
    /// The contract that it calls; empty for a configuration.
    pub contract: String,
    /// The function that it calls; empty for a configuration.
    pub function: String,
}

impl From<Entry> for TransactionSummary {
    fn from(entry: Entry) -> TransactionSummary {
        TransactionSummary {
            id: entry.id,
            kind: entry.kind,
            code: entry.code,
            block_number: entry.block,
            index: entry.position,
            create_time: entry.create_time,
            creator: entry.creator,
            contract: entry.contract,
            function: entry.function,
        }
    }
}

/// Which transactions to list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct TransactionQuery {
    /// Only of this organization, by its MSP id.
    pub creator: Option<String>,
    /// Only of this contract.
    pub contract: Option<String>,
    /// Only of this function.
    pub function: Option<String>,
    /// Only with this validation code, for example `MVCC_READ_CONFLICT`.
    pub code: Option<String>,
    /// Only from this time on, as their creators say.
    #[param(value_type = Option<String>, format = DateTime)]
    pub from: Option<Time>,
    /// Only before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    pub to: Option<Time>,
}

/// List the transactions of a channel, newest first.
///
/// From an index that is brought up to date when it is asked; `index` tells how far it reaches.
#[utoipa::path(
    get, path = "/v1/chains/{chain}/channels/{channel}/transactions", tag = "ledger",
    params(("chain" = String, Path, description = "Name of the chain"), ("channel" = String, Path, description = "Name of the channel"),
        TransactionQuery, PageQuery),
    responses((status = OK, body = IndexedPage<TransactionSummary>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn transaction_list(
    State(app): State<App>,
    caller: Caller,
    Path((chain, channel)): Path<(String, String)>,
    Query(query): Query<TransactionQuery>,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<IndexedPage<TransactionSummary>>, Problem> {
    let window = page.window(&format!("transactions {chain} {channel} {query:?}"))?;
    let before = window.after.as_deref().map(place).transpose()?;
    let (ledger, reach) = indexed(&app, &caller, &chain, &channel).await?;
    let filter = Filter {
        creator: query.creator.as_deref(),
        contract: query.contract.as_deref(),
        function: query.function.as_deref(),
        code: query.code.as_deref(),
        from: query.from,
        to: query.to,
    };
    let found = ledger_index::list(&app.db, ledger.id(), &filter, before, window.size + 1).await?;
    let mut items: Vec<TransactionSummary> = found.into_iter().map(TransactionSummary::from).collect();
    let page = window.close(&mut items, |one| format!("{} {}", one.block_number, one.index));
    Ok(axum::Json(IndexedPage::new(page, reach)))
}

/// How many transactions there are of one kind of something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransactionCount {
    /// An MSP id, a contract, a validation code, or a day.
    pub name: String,
    /// How many transactions.
    pub count: u64,
}

impl From<Count> for TransactionCount {
    fn from(count: Count) -> TransactionCount {
        TransactionCount {
            name: count.name,
            count: count.count,
        }
    }
}

/// What happens on a channel, in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Statistics {
    /// How many transactions, configurations among them.
    pub transaction_count: u64,
    /// By the organization that made them, most first.
    pub by_creator: Vec<TransactionCount>,
    /// By the contract that they call, most first.
    pub by_contract: Vec<TransactionCount>,
    /// By their validation code, most first.
    pub by_code: Vec<TransactionCount>,
    /// By the day (UTC) that their creators give, newest first; 100 days at most.
    pub by_day: Vec<TransactionCount>,
    /// How much of the ledger was looked at. Ask again when it is not all: the rest is being indexed.
    pub index: Reach,
}

/// Count the transactions of a channel.
#[utoipa::path(
    get, path = "/v1/chains/{chain}/channels/{channel}/statistics", tag = "ledger",
    params(("chain" = String, Path, description = "Name of the chain"), ("channel" = String, Path, description = "Name of the channel")),
    responses((status = OK, body = Statistics), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn channel_statistics(
    State(app): State<App>,
    caller: Caller,
    Path((chain, channel)): Path<(String, String)>,
) -> Result<axum::Json<Statistics>, Problem> {
    let (ledger, index) = indexed(&app, &caller, &chain, &channel).await?;
    let counts = async |by| {
        let counts = ledger_index::count(&app.db, ledger.id(), by, MOST_COUNTS).await?;
        Ok::<_, Problem>(counts.into_iter().map(TransactionCount::from).collect::<Vec<_>>())
    };
    let by_code = counts(By::Code).await?;
    Ok(axum::Json(Statistics {
        transaction_count: by_code.iter().map(|one| one.count).sum(),
        by_creator: counts(By::Creator).await?,
        by_contract: counts(By::Contract).await?,
        by_code,
        by_day: counts(By::Day).await?,
        index,
    }))
}

/// What to look for.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    /// A block's number or hash, a transaction's id or how it begins, a key or how it begins, how a part of a composite key
    /// begins.
    pub q: String,
}

/// Something that was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Hit {
    /// `block`, `transaction` or `key`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The block; of a key the one that last wrote it.
    pub block_number: u64,
    /// The id, of a transaction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<String>,
    /// The contract, of a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
    /// The key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Of a composite key its object type and attributes, as people read them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<String>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Hits {
    /// At most ten of each type.
    pub items: Vec<Hit>,
    /// How much of the ledger was looked at. Ask again when it is not all: the rest is being indexed.
    pub index: Reach,
}

/// Search a channel.
///
/// For a block by its number or hash, a transaction by its id or how it begins (six characters at least), a key by how it
/// begins, a composite key by how any of its parts begins.
#[utoipa::path(
    get, path = "/v1/chains/{chain}/channels/{channel}/search", tag = "ledger",
    params(("chain" = String, Path, description = "Name of the chain"), ("channel" = String, Path, description = "Name of the channel"), SearchQuery),
    responses((status = OK, body = Hits), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn ledger_search(
    State(app): State<App>,
    caller: Caller,
    Path((chain, channel)): Path<(String, String)>,
    Query(query): Query<SearchQuery>,
) -> Result<axum::Json<Hits>, Problem> {
    let wanted = query.q.trim();
    if wanted.is_empty() || wanted.len() > LONGEST_SEARCH {
        let detail = format!("must not be empty, nor longer than {LONGEST_SEARCH} bytes");
        return Err(Problem::parameter("q", detail));
    }
    let (ledger, index) = indexed(&app, &caller, &chain, &channel).await?;
    let mut items: Vec<Hit> = block(&ledger, wanted).await?.into_iter().collect();
    if wanted.len() >= SHORTEST_ID && wanted.bytes().all(|b| b.is_ascii_hexdigit()) {
        let beginning = wanted.to_ascii_lowercase();
        let found = ledger_index::beginning_with(&app.db, ledger.id(), &beginning, MOST_HITS).await?;
        items.extend(found.into_iter().map(|entry| Hit {
            kind: "transaction".to_owned(),
            block_number: entry.block,
            transaction_id: Some(entry.id),
            ..Hit::default()
        }));
    }
    let mut keys = ledger_index::keys(&app.db, ledger.id(), None, wanted, None, MOST_HITS).await?;
    keys.extend(ledger_index::keys_with_part(&app.db, ledger.id(), wanted, MOST_HITS).await?);
    keys.truncate(MOST_HITS);
    items.extend(keys.into_iter().map(|write| Hit {
        kind: "key".to_owned(),
        block_number: write.block,
        contract: Some(write.contract),
        parts: parts(&write.key),
        key: Some(write.key),
        ..Hit::default()
    }));
    Ok(axum::Json(Hits { items, index }))
}

/// The block that may be meant.
async fn block(ledger: &OpenLedger, wanted: &str) -> Result<Option<Hit>, Problem> {
    // A word is a key's beginning here.
    let Some(reference) = read_reference(wanted).filter(|meant| *meant != BlockRef::Newest) else {
        return Ok(None);
    };
    let found = match ledger.block(&reference).await {
        Ok(found) => found.header,
        Err(problem) if problem.code() == Code::NotFound => None,
        Err(problem) => return Err(problem),
    };
    Ok(found.map(|header| Hit {
        kind: "block".to_owned(),
        block_number: header.number,
        ..Hit::default()
    }))
}

/// Opens a ledger as a reader and brings its index up to date; with how far that reaches.
pub(super) async fn indexed(
    app: &App,
    caller: &Caller,
    chain: &str,
    channel: &str,
) -> Result<(Arc<OpenLedger>, Reach), Problem> {
    let scope = caller.may(Action::ReadLedger)?;
    let ledger = app.ledger.open(&scope, chain, channel, &Default::default()).await?;
    let ledger = Arc::new(ledger);
    let reach = app.index.reach(&scope, &ledger).await?;
    Ok((ledger, reach))
}

/// Reads a block and a place in it out of a page token.
pub(super) fn place(token: &str) -> Result<(u64, u64), Problem> {
    let read = |text: &str| text.parse().ok();
    token
        .split_once(' ')
        .and_then(|(block, index)| Some((read(block)?, read(index)?)))
        .ok_or_else(|| Problem::parameter("pageToken", "is not a token of this list"))
}

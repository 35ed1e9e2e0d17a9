//! The state of contracts, key by key, as the index of the ledger knows it; values come from a peer's blocks.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use axum::extract::State;
use entente_api::time::Time;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::explorer::{IndexedPage, indexed, place};
use super::extract::{Path, Query};
use super::page::PageQuery;
use super::problem::{Problem, ProblemBody};
use crate::access::Caller;
use crate::ledger::composite;
use crate::ledger::view::{self, Bytes, Creator, Transaction};
use crate::ledger::{BlockRef, OpenLedger};
use crate::store::ledger_index::{self, Write};

/// A page of a history costs one question to a peer for each block.
const LARGEST_PAGE: usize = 50;

/// A key that has a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Key {
    /// The key. Parts of a composite key are apart by U+0000.
    pub key: String,
    /// Of a composite key its object type and attributes, as people read them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<String>,
    /// The block that last wrote it.
    pub block_number: u64,
    /// Which of the block's transactions, from 0.
    pub index: u64,
}

/// Which keys to list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct KeysQuery {
    /// Only keys that begin with this.
    pub prefix: Option<String>,
    /// Only composite keys whose object type and attributes begin with these, as a JSON array of strings; the last one may
    /// be cut short.
    pub parts: Option<String>,
}

impl KeysQuery {
    /// What the keys begin with.
    fn beginning(self) -> Result<String, Problem> {
        let Some(parts) = self.parts else {
            return Ok(self.prefix.unwrap_or_default());
        };
        if self.prefix.is_some() {
            return Err(Problem::parameter("parts", "cannot stand beside prefix"));
        }
        let read = serde_json::from_str::<Vec<String>>(&parts);
        let parts = read.ok().filter(|parts| !parts.is_empty());
        let parts = parts.ok_or_else(|| {
            let detail = "must be a JSON array of strings, such as [\"owner\",\"bank\"]";
            Problem::parameter("parts", detail)
        })?;
        Ok(composite::beginning(&parts))
    }
}

/// The parts of a composite key, to show; none of a plain one.
pub(super) fn parts(key: &str) -> Vec<String> {
    let parts = composite::parts(key).unwrap_or_default();
    parts.into_iter().map(str::to_owned).collect()
}

/// List the keys of a contract that have a value.
///
/// From an index that is brought up to date when it is asked; `index` tells how far it reaches. Private data is not in it.
#[utoipa::path(
    get, path = "/v1/chains/{chain}/channels/{channel}/contracts/{contract}/keys", tag = "ledger",
    params(("chain" = String, Path, description = "Name of the chain"), ("channel" = String, Path, description = "Name of the channel"),
        ("contract" = String, Path, description = "Name of the contract on the channel"), KeysQuery, PageQuery),
    responses((status = OK, body = IndexedPage<Key>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn key_list(
    State(app): State<App>,
    caller: Caller,
    Path((chain, channel, contract)): Path<(String, String, String)>,
    Query(query): Query<KeysQuery>,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<IndexedPage<Key>>, Problem> {
    let prefix = query.beginning()?;
    let window = page.window(&format!("keys {chain} {channel} {contract} {prefix}"))?;
    let (ledger, reach) = indexed(&app, &caller, &chain, &channel).await?;
    let after = window.after.as_deref().map(|key| (contract.as_str(), key));
    let found = ledger_index::keys(&app.db, ledger.id(), Some(&contract), &prefix, after, window.size + 1).await?;
    let key = |write: Write| Key {
        parts: parts(&write.key),
        key: write.key,
        block_number: write.block,
        index: write.position,
    };
    let mut keys: Vec<Key> = found.into_iter().map(key).collect();
    let page = window.close(&mut keys, |key| key.key.clone());
    Ok(axum::Json(IndexedPage::new(page, reach)))
}

/// What a transaction made of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyVersion {
    /// The block.
    pub block_number: u64,
    /// Which of the block's transactions, from 0.
    pub index: u64,
    /// The transaction's id.
    pub transaction_id: String,
    /// When the transaction's creator says that it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_time: Option<Time>,
    /// Who signed the transaction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creator: Option<Creator>,
    /// The function that it calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// Whether it deleted the key.
    pub is_delete: bool,
    /// The value that it gave the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Bytes>,
}

/// Which key's history to read.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// The key, byte for byte.
    pub key: String,
}

/// Read what became of a key, newest first: the first item is its present state.
///
/// Where to look is known from an index that is brought up to date when it is asked; values come from a peer's blocks.
#[utoipa::path(
    get, path = "/v1/chains/{chain}/channels/{channel}/contracts/{contract}/key-history", tag = "ledger",
    params(("chain" = String, Path, description = "Name of the chain"), ("channel" = String, Path, description = "Name of the channel"),
        ("contract" = String, Path, description = "Name of the contract on the channel"), HistoryQuery, PageQuery),
    responses((status = OK, body = IndexedPage<KeyVersion>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn key_history(
    State(app): State<App>,
    caller: Caller,
    Path((chain, channel, contract)): Path<(String, String, String)>,
    Query(query): Query<HistoryQuery>,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<IndexedPage<KeyVersion>>, Problem> {
    let mut window = page.window(&format!("key-history {chain} {channel} {contract} {}", query.key))?;
    window.size = window.size.min(LARGEST_PAGE);
    let before = window.after.as_deref().map(place).transpose()?;
    let (ledger, reach) = indexed(&app, &caller, &chain, &channel).await?;
    let limit = window.size + 1;
    let found = ledger_index::history(&app.db, ledger.id(), &contract, &query.key, before, limit).await?;
    let mut versions = Vec::with_capacity(found.len());
    let mut blocks = Blocks::default();
    for write in &found {
        let transaction = blocks.transaction(&ledger, write.block, write.position).await?;
        versions.push(version(write, transaction));
    }
    let page = window.close(&mut versions, |one| format!("{} {}", one.block_number, one.index));
    Ok(axum::Json(IndexedPage::new(page, reach)))
}

/// Blocks that were read for one answer.
#[derive(Default)]
struct Blocks {
    read: HashMap<u64, Vec<Transaction>>,
}

impl Blocks {
    async fn transaction(&mut self, ledger: &OpenLedger, block: u64, index: u64) -> Result<Transaction, Problem> {
        let transactions = match self.read.entry(block) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let found = ledger.block(&BlockRef::Number(block)).await?;
                unknown.insert(view::transactions(&found))
            }
        };
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        let found = transactions.get(index);
        Ok(found.cloned().unwrap_or_default())
    }
}

fn version(write: &Write, transaction: Transaction) -> KeyVersion {
    let effects = transaction.effects.iter().find(|one| one.contract == write.contract);
    let value = effects.and_then(|effects| effects.writes.iter().find(|one| one.key == write.key));
    KeyVersion {
        block_number: write.block,
        index: write.position,
        is_delete: write.is_delete,
        value: value.and_then(|value| value.value.clone()),
        transaction_id: transaction.id,
        create_time: transaction.create_time,
        creator: transaction.creator,
        function: transaction.function,
    }
}

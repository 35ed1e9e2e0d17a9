//! An index of ledgers, for what no peer can be asked: transactions by who made them or what they call, keys by how they
//! begin, the history of a key.
//!
//! A ledger is indexed when somebody asks, from where the last one stopped; nothing follows a chain that nobody looks at.
//! An answer tells how far the index reaches. Replicas share it: of two that read the same blocks, one keeps them.

mod extract;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use entente_api::Chain;
use futures::StreamExt as _;
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use super::OpenLedger;
use crate::access::TenantScope;
use crate::rest::problem::Problem;
use crate::store::Db;
use crate::store::ledger_index::{self, Extract};
use crate::store::resource::Resources;

/// Whoever asks waits this long for blocks to be indexed before the answer is made of what there is.
const PATIENCE: Duration = Duration::from_secs(2);
/// How much is kept at once: what a crash may cost, and what others wait for.
const MOST_BLOCKS: usize = 500;
const MOST_ROWS: usize = 5_000;
/// A peer that says nothing for so long while there are blocks is given up; the next question begins anew.
const SILENCE: Duration = Duration::from_secs(20);

/// How far an index reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reach {
    /// How many blocks are indexed.
    pub indexed: u64,
    /// How many blocks the ledger has.
    pub height: u64,
}

/// The index of all ledgers.
#[derive(Clone)]
pub struct Index {
    db: Db,
    resources: Resources,
    /// Ledgers that this process reads at the moment.
    busy: Arc<Mutex<HashSet<String>>>,
    stop: CancellationToken,
}

impl Index {
    pub fn new(db: Db, resources: Resources, stop: CancellationToken) -> Index {
        Index {
            db,
            resources,
            busy: Arc::default(),
            stop,
        }
    }

    /// Brings the index of an open ledger up to date, as far as that takes no longer than a moment; the rest follows in
    /// the background.
    pub async fn reach(&self, scope: &TenantScope, ledger: &Arc<OpenLedger>) -> Result<Reach, Problem> {
        let height = ledger.info().await?.height;
        let id = ledger.id().to_owned();
        let indexed = ledger_index::height(&self.db, scope, &id).await?;
        if indexed >= height {
            return Ok(Reach { indexed, height });
        }
        if indexed == 0 {
            self.forget_others(scope).await?;
        }
        if let Some(turn) = self.turn(&id) {
            let (index, ledger) = (self.clone(), ledger.clone());
            let work = tokio::spawn(async move {
                let _turn = turn;
                if let Err(problem) = index.catch_up(&ledger, indexed, height).await {
                    tracing::warn!(ledger = ledger.id(), %problem, "the ledger could not be indexed further");
                }
            });
            // It goes on when the time is up.
            let _ = tokio::time::timeout(PATIENCE, work).await;
        }
        let indexed = ledger_index::height(&self.db, scope, &id).await?;
        Ok(Reach { indexed, height })
    }

    async fn catch_up(&self, ledger: &OpenLedger, from: u64, height: u64) -> Result<(), Problem> {
        let mut blocks = ledger.follow(from)?;
        let (mut next, mut kept) = (from, from);
        let mut batch: Vec<Extract> = Vec::new();
        while next < height {
            let block = tokio::select! {
                () = self.stop.cancelled() => return Ok(()),
                block = tokio::time::timeout(SILENCE, blocks.next()) => block,
            };
            let Ok(Some(block)) = block else { break };
            batch.push(extract::block(&block?));
            next += 1;
            let rows: usize = batch.iter().map(|one| one.entries.len() + one.writes.len()).sum();
            if next == height || batch.len() >= MOST_BLOCKS || rows >= MOST_ROWS {
                if !ledger_index::extend(&self.db, ledger.id(), kept, &batch).await? {
                    return Ok(());
                }
                kept = next;
                batch.clear();
            }
        }
        Ok(())
    }

    /// Chains come and go; what was indexed of those that are gone goes with them.
    async fn forget_others(&self, scope: &TenantScope) -> Result<(), Problem> {
        let chains: Vec<Chain> = self.resources.list(scope).await?;
        let shared = self.resources.shared(scope).await?;
        let all = chains.into_iter().chain(shared.into_iter().map(|seen| seen.chain));
        let uids: Vec<String> = all.filter_map(|chain| chain.metadata.uid).collect();
        Ok(ledger_index::forget_others(&self.db, scope, &uids).await?)
    }

    fn turn(&self, ledger: &str) -> Option<Turn> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.insert(ledger.to_owned()).then(|| Turn {
            ledger: ledger.to_owned(),
            busy: self.busy.clone(),
        })
    }
}

/// The right to read a ledger; others leave it to whoever has it.
struct Turn {
    ledger: String,
    busy: Arc<Mutex<HashSet<String>>>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.remove(&self.ledger);
    }
}

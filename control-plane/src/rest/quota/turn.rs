//! A tenant's turn to take more of its quotas: one request at a time, whichever replica is asked.
//!
//! Replicas that share a database take turns by a row that lapses by itself, not by a transaction: what is admitted is written
//! to the registry, and no transaction is open while another system is asked.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use entente_api::time::Time;
use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;
use tokio::time::{Instant, sleep};

use crate::access::TenantScope;
use crate::rest::codes::Code;
use crate::rest::problem::{Problem, chain_of};
use crate::store::{Db, quota_turns};

/// Longest wait for one's turn.
const PATIENCE: Duration = Duration::from_secs(10);
/// Before the row is looked at again.
const PAUSE: Duration = Duration::from_millis(15);

/// The turns of all tenants.
#[derive(Clone)]
pub struct Turns {
    db: Db,
    /// Of this replica, where there is no other.
    here: Arc<Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>>,
}

/// A turn, until it is dropped.
pub enum Turn {
    Here(OwnedMutexGuard<()>),
    Shared(Held),
}

/// The row of a turn.
pub struct Held {
    db: Db,
    scope: TenantScope,
    holder: String,
}

impl Turns {
    pub fn new(db: &Db) -> Turns {
        Turns {
            db: db.clone(),
            here: Arc::default(),
        }
    }

    /// Waits for the tenant's turn.
    ///
    /// # Errors
    /// `conflict` when others have had it all the time.
    pub async fn take(&self, scope: &TenantScope) -> Result<Turn, Problem> {
        if self.db.is_shared() {
            return self.share(scope).await.map(Turn::Shared);
        }
        let tenant = {
            let mut here = self.here.lock();
            // Nobody else holds or waits for those.
            here.retain(|_, turn| Arc::strong_count(turn) > 1);
            here.entry(scope.namespace().to_owned()).or_default().clone()
        };
        Ok(Turn::Here(tenant.lock_owned().await))
    }

    async fn share(&self, scope: &TenantScope) -> Result<Held, Problem> {
        let end = Instant::now() + PATIENCE;
        let held = Held {
            db: self.db.clone(),
            scope: scope.clone(),
            holder: uuid::Uuid::new_v4().to_string(),
        };
        while !quota_turns::take(&self.db, scope, &held.holder, Time::now()).await? {
            if Instant::now() >= end {
                let detail = "Other requests of the tenant are being measured against its quotas all the time.";
                return Err(Problem::new(Code::Conflict, detail).with_retry_after(1));
            }
            sleep(PAUSE).await;
        }
        Ok(held)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let (db, scope, holder) = (self.db.clone(), self.scope.clone(), std::mem::take(&mut self.holder));
        // Where it cannot be given back it lapses.
        tokio::spawn(async move {
            if let Err(error) = quota_turns::give_back(&db, &scope, &holder).await {
                tracing::warn!(error = %chain_of(&error), "a tenant's turn cannot be given back; it lapses");
            }
        });
    }
}

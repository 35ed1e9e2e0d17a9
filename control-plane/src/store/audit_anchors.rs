//! The table `audit_anchors`: which heads of the audit are on a chain, and where.

use entente_api::time::Time;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::access::{optional_time, text, time};
use super::{Db, DbError};
use crate::access::{PlatformScope, TenantScope};
use crate::audit::AnchorPlace;

/// A head that is on a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    pub seq: i64,
    pub hash: String,
    /// What stands on the chain for it.
    pub digest: String,
    /// The chain that it is on.
    pub place: AnchorPlace,
    pub transaction_id: String,
    pub time: Time,
}

/// Keeps an anchor. One that is there already says the same.
pub async fn insert(db: &Db, scope: &TenantScope, anchor: &Anchor) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO audit_anchors (tenant, seq, hash, digest, chain, channel, contract, transaction_id, create_time)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
    )
    .bind(scope.namespace().to_owned())
    .bind(anchor.seq)
    .bind(anchor.hash.clone())
    .bind(anchor.digest.clone())
    .bind(anchor.place.chain.clone())
    .bind(anchor.place.channel.clone())
    .bind(anchor.place.contract.clone())
    .bind(anchor.transaction_id.clone())
    .bind(anchor.time.to_string())
    .execute(&db.pool)
    .await?;
    Ok(())
}

/// In the order of their rows, beginning after the row `after`, at most `limit`.
pub async fn list(db: &Db, scope: &TenantScope, after: i64, limit: usize) -> Result<Vec<Anchor>, DbError> {
    let rows = sqlx::query("SELECT * FROM audit_anchors WHERE tenant = $1 AND seq > $2 ORDER BY seq LIMIT $3")
        .bind(scope.namespace().to_owned())
        .bind(after)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(&db.pool)
        .await?;
    rows.iter().map(read).collect()
}

pub async fn get(db: &Db, scope: &TenantScope, seq: i64) -> Result<Option<Anchor>, DbError> {
    let row = sqlx::query("SELECT * FROM audit_anchors WHERE tenant = $1 AND seq = $2")
        .bind(scope.namespace().to_owned())
        .bind(seq)
        .fetch_optional(&db.pool)
        .await?;
    row.as_ref().map(read).transpose()
}

/// The last one of a tenant.
pub async fn last(db: &Db, scope: &TenantScope) -> Result<Option<Anchor>, DbError> {
    let row = sqlx::query("SELECT * FROM audit_anchors WHERE tenant = $1 ORDER BY seq DESC LIMIT 1")
        .bind(scope.namespace().to_owned())
        .fetch_optional(&db.pool)
        .await?;
    row.as_ref().map(read).transpose()
}

/// When a head of any tenant was last anchored, and how many tenants have rows since.
pub async fn standing(db: &Db, _: &PlatformScope) -> Result<(Option<Time>, u64), DbError> {
    let row = sqlx::query(
        "SELECT (SELECT MAX(create_time) FROM audit_anchors) AS last, COUNT(*) AS unanchored FROM audit_heads h
         WHERE NOT EXISTS (SELECT 1 FROM audit_anchors a WHERE a.tenant = h.tenant AND a.seq >= h.seq)",
    )
    .fetch_one(&db.pool)
    .await?;
    let unanchored: i64 = row.try_get("unanchored")?;
    Ok((optional_time(&row, "last")?, unanchored.unsigned_abs()))
}

fn read(row: &AnyRow) -> Result<Anchor, DbError> {
    Ok(Anchor {
        seq: row.try_get("seq")?,
        hash: text(row, "hash")?,
        digest: text(row, "digest")?,
        place: AnchorPlace {
            chain: text(row, "chain")?,
            channel: text(row, "channel")?,
            contract: text(row, "contract")?,
        },
        transaction_id: text(row, "transaction_id")?,
        time: time(row, "create_time")?,
    })
}

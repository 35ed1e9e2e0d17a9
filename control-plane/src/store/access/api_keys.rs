//! The table `api_keys`.

use std::time::Duration;

use entente_api::time::Time;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::{optional, optional_time, text, time};
use crate::access::{PlatformScope, TenantScope, secret};
use crate::store::{Db, DbError};

/// A use is noted at most this often.
const NOTED: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Stands in the key itself: `ent_<id>_<secret>`.
    pub id: String,
    pub tenant: String,
    pub name: String,
    /// Names of actions.
    pub scopes: Vec<String>,
    /// Names of chains; `None`: every chain.
    pub chains: Option<Vec<String>>,
    /// `None`: as many as the tenant may make.
    pub requests_per_second: Option<u32>,
    pub created_by: String,
    pub create_time: Time,
    pub expire_time: Time,
    /// When it was last used, to the minute.
    pub use_time: Option<Time>,
    /// Until when the secret before the last rotation is taken too.
    pub old_expire_time: Option<Time>,
}

/// A key with the hashes that are believed.
#[derive(Debug)]
pub struct Known {
    pub key: ApiKey,
    hash: String,
    old_hash: Option<String>,
}

impl Known {
    /// Whether the key may be used with this secret now.
    pub fn takes(&self, secret: &str, now: Time) -> bool {
        let hash = secret::hash(secret);
        let current = secret::matches(&hash, &self.hash);
        let old = self.old_hash.as_ref().is_some_and(|old| secret::matches(&hash, old));
        let old_counts = self.key.old_expire_time.is_some_and(|until| now < until);
        (current || (old && old_counts)) && now < self.key.expire_time
    }
}

/// Keeps a new key, with the hash of its secret.
pub async fn insert(db: &Db, scope: &TenantScope, key: &ApiKey, secret: &str) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO api_keys
         (id, tenant, name, scopes, chains, requests_per_second, hash, created_by, create_time, expire_time)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(key.id.clone())
    .bind(scope.namespace().to_owned())
    .bind(key.name.clone())
    .bind(serde_json::to_string(&key.scopes)?)
    .bind(key.chains.as_ref().map(serde_json::to_string).transpose()?)
    .bind(key.requests_per_second.map(i64::from))
    .bind(secret::hash(secret))
    .bind(key.created_by.clone())
    .bind(key.create_time.to_string())
    .bind(key.expire_time.to_string())
    .execute(&db.pool)
    .await?;
    Ok(())
}

/// Oldest first, beginning after `after`.
pub async fn list(db: &Db, scope: &TenantScope, after: Option<&str>, limit: usize) -> Result<Vec<ApiKey>, DbError> {
    let rows = sqlx::query("SELECT * FROM api_keys WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3")
        .bind(scope.namespace().to_owned())
        .bind(after.unwrap_or_default().to_owned())
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(&db.pool)
        .await?;
    rows.iter().map(|row| Ok(read(row)?.key)).collect()
}

/// How many keys of all tenants are good `now`, and have not been used since.
pub async fn unused(db: &Db, _: &PlatformScope, since: Time, now: Time) -> Result<u64, DbError> {
    let count: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM api_keys WHERE expire_time > $1 AND COALESCE(use_time, create_time) < $2",
    )
    .bind(now.to_string())
    .bind(since.to_string())
    .fetch_one(&db.pool)
    .await?;
    Ok(u64::try_from(count).unwrap_or_default())
}

pub async fn get(db: &Db, scope: &TenantScope, id: &str) -> Result<Option<ApiKey>, DbError> {
    let known = find(db, id).await?;
    Ok(known
        .map(|known| known.key)
        .filter(|key| key.tenant == scope.namespace()))
}

/// The key of an id, of whatever tenant.
pub async fn find(db: &Db, id: &str) -> Result<Option<Known>, DbError> {
    let row = sqlx::query("SELECT * FROM api_keys WHERE id = $1")
        .bind(id.to_owned())
        .fetch_optional(&db.pool)
        .await?;
    row.as_ref().map(read).transpose()
}

/// Gives a key a new secret; the one before is taken until `until`. `false`: there is no such key.
pub async fn rotate(db: &Db, scope: &TenantScope, id: &str, secret: &str, until: Time) -> Result<bool, DbError> {
    let done = sqlx::query(
        "UPDATE api_keys SET old_hash = hash, old_expire_time = $1, hash = $2 WHERE tenant = $3 AND id = $4",
    )
    .bind(until.to_string())
    .bind(secret::hash(secret))
    .bind(scope.namespace().to_owned())
    .bind(id.to_owned())
    .execute(&db.pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Withdraws a key. `false`: there is none.
pub async fn delete(db: &Db, scope: &TenantScope, id: &str) -> Result<bool, DbError> {
    let done = sqlx::query("DELETE FROM api_keys WHERE tenant = $1 AND id = $2")
        .bind(scope.namespace().to_owned())
        .bind(id.to_owned())
        .execute(&db.pool)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes that a key was used, now and then.
pub async fn used(db: &Db, key: &ApiKey, now: Time) -> Result<(), DbError> {
    if key.use_time.is_some_and(|time| now.get() < time.get() + NOTED) {
        return Ok(());
    }
    sqlx::query("UPDATE api_keys SET use_time = $1 WHERE id = $2")
        .bind(now.to_string())
        .bind(key.id.clone())
        .execute(&db.pool)
        .await?;
    Ok(())
}

fn read(row: &AnyRow) -> Result<Known, DbError> {
    let chains = optional(row, "chains")?;
    let requests_per_second: Option<i64> = row.try_get("requests_per_second")?;
    Ok(Known {
        key: ApiKey {
            id: text(row, "id")?,
            tenant: text(row, "tenant")?,
            name: text(row, "name")?,
            scopes: serde_json::from_str(&text(row, "scopes")?)?,
            chains: chains.map(|chains| serde_json::from_str(&chains)).transpose()?,
            requests_per_second: requests_per_second.and_then(|rate| u32::try_from(rate).ok()),
            created_by: text(row, "created_by")?,
            create_time: time(row, "create_time")?,
            expire_time: time(row, "expire_time")?,
            use_time: optional_time(row, "use_time")?,
            old_expire_time: optional_time(row, "old_expire_time")?,
        },
        hash: text(row, "hash")?,
        old_hash: optional(row, "old_hash")?,
    })
}

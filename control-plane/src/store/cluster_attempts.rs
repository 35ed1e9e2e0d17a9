//! The table `cluster_attempts`: changes that somebody is about to make past the API, until it is known how they ended.

use entente_api::time::Time;
use sqlx::Row as _;
use sqlx::any::AnyRow;
use uuid::Uuid;

use super::audit::append_within;
use super::cluster_changes::note_within;
use super::{Db, DbError};
use crate::access::{PlatformScope, TenantScope};
use crate::audit::AuditEvent;
use crate::audit::cluster::Change;
use crate::audit::cluster::attempt::Attempt;

/// An attempt as it was noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    pub id: String,
    pub time: Time,
    pub attempt: Attempt,
}

/// Notes an attempt, and gives the note's id.
pub async fn note(db: &Db, scope: &TenantScope, attempt: &Attempt, now: Time) -> Result<String, DbError> {
    // Ids of one replica grow.
    let id = Uuid::now_v7().to_string();
    sqlx::query(
        "INSERT INTO cluster_attempts (id, kind, namespace, name, time, body) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(id.clone())
    .bind(attempt.kind.clone())
    .bind(scope.namespace().to_owned())
    .bind(attempt.name.clone())
    .bind(now.to_string())
    .bind(serde_json::to_string(attempt)?)
    .execute(&db.pool)
    .await?;
    Ok(id)
}

/// What is noted of an object, in its order.
pub async fn of_object(db: &Db, scope: &TenantScope, kind: &str, name: &str) -> Result<Vec<Noted>, DbError> {
    let rows = sqlx::query(
        "SELECT id, time, body FROM cluster_attempts WHERE kind = $1 AND namespace = $2 AND name = $3
         ORDER BY time, id",
    )
    .bind(kind.to_owned())
    .bind(scope.namespace().to_owned())
    .bind(name.to_owned())
    .fetch_all(&db.pool)
    .await?;
    rows.iter().map(read).collect()
}

/// What was noted before a time, in its order, at most `limit`.
pub async fn noted_before(db: &Db, _: &PlatformScope, time: Time, limit: i64) -> Result<Vec<Noted>, DbError> {
    let rows = sqlx::query("SELECT id, time, body FROM cluster_attempts WHERE time < $1 ORDER BY time, id LIMIT $2")
        .bind(time.to_string())
        .bind(limit)
        .fetch_all(&db.pool)
        .await?;
    rows.iter().map(read).collect()
}

/// Makes a row of an attempt, unless it has one: every replica sees how it ended. `change` is what it has become, which
/// then needs no row of its own.
pub async fn settle(
    db: &Db,
    scope: &TenantScope,
    id: &str,
    change: Option<&Change>,
    event: AuditEvent,
) -> Result<(), DbError> {
    let mut transaction = db.pool.begin().await?;
    if forget_within(&mut transaction, scope, id).await? {
        if let Some(change) = change {
            note_within(&mut transaction, change).await?;
        }
        append_within(&mut transaction, scope, None, event).await?;
    }
    Ok(transaction.commit().await?)
}

/// Forgets an attempt that is no news.
pub async fn forget(db: &Db, scope: &TenantScope, id: &str) -> Result<(), DbError> {
    let mut connection = db.pool.acquire().await?;
    forget_within(&mut connection, scope, id).await.map(drop)
}

async fn forget_within(connection: &mut sqlx::AnyConnection, scope: &TenantScope, id: &str) -> Result<bool, DbError> {
    let forgotten = sqlx::query("DELETE FROM cluster_attempts WHERE id = $1 AND namespace = $2")
        .bind(id.to_owned())
        .bind(scope.namespace().to_owned())
        .execute(connection)
        .await?;
    Ok(forgotten.rows_affected() == 1)
}

fn read(row: &AnyRow) -> Result<Noted, DbError> {
    let time: String = row.try_get("time")?;
    Ok(Noted {
        id: row.try_get("id")?,
        time: serde_json::from_value(time.into())?,
        attempt: serde_json::from_str(&row.try_get::<String, _>("body")?)?,
    })
}

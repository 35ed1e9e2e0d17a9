//! The table `sessions`.

use std::time::Duration;

use entente_api::time::Time;
use sqlx::any::AnyRow;

use super::{optional, text, time};
use crate::access::secret;
use crate::store::{Db, DbError};

/// A session ends this long after it began,
const LIFETIME: Duration = Duration::from_secs(12 * 3600);
/// and after this long without a request.
const IDLE: Duration = Duration::from_secs(3600);
/// A request is noted at most this often.
const NOTED: Duration = Duration::from_secs(60);

/// Somebody at a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub id: String,
    pub user: String,
    /// Where they work now.
    pub tenant: Option<String>,
    /// Stands in the header of every request that changes something: another site's page cannot know it.
    pub csrf_token: String,
    pub create_time: Time,
    pub seen_time: Time,
    pub expire_time: Time,
}

/// Begins a session; gives it and the cookie's value, which is kept nowhere.
pub async fn begin(db: &Db, user: &str, tenant: Option<&str>, now: Time) -> Result<(Session, String), DbError> {
    let cookie = secret::random();
    let session = Session {
        id: uuid::Uuid::now_v7().to_string(),
        user: user.to_owned(),
        tenant: tenant.map(str::to_owned),
        csrf_token: secret::random(),
        create_time: now,
        seen_time: now,
        expire_time: Time::from(now.get() + LIFETIME),
    };
    sqlx::query(
        "INSERT INTO sessions (hash, id, user_id, tenant, csrf_token, create_time, seen_time, expire_time)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(secret::hash(&cookie))
    .bind(session.id.clone())
    .bind(session.user.clone())
    .bind(session.tenant.clone())
    .bind(session.csrf_token.clone())
    .bind(session.create_time.to_string())
    .bind(session.seen_time.to_string())
    .bind(session.expire_time.to_string())
    .execute(&db.pool)
    .await?;
    Ok((session, cookie))
}

/// The session of a cookie, unless it has ended.
pub async fn find(db: &Db, cookie: &str, now: Time) -> Result<Option<Session>, DbError> {
    let row = sqlx::query("SELECT * FROM sessions WHERE hash = $1")
        .bind(secret::hash(cookie))
        .fetch_optional(&db.pool)
        .await?;
    let Some(session) = row.as_ref().map(read).transpose()? else {
        return Ok(None);
    };
    if session.expire_time <= now || session.seen_time.get() + IDLE <= now.get() {
        return Ok(None);
    }
    if session.seen_time.get() + NOTED <= now.get() {
        sqlx::query("UPDATE sessions SET seen_time = $1 WHERE id = $2")
            .bind(now.to_string())
            .bind(session.id.clone())
            .execute(&db.pool)
            .await?;
    }
    Ok(Some(session))
}

/// A session that a request has shown.
pub async fn get(db: &Db, id: &str) -> Result<Option<Session>, DbError> {
    let row = sqlx::query("SELECT * FROM sessions WHERE id = $1")
        .bind(id.to_owned())
        .fetch_optional(&db.pool)
        .await?;
    row.as_ref().map(read).transpose()
}

/// Chooses the tenant in which the user of a session works.
pub async fn choose(db: &Db, id: &str, tenant: &str) -> Result<(), DbError> {
    sqlx::query("UPDATE sessions SET tenant = $1 WHERE id = $2")
        .bind(tenant.to_owned())
        .bind(id.to_owned())
        .execute(&db.pool)
        .await?;
    Ok(())
}

/// Ends one session.
pub async fn end(db: &Db, id: &str) -> Result<(), DbError> {
    sqlx::query("DELETE FROM sessions WHERE id = $1")
        .bind(id.to_owned())
        .execute(&db.pool)
        .await?;
    Ok(())
}

/// Ends every session of a user, but for `spared`.
pub async fn end_all(db: &Db, user: &str, spared: Option<&str>) -> Result<(), DbError> {
    sqlx::query("DELETE FROM sessions WHERE user_id = $1 AND id <> $2")
        .bind(user.to_owned())
        .bind(spared.unwrap_or_default().to_owned())
        .execute(&db.pool)
        .await?;
    Ok(())
}

/// Forgets sessions that have ended.
pub async fn forget(db: &Db, now: Time) -> Result<(), DbError> {
    sqlx::query("DELETE FROM sessions WHERE expire_time < $1 OR seen_time < $2")
        .bind(now.to_string())
        .bind(Time::from(now.get() - IDLE).to_string())
        .execute(&db.pool)
        .await?;
    Ok(())
}

fn read(row: &AnyRow) -> Result<Session, DbError> {
    Ok(Session {
        id: text(row, "id")?,
        user: text(row, "user_id")?,
        tenant: optional(row, "tenant")?,
        csrf_token: text(row, "csrf_token")?,
        create_time: time(row, "create_time")?,
        seen_time: time(row, "seen_time")?,
        expire_time: time(row, "expire_time")?,
    })
}

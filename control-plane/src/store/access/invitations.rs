//! The table `invitations`. An invitation is good for one person and ends by being accepted, withdrawn, or its time.

use entente_api::time::Time;
use sqlx::any::AnyRow;

use super::{optional, text, time, users, word};
use crate::access::{Role, TenantScope, secret};
use crate::store::{Db, DbError};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    pub id: String,
    pub tenant: String,
    /// Only for whoever has this address; `None`: for whoever has the token.
    pub email: Option<String>,
    pub role: Role,
    /// The organization that the role is on, where it is on one.
    pub organization: Option<String>,
    pub invited_by: String,
    pub create_time: Time,
    pub expire_time: Time,
}

/// Keeps an invitation, with the hash of its token.
pub async fn insert(db: &Db, scope: &TenantScope, invitation: &Invitation, token: &str) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO invitations (id, tenant, hash, email, role, organization, invited_by, create_time, expire_time)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(invitation.id.clone())
    .bind(scope.namespace().to_owned())
    .bind(secret::hash(token))
    .bind(invitation.email.clone())
    .bind(invitation.role.as_str().to_owned())
    .bind(invitation.organization.clone())
    .bind(invitation.invited_by.clone())
    .bind(invitation.create_time.to_string())
    .bind(invitation.expire_time.to_string())
    .execute(&db.pool)
    .await?;
    Ok(())
}

/// Those that can still be accepted, oldest first, beginning after `after`.
pub async fn list(
    db: &Db,
    scope: &TenantScope,
    now: Time,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<Invitation>, DbError> {
    let rows = sqlx::query(
        "SELECT * FROM invitations WHERE tenant = $1 AND expire_time > $2 AND id > $3 ORDER BY id LIMIT $4",
    )
    .bind(scope.namespace().to_owned())
    .bind(now.to_string())
    .bind(after.unwrap_or_default().to_owned())
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(&db.pool)
    .await?;
    rows.iter().map(read).collect()
}

/// Withdraws an invitation. `false`: there is none.
pub async fn delete(db: &Db, scope: &TenantScope, id: &str) -> Result<bool, DbError> {
    let done = sqlx::query("DELETE FROM invitations WHERE tenant = $1 AND id = $2")
        .bind(scope.namespace().to_owned())
        .bind(id.to_owned())
        .execute(&db.pool)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// The invitation of a token, while it can be accepted.
pub async fn find(db: &Db, token: &str, now: Time) -> Result<Option<Invitation>, DbError> {
    let row = sqlx::query("SELECT * FROM invitations WHERE hash = $1 AND expire_time > $2")
        .bind(secret::hash(token))
        .bind(now.to_string())
        .fetch_optional(&db.pool)
        .await?;
    row.as_ref().map(read).transpose()
}

/// The invitations for an address, of every tenant, while they can be accepted.
pub async fn of_email(db: &Db, email: &str, now: Time) -> Result<Vec<Invitation>, DbError> {
    let rows = sqlx::query("SELECT * FROM invitations WHERE email = $1 AND expire_time > $2 ORDER BY id")
        .bind(users::normal(email))
        .bind(now.to_string())
        .fetch_all(&db.pool)
        .await?;
    rows.iter().map(read).collect()
}

/// Uses an invitation up and makes the user a member, both or neither. `false`: somebody was faster.
pub async fn accept(db: &Db, invitation: &Invitation, user: &str, now: Time) -> Result<bool, DbError> {
    let mut transaction = db.pool.begin().await?;
    let used = sqlx::query("DELETE FROM invitations WHERE id = $1")
        .bind(invitation.id.clone())
        .execute(&mut *transaction)
        .await?;
    if used.rows_affected() == 0 {
        return Ok(false);
    }
    // Who is in the tenant already keeps what they are.
    sqlx::query(
        "INSERT INTO memberships (tenant, user_id, role, create_time, organization) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant, user_id) DO NOTHING",
    )
    .bind(invitation.tenant.clone())
    .bind(user.to_owned())
    .bind(invitation.role.as_str().to_owned())
    .bind(now.to_string())
    .bind(invitation.organization.clone())
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(true)
}

/// Forgets what nobody can accept any more.
pub async fn forget(db: &Db, now: Time) -> Result<(), DbError> {
    sqlx::query("DELETE FROM invitations WHERE expire_time < $1")
        .bind(now.to_string())
        .execute(&db.pool)
        .await?;
    Ok(())
}

fn read(row: &AnyRow) -> Result<Invitation, DbError> {
    Ok(Invitation {
        id: text(row, "id")?,
        tenant: text(row, "tenant")?,
        email: optional(row, "email")?,
        role: word(row, "role")?,
        organization: optional(row, "organization")?,
        invited_by: text(row, "invited_by")?,
        create_time: time(row, "create_time")?,
        expire_time: time(row, "expire_time")?,
    })
}

//! The table `memberships`.

use entente_api::time::Time;
use sqlx::any::AnyRow;

use super::users::{self, User};
use super::{flag, optional, text, word};
use crate::access::{Role, TenantScope};
use crate::store::{Db, DbError};

/// A user, as a tenant sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantUser {
    pub user: User,
    pub role: Role,
    /// The organization that the role is on, where it is on one.
    pub organization: Option<String>,
    /// Whether they are kept out for the time being.
    pub is_suspended: bool,
}

/// What can happen to a membership.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// With the organization that the role is on, where it is on one.
    Role(Role, Option<String>),
    Suspend,
    Resume,
    End,
}

/// The tenants of a user that let them in, by name, and what they are there.
pub async fn of_user(db: &Db, user: &str) -> Result<Vec<(String, Role)>, DbError> {
    let rows =
        sqlx::query("SELECT tenant, role FROM memberships WHERE user_id = $1 AND suspended = 0 ORDER BY tenant")
            .bind(user.to_owned())
            .fetch_all(&db.pool)
            .await?;
    rows.iter()
        .map(|row| Ok((text(row, "tenant")?, word(row, "role")?)))
        .collect()
}

/// Whether a user has tenants, and every one of them keeps the user out.
pub async fn is_suspended(db: &Db, user: &str) -> Result<bool, DbError> {
    let rows = sqlx::query("SELECT suspended FROM memberships WHERE user_id = $1")
        .bind(user.to_owned())
        .fetch_all(&db.pool)
        .await?;
    let suspended: Vec<bool> = rows
        .iter()
        .map(|row| flag(row, "suspended"))
        .collect::<Result<_, _>>()?;
    Ok(!suspended.is_empty() && suspended.iter().all(|suspended| *suspended))
}

/// What a provider's claims have made of a user, by tenant.
pub async fn provided(db: &Db, user: &str) -> Result<Vec<(String, Role)>, DbError> {
    let rows =
        sqlx::query("SELECT tenant, role FROM memberships WHERE user_id = $1 AND provided = 1 ORDER BY tenant")
            .bind(user.to_owned())
            .fetch_all(&db.pool)
            .await?;
    rows.iter()
        .map(|row| Ok((text(row, "tenant")?, word(row, "role")?)))
        .collect()
}

/// Makes a user part of a tenant because a provider's claim says so. Who is part of it already stays what they are.
pub async fn provide(db: &Db, scope: &TenantScope, user: &str, role: Role, now: Time) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO memberships (tenant, user_id, role, create_time, provided) VALUES ($1, $2, $3, $4, 1)
         ON CONFLICT (tenant, user_id) DO NOTHING",
    )
    .bind(scope.namespace().to_owned())
    .bind(user.to_owned())
    .bind(role.as_str().to_owned())
    .bind(now.to_string())
    .execute(&db.pool)
    .await?;
    Ok(())
}

/// The users of a tenant, by e-mail address, beginning after `after`.
pub async fn list(
    db: &Db,
    scope: &TenantScope,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<TenantUser>, DbError> {
    let rows = sqlx::query(
        "SELECT users.*, memberships.role AS role, memberships.suspended AS suspended, memberships.organization AS organization FROM memberships JOIN users ON users.id = memberships.user_id
         WHERE memberships.tenant = $1 AND users.email > $2 ORDER BY users.email LIMIT $3",
    )
    .bind(scope.namespace().to_owned())
    .bind(after.unwrap_or_default().to_owned())
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(&db.pool)
    .await?;
    rows.iter().map(|row| read(db, row)).collect()
}

pub async fn get(db: &Db, scope: &TenantScope, user: &str) -> Result<Option<TenantUser>, DbError> {
    let row = sqlx::query(
        "SELECT users.*, memberships.role AS role, memberships.suspended AS suspended, memberships.organization AS organization FROM memberships JOIN users ON users.id = memberships.user_id
         WHERE memberships.tenant = $1 AND memberships.user_id = $2",
    )
    .bind(scope.namespace().to_owned())
    .bind(user.to_owned())
    .fetch_optional(&db.pool)
    .await?;
    row.map(|row| read(db, &row)).transpose()
}

/// Makes a user part of a tenant, or changes what they are there.
pub async fn put(db: &Db, scope: &TenantScope, user: &str, role: Role, now: Time) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO memberships (tenant, user_id, role, create_time) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant, user_id) DO UPDATE SET role = $3",
    )
    .bind(scope.namespace().to_owned())
    .bind(user.to_owned())
    .bind(role.as_str().to_owned())
    .bind(now.to_string())
    .execute(&db.pool)
    .await?;
    Ok(())
}

/// Changes a membership, unless the tenant would be left without an owner who gets in. Says whether it did.
pub async fn change(db: &Db, scope: &TenantScope, user: &str, change: Change) -> Result<bool, DbError> {
    // In one statement each: of two owners who take each other out at the same time, one stays.
    let keeps_an_owner = "AND (role <> 'owner' OR suspended = 1 OR $3 = 'owner' OR
        (SELECT COUNT(*) FROM memberships AS others
         WHERE others.tenant = $1 AND others.role = 'owner' AND others.suspended = 0) > 1)";
    let (statement, role) = match &change {
        Change::Role(role, _) => ("UPDATE memberships SET role = $3", role.as_str()),
        Change::Suspend => ("UPDATE memberships SET suspended = 1", ""),
        Change::Resume => ("UPDATE memberships SET suspended = 0", Role::Owner.as_str()),
        Change::End => ("DELETE FROM memberships", ""),
    };
    let mut transaction = db.pool.begin().await?;
    // Takes the rows of the owners, in an order, so that two such changes go one after the other.
    sqlx::query("UPDATE memberships SET role = role WHERE tenant = $1 AND role = 'owner'")
        .bind(scope.namespace().to_owned())
        .execute(&mut *transaction)
        .await?;
    let statement = format!("{statement} WHERE tenant = $1 AND user_id = $2 {keeps_an_owner}");
    let done = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(scope.namespace().to_owned())
        .bind(user.to_owned())
        .bind(role.to_owned())
        .execute(&mut *transaction)
        .await?;
    if let Change::Role(_, organization) = change
        && done.rows_affected() == 1
    {
        sqlx::query("UPDATE memberships SET organization = $1 WHERE tenant = $2 AND user_id = $3")
            .bind(organization)
            .bind(scope.namespace().to_owned())
            .bind(user.to_owned())
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(done.rows_affected() == 1)
}

/// From now on the membership is what people say, whatever a provider does.
pub async fn decided(db: &Db, scope: &TenantScope, user: &str) -> Result<(), DbError> {
    sqlx::query("UPDATE memberships SET provided = 0 WHERE tenant = $1 AND user_id = $2")
        .bind(scope.namespace().to_owned())
        .bind(user.to_owned())
        .execute(&db.pool)
        .await?;
    Ok(())
}

fn read(db: &Db, row: &AnyRow) -> Result<TenantUser, DbError> {
    Ok(TenantUser {
        user: users::read(db, row)?,
        role: word(row, "role")?,
        organization: optional(row, "organization")?,
        is_suspended: flag(row, "suspended")?,
    })
}

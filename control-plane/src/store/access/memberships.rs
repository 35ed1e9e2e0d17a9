//! The table `memberships`.

use entente_api::time::Time;
use sqlx::any::AnyRow;

use super::text;
use super::users::{self, User};
use crate::access::{Role, TenantScope};
use crate::store::{Db, DbError};

/// The tenants of a user, by name, and what they are there.
pub async fn of_user(db: &Db, user: &str) -> Result<Vec<(String, Role)>, DbError> {
    let rows = sqlx::query("SELECT tenant, role FROM memberships WHERE user_id = $1 ORDER BY tenant")
        .bind(user.to_owned())
        .fetch_all(&db.pool)
        .await?;
    rows.iter().map(|row| Ok((text(row, "tenant")?, role(row)?))).collect()
}

/// The users of a tenant, by e-mail address, beginning after `after`.
pub async fn list(
    db: &Db,
    scope: &TenantScope,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<(User, Role)>, DbError> {
    let rows = sqlx::query(
        "SELECT users.*, memberships.role AS role FROM memberships JOIN users ON users.id = memberships.user_id
         WHERE memberships.tenant = $1 AND users.email > $2 ORDER BY users.email LIMIT $3",
    )
    .bind(scope.namespace().to_owned())
    .bind(after.unwrap_or_default().to_owned())
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(&db.pool)
    .await?;
    rows.iter().map(|row| Ok((users::read(row)?, role(row)?))).collect()
}

pub async fn get(db: &Db, scope: &TenantScope, user: &str) -> Result<Option<(User, Role)>, DbError> {
    let row = sqlx::query(
        "SELECT users.*, memberships.role AS role FROM memberships JOIN users ON users.id = memberships.user_id
         WHERE memberships.tenant = $1 AND memberships.user_id = $2",
    )
    .bind(scope.namespace().to_owned())
    .bind(user.to_owned())
    .fetch_optional(&db.pool)
    .await?;
    row.map(|row| Ok((users::read(&row)?, role(&row)?))).transpose()
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

/// Changes or, with `None`, ends a membership, unless the tenant would be left without an owner. Says whether it did.
pub async fn change(db: &Db, scope: &TenantScope, user: &str, role: Option<Role>) -> Result<bool, DbError> {
    // In one statement each: of two owners who take each other out at the same time, one stays.
    let keeps_an_owner = "AND (role <> 'owner' OR $3 = 'owner' OR
        (SELECT COUNT(*) FROM memberships AS others WHERE others.tenant = $1 AND others.role = 'owner') > 1)";
    let mut transaction = db.pool.begin().await?;
    // Takes the rows of the owners, in an order, so that two such changes go one after the other.
    sqlx::query("UPDATE memberships SET role = role WHERE tenant = $1 AND role = 'owner'")
        .bind(scope.namespace().to_owned())
        .execute(&mut *transaction)
        .await?;
    let statement = match role {
        Some(_) => format!("UPDATE memberships SET role = $3 WHERE tenant = $1 AND user_id = $2 {keeps_an_owner}"),
        None => format!("DELETE FROM memberships WHERE tenant = $1 AND user_id = $2 {keeps_an_owner}"),
    };
    let done = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(scope.namespace().to_owned())
        .bind(user.to_owned())
        .bind(role.map_or("", Role::as_str).to_owned())
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(done.rows_affected() == 1)
}

fn role(row: &AnyRow) -> Result<Role, DbError> {
    Ok(serde_json::from_value(serde_json::Value::String(text(row, "role")?))?)
}

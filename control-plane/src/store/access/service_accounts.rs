//! The table `service_accounts`: the roles that tenants give to ServiceAccounts of the cluster.

use std::time::Duration;

use entente_api::time::Time;
use sqlx::any::AnyRow;

use super::{optional_time, text, time, word};
use crate::access::service_accounts::ServiceAccount;
use crate::access::{Role, TenantScope};
use crate::store::{Db, DbError};

/// A use is noted at most this often.
const NOTED: Duration = Duration::from_secs(60);

/// A ServiceAccount's part in a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    pub id: String,
    pub account: ServiceAccount,
    pub role: Role,
    pub created_by: String,
    pub create_time: Time,
    /// When it was last used, to the minute.
    pub use_time: Option<Time>,
}

/// Gives a ServiceAccount a role in the tenant. `false`: it has one.
pub async fn insert(db: &Db, scope: &TenantScope, bound: &Bound) -> Result<bool, DbError> {
    let done = sqlx::query(
        "INSERT INTO service_accounts (id, tenant, namespace, name, role, created_by, create_time)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant, namespace, name) DO NOTHING",
    )
    .bind(bound.id.clone())
    .bind(scope.namespace().to_owned())
    .bind(bound.account.namespace.clone())
    .bind(bound.account.name.clone())
    .bind(bound.role.as_str().to_owned())
    .bind(bound.created_by.clone())
    .bind(bound.create_time.to_string())
    .execute(&db.pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Oldest first, beginning after `after`.
pub async fn list(db: &Db, scope: &TenantScope, after: Option<&str>, limit: usize) -> Result<Vec<Bound>, DbError> {
    let rows = sqlx::query("SELECT * FROM service_accounts WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3")
        .bind(scope.namespace().to_owned())
        .bind(after.unwrap_or_default().to_owned())
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(&db.pool)
        .await?;
    rows.iter().map(read).collect()
}

pub async fn get(db: &Db, scope: &TenantScope, id: &str) -> Result<Option<Bound>, DbError> {
    let row = sqlx::query("SELECT * FROM service_accounts WHERE tenant = $1 AND id = $2")
        .bind(scope.namespace().to_owned())
        .bind(id.to_owned())
        .fetch_optional(&db.pool)
        .await?;
    row.as_ref().map(read).transpose()
}

/// What a ServiceAccount that has shown its token is in a tenant.
pub async fn find(db: &Db, tenant: &str, account: &ServiceAccount) -> Result<Option<Bound>, DbError> {
    let row = sqlx::query("SELECT * FROM service_accounts WHERE tenant = $1 AND namespace = $2 AND name = $3")
        .bind(tenant.to_owned())
        .bind(account.namespace.clone())
        .bind(account.name.clone())
        .fetch_optional(&db.pool)
        .await?;
    row.as_ref().map(read).transpose()
}

/// Takes a ServiceAccount out of the tenant. `false`: there is none.
pub async fn delete(db: &Db, scope: &TenantScope, id: &str) -> Result<bool, DbError> {
    let done = sqlx::query("DELETE FROM service_accounts WHERE tenant = $1 AND id = $2")
        .bind(scope.namespace().to_owned())
        .bind(id.to_owned())
        .execute(&db.pool)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes that one came in, now and then.
pub async fn used(db: &Db, bound: &Bound, now: Time) -> Result<(), DbError> {
    if bound.use_time.is_some_and(|time| now.get() < time.get() + NOTED) {
        return Ok(());
    }
    sqlx::query("UPDATE service_accounts SET use_time = $1 WHERE id = $2")
        .bind(now.to_string())
        .bind(bound.id.clone())
        .execute(&db.pool)
        .await?;
    Ok(())
}

fn read(row: &AnyRow) -> Result<Bound, DbError> {
    Ok(Bound {
        id: text(row, "id")?,
        account: ServiceAccount {
            namespace: text(row, "namespace")?,
            name: text(row, "name")?,
        },
        role: word(row, "role")?,
        created_by: text(row, "created_by")?,
        create_time: time(row, "create_time")?,
        use_time: optional_time(row, "use_time")?,
    })
}

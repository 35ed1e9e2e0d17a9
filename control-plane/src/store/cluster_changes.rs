//! The table `cluster_changes`: which changes that did not pass the API have their row.

use sqlx::AnyConnection;

use super::audit::append_within;
use super::{Db, DbError};
use crate::access::TenantScope;
use crate::audit::AuditEvent;
use crate::audit::cluster::Change;

/// Adds the row of a change, unless it has one: every replica sees every change, and sees it again at each start.
pub async fn append_once(db: &Db, scope: &TenantScope, change: &Change, event: AuditEvent) -> Result<(), DbError> {
    let mut transaction = db.pool.begin().await?;
    if note_within(&mut transaction, change).await? {
        append_within(&mut transaction, scope, None, event).await?;
    }
    Ok(transaction.commit().await?)
}

/// Notes that a change has its row; whether it had none.
pub(super) async fn note_within(transaction: &mut AnyConnection, change: &Change) -> Result<bool, DbError> {
    let noted =
        sqlx::query("INSERT INTO cluster_changes (uid, manager, time) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
            .bind(change.uid.clone())
            .bind(change.write.manager.clone())
            .bind(change.write.time.to_string())
            .execute(transaction)
            .await?;
    Ok(noted.rows_affected() == 1)
}

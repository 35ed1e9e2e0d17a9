//! The table `certificate_notices`: of what was told what. A row is of a certificate and the band that it came into, or of a
//! contract and the digest of what is proposed for it.

use entente_api::time::Time;

use super::{Db, DbError, webhooks};
use crate::access::TenantScope;
use crate::webhook::Event;

/// Puts an event on its way, unless the same was told about the same thing before. Whoever is first of several replicas
/// does it, in one transaction with the note that it is done.
pub async fn announce_once(
    db: &Db,
    scope: &TenantScope,
    about: &str,
    what: &str,
    event: &Event,
) -> Result<(), DbError> {
    let mut transaction = db.pool.begin().await?;
    let noted = sqlx::query(
        "INSERT INTO certificate_notices (tenant, certificate, band, create_time) VALUES ($1, $2, $3, $4)
         ON CONFLICT DO NOTHING",
    )
    .bind(scope.namespace().to_owned())
    .bind(about.to_owned())
    .bind(what.to_owned())
    .bind(event.time.to_string())
    .execute(&mut *transaction)
    .await?;
    if noted.rows_affected() == 1 {
        webhooks::announce(&mut transaction, scope.namespace(), event).await?;
    }
    Ok(transaction.commit().await?)
}

/// Forgets what was told before a time.
pub async fn forget(db: &Db, before: Time) -> Result<(), DbError> {
    sqlx::query("DELETE FROM certificate_notices WHERE create_time < $1")
        .bind(before.to_string())
        .execute(&db.pool)
        .await?;
    Ok(())
}

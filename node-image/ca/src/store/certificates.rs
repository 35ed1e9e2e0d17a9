//! The table `certificates`.

use sqlx::{Row as _, SqliteConnection, SqliteExecutor};

use super::{Store, StoreError};
use crate::issuer::Revoked;

/// A certificate that was just issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCertificate {
    pub serial: String,
    pub aki: String,
    pub identity: String,
    pub pem: String,
    pub not_after: i64,
}

/// A certificate of this authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub identity: String,
    pub pem: String,
    /// `None`: it is good.
    pub revoked_at: Option<i64>,
}

/// Which certificates are asked for. Times are seconds since the Unix epoch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of identities at and below it; empty for all.
    pub affiliation: String,
    pub identity: String,
    pub serial: String,
    pub aki: String,
    pub expires_from: Option<i64>,
    pub expires_to: Option<i64>,
    pub revoked_from: Option<i64>,
    pub revoked_to: Option<i64>,
    pub only_good: bool,
    pub only_revoked: bool,
}

impl Store {
    /// Records a certificate, which may be handed out afterwards.
    pub async fn record_certificate(&self, new: &NewCertificate) -> Result<(), StoreError> {
        insert(&self.pool, new).await
    }

    pub async fn certificate(&self, serial: &str, aki: &str) -> Result<Option<Kept>, StoreError> {
        let row = sqlx::query("SELECT identity, pem, revoked_at FROM certificates WHERE serial = $1 AND aki = $2")
            .bind(serial)
            .bind(aki)
            .fetch_optional(&self.pool)
            .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Kept {
            identity: row.try_get("identity")?,
            pem: row.try_get("pem")?,
            revoked_at: row.try_get("revoked_at")?,
        }))
    }

    /// `false`: it is not there, or was revoked before.
    pub async fn revoke_certificate(
        &self,
        serial: &str,
        aki: &str,
        reason: i64,
        now: i64,
    ) -> Result<bool, StoreError> {
        let revoked = sqlx::query(
            "UPDATE certificates SET revoked_at = $3, reason = $4
             WHERE serial = $1 AND aki = $2 AND revoked_at IS NULL",
        )
        .bind(serial)
        .bind(aki)
        .bind(now)
        .bind(reason)
        .execute(&self.pool)
        .await?;
        Ok(revoked.rows_affected() == 1)
    }

    /// Certificates in PEM, in the order of their serial numbers.
    pub async fn certificates(&self, filter: &Filter) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query(
            "SELECT certificates.pem FROM certificates
             LEFT JOIN identities ON identities.id = certificates.identity
             WHERE ($1 = '' OR identities.affiliation = $1
                    OR substr(identities.affiliation, 1, length($1) + 1) = $1 || '.')
               AND ($2 = '' OR certificates.identity = $2)
               AND ($3 = '' OR certificates.serial = $3)
               AND ($4 = '' OR certificates.aki = $4)
               AND certificates.not_after >= $5 AND certificates.not_after <= $6
               AND ($7 = 0 OR certificates.revoked_at IS NULL)
               AND ($8 = 0 OR (certificates.revoked_at >= $9 AND certificates.revoked_at <= $10))
             ORDER BY certificates.serial",
        )
        .bind(&filter.affiliation)
        .bind(&filter.identity)
        .bind(&filter.serial)
        .bind(&filter.aki)
        .bind(filter.expires_from.unwrap_or(i64::MIN))
        .bind(filter.expires_to.unwrap_or(i64::MAX))
        .bind(i64::from(filter.only_good))
        .bind(i64::from(filter.only_revoked))
        .bind(filter.revoked_from.unwrap_or(i64::MIN))
        .bind(filter.revoked_to.unwrap_or(i64::MAX))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(|row| Ok(row.try_get("pem")?)).collect()
    }

    /// What belongs into a revocation list of the issuer with this key identifier. Bounds are exclusive, as Fabric CA has them.
    pub async fn revoked(&self, aki: &str, filter: &Filter) -> Result<Vec<Revoked>, StoreError> {
        let rows = sqlx::query(
            "SELECT serial, revoked_at, not_after FROM certificates
             WHERE revoked_at IS NOT NULL AND aki = $1
               AND not_after > $2 AND not_after < $3 AND revoked_at > $4 AND revoked_at < $5
             ORDER BY revoked_at, serial",
        )
        .bind(aki)
        .bind(filter.expires_from.unwrap_or(i64::MIN))
        .bind(filter.expires_to.unwrap_or(i64::MAX))
        .bind(filter.revoked_from.unwrap_or(i64::MIN))
        .bind(filter.revoked_to.unwrap_or(i64::MAX))
        .fetch_all(&self.pool)
        .await?;
        let read = |row: &sqlx::sqlite::SqliteRow| {
            Ok(Revoked {
                serial: row.try_get("serial")?,
                at: row.try_get("revoked_at")?,
                not_after: row.try_get("not_after")?,
            })
        };
        rows.iter().map(read).collect()
    }
}

pub(super) async fn insert(connection: impl SqliteExecutor<'_>, new: &NewCertificate) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO certificates (serial, aki, identity, pem, not_after, revoked_at, reason)
         VALUES ($1, $2, $3, $4, $5, NULL, 0)",
    )
    .bind(&new.serial)
    .bind(&new.aki)
    .bind(&new.identity)
    .bind(&new.pem)
    .bind(new.not_after)
    .execute(connection)
    .await?;
    Ok(())
}

/// Revokes what is good of an identity's certificates, and names it. The transaction has written before, so nothing
/// comes between reading and writing.
pub(super) async fn revoke_all(
    connection: &mut SqliteConnection,
    identity: &str,
    reason: i64,
    now: i64,
) -> Result<Vec<(String, String)>, StoreError> {
    let good = sqlx::query("SELECT serial, aki FROM certificates WHERE identity = $1 AND revoked_at IS NULL")
        .bind(identity)
        .fetch_all(&mut *connection)
        .await?;
    sqlx::query("UPDATE certificates SET revoked_at = $2, reason = $3 WHERE identity = $1 AND revoked_at IS NULL")
        .bind(identity)
        .bind(now)
        .bind(reason)
        .execute(&mut *connection)
        .await?;
    let read = |row: &sqlx::sqlite::SqliteRow| Ok((row.try_get("serial")?, row.try_get("aki")?));
    good.iter().map(read).collect()
}

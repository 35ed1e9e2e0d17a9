//! The table `identities`.

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::certificates::{self, NewCertificate};
use super::{Store, StoreError};
use crate::identity::Identity;

/// What is known of an identity's secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSecret {
    pub digest: String,
    pub failed_attempts: i64,
    /// Seconds since the Unix epoch.
    pub blocked_until: i64,
}

impl Store {
    pub async fn identity(&self, id: &str) -> Result<Option<Identity>, StoreError> {
        let row = sqlx::query(
            "SELECT id, type, affiliation, attributes, max_enrollments, enrollments, revoked
             FROM identities WHERE id = $1",
        )
        .bind(id)
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(read).transpose()
    }

    /// At and below an affiliation; all of them for the empty one.
    pub async fn identities_within(&self, affiliation: &str) -> Result<Vec<Identity>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, type, affiliation, attributes, max_enrollments, enrollments, revoked FROM identities
             WHERE $1 = '' OR affiliation = $1 OR substr(affiliation, 1, length($1) + 1) = $1 || '.' ORDER BY id",
        )
        .bind(affiliation)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(read).collect()
    }

    pub async fn secret(&self, id: &str) -> Result<Option<KeptSecret>, StoreError> {
        let row = sqlx::query("SELECT secret, failed_attempts, blocked_until FROM identities WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.pool)
            .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(KeptSecret {
            digest: row.try_get("secret")?,
            failed_attempts: row.try_get("failed_attempts")?,
            blocked_until: row.try_get("blocked_until")?,
        }))
    }

    /// `false`: there is one of this id already, and it stays as it is.
    pub async fn insert_identity(&self, identity: &Identity, secret: &str) -> Result<bool, StoreError> {
        let inserted = sqlx::query(
            "INSERT INTO identities
                (id, secret, type, affiliation, attributes, max_enrollments, enrollments, revoked, failed_attempts, blocked_until)
             VALUES ($1, $2, $3, $4, $5, $6, 0, 0, 0, 0) ON CONFLICT (id) DO NOTHING",
        )
        .bind(&identity.id)
        .bind(secret)
        .bind(&identity.kind)
        .bind(&identity.affiliation)
        .bind(serde_json::to_string(&identity.attributes)?)
        .bind(identity.max_enrollments)
        .execute(&self.pool)
        .await?;
        Ok(inserted.rows_affected() == 1)
    }

    /// Replaces what a registrar may change. A new secret also ends the wait after wrong ones.
    pub async fn update_identity(&self, identity: &Identity, secret: Option<&str>) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE identities SET type = $2, affiliation = $3, attributes = $4, max_enrollments = $5,
                secret = COALESCE($6, secret),
                failed_attempts = CASE WHEN $6 IS NULL THEN failed_attempts ELSE 0 END,
                blocked_until = CASE WHEN $6 IS NULL THEN blocked_until ELSE 0 END
             WHERE id = $1",
        )
        .bind(&identity.id)
        .bind(&identity.kind)
        .bind(&identity.affiliation)
        .bind(serde_json::to_string(&identity.attributes)?)
        .bind(identity.max_enrollments)
        .bind(secret)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Counts a wrong secret.
    pub async fn count_failure(&self, id: &str, blocked_until: i64) -> Result<(), StoreError> {
        sqlx::query("UPDATE identities SET failed_attempts = failed_attempts + 1, blocked_until = $2 WHERE id = $1")
            .bind(id)
            .bind(blocked_until)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    pub async fn forget_failures(&self, id: &str) -> Result<(), StoreError> {
        sqlx::query("UPDATE identities SET failed_attempts = 0, blocked_until = 0 WHERE id = $1")
            .bind(id)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Records an enrolment with its certificate, both or neither. `false`: the identity has enrolled as often as it may, or was
    /// revoked in the meantime. `most` is -1 for no limit.
    pub async fn record_enrollment(&self, id: &str, most: i64, new: &NewCertificate) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let counted = sqlx::query(
            "UPDATE identities SET enrollments = enrollments + 1
             WHERE id = $1 AND revoked = 0 AND ($2 = -1 OR enrollments < $2)",
        )
        .bind(id)
        .bind(most)
        .execute(&mut *transaction)
        .await?;
        if counted.rows_affected() != 1 {
            return Ok(false);
        }
        certificates::insert(&mut *transaction, new).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Revokes the identity and all its certificates; gives serial number and key identifier of those that were good.
    pub async fn revoke_identity(
        &self,
        id: &str,
        reason: i64,
        now: i64,
    ) -> Result<Vec<(String, String)>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query("UPDATE identities SET revoked = 1 WHERE id = $1")
            .bind(id)
            .execute(&mut *transaction)
            .await?;
        let revoked = certificates::revoke_all(&mut transaction, id, reason, now).await?;
        transaction.commit().await?;
        Ok(revoked)
    }

    /// Removes the identity and revokes its certificates.
    pub async fn remove_identity(&self, id: &str, reason: i64, now: i64) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query("DELETE FROM identities WHERE id = $1")
            .bind(id)
            .execute(&mut *transaction)
            .await?;
        certificates::revoke_all(&mut transaction, id, reason, now).await?;
        transaction.commit().await?;
        Ok(())
    }
}

pub(super) fn read(row: &SqliteRow) -> Result<Identity, StoreError> {
    Ok(Identity {
        id: row.try_get("id")?,
        kind: row.try_get("type")?,
        affiliation: row.try_get("affiliation")?,
        attributes: serde_json::from_str(&row.try_get::<String, _>("attributes")?)?,
        max_enrollments: row.try_get("max_enrollments")?,
        enrollments: row.try_get("enrollments")?,
        revoked: row.try_get::<i64, _>("revoked")? != 0,
    })
}

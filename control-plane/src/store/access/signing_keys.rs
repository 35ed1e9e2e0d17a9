//! The table `signing_keys`.

use entente_api::time::Time;

use super::{text, time};
use crate::store::sealed::SIGNING_KEY;
use crate::store::{Db, DbError};

/// A key that signs, or has signed, tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey {
    pub id: String,
    /// PKCS#8, PEM.
    pub private_key: String,
    pub create_time: Time,
}

/// Oldest first.
pub async fn list(db: &Db) -> Result<Vec<SigningKey>, DbError> {
    let rows = sqlx::query("SELECT * FROM signing_keys ORDER BY id")
        .fetch_all(&db.pool)
        .await?;
    let read = |row| {
        let id = text(row, "id")?;
        Ok(SigningKey {
            private_key: db.unseal(SIGNING_KEY, &id, text(row, "private_key")?)?,
            id,
            create_time: time(row, "create_time")?,
        })
    };
    rows.iter().map(read).collect()
}

pub async fn insert(db: &Db, key: &SigningKey) -> Result<(), DbError> {
    sqlx::query("INSERT INTO signing_keys (id, private_key, create_time) VALUES ($1, $2, $3)")
        .bind(key.id.clone())
        .bind(db.seal(SIGNING_KEY, &key.id, &key.private_key)?)
        .bind(key.create_time.to_string())
        .execute(&db.pool)
        .await?;
    Ok(())
}

/// Forgets those that were made before a time.
pub async fn forget_before(db: &Db, time: Time) -> Result<(), DbError> {
    sqlx::query("DELETE FROM signing_keys WHERE create_time < $1")
        .bind(time.to_string())
        .execute(&db.pool)
        .await?;
    Ok(())
}

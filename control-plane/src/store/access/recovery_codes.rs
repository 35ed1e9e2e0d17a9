//! The table `recovery_codes`.

use crate::access::secret;
use crate::store::{Db, DbError};

/// Replaces the codes of a user; with none, takes all away.
pub async fn replace(db: &Db, user: &str, codes: &[String]) -> Result<(), DbError> {
    let mut transaction = db.pool.begin().await?;
    sqlx::query("DELETE FROM recovery_codes WHERE user_id = $1")
        .bind(user.to_owned())
        .execute(&mut *transaction)
        .await?;
    for code in codes {
        sqlx::query("INSERT INTO recovery_codes (user_id, hash) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(user.to_owned())
            .bind(secret::hash(code))
            .execute(&mut *transaction)
            .await?;
    }
    Ok(transaction.commit().await?)
}

/// Uses up a code. `false`: it is none of theirs, or has been used.
pub async fn take(db: &Db, user: &str, code: &str) -> Result<bool, DbError> {
    let done = sqlx::query("DELETE FROM recovery_codes WHERE user_id = $1 AND hash = $2")
        .bind(user.to_owned())
        .bind(secret::hash(code.trim()))
        .execute(&db.pool)
        .await?;
    Ok(done.rows_affected() == 1)
}

//! The table `sign_in_attempts`: who fails to sign in again and again has to wait longer and longer.
//!
//! It counts by what was tried, whether or not there is such a user, so that a lock-out tells nothing either.

use std::time::Duration;

use entente_api::time::Time;
use sqlx::Row as _;

#[cfg(test)]
use super::text;
use super::time;
use crate::store::{Db, DbError};

/// Failures without consequence.
const FREE: i64 = 4;
const FIRST_PAUSE: Duration = Duration::from_secs(15);
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);
/// Failures are forgotten after this long without another one.
const MEMORY: Duration = Duration::from_secs(24 * 3600);

/// Until when attempts are refused; `None`: they are not.
pub async fn locked_until(db: &Db, subject: &str, now: Time) -> Result<Option<Time>, DbError> {
    let row = sqlx::query("SELECT locked_time FROM sign_in_attempts WHERE subject = $1")
        .bind(subject.to_owned())
        .fetch_optional(&db.pool)
        .await?;
    let until = row.map(|row| time(&row, "locked_time")).transpose()?;
    Ok(until.filter(|until| *until > now))
}

/// Counts a failure.
pub async fn failed(db: &Db, subject: &str, now: Time) -> Result<(), DbError> {
    let row = sqlx::query(
        "INSERT INTO sign_in_attempts (subject, failures, locked_time) VALUES ($1, 1, $2)
         ON CONFLICT (subject) DO UPDATE SET failures = sign_in_attempts.failures + 1 RETURNING failures",
    )
    .bind(subject.to_owned())
    .bind(now.to_string())
    .fetch_one(&db.pool)
    .await?;
    let until = Time::from(now.get() + pause(row.try_get("failures")?));
    sqlx::query("UPDATE sign_in_attempts SET locked_time = $1 WHERE subject = $2")
        .bind(until.to_string())
        .bind(subject.to_owned())
        .execute(&db.pool)
        .await?;
    Ok(())
}

fn pause(failures: i64) -> Duration {
    match u32::try_from(failures - FREE - 1) {
        Err(_) => Duration::ZERO,
        Ok(beyond) => FIRST_PAUSE
            .saturating_mul(2_u32.saturating_pow(beyond.min(16)))
            .min(LONGEST_PAUSE),
    }
}

/// Forgets the failures of somebody who has signed in.
pub async fn succeeded(db: &Db, subject: &str) -> Result<(), DbError> {
    sqlx::query("DELETE FROM sign_in_attempts WHERE subject = $1")
        .bind(subject.to_owned())
        .execute(&db.pool)
        .await?;
    Ok(())
}

/// Forgets what is old.
pub async fn forget(db: &Db, now: Time) -> Result<(), DbError> {
    sqlx::query("DELETE FROM sign_in_attempts WHERE locked_time < $1")
        .bind(Time::from(now.get() - MEMORY).to_string())
        .execute(&db.pool)
        .await?;
    Ok(())
}

/// Everybody who has failed lately; for tests.
#[cfg(test)]
pub async fn subjects(db: &Db) -> Result<Vec<String>, DbError> {
    let rows = sqlx::query("SELECT subject FROM sign_in_attempts ORDER BY subject")
        .fetch_all(&db.pool)
        .await?;
    rows.iter().map(|row| text(row, "subject")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end_at_an_hour() {
        let seconds = [1, 4, 5, 6, 7, 12, 13, 1000].map(|failures| pause(failures).as_secs());

        assert_eq!(seconds, [0, 0, 15, 30, 60, 1920, 3600, 3600]);
    }

    #[tokio::test]
    async fn who_fails_too_often_waits_until_it_is_over_or_forgotten() {
        let db = crate::store::testing::fresh().await;
        let now = Time::now();
        for _ in 0..5 {
            assert_eq!(locked_until(&db, "li@bank.example", now).await.unwrap(), None);
            failed(&db, "li@bank.example", now).await.unwrap();
        }

        let until = locked_until(&db, "li@bank.example", now).await.unwrap();
        let later = Time::from(now.get() + Duration::from_secs(16));
        let over = locked_until(&db, "li@bank.example", later).await.unwrap();
        forget(&db, Time::from(now.get() + MEMORY + Duration::from_secs(60)))
            .await
            .unwrap();

        assert_eq!(until, Some(Time::from(now.get() + Duration::from_secs(15))));
        assert_eq!(over, None);
        assert_eq!(subjects(&db).await.unwrap(), [""; 0]);
    }
}

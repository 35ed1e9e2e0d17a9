//! The table `idempotency`.

use std::time::Duration;

use entente_api::time::Time;
use sqlx::Row as _;

use super::{Db, DbError};
use crate::access::TenantScope;

/// Whoever carries out a keyed request says so anew before this has passed; who does not has died.
pub const HOLD: Duration = Duration::from_secs(30);

/// A kept answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// Header names and values, in order.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What is known of a key.
#[derive(Debug, PartialEq, Eq)]
pub enum Claim {
    /// The key is new and now belongs to this request.
    Ours,
    /// The first request with this key has not been answered. It is held while somebody carries it out.
    Unanswered { same_request: bool, is_held: bool },
    /// The first request with this key got this answer.
    Answered { same_request: bool, answer: Answer },
}

/// Claims a key for a request, or says what became of the first request that did. `holder` names the attempt: the same
/// one may claim again, when it does not know whether it has.
pub async fn claim(
    db: &Db,
    scope: &TenantScope,
    key: &str,
    hash: &str,
    holder: &str,
    now: Time,
) -> Result<Claim, DbError> {
    let inserted = sqlx::query(
        "INSERT INTO idempotency (tenant, key, request_hash, create_time, holder, held_until)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant, key) DO NOTHING",
    )
    .bind(scope.namespace())
    .bind(key)
    .bind(hash)
    .bind(now.to_string())
    .bind(holder)
    .bind(Time::from(now.get() + HOLD).to_string())
    .execute(&db.pool)
    .await?;
    if inserted.rows_affected() == 1 {
        return Ok(Claim::Ours);
    }
    let row = sqlx::query(
        "SELECT request_hash, status, headers, body, holder, held_until FROM idempotency WHERE tenant = $1 AND key = $2",
    )
    .bind(scope.namespace())
    .bind(key)
    .fetch_optional(&db.pool)
    .await?;
    // The row went away in between: the first request was refused and gave the key back.
    let Some(row) = row else {
        return Ok(Claim::Unanswered {
            same_request: true,
            is_held: true,
        });
    };
    let same_request = row.try_get::<String, _>("request_hash")? == hash;
    let Some(status) = row.try_get::<Option<i64>, _>("status")? else {
        if row.try_get::<Option<String>, _>("holder")?.as_deref() == Some(holder) {
            return Ok(Claim::Ours);
        }
        let until = row.try_get::<Option<String>, _>("held_until")?;
        return Ok(Claim::Unanswered {
            same_request,
            is_held: until.is_some_and(|until| until > now.to_string()),
        });
    };
    let headers = row
        .try_get::<Option<String>, _>("headers")?
        .unwrap_or_else(|| "[]".to_owned());
    let body = row.try_get::<Option<Vec<u8>>, _>("body")?.unwrap_or_default();
    Ok(Claim::Answered {
        same_request,
        answer: Answer {
            status: u16::try_from(status).unwrap_or_default(),
            headers: serde_json::from_str(&headers)?,
            body,
        },
    })
}

/// Says that a request is still being carried out.
pub async fn hold(db: &Db, scope: &TenantScope, key: &str, now: Time) -> Result<(), DbError> {
    sqlx::query("UPDATE idempotency SET held_until = $1 WHERE tenant = $2 AND key = $3 AND status IS NULL")
        .bind(Time::from(now.get() + HOLD).to_string())
        .bind(scope.namespace())
        .bind(key)
        .execute(&db.pool)
        .await?;
    Ok(())
}

/// Keeps the answer to the request that claimed the key.
pub async fn keep(db: &Db, scope: &TenantScope, key: &str, answer: &Answer) -> Result<(), DbError> {
    sqlx::query("UPDATE idempotency SET status = $1, headers = $2, body = $3 WHERE tenant = $4 AND key = $5")
        .bind(i64::from(answer.status))
        .bind(serde_json::to_string(&answer.headers)?)
        .bind(answer.body.clone())
        .bind(scope.namespace())
        .bind(key)
        .execute(&db.pool)
        .await?;
    Ok(())
}

/// Gives the key back: the request was refused before anything was done, and may be repeated with the same key.
pub async fn release(db: &Db, scope: &TenantScope, key: &str) -> Result<(), DbError> {
    sqlx::query("DELETE FROM idempotency WHERE tenant = $1 AND key = $2 AND status IS NULL")
        .bind(scope.namespace())
        .bind(key)
        .execute(&db.pool)
        .await?;
    Ok(())
}

/// Forgets keys that were claimed before the given time.
pub async fn forget_before(db: &Db, time: Time) -> Result<u64, DbError> {
    let done = sqlx::query("DELETE FROM idempotency WHERE create_time < $1")
        .bind(time.to_string())
        .execute(&db.pool)
        .await?;
    Ok(done.rows_affected())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_key_belongs_to_the_first_request_and_brings_back_its_answer() {
        let db = crate::store::testing::fresh().await;
        let scope = TenantScope::for_background_task("test", "bank");
        let answer = Answer {
            status: 202,
            headers: vec![("location".into(), "/x".into())],
            body: b"{}".to_vec(),
        };

        let first = claim(&db, &scope, "k", "hash", "first", Time::now()).await.unwrap();
        let meanwhile = claim(&db, &scope, "k", "hash", "second", Time::now()).await.unwrap();
        keep(&db, &scope, "k", &answer).await.unwrap();
        let again = claim(&db, &scope, "k", "hash", "second", Time::now()).await.unwrap();
        let other = claim(&db, &scope, "k", "other", "third", Time::now()).await.unwrap();

        assert_eq!(first, Claim::Ours);
        assert_eq!(
            meanwhile,
            Claim::Unanswered {
                same_request: true,
                is_held: true
            }
        );
        assert_eq!(
            again,
            Claim::Answered {
                same_request: true,
                answer: answer.clone()
            }
        );
        assert_eq!(
            other,
            Claim::Answered {
                same_request: false,
                answer
            }
        );
    }

    #[tokio::test]
    async fn a_released_key_can_be_claimed_again() {
        let db = crate::store::testing::fresh().await;
        let scope = TenantScope::for_background_task("test", "bank");
        claim(&db, &scope, "k", "hash", "first", Time::now()).await.unwrap();

        release(&db, &scope, "k").await.unwrap();

        assert_eq!(
            claim(&db, &scope, "k", "other", "third", Time::now()).await.unwrap(),
            Claim::Ours
        );
    }

    #[tokio::test]
    async fn whoever_claims_may_ask_again_and_is_believed_while_it_says_that_it_lives() {
        let db = crate::store::testing::fresh().await;
        let scope = TenantScope::for_background_task("test", "bank");
        let (begun, later) = (Time::now(), |seconds| {
            Time::from(Time::now().get() + Duration::from_secs(seconds))
        });
        let other = async |now| claim(&db, &scope, "k", "hash", "other", now).await.unwrap();
        let unanswered = |is_held| Claim::Unanswered {
            same_request: true,
            is_held,
        };

        claim(&db, &scope, "k", "hash", "first", begun).await.unwrap();
        let again = claim(&db, &scope, "k", "hash", "first", begun).await.unwrap();
        let (soon, late) = (other(later(20)).await, other(later(40)).await);
        hold(&db, &scope, "k", later(20)).await.unwrap();
        let held = other(later(40)).await;

        assert_eq!(again, Claim::Ours);
        assert_eq!(
            (soon, late, held),
            (unanswered(true), unanswered(false), unanswered(true))
        );
    }
}

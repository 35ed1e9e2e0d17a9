//! The tables `oidc_sign_ins` and `oidc_subjects`: what was asked of an OpenID provider, and whom it has vouched for.

use std::time::Duration;

use entente_api::time::Time;
use sqlx::any::AnyRow;

use super::text;
use super::users::{self, User};
use crate::access::secret;
use crate::store::{Db, DbError};

/// How long somebody may take to sign in at the provider.
pub const LIFETIME: Duration = Duration::from_secs(600);
/// How many may be on their way at a time. Beyond it the oldest are forgotten: a stranger who begins sign-ins without end
/// fills no disk.
const MOST: i64 = 10_000;

/// A sign-in that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    pub nonce: String,
    pub verifier: String,
    /// Where the browser goes in the end.
    pub return_to: String,
}

/// Keeps what was asked under its state, for the browser that has this cookie.
pub async fn begin(db: &Db, state: &str, browser: &str, sign_in: &SignIn, now: Time) -> Result<(), DbError> {
    sqlx::query(
        "DELETE FROM oidc_sign_ins WHERE expire_time <= $1 OR expire_time <=
         (SELECT expire_time FROM oidc_sign_ins ORDER BY expire_time DESC LIMIT 1 OFFSET $2)",
    )
    .bind(now.to_string())
    .bind(MOST - 1)
    .execute(&db.pool)
    .await?;
    sqlx::query(
        "INSERT INTO oidc_sign_ins (state_hash, browser_hash, nonce, verifier, return_to, expire_time)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(secret::hash(state))
    .bind(secret::hash(browser))
    .bind(sign_in.nonce.clone())
    .bind(sign_in.verifier.clone())
    .bind(sign_in.return_to.clone())
    .bind(Time::from(now.get() + LIFETIME).to_string())
    .execute(&db.pool)
    .await?;
    Ok(())
}

/// What was asked under a state, by the browser that has this cookie. It is given once.
pub async fn take(db: &Db, state: &str, browser: &str, now: Time) -> Result<Option<SignIn>, DbError> {
    let row = sqlx::query(
        "DELETE FROM oidc_sign_ins WHERE state_hash = $1 AND browser_hash = $2 AND expire_time > $3
         RETURNING nonce, verifier, return_to",
    )
    .bind(secret::hash(state))
    .bind(secret::hash(browser))
    .bind(now.to_string())
    .fetch_optional(&db.pool)
    .await?;
    row.as_ref().map(read).transpose()
}

/// Whom a provider means by a subject.
pub async fn user(db: &Db, issuer: &str, subject: &str) -> Result<Option<User>, DbError> {
    let row = sqlx::query(
        "SELECT users.* FROM oidc_subjects JOIN users ON users.id = oidc_subjects.user_id
         WHERE oidc_subjects.issuer = $1 AND oidc_subjects.subject = $2",
    )
    .bind(issuer.to_owned())
    .bind(subject.to_owned())
    .fetch_optional(&db.pool)
    .await?;
    row.map(|row| users::read(db, &row)).transpose()
}

/// Keeps whom a provider means by a subject. `false`: it means somebody else by it, or means the account by another one.
pub async fn link(db: &Db, issuer: &str, subject: &str, user: &str, now: Time) -> Result<bool, DbError> {
    sqlx::query(
        "INSERT INTO oidc_subjects (issuer, subject, user_id, create_time) VALUES ($1, $2, $3, $4)
         ON CONFLICT DO NOTHING",
    )
    .bind(issuer.to_owned())
    .bind(subject.to_owned())
    .bind(user.to_owned())
    .bind(now.to_string())
    .execute(&db.pool)
    .await?;
    // The same person may have come twice at once.
    let linked = self::user(db, issuer, subject).await?;
    Ok(linked.is_some_and(|linked| linked.id == user))
}

fn read(row: &AnyRow) -> Result<SignIn, DbError> {
    Ok(SignIn {
        nonce: text(row, "nonce")?,
        verifier: text(row, "verifier")?,
        return_to: text(row, "return_to")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::fresh;

    fn sign_in() -> SignIn {
        SignIn {
            nonce: "n".to_owned(),
            verifier: "v".to_owned(),
            return_to: "/".to_owned(),
        }
    }

    #[tokio::test]
    async fn a_sign_in_is_taken_once_by_its_own_browser_and_in_time() {
        let (db, now) = (fresh().await, Time::now());
        let late = Time::from(now.get() + LIFETIME);
        for state in ["one", "two"] {
            begin(&db, state, "browser", &sign_in(), now).await.unwrap();
        }

        assert_eq!(take(&db, "one", "another", now).await.unwrap(), None);
        assert_eq!(take(&db, "one", "browser", now).await.unwrap(), Some(sign_in()));
        assert_eq!(take(&db, "one", "browser", now).await.unwrap(), None);
        assert_eq!(take(&db, "two", "browser", late).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_subject_means_one_account_and_an_account_one_subject() {
        let (db, now) = (fresh().await, Time::now());
        let [li, wang] = ["li", "wang"].map(|name| User::new(&format!("{name}@bank.example"), name, None, now));
        for user in [&li, &wang] {
            users::insert(&db, user).await.unwrap();
        }

        assert!(link(&db, "https://id", "1", &li.id, now).await.unwrap());
        assert!(link(&db, "https://id", "1", &li.id, now).await.unwrap());
        assert!(!link(&db, "https://id", "1", &wang.id, now).await.unwrap());
        assert!(!link(&db, "https://id", "2", &li.id, now).await.unwrap());
        assert!(link(&db, "https://other", "2", &li.id, now).await.unwrap());
        assert_eq!(user(&db, "https://id", "1").await.unwrap(), Some(li));
        assert_eq!(user(&db, "https://id", "2").await.unwrap(), None);
    }
}

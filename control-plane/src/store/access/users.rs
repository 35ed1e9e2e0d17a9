//! The table `users`.

use entente_api::time::Time;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::{flag, optional, optional_time, text, time};
use crate::access::PlatformScope;
use crate::store::sealed::FACTOR;
use crate::store::{Db, DbError};

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub id: String,
    /// In lower case; names the user at sign-in.
    pub email: String,
    pub display_name: String,
    /// `None`: no sign-in by password.
    pub password_hash: Option<String>,
    pub must_change_password: bool,
    pub is_platform_operator: bool,
    /// Secret of the second factor, in base 32; `None`: there is none.
    pub totp_secret: Option<String>,
    /// A secret whose first code has not been seen yet.
    pub totp_pending: Option<String>,
    /// Time step of the last code that was accepted.
    pub totp_step: i64,
    pub create_time: Time,
    pub sign_in_time: Option<Time>,
}

impl User {
    /// Somebody nobody has seen yet.
    pub fn new(email: &str, display_name: &str, password_hash: Option<String>, now: Time) -> User {
        User {
            id: uuid::Uuid::now_v7().to_string(),
            email: normal(email),
            display_name: display_name.to_owned(),
            password_hash,
            must_change_password: false,
            is_platform_operator: false,
            totp_secret: None,
            totp_pending: None,
            totp_step: 0,
            create_time: now,
            sign_in_time: None,
        }
    }
}

/// How an operator of the platform signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorAccount {
    pub email: String,
    /// Whether the password is one that was made for them.
    pub has_one_time_password: bool,
    pub has_second_factor: bool,
}

/// The platform's operators who sign in with a password, by e-mail address.
pub async fn operators(db: &Db, _: &PlatformScope) -> Result<Vec<OperatorAccount>, DbError> {
    let rows = sqlx::query(
        "SELECT email, must_change_password, CASE WHEN totp_secret IS NULL THEN 0 ELSE 1 END AS has_factor
         FROM users WHERE is_platform_operator <> 0 AND password_hash IS NOT NULL ORDER BY email",
    )
    .fetch_all(&db.pool)
    .await?;
    let read = |row: &AnyRow| {
        Ok(OperatorAccount {
            email: text(row, "email")?,
            has_one_time_password: flag(row, "must_change_password")?,
            has_second_factor: row.try_get::<i32, _>("has_factor")? != 0,
        })
    };
    rows.iter().map(read).collect()
}

/// An e-mail address as it is kept and compared.
pub fn normal(email: &str) -> String {
    email.trim().to_lowercase()
}

/// Adds a user. `false`: the address is taken.
pub async fn insert(db: &Db, user: &User) -> Result<bool, DbError> {
    let done = sqlx::query(
        "INSERT INTO users (id, email, display_name, password_hash, must_change_password, is_platform_operator,
                            totp_secret, totp_pending, totp_step, create_time, sign_in_time)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (email) DO NOTHING",
    )
    .bind(user.id.clone())
    .bind(user.email.clone())
    .bind(user.display_name.clone())
    .bind(user.password_hash.clone())
    .bind(i64::from(user.must_change_password))
    .bind(i64::from(user.is_platform_operator))
    .bind(sealed(db, &user.id, user.totp_secret.as_deref())?)
    .bind(sealed(db, &user.id, user.totp_pending.as_deref())?)
    .bind(user.totp_step)
    .bind(user.create_time.to_string())
    .bind(user.sign_in_time.map(|time| time.to_string()))
    .execute(&db.pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub async fn get(db: &Db, id: &str) -> Result<Option<User>, DbError> {
    let query = sqlx::query("SELECT * FROM users WHERE id = $1").bind(id.to_owned());
    let row = query.fetch_optional(&db.pool).await?;
    row.map(|row| read(db, &row)).transpose()
}

pub async fn by_email(db: &Db, email: &str) -> Result<Option<User>, DbError> {
    let query = sqlx::query("SELECT * FROM users WHERE email = $1").bind(normal(email));
    let row = query.fetch_optional(&db.pool).await?;
    row.map(|row| read(db, &row)).transpose()
}

/// Whether there is any user at all.
pub async fn exist(db: &Db) -> Result<bool, DbError> {
    let row = sqlx::query("SELECT COUNT(*) AS found FROM users")
        .fetch_one(&db.pool)
        .await?;
    Ok(row.try_get::<i64, _>("found")? > 0)
}

pub async fn set_password(db: &Db, id: &str, hash: &str) -> Result<(), DbError> {
    sqlx::query("UPDATE users SET password_hash = $1, must_change_password = 0 WHERE id = $2")
        .bind(hash.to_owned())
        .bind(id.to_owned())
        .execute(&db.pool)
        .await?;
    Ok(())
}

/// Ends the sign-in by password.
pub async fn forget_password(db: &Db, id: &str) -> Result<(), DbError> {
    sqlx::query("UPDATE users SET password_hash = NULL, must_change_password = 0 WHERE id = $1")
        .bind(id.to_owned())
        .execute(&db.pool)
        .await?;
    Ok(())
}

/// Writes a second factor that waits for its first code.
pub async fn set_pending_factor(db: &Db, id: &str, secret: &str) -> Result<(), DbError> {
    sqlx::query("UPDATE users SET totp_pending = $1 WHERE id = $2")
        .bind(sealed(db, id, Some(secret))?)
        .bind(id.to_owned())
        .execute(&db.pool)
        .await?;
    Ok(())
}

/// Writes the second factor, or that there is none.
pub async fn set_factor(db: &Db, id: &str, secret: Option<&str>, step: i64) -> Result<(), DbError> {
    sqlx::query("UPDATE users SET totp_secret = $1, totp_pending = NULL, totp_step = $2 WHERE id = $3")
        .bind(sealed(db, id, secret)?)
        .bind(step)
        .bind(id.to_owned())
        .execute(&db.pool)
        .await?;
    Ok(())
}

/// Uses up the code of a time step. `false`: somebody has used it, or a later one, before.
pub async fn use_step(db: &Db, id: &str, step: i64) -> Result<bool, DbError> {
    let done = sqlx::query("UPDATE users SET totp_step = $1 WHERE id = $2 AND totp_step < $1")
        .bind(step)
        .bind(id.to_owned())
        .execute(&db.pool)
        .await?;
    Ok(done.rows_affected() == 1)
}

pub async fn signed_in(db: &Db, id: &str, now: Time) -> Result<(), DbError> {
    sqlx::query("UPDATE users SET sign_in_time = $1 WHERE id = $2")
        .bind(now.to_string())
        .bind(id.to_owned())
        .execute(&db.pool)
        .await?;
    Ok(())
}

fn sealed(db: &Db, id: &str, secret: Option<&str>) -> Result<Option<String>, DbError> {
    secret.map(|secret| db.seal(FACTOR, id, secret)).transpose()
}

pub(super) fn read(db: &Db, row: &AnyRow) -> Result<User, DbError> {
    let id = text(row, "id")?;
    let secret = |column| -> Result<Option<String>, DbError> {
        let held = optional(row, column)?;
        held.map(|held| db.unseal(FACTOR, &id, held)).transpose()
    };
    Ok(User {
        totp_secret: secret("totp_secret")?,
        totp_pending: secret("totp_pending")?,
        id: id.clone(),
        email: text(row, "email")?,
        display_name: text(row, "display_name")?,
        password_hash: optional(row, "password_hash")?,
        must_change_password: flag(row, "must_change_password")?,
        is_platform_operator: flag(row, "is_platform_operator")?,
        totp_step: row.try_get("totp_step")?,
        create_time: time(row, "create_time")?,
        sign_in_time: optional_time(row, "sign_in_time")?,
    })
}

//! Users and what they sign in with. These tables are read to find out who asks, so what they are asked by is a secret's
//! hash, an id or an e-mail address; what shows them to others takes a scope as everywhere.

pub mod api_keys;
pub mod attempts;
pub mod invitations;
pub mod memberships;
pub mod oidc;
pub mod recovery_codes;
pub mod service_accounts;
pub mod sessions;
pub mod signing_keys;
pub mod users;

use entente_api::time::Time;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::DbError;

pub(super) fn text(row: &AnyRow, column: &'static str) -> Result<String, DbError> {
    Ok(row.try_get(column)?)
}

pub(super) fn optional(row: &AnyRow, column: &'static str) -> Result<Option<String>, DbError> {
    Ok(row.try_get(column)?)
}

pub(super) fn flag(row: &AnyRow, column: &'static str) -> Result<bool, DbError> {
    Ok(row.try_get::<i64, _>(column)? != 0)
}

pub(super) fn time(row: &AnyRow, column: &'static str) -> Result<Time, DbError> {
    word(row, column)
}

pub(super) fn optional_time(row: &AnyRow, column: &'static str) -> Result<Option<Time>, DbError> {
    optional(row, column)?.map(read).transpose()
}

/// A value that is written as one word, such as a role or a time.
pub(super) fn word<T: DeserializeOwned>(row: &AnyRow, column: &'static str) -> Result<T, DbError> {
    read(text(row, column)?)
}

fn read<T: DeserializeOwned>(text: String) -> Result<T, DbError> {
    Ok(serde_json::from_value(serde_json::Value::String(text))?)
}

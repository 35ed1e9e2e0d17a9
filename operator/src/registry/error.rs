//! Why an access to the registry failed.

use super::Key;

/// Why an access to the registry failed.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    #[error("no {key}")]
    NotFound { key: Key },
    #[error("{key} exists already")]
    AlreadyExists { key: Key },
    /// Somebody else changed it since it was read: read it again.
    #[error("{key} was changed meanwhile: version {given} was given, version {current} is current")]
    Conflict { key: Key, given: String, current: String },
    #[error("{key} is being deleted; nothing but its finalizers can change")]
    BeingDeleted { key: Key },
    #[error("{kind} {name} needs a namespace")]
    NoNamespace { kind: String, name: String },
    #[error("{key} cannot be read")]
    Unreadable { key: Key, source: serde_json::Error },
    #[error("the database {action}")]
    Database { action: &'static str, source: sqlx::Error },
    #[error("the write was interrupted")]
    Interrupted(#[source] tokio::task::JoinError),
    #[error("the database cannot be brought up to date")]
    Migrate(#[from] sqlx::migrate::MigrateError),
}

impl RegistryError {
    pub(super) fn database(action: &'static str) -> impl FnOnce(sqlx::Error) -> RegistryError {
        move |source| RegistryError::Database { action, source }
    }
}

//! Why an access to the registry failed.

use super::Key;

/// One thing that is wrong with an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Path as people write it, such as `spec.members[1].organization`; empty when it is about the object as a whole.
    pub field: String,
    pub message: String,
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.field.is_empty() {
            true => f.write_str(&self.message),
            false => write!(f, "{}: {}", self.field, self.message),
        }
    }
}

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
    /// The API server refuses it; only another object can be right.
    #[error("{key} is refused: {}", listed(causes))]
    Invalid { key: Key, causes: Vec<Cause> },
    #[error("{key} needs the namespace \"{}\", which does not exist", key.namespace)]
    NoSuchNamespace { key: Key },
    /// It is right, and the namespace has no room for it.
    #[error("{key} is more than its namespace may hold: {reason}")]
    Quota { key: Key, reason: String },
    /// The platform's own account lacks a right.
    #[error("the platform may not do this to {key}: {reason}")]
    Forbidden { key: Key, reason: String },
    #[error(
        "the cluster knows no resources of kind {kind}; install the definitions: entente crds | kubectl apply --server-side -f -"
    )]
    NotInstalled { kind: String },
    #[error("the Kubernetes API server cannot be asked about {key}")]
    Cluster { key: Key, source: Box<kube::Error> },
    #[error("the Kubernetes API server gives no answer about {key}{}", because(last))]
    Silent { key: Key, last: Option<String> },
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

fn listed(causes: &[Cause]) -> String {
    causes.iter().map(Cause::to_string).collect::<Vec<_>>().join("; ")
}

fn because(last: &Option<String>) -> String {
    last.as_ref().map(|last| format!(": {last}")).unwrap_or_default()
}

//! Where resources live: the same Rust types, whether in a cluster or in one table.
//!
//! [`Store`] is the seam: whole objects as JSON, with optimistic concurrency, generations, finalizers and a watch as
//! Kubernetes has them. [`Registry`] puts the types of `entente-api` in front of it.

pub mod embedded;
mod error;
pub mod kubernetes;
mod news;
mod object;
mod part;
mod typed;
mod watch;

use async_trait::async_trait;
use kube::Resource;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use error::{Cause, RegistryError};
pub use news::{News, Weight};
pub use part::{Part, Sought};
pub use typed::Registry;

/// Annotation: when somebody last asked that a step which failed be tried again without waiting.
pub const RETRIED: &str = "entente.dev/retried";
pub use watch::{Change, Event, Missed, Watch};

/// Whose resources an access concerns. Every access names one, so that none reaches across tenants by omission.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Scope {
    /// One tenant's namespace.
    Namespace(String),
    /// Every namespace; the operator's own view.
    All,
}

impl Scope {
    pub fn namespace(name: &str) -> Scope {
        Scope::Namespace(name.to_owned())
    }

    fn covers(&self, namespace: &str) -> bool {
        match self {
            Scope::Namespace(own) => namespace.is_empty() || own == namespace,
            Scope::All => true,
        }
    }
}

/// Names one resource. Resources of the whole installation, such as a NodeRelease, have an empty namespace.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    pub kind: String,
    pub namespace: String,
    pub name: String,
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.namespace.is_empty() {
            true => write!(f, "{} {}", self.kind, self.name),
            false => write!(f, "{} {}/{}", self.kind, self.namespace, self.name),
        }
    }
}

/// A resource type that a registry can hold.
pub trait Kind: Resource<DynamicType = ()> + Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// Whether it lives in a namespace.
    const NAMESPACED: bool;
}

macro_rules! kinds {
    ($($kind:ty => $namespaced:literal),* $(,)?) => { $(impl Kind for $kind { const NAMESPACED: bool = $namespaced; })* };
}

kinds! {
    entente_api::Organization => true,
    entente_api::Chain => true,
    entente_api::Member => true,
    entente_api::Contract => true,
    entente_api::Identity => true,
    entente_api::NodeRelease => false,
    entente_api::Tenant => false,
}

/// Says of an object whether it is wanted.
pub type Wanted<'a> = &'a (dyn Fn(&Value) -> bool + Sync);

/// The seam: whole objects as JSON.
#[async_trait]
pub trait Store: Send + Sync {
    async fn get(&self, key: &Key) -> Result<Option<Value>, RegistryError>;
    async fn list(&self, kind: &str, scope: &Scope) -> Result<Vec<Value>, RegistryError> {
        self.select(kind, scope, &|_| true).await
    }
    /// As [`Store::list`], where what is known of other processes' writes may be late: without that.
    async fn list_now(&self, kind: &str, scope: &Scope) -> Result<Vec<Value>, RegistryError> {
        self.list(kind, scope).await
    }
    /// Of those the ones that are wanted. The others are not even copied.
    async fn select(&self, kind: &str, scope: &Scope, wanted: Wanted<'_>) -> Result<Vec<Value>, RegistryError>;
    /// One part of the list, in the order of namespaces and names; fewer than `part.limit` are the last ones. There may be
    /// some that are not sought. What lives in no namespace is found in [`Scope::All`].
    async fn part(&self, kind: &str, scope: &Scope, part: Part<'_>) -> Result<Vec<Value>, RegistryError>;
    /// Adds an object; gives it uid, generation 1, creation time and resource version.
    async fn create(&self, key: &Key, object: Value) -> Result<Value, RegistryError>;
    /// Replaces everything but the status. When the object carries a resource version, it must be the current one.
    /// An object that is being deleted and has lost its last finalizer is gone afterwards.
    async fn update(&self, key: &Key, object: Value) -> Result<Value, RegistryError>;
    /// Replaces the status alone. Says nothing to watchers when it is the same.
    async fn put_status(&self, key: &Key, status: Value) -> Result<Value, RegistryError>;
    /// Removes the object, or marks it as being deleted while it has finalizers. `None`: there was none.
    async fn delete(&self, key: &Key) -> Result<Option<Value>, RegistryError>;
    /// Every change from now on.
    fn watch(&self) -> Watch;
    /// Tells people what has happened to an object, where there is a place for that beside its status. Never waits, and
    /// may lose what it is told.
    fn tell(&self, _about: &Key, _uid: &str, _news: News) {}
    /// Waits until what was told before can be read.
    async fn told(&self) {}
}

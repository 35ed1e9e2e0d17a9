//! Where resources live: the same Rust types, whether in a cluster or in one table.
//!
//! [`Store`] is the seam: whole objects as JSON, with optimistic concurrency, generations, finalizers and a watch as
//! Kubernetes has them. [`Registry`] puts the types of `entente-api` in front of it.

pub mod embedded;
mod error;
mod object;
mod watch;

use std::sync::Arc;

use async_trait::async_trait;
use kube::Resource;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use error::RegistryError;
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
}

/// The seam: whole objects as JSON.
#[async_trait]
pub trait Store: Send + Sync {
    async fn get(&self, key: &Key) -> Result<Option<Value>, RegistryError>;
    async fn list(&self, kind: &str, scope: &Scope) -> Result<Vec<Value>, RegistryError>;
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
}

/// Typed access to a [`Store`]. Cheap to clone.
#[derive(Clone)]
pub struct Registry {
    store: Arc<dyn Store>,
}

impl Registry {
    pub fn new(store: Arc<dyn Store>) -> Registry {
        Registry { store }
    }

    pub async fn get<K: Kind>(&self, scope: &Scope, name: &str) -> Result<Option<K>, RegistryError> {
        let key = key::<K>(scope, name)?;
        self.store.get(&key).await?.map(|object| read(&key, object)).transpose()
    }

    /// All resources of one kind that the scope reaches, by namespace and name.
    pub async fn list<K: Kind>(&self, scope: &Scope) -> Result<Vec<K>, RegistryError> {
        let kind = K::kind(&());
        let objects = self.store.list(&kind, scope).await?;
        let key = |object: &Value| Key {
            kind: kind.to_string(),
            namespace: object::text(object, "/metadata/namespace"),
            name: object::text(object, "/metadata/name"),
        };
        objects.into_iter().map(|object| read(&key(&object), object)).collect()
    }

    /// Adds a resource; [`RegistryError::AlreadyExists`] when there is one of that name.
    pub async fn create<K: Kind>(&self, scope: &Scope, resource: &K) -> Result<K, RegistryError> {
        let key = key_of(scope, resource)?;
        let created = self.store.create(&key, write(&key, resource)?).await?;
        read(&key, created)
    }

    /// Replaces spec and metadata, and leaves the status as it is. When `resource` carries a resource version it must
    /// be the current one ([`RegistryError::Conflict`]); an unchanged resource is not written.
    pub async fn update<K: Kind>(&self, scope: &Scope, resource: &K) -> Result<K, RegistryError> {
        let key = key_of(scope, resource)?;
        let updated = self.store.update(&key, write(&key, resource)?).await?;
        read(&key, updated)
    }

    /// Creates the resource, or makes the spec, labels and owners of the existing one equal to it.
    pub async fn apply<K: Kind>(&self, scope: &Scope, resource: &K) -> Result<K, RegistryError> {
        let key = key_of(scope, resource)?;
        let mut desired = write(&key, resource)?;
        loop {
            let Some(current) = self.store.get(&key).await? else {
                match self.store.create(&key, desired.clone()).await {
                    Err(RegistryError::AlreadyExists { .. }) => continue,
                    created => return read(&key, created?),
                }
            };
            object::keep_metadata(&mut desired, &current);
            match self.store.update(&key, desired.clone()).await {
                Err(RegistryError::Conflict { .. } | RegistryError::NotFound { .. }) => {}
                updated => return read(&key, updated?),
            }
        }
    }

    /// Replaces the status of a resource.
    pub async fn put_status<K: Kind>(
        &self,
        scope: &Scope,
        name: &str,
        status: &impl Serialize,
    ) -> Result<K, RegistryError> {
        let key = key::<K>(scope, name)?;
        let status = serde_json::to_value(status).map_err(|source| RegistryError::Unreadable {
            key: key.clone(),
            source,
        })?;
        let updated = self.store.put_status(&key, status).await?;
        read(&key, updated)
    }

    /// Removes a resource, or marks it as being deleted while it has finalizers. `None`: there was none.
    pub async fn delete<K: Kind>(&self, scope: &Scope, name: &str) -> Result<Option<K>, RegistryError> {
        let key = key::<K>(scope, name)?;
        self.store
            .delete(&key)
            .await?
            .map(|object| read(&key, object))
            .transpose()
    }

    /// Every change that the scope reaches, from now on.
    pub fn watch(&self, scope: &Scope) -> Watch {
        self.store.watch().within(scope.clone())
    }
}

fn key<K: Kind>(scope: &Scope, name: &str) -> Result<Key, RegistryError> {
    let kind = K::kind(&()).to_string();
    let namespace = match (K::NAMESPACED, scope) {
        (false, _) => String::new(),
        (true, Scope::Namespace(namespace)) => namespace.clone(),
        (true, Scope::All) => {
            return Err(RegistryError::NoNamespace {
                kind,
                name: name.to_owned(),
            });
        }
    };
    Ok(Key {
        kind,
        namespace,
        name: name.to_owned(),
    })
}

fn key_of<K: Kind>(scope: &Scope, resource: &K) -> Result<Key, RegistryError> {
    let own = resource.meta().namespace.as_deref().map(Scope::namespace);
    let name = resource.meta().name.as_deref().unwrap_or_default();
    match own {
        // A resource that names another namespace than its writer's is not found there.
        Some(own) if K::NAMESPACED && *scope != Scope::All && own != *scope => Err(RegistryError::NotFound {
            key: key::<K>(&own, name)?,
        }),
        Some(own) if K::NAMESPACED => key::<K>(&own, name),
        _ => key::<K>(scope, name),
    }
}

fn read<K: Kind>(key: &Key, object: Value) -> Result<K, RegistryError> {
    serde_json::from_value(object).map_err(|source| RegistryError::Unreadable {
        key: key.clone(),
        source,
    })
}

fn write<K: Kind>(key: &Key, resource: &K) -> Result<Value, RegistryError> {
    serde_json::to_value(resource).map_err(|source| RegistryError::Unreadable {
        key: key.clone(),
        source,
    })
}

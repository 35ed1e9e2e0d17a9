//! The types of `entente-api` in front of a [`Store`].

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::{Key, Kind, News, Part, RegistryError, Scope, Sought, Store, Wanted, Watch, object};

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
    ///
    /// One that cannot be read is an error: whoever plans from a list with a gap in it would take down what is missing.
    pub async fn list<K: Kind>(&self, scope: &Scope) -> Result<Vec<K>, RegistryError> {
        self.select(scope, |_| true).await
    }

    /// As [`Registry::list`], as the store has it now: what another process was told is written is not missing.
    pub async fn list_now<K: Kind>(&self, scope: &Scope) -> Result<Vec<K>, RegistryError> {
        let found = self.store.list_now(&K::kind(&()), scope).await?;
        let found = found.into_iter().map(named::<K>);
        found.map(|(key, object)| read(&key, object)).collect()
    }

    /// As [`Registry::list`], of those that are wanted. What is not need not even be readable.
    pub async fn select<K: Kind>(
        &self,
        scope: &Scope,
        wanted: impl Fn(&Value) -> bool + Sync,
    ) -> Result<Vec<K>, RegistryError> {
        let found = self.unread::<K>(scope, &wanted).await?;
        found.into_iter().map(|(key, object)| read(&key, object)).collect()
    }

    /// A part of the list of one kind: at most `limit` that are sought and `wanted`, by name, from behind `after`.
    ///
    /// Fewer than `limit` are the last ones.
    pub async fn part<K: Kind>(
        &self,
        namespace: &str,
        after: Option<&str>,
        limit: usize,
        sought: &Sought,
        wanted: impl Fn(&K) -> bool + Send + Sync,
    ) -> Result<Vec<K>, RegistryError> {
        let scope = match K::NAMESPACED {
            true => Scope::namespace(namespace),
            false => Scope::All,
        };
        let after = after.map(|name| key::<K>(&scope, name)).transpose()?;
        self.behind(&scope, after, limit, sought, wanted).await
    }

    /// As [`Registry::part`], of whatever the scope reaches, by namespace and name.
    pub async fn behind<K: Kind>(
        &self,
        scope: &Scope,
        mut after: Option<Key>,
        limit: usize,
        sought: &Sought,
        wanted: impl Fn(&K) -> bool + Send + Sync,
    ) -> Result<Vec<K>, RegistryError> {
        let mut found = Vec::new();
        loop {
            let part = self.unread_part::<K>(scope, after.as_ref(), limit, sought).await?;
            let is_last = part.len() < limit;
            after = part.last().map(|(key, _)| key.clone());
            for (key, object) in part {
                if sought.takes(&object) {
                    found.extend(Some(read(&key, object)?).filter(&wanted));
                }
            }
            if is_last || found.len() >= limit {
                found.truncate(limit);
                return Ok(found);
            }
        }
    }

    /// A part of the list of one kind, unread, by namespace and name. Fewer than `limit` are the last ones.
    pub async fn objects<K: Kind>(
        &self,
        scope: &Scope,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<(Key, Value)>, RegistryError> {
        self.unread_part::<K>(scope, after, limit, &Sought::default()).await
    }

    async fn unread_part<K: Kind>(
        &self,
        scope: &Scope,
        after: Option<&Key>,
        limit: usize,
        sought: &Sought,
    ) -> Result<Vec<(Key, Value)>, RegistryError> {
        let part = Part { after, limit, sought };
        let objects = self.store.part(&K::kind(&()), scope, part).await?;
        Ok(objects.into_iter().map(named::<K>).collect())
    }

    async fn unread<K: Kind>(&self, scope: &Scope, wanted: Wanted<'_>) -> Result<Vec<(Key, Value)>, RegistryError> {
        let objects = self.store.select(&K::kind(&()), scope, wanted).await?;
        Ok(objects.into_iter().map(named::<K>).collect())
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
        let mut desired = write(&key, resource)?;
        if let Some(stored) = self.store.get(&key).await? {
            object::keep_unknown(&mut desired, &stored, &known::<K>(&key, &stored)?);
        }
        let updated = self.store.update(&key, desired).await?;
        read(&key, updated)
    }

    /// Creates the resource, or makes the spec, labels and owners of the existing one say what it says. Labels and fields
    /// that it does not speak of are left to whoever wrote them.
    pub async fn apply<K: Kind>(&self, scope: &Scope, resource: &K) -> Result<K, RegistryError> {
        self.apply_keeping(scope, resource, |_, _| ()).await
    }

    /// As [`Registry::apply`]; `keep` gives what is about to be written what belongs to others in the existing one.
    pub async fn apply_keeping<K: Kind>(
        &self,
        scope: &Scope,
        resource: &K,
        keep: impl Fn(&mut K, &K) + Send + Sync,
    ) -> Result<K, RegistryError> {
        let key = key_of(scope, resource)?;
        loop {
            let Some(stored) = self.store.get(&key).await? else {
                match self.store.create(&key, write(&key, resource)?).await {
                    Err(RegistryError::AlreadyExists { .. }) => continue,
                    created => return read(&key, created?),
                }
            };
            let current = read::<K>(&key, stored.clone())?;
            let mut desired = resource.clone();
            keep(&mut desired, &current);
            let (known, mut next) = (write(&key, &current)?, write(&key, &desired)?);
            object::keep_metadata(&mut next, &known);
            object::keep_unknown(&mut next, &stored, &known);
            match self.store.update(&key, next).await {
                Err(RegistryError::Conflict { .. } | RegistryError::NotFound { .. }) => {}
                updated => return read(&key, updated?),
            }
        }
    }

    /// Adds a finalizer, unless it is there. Nothing else of the resource is written.
    pub async fn add_finalizer<K: Kind>(
        &self,
        scope: &Scope,
        name: &str,
        finalizer: &str,
    ) -> Result<K, RegistryError> {
        let key = key::<K>(scope, name)?;
        let edited = self.edit(&key, |object| object::add_finalizer(object, finalizer));
        read(&key, edited.await?)
    }

    /// Takes a finalizer away; a resource that is being deleted and has no other is gone with it. Nothing else of the
    /// resource is written.
    pub async fn remove_finalizer<K: Kind>(
        &self,
        scope: &Scope,
        name: &str,
        finalizer: &str,
    ) -> Result<(), RegistryError> {
        let key = key::<K>(scope, name)?;
        let edited = self.edit(&key, |object| object::remove_finalizer(object, finalizer));
        edited.await.map(drop)
    }

    /// Changes an object as it is now, however often somebody else is faster.
    async fn edit(&self, key: &Key, change: impl Fn(&mut Value)) -> Result<Value, RegistryError> {
        loop {
            let stored = self.store.get(key).await?;
            let mut next = stored.ok_or_else(|| RegistryError::NotFound { key: key.clone() })?;
            change(&mut next);
            match self.store.update(key, next).await {
                Err(RegistryError::Conflict { .. }) => {}
                edited => return edited,
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

    /// Tells people what has happened to a resource, where there is a place for that beside its status.
    pub fn tell<K: Kind>(&self, resource: &K, news: News) {
        let meta = resource.meta();
        let key = Key {
            kind: K::kind(&()).into_owned(),
            namespace: meta.namespace.clone().unwrap_or_default(),
            name: meta.name.clone().unwrap_or_default(),
        };
        self.store.tell(&key, meta.uid.as_deref().unwrap_or_default(), news);
    }

    /// Waits until what was told before can be read.
    pub async fn told(&self) {
        self.store.told().await;
    }
}

/// An object with the key that it says it has.
fn named<K: Kind>(object: Value) -> (Key, Value) {
    let key = Key {
        kind: K::kind(&()).into_owned(),
        namespace: object::text(&object, "/metadata/namespace"),
        name: object::text(&object, "/metadata/name"),
    };
    (key, object)
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

/// A stored object with nothing but what its type knows.
fn known<K: Kind>(key: &Key, stored: &Value) -> Result<Value, RegistryError> {
    write(key, &read::<K>(key, stored.clone())?)
}

//! The registry of a cluster: custom resources, written through the API server and read from what its watches tell.
//!
//! Each kind is listed and watched once ([`follow`]); reads are answered from there ([`cache`]), so that a platform at rest
//! asks the API server for nothing. What is missing there is looked up before it is called missing. Every write says
//! which version it was made from, and names this program as the manager of what it writes.

mod answer;
mod cache;
mod follow;
mod held;
mod news;
mod patch;

use std::collections::{BTreeMap, HashSet};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use entente_api::names;
use kube::Client;
use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use parking_lot::RwLock;
use serde_json::{Value, json};
use tokio::sync::{broadcast, watch};
use tokio_util::task::AbortOnDropHandle;

use super::{Event, Key, News, Part, RegistryError, Scope, Store, Wanted, Watch, object};
use cache::Cache;
use held::Held;
use news::Herald;

/// A watcher that is further behind than this must list again.
const BACKLOG: usize = 4096;
/// Longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often a write is tried that others keep being faster with.
const ATTEMPTS: usize = 10;
/// How often a status is written when the answer is not what was sent. A definition that is older than this program
/// drops fields of it, each time.
const STATUS_ATTEMPTS: usize = 2;

/// Resources as custom resources of a cluster.
pub struct Kubernetes {
    shared: Arc<Shared>,
    kinds: BTreeMap<String, Held>,
    herald: Herald,
    _following: Vec<AbortOnDropHandle<()>>,
}

/// What reads and watches share.
struct Shared {
    client: Client,
    cache: RwLock<Cache>,
    events: broadcast::Sender<Event>,
    progress: watch::Sender<Progress>,
}

/// How far the first lists are.
#[derive(Default)]
struct Progress {
    listed: HashSet<String>,
    trouble: Option<String>,
}

impl Kubernetes {
    /// Begins to follow the resources that `scope` reaches. `instance` names this process among others of its kind.
    pub fn start(client: Client, scope: &Scope, instance: &str) -> Kubernetes {
        let shared = Arc::new(Shared {
            client: client.clone(),
            cache: RwLock::default(),
            events: broadcast::channel(BACKLOG).0,
            progress: watch::channel(Progress::default()).0,
        });
        let kinds = held::all();
        let following = kinds.iter().map(|held| {
            let follow = follow::kind(held.clone(), scope.clone(), shared.clone());
            AbortOnDropHandle::new(tokio::spawn(follow))
        });
        Kubernetes {
            _following: following.collect(),
            kinds: kinds.into_iter().map(|held| (held.kind().to_owned(), held)).collect(),
            herald: Herald::start(client, instance),
            shared,
        }
    }

    /// Waits until every kind has been listed once. Says every now and then why it takes long, through the log.
    pub async fn ready(&self) {
        let mut progress = self.shared.progress.subscribe();
        let all = |progress: &Progress| self.kinds.keys().all(|kind| progress.listed.contains(kind));
        // The sender lives as long as `self`.
        progress.wait_for(all).await.ok();
    }

    fn held(&self, key: &Key) -> Result<&Held, RegistryError> {
        self.kinds
            .get(&key.kind)
            .ok_or_else(|| RegistryError::NotInstalled { kind: key.kind.clone() })
    }

    fn api(&self, key: &Key) -> Result<Api<DynamicObject>, RegistryError> {
        Ok(self
            .held(key)?
            .within(&self.shared.client, &Scope::namespace(&key.namespace)))
    }

    /// One request, with an answer in bounded time.
    async fn ask<T>(&self, key: &Key, request: impl Future<Output = kube::Result<T>>) -> Result<T, RegistryError> {
        match tokio::time::timeout(PATIENCE, request).await {
            Ok(answer) => answer.map_err(|error| answer::error(key, error)),
            Err(_) => Err(RegistryError::Silent {
                key: key.clone(),
                last: None,
            }),
        }
    }

    /// Waits until the kind has been listed: before that, what is not known may well be there.
    async fn listed(&self, key: &Key) -> Result<(), RegistryError> {
        let mut progress = self.shared.progress.subscribe();
        let listed = progress.wait_for(|progress| progress.listed.contains(&key.kind));
        if tokio::time::timeout(PATIENCE, listed).await.is_ok() {
            return Ok(());
        }
        Err(RegistryError::Silent {
            key: key.clone(),
            last: self.shared.progress.borrow().trouble.clone(),
        })
    }

    /// Asks the API server itself, and takes note of the answer.
    async fn look_up(&self, key: &Key) -> Result<Option<Value>, RegistryError> {
        let found = self.ask(key, self.api(key)?.get_opt(&key.name)).await?;
        match found {
            Some(found) => self.wrote(key, found).map(Some),
            None => {
                self.shared.note(|cache| cache.removed(key.clone()));
                Ok(None)
            }
        }
    }

    /// Takes note of an object as the API server has just answered it.
    fn wrote(&self, key: &Key, object: DynamicObject) -> Result<Value, RegistryError> {
        let object = self.held(key)?.kept(object).map_err(unreadable(key))?;
        self.shared.note(|cache| cache.wrote(key.clone(), object.clone()));
        Ok(object)
    }

    async fn current(&self, key: &Key) -> Result<Value, RegistryError> {
        let found = self.get(key).await?;
        found.ok_or_else(|| RegistryError::NotFound { key: key.clone() })
    }

    /// A conflict in full: what is current is known afterwards, so that whoever tries again does so from there.
    async fn conflict(&self, key: &Key, given: String) -> RegistryError {
        match self.look_up(key).await {
            Ok(Some(current)) => RegistryError::Conflict {
                key: key.clone(),
                given,
                current: version(&current),
            },
            Ok(None) => RegistryError::NotFound { key: key.clone() },
            Err(error) => error,
        }
    }

    /// Replaces an object; it carries the version that it was made from.
    async fn replace(&self, key: &Key, object: &Value) -> Result<Value, RegistryError> {
        let mut object: DynamicObject = serde_json::from_value(object.clone()).map_err(unreadable(key))?;
        // Only a part of it is kept here, and the API server keeps its own.
        object.metadata.managed_fields = None;
        let replaced = self
            .ask(key, self.api(key)?.replace(&key.name, &ours(), &object))
            .await?;
        let is_gone = {
            let metadata = &replaced.metadata;
            metadata.deletion_timestamp.is_some() && metadata.finalizers.as_ref().is_none_or(Vec::is_empty)
        };
        let kept = self.wrote(key, replaced)?;
        if is_gone {
            self.shared.note(|cache| cache.removed(key.clone()));
        }
        Ok(kept)
    }
}

impl Shared {
    /// Changes what is known, and tells it in the same order.
    fn note<E: IntoIterator<Item = Event>>(&self, change: impl FnOnce(&mut Cache) -> E) {
        let mut cache = self.cache.write();
        for event in change(&mut cache) {
            // Nobody watching is no failure.
            self.events.send(event).ok();
        }
    }

    fn listed(&self, kind: &str) {
        self.progress.send_if_modified(|progress| {
            progress.trouble = None;
            progress.listed.insert(kind.to_owned())
        });
    }

    fn trouble(&self, reason: String) {
        self.progress.send_if_modified(|progress| {
            progress.trouble = Some(reason);
            false
        });
    }
}

/// The kinds that live in the cluster, as the API server names them.
pub fn resources() -> impl Iterator<Item = ApiResource> {
    held::all().into_iter().map(|held| held.resource)
}

#[async_trait]
impl Store for Kubernetes {
    async fn get(&self, key: &Key) -> Result<Option<Value>, RegistryError> {
        let known = self.shared.cache.read().get(key);
        match known {
            Some(known) => Ok(Some(known.as_ref().clone())),
            // Another process may have written it a moment ago.
            None => self.look_up(key).await,
        }
    }

    async fn select(&self, kind: &str, scope: &Scope, wanted: Wanted<'_>) -> Result<Vec<Value>, RegistryError> {
        self.listed(&all_of(kind)).await?;
        let known = self.shared.cache.read().list(kind, scope);
        let known = known.iter().filter(|object| wanted(object));
        Ok(known.map(|object| object.as_ref().clone()).collect())
    }

    async fn list_now(&self, kind: &str, scope: &Scope) -> Result<Vec<Value>, RegistryError> {
        let all = all_of(kind);
        let held = self.held(&all)?;
        // Without a resource version the API server answers what is so, and not what it remembers.
        let everything = ListParams::default();
        let api = held.within(&self.shared.client, scope);
        let found = self.ask(&all, api.list(&everything)).await?;
        let kept = found.items.into_iter().map(|object| held.kept(object));
        kept.collect::<Result<_, _>>().map_err(unreadable(&all))
    }

    async fn part(&self, kind: &str, scope: &Scope, part: Part<'_>) -> Result<Vec<Value>, RegistryError> {
        self.listed(&all_of(kind)).await?;
        let known = self.shared.cache.read().part(kind, scope, &part);
        Ok(known.iter().map(|object| object.as_ref().clone()).collect())
    }

    async fn create(&self, key: &Key, object: Value) -> Result<Value, RegistryError> {
        let mut object: DynamicObject = serde_json::from_value(object).map_err(unreadable(key))?;
        object.metadata.resource_version = None;
        object.metadata.uid = None;
        object.metadata.managed_fields = None;
        let created = self.ask(key, self.api(key)?.create(&ours(), &object)).await;
        match created {
            Ok(created) => self.wrote(key, created),
            Err(RegistryError::AlreadyExists { key }) => {
                // Known from here on, so that whoever asks next finds it.
                self.look_up(&key).await?;
                Err(RegistryError::AlreadyExists { key })
            }
            Err(error) => Err(error),
        }
    }

    async fn update(&self, key: &Key, desired: Value) -> Result<Value, RegistryError> {
        let given = version(&desired);
        for _ in 0..ATTEMPTS {
            let current = self.current(key).await?;
            if !given.is_empty() && given != version(&current) {
                // What was given may be newer than what the watch has told.
                let current = self.look_up(key).await?.as_ref().map(version);
                if current.as_ref() != Some(&given) {
                    return Err(self.conflict(key, given).await);
                }
                continue;
            }
            let next = object::successor(desired.clone(), &current);
            if next == current {
                return Ok(current);
            }
            match self.replace(key, &next).await {
                Err(RegistryError::Conflict { .. }) => {
                    let conflict = self.conflict(key, version(&next)).await;
                    match conflict {
                        // The writer does not mind which version it replaces.
                        RegistryError::Conflict { .. } if given.is_empty() => {}
                        conflict => return Err(conflict),
                    }
                }
                Err(RegistryError::NotFound { .. }) => {
                    self.look_up(key).await?;
                    return Err(RegistryError::NotFound { key: key.clone() });
                }
                replaced => return replaced,
            }
        }
        Err(self.conflict(key, given).await)
    }

    async fn put_status(&self, key: &Key, status: Value) -> Result<Value, RegistryError> {
        let mut current = self.current(key).await?;
        for _ in 0..STATUS_ATTEMPTS {
            let Some(change) = patch::between(&current["status"], &status) else {
                return Ok(current);
            };
            let body = Patch::Merge(json!({ "status": change }));
            let api = self.api(key)?;
            current = match self.ask(key, api.patch_status(&key.name, &patching(), &body)).await {
                // Whoever else writes the status may have left something in it that was not known here: once more.
                Ok(patched) => self.wrote(key, patched)?,
                Err(RegistryError::NotFound { .. }) => {
                    self.look_up(key).await?;
                    return Err(RegistryError::NotFound { key: key.clone() });
                }
                Err(error) => return Err(error),
            };
        }
        Ok(current)
    }

    async fn delete(&self, key: &Key) -> Result<Option<Value>, RegistryError> {
        let last = self.shared.cache.read().get(key);
        let api = self.api(key)?;
        let deleted = self.ask(key, api.delete(&key.name, &DeleteParams::default())).await;
        match deleted {
            Ok(either) => match either.left() {
                Some(object) if object.metadata.deletion_timestamp.is_some() => self.wrote(key, object).map(Some),
                left => {
                    self.shared.note(|cache| cache.removed(key.clone()));
                    let left = left.map(|object| self.held(key)?.kept(object).map_err(unreadable(key)));
                    Ok(left.transpose()?.or(last.map(|last| last.as_ref().clone())))
                }
            },
            Err(RegistryError::NotFound { .. }) => {
                self.shared.note(|cache| cache.removed(key.clone()));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn watch(&self) -> Watch {
        Watch::new(self.shared.events.subscribe())
    }

    fn tell(&self, about: &Key, uid: &str, news: News) {
        self.herald.tell(about, uid, news);
    }

    async fn told(&self) {
        self.herald.told().await;
    }
}

fn ours() -> PostParams {
    PostParams {
        field_manager: Some(names::MANAGER.to_owned()),
        ..PostParams::default()
    }
}

fn patching() -> PatchParams {
    PatchParams {
        field_manager: Some(names::MANAGER.to_owned()),
        ..PatchParams::default()
    }
}

fn version(object: &Value) -> String {
    object::text(object, "/metadata/resourceVersion")
}

/// Names all resources of a kind.
fn all_of(kind: &str) -> Key {
    Key {
        kind: kind.to_owned(),
        namespace: String::new(),
        name: "*".to_owned(),
    }
}

fn unreadable(key: &Key) -> impl FnOnce(serde_json::Error) -> RegistryError {
    let key = key.clone();
    move |source| RegistryError::Unreadable { key, source }
}

//! One pass over one resource: fetch it, converge it or remove it, and write down what came of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use async_trait::async_trait;
use entente_api::condition::{State, kind, reason};
use entente_api::time::Time;
use entente_api::{Chain, Contract, Identity, Member, NodeRelease, Organization, Tenant, names};
use kube::ResourceExt as _;
use kube::core::object::HasStatus;
use parking_lot::Mutex;
use tokio::task::JoinError;
use tracing::{debug, info, warn};

use crate::context::Context;
use crate::registry::{Key, Kind, Registry, RegistryError, Scope};
use crate::report::{Report, Status};
use crate::trouble::{Kind as TroubleKind, Result};
use crate::{chain, contract, identity, member, node_release, organization, story, tenant};

/// What follows a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The resource is no more.
    Gone,
    /// Nothing is left to do until something changes.
    Rest,
    /// Something is left to do; try again soon.
    Again,
}

/// What the passes over one resource share with whoever may cut them off.
#[derive(Default)]
pub struct Course {
    seen: AtomicI64,
    writing: Arc<tokio::sync::Mutex<()>>,
}

impl Course {
    /// The generation that the pass works on; `None` before it is known.
    pub fn generation(&self) -> Option<i64> {
        Some(self.seen.load(Ordering::Relaxed)).filter(|seen| *seen > 0)
    }

    /// Forgets the pass before.
    pub fn begin(&self) {
        self.seen.store(0, Ordering::Relaxed);
    }

    /// Waits until no status is being written. A write that was begun is finished, and what is new in it is told, though
    /// its pass is cut off: the next pass would find it written and take it for no news.
    pub async fn written(&self) {
        drop(self.writing.lock().await);
    }
}

/// A resource with its reconciler.
#[async_trait]
trait Reconciled: Kind + HasStatus<Status: Status> {
    async fn converge(&self, context: &Context, report: &Report<Self::Status>) -> Result<()>;
    /// Undoes whatever is outside the registry. Called again until it succeeds.
    async fn remove(&self, context: &Context, report: &Report<Self::Status>) -> Result<()>;
}

macro_rules! reconciled {
    ($($kind:ty => $module:ident),* $(,)?) => { $(
        #[async_trait]
        impl Reconciled for $kind {
            async fn converge(&self, context: &Context, report: &Report<Self::Status>) -> Result<()> {
                $module::converge(self, context, report).await
            }
            async fn remove(&self, context: &Context, report: &Report<Self::Status>) -> Result<()> {
                $module::remove(self, context, report).await
            }
        }
    )* };
}

reconciled! {
    Organization => organization,
    Chain => chain,
    Member => member,
    Contract => contract,
    Identity => identity,
    NodeRelease => node_release,
    Tenant => tenant,
}

/// One pass.
pub async fn run(context: &Context, key: &Key, course: &Course) -> Next {
    let began = Instant::now();
    let next = attempt(context, key, course).await;
    let outcome = match next {
        Next::Gone => "gone",
        Next::Rest => "settled",
        Next::Again => "again",
    };
    context.metrics.passed(&key.kind, outcome, began.elapsed());
    next
}

async fn attempt(context: &Context, key: &Key, course: &Course) -> Next {
    let outcome = match key.kind.as_str() {
        "Organization" => one::<Organization>(context, key, course).await,
        "Chain" => one::<Chain>(context, key, course).await,
        "Member" => one::<Member>(context, key, course).await,
        "Contract" => one::<Contract>(context, key, course).await,
        "Identity" => one::<Identity>(context, key, course).await,
        "NodeRelease" => one::<NodeRelease>(context, key, course).await,
        "Tenant" => one::<Tenant>(context, key, course).await,
        _ => Ok(Next::Gone),
    };
    match outcome {
        Ok(next) => next,
        // Deleted while we worked on it.
        Err(RegistryError::NotFound { .. }) => Next::Gone,
        Err(RegistryError::Conflict { .. }) => Next::Again,
        Err(error) => {
            warn!(%key, %error, "a pass could not be completed");
            Next::Again
        }
    }
}

async fn one<K: Reconciled>(context: &Context, key: &Key, course: &Course) -> Result<Next, RegistryError> {
    let scope = Scope::namespace(&key.namespace);
    let Some(resource) = context.registry.get::<K>(&scope, &key.name).await? else {
        return Ok(Next::Gone);
    };
    let generation = resource.meta().generation.unwrap_or_default();
    course.seen.store(generation, Ordering::Relaxed);
    if resource.meta().deletion_timestamp.is_some() {
        return remove(context, &scope, resource, course).await;
    }
    let resource = with_finalizer(context, &scope, resource).await?;
    let report = Report::resume(resource.status(), generation);
    let teller = Teller::new(&context.registry, course, resource);
    let outcome = work(&teller, &scope, &report, teller.resource.converge(context, &report)).await;
    let status = report.conclude(&outcome, Time::now());
    teller.write(&scope, &status).await?;
    Ok(match outcome {
        Ok(()) => Next::Rest,
        Err(trouble) if trouble.kind == TroubleKind::Rejected => {
            info!(%key, cause = trouble.cause, "the spec is refused");
            Next::Rest
        }
        Err(trouble) if matches!(trouble.kind, TroubleKind::Suspended | TroubleKind::AwaitingApproval) => Next::Rest,
        Err(trouble) => {
            debug!(%key, cause = trouble.cause, "not there yet");
            Next::Again
        }
    })
}

/// Runs `work` and writes the status each time something in it has happened.
async fn work<K: Reconciled>(
    teller: &Teller<'_, K>,
    scope: &Scope,
    report: &Report<K::Status>,
    work: impl Future<Output = Result<()>> + Send,
) -> Result<()> {
    let write = |status: K::Status| async move {
        if let Err(error) = teller.write(scope, &status).await {
            let name = teller.resource.name_any();
            debug!(name, %error, "a status could not be written; the one at the end of the pass will be");
        }
    };
    report.while_writing(work, write).await
}

/// Writes the statuses of one resource during one pass, and tells what is new in each.
struct Teller<'a, K: Reconciled> {
    registry: &'a Registry,
    course: &'a Course,
    resource: Arc<K>,
    told: Arc<Mutex<K::Status>>,
}

impl<'a, K: Reconciled> Teller<'a, K> {
    fn new(registry: &'a Registry, course: &'a Course, resource: K) -> Teller<'a, K> {
        Teller {
            registry,
            course,
            told: Arc::new(Mutex::new(resource.status().cloned().unwrap_or_default())),
            resource: Arc::new(resource),
        }
    }

    async fn write(&self, scope: &Scope, status: &K::Status) -> Result<(), RegistryError> {
        let turn = self.course.writing.clone().lock_owned().await;
        let (registry, resource, told) = (self.registry.clone(), self.resource.clone(), self.told.clone());
        let (scope, status) = (scope.clone(), status.clone());
        let written = tokio::spawn(async move {
            registry.put_status::<K>(&scope, &resource.name_any(), &status).await?;
            let before = std::mem::replace(&mut *told.lock(), status.clone());
            for news in story::between(&before, &status) {
                registry.tell(&*resource, news);
            }
            drop(turn);
            Ok(())
        });
        match written.await.map_err(JoinError::try_into_panic) {
            Ok(outcome) => outcome,
            Err(Ok(panic)) => std::panic::resume_unwind(panic),
            // Nobody aborts it: the program ends.
            Err(Err(_)) => std::future::pending().await,
        }
    }
}

/// Marks the resource, before anything is made for it, as one whose deletion takes work.
async fn with_finalizer<K: Reconciled>(context: &Context, scope: &Scope, resource: K) -> Result<K, RegistryError> {
    if has_finalizer(&resource) {
        return Ok(resource);
    }
    let name = resource.name_any();
    context.registry.add_finalizer(scope, &name, names::FINALIZER).await
}

fn has_finalizer(resource: &impl kube::Resource) -> bool {
    let finalizers = resource.finalizers();
    finalizers.iter().any(|finalizer| finalizer == names::FINALIZER)
}

async fn remove<K: Reconciled>(
    context: &Context,
    scope: &Scope,
    resource: K,
    course: &Course,
) -> Result<Next, RegistryError> {
    if !has_finalizer(&resource) {
        return Ok(Next::Rest);
    }
    let name = resource.name_any();
    let report = Report::resume(resource.status(), resource.meta().generation.unwrap_or_default());
    let teller = Teller::new(&context.registry, course, resource);
    report.edit(|status| deleting(status, "it is being deleted"));
    teller.write(scope, &report.snapshot()).await?;
    let outcome = work(&teller, scope, &report, teller.resource.remove(context, &report)).await;
    if let Err(trouble) = outcome {
        report.edit(|status| deleting(status, &trouble.cause));
        teller.write(scope, &report.snapshot()).await?;
        return Ok(Next::Again);
    }
    context
        .registry
        .remove_finalizer::<K>(scope, &name, names::FINALIZER)
        .await?;
    info!(kind = %K::kind(&()), name, "deleted");
    Ok(Next::Gone)
}

fn deleting<S: Status>(status: &mut S, message: &str) {
    let progress = status.progress_mut();
    progress.state = State::Deleting;
    progress.set_condition(kind::READY, false, reason::DELETING, message, Time::now());
}

#[cfg(test)]
mod tests {
    use entente_api::NodeRelease;
    use entente_api::node_release::{Engine, NodeReleaseSpec, NodeReleaseStatus};
    use serde_json::Value;
    use tokio::sync::Notify;

    use super::*;
    use crate::registry::embedded::Embedded;
    use crate::registry::{News, Part, Store, Wanted, Watch};

    /// A store that takes its time to write a status.
    struct Slow {
        store: Embedded,
        begun: Notify,
        go: Notify,
        told: Mutex<Vec<String>>,
    }

    #[async_trait]
    impl Store for Slow {
        async fn get(&self, key: &Key) -> Result<Option<Value>, RegistryError> {
            self.store.get(key).await
        }
        async fn select(&self, kind: &str, scope: &Scope, wanted: Wanted<'_>) -> Result<Vec<Value>, RegistryError> {
            self.store.select(kind, scope, wanted).await
        }
        async fn part(&self, kind: &str, scope: &Scope, part: Part<'_>) -> Result<Vec<Value>, RegistryError> {
            self.store.part(kind, scope, part).await
        }
        async fn create(&self, key: &Key, object: Value) -> Result<Value, RegistryError> {
            self.store.create(key, object).await
        }
        async fn update(&self, key: &Key, object: Value) -> Result<Value, RegistryError> {
            self.store.update(key, object).await
        }
        async fn put_status(&self, key: &Key, status: Value) -> Result<Value, RegistryError> {
            self.begun.notify_one();
            self.go.notified().await;
            self.store.put_status(key, status).await
        }
        async fn delete(&self, key: &Key) -> Result<Option<Value>, RegistryError> {
            self.store.delete(key).await
        }
        fn watch(&self) -> Watch {
            self.store.watch()
        }
        fn tell(&self, _about: &Key, _uid: &str, news: News) {
            self.told.lock().push(news.reason);
        }
    }

    #[tokio::test]
    async fn a_status_whose_write_has_begun_is_written_and_told_though_its_pass_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Slow {
            store: Embedded::open(&folder.path().join("registry.db")).await.unwrap(),
            begun: Notify::new(),
            go: Notify::new(),
            told: Mutex::default(),
        });
        let registry = Registry::new(store.clone());
        let spec = NodeReleaseSpec {
            engine: Engine::Native,
            version: "1".to_owned(),
            default: false,
            end_of_life_time: None,
            images: None,
        };
        let release = registry.create(&Scope::All, &NodeRelease::new("native", spec)).await;
        let course = Course::default();
        let teller = Teller::new(&registry, &course, release.unwrap());
        let mut status = NodeReleaseStatus::default();
        let ready = "it is as the spec asks";
        status
            .progress_mut()
            .set_condition(kind::READY, true, reason::READY, ready, Time::now());

        tokio::select! {
            biased;
            written = teller.write(&Scope::All, &status) => panic!("{written:?} before it may be"),
            () = store.begun.notified() => {}
        }
        drop(teller);
        store.go.notify_one();
        course.written().await;

        let written: Option<NodeRelease> = registry.get(&Scope::All, "native").await.unwrap();
        assert_eq!(written.and_then(|release| release.status), Some(status));
        assert_eq!(*store.told.lock(), ["Ready"]);
    }
}

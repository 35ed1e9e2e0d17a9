//! One pass over one resource: fetch it, converge it or remove it, and write down what came of it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use async_trait::async_trait;
use entente_api::condition::{State, kind, reason};
use entente_api::time::Time;
use entente_api::{Chain, Contract, Identity, Member, NodeRelease, Organization, names};
use kube::ResourceExt as _;
use kube::core::object::HasStatus;
use parking_lot::Mutex;
use tracing::{debug, info, warn};

use crate::context::Context;
use crate::registry::{Key, Kind, RegistryError, Scope};
use crate::report::{Report, Status};
use crate::trouble::{Kind as TroubleKind, Result};
use crate::{chain, contract, identity, member, node_release, organization, story};

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
}

/// One pass. `seen` is told the generation that the pass works on.
pub async fn run(context: &Context, key: &Key, seen: &AtomicI64) -> Next {
    let began = Instant::now();
    let next = attempt(context, key, seen).await;
    let outcome = match next {
        Next::Gone => "gone",
        Next::Rest => "settled",
        Next::Again => "again",
    };
    context.metrics.passed(&key.kind, outcome, began.elapsed());
    next
}

async fn attempt(context: &Context, key: &Key, seen: &AtomicI64) -> Next {
    let outcome = match key.kind.as_str() {
        "Organization" => one::<Organization>(context, key, seen).await,
        "Chain" => one::<Chain>(context, key, seen).await,
        "Member" => one::<Member>(context, key, seen).await,
        "Contract" => one::<Contract>(context, key, seen).await,
        "Identity" => one::<Identity>(context, key, seen).await,
        "NodeRelease" => one::<NodeRelease>(context, key, seen).await,
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

async fn one<K: Reconciled>(context: &Context, key: &Key, seen: &AtomicI64) -> Result<Next, RegistryError> {
    let scope = Scope::namespace(&key.namespace);
    let Some(resource) = context.registry.get::<K>(&scope, &key.name).await? else {
        return Ok(Next::Gone);
    };
    let generation = resource.meta().generation.unwrap_or_default();
    seen.store(generation, Ordering::Relaxed);
    if resource.meta().deletion_timestamp.is_some() {
        return remove(context, &scope, resource, generation).await;
    }
    let resource = with_finalizer(context, &scope, resource).await?;
    let report = Report::resume(resource.status(), generation);
    let teller = Teller::new(context, &resource);
    let outcome = work(&teller, &scope, &report, resource.converge(context, &report)).await;
    let status = report.conclude(&outcome, Time::now());
    teller.write(&scope, &status).await?;
    Ok(match outcome {
        Ok(()) => Next::Rest,
        Err(trouble) if trouble.kind == TroubleKind::Rejected => {
            info!(%key, cause = trouble.cause, "the spec is refused");
            Next::Rest
        }
        Err(trouble) if trouble.kind == TroubleKind::Suspended => Next::Rest,
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
    context: &'a Context,
    resource: &'a K,
    told: Mutex<K::Status>,
}

impl<'a, K: Reconciled> Teller<'a, K> {
    fn new(context: &'a Context, resource: &'a K) -> Teller<'a, K> {
        Teller {
            context,
            resource,
            told: Mutex::new(resource.status().cloned().unwrap_or_default()),
        }
    }

    async fn write(&self, scope: &Scope, status: &K::Status) -> Result<(), RegistryError> {
        let name = self.resource.name_any();
        self.context.registry.put_status::<K>(scope, &name, status).await?;
        let told = std::mem::replace(&mut *self.told.lock(), status.clone());
        for news in story::between(&told, status) {
            self.context.registry.tell(self.resource, news);
        }
        Ok(())
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
    generation: i64,
) -> Result<Next, RegistryError> {
    if !has_finalizer(&resource) {
        return Ok(Next::Rest);
    }
    let name = resource.name_any();
    let report = Report::resume(resource.status(), generation);
    let teller = Teller::new(context, &resource);
    report.edit(|status| deleting(status, "it is being deleted"));
    teller.write(scope, &report.snapshot()).await?;
    let outcome = work(&teller, scope, &report, resource.remove(context, &report)).await;
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

//! Follows the resources and writes down how their operations go on and end; tells who is awaited.

use std::sync::Arc;
use std::time::Duration;

use entente_api::time::Time;
use entente_api::{Contract, Identity, Member, NodeRelease, Organization, Tenant};
use entente_operator::registry::{Event, Missed};
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;

use super::derive::{self, Live};
use super::{Operation, Target};
use crate::access::{PlatformScope, TenantScope};
use crate::rest::kind::Kind;
use crate::rest::problem::Problem;
use crate::store::resource::Resources;
use crate::store::{self, Db};
use crate::webhook::awaited;

/// Every running operation is looked at again this often, whatever the watch says.
const SWEEP: Duration = Duration::from_secs(5);

/// Brings operations up to date, and tells who listens that one has changed.
#[derive(Clone)]
pub struct Operations {
    db: Db,
    resources: Resources,
    changes: broadcast::Sender<String>,
    wake: Arc<Notify>,
}

impl Operations {
    pub fn new(db: Db, resources: Resources) -> Operations {
        Operations {
            db,
            resources,
            changes: broadcast::channel(1024).0,
            wake: Arc::new(Notify::new()),
        }
    }

    /// Ids of operations as they change. A listener that falls behind looks at its operation again.
    pub fn changes(&self) -> broadcast::Receiver<String> {
        self.changes.subscribe()
    }

    /// Something was started: look soon.
    pub fn woken(&self) {
        self.wake.notify_one();
    }

    /// The operation as it stands now.
    pub async fn refresh(&self, scope: &TenantScope, operation: Operation) -> Result<Operation, Problem> {
        let live = self.live(scope, &operation.target).await?;
        let Some(next) = derive::next(&operation, live.as_ref(), Time::now()) else {
            return Ok(operation);
        };
        if store::operation::update(&self.db, scope, &next).await? {
            // Nobody listening is no failure.
            self.changes.send(next.id.clone()).ok();
            return Ok(next);
        }
        // Somebody else was faster and wrote the same or later news.
        Ok(store::operation::get(&self.db, scope, &operation.id)
            .await?
            .unwrap_or(operation))
    }

    async fn live(&self, scope: &TenantScope, target: &Target) -> Result<Option<Live>, Problem> {
        match target.kind.as_str() {
            "Chain" => {
                let seen = self.resources.seen(scope, &target.name).await?;
                let Some(seen) = seen else { return Ok(None) };
                let nodes = store::nodes::of_seen(&self.resources, scope, &seen).await?;
                Ok(Some(Live {
                    nodes,
                    ..live(&seen.chain)
                }))
            }
            "Organization" => self.live_of::<Organization>(scope, &target.name).await,
            "Member" => self.live_of::<Member>(scope, &target.name).await,
            "Contract" => self.live_of::<Contract>(scope, &target.name).await,
            "Identity" => self.live_of::<Identity>(scope, &target.name).await,
            "NodeRelease" => self.live_of::<NodeRelease>(scope, &target.name).await,
            "Tenant" => self.live_of::<Tenant>(scope, &target.name).await,
            _ => Ok(None),
        }
    }

    async fn live_of<K: Kind>(&self, scope: &TenantScope, name: &str) -> Result<Option<Live>, Problem> {
        Ok(self.resources.get::<K>(scope, name).await?.as_ref().map(live))
    }

    /// Runs until it is told to stop.
    pub async fn run(&self, stop: CancellationToken) {
        let platform = PlatformScope::for_background_task("operations of every tenant");
        let mut watch = self.resources.watch_all(&platform);
        let mut seen = self.tell_awaited(&platform).await;
        loop {
            if let Err(problem) = seen {
                let cause = crate::rest::problem::chain_of(&problem);
                tracing::warn!(error = %cause, "operations could not be brought up to date; trying again");
            }
            seen = tokio::select! {
                () = stop.cancelled() => return,
                event = watch.next() => match event {
                    Ok(Some(event)) => self.follow(&platform, &event).await,
                    Ok(None) => return,
                    Err(Missed(_)) => match self.tell_awaited(&platform).await {
                        Ok(()) => self.sweep_all(&platform).await,
                        failed => failed,
                    },
                },
                () = self.wake.notified() => self.sweep_all(&platform).await,
                () = tokio::time::sleep(SWEEP) => self.sweep_all(&platform).await,
            };
        }
    }

    /// Tells of every contract that waits for approvals; of most it was told before.
    async fn tell_awaited(&self, platform: &PlatformScope) -> Result<(), Problem> {
        for contract in self.resources.proposed_contracts(platform).await? {
            awaited::tell(&self.db, &self.resources, &contract).await?;
        }
        Ok(())
    }

    async fn follow(&self, platform: &PlatformScope, event: &Event) -> Result<(), Problem> {
        let key = &event.key;
        // A member's news of its peers concerns operations on its chain, which may be another tenant's; what belongs to
        // no namespace may have been asked for by anybody.
        if key.kind == "Member" || key.namespace.is_empty() {
            return self.sweep_all(platform).await;
        }
        if key.kind == "Contract"
            && let Ok(contract) = serde_json::from_value(event.object.as_ref().clone())
        {
            awaited::tell(&self.db, &self.resources, &contract).await?;
        }
        let scope = scope(&key.namespace);
        let target = Target::new(&key.kind, &key.name, "", 0);
        for operation in store::operation::running(&self.db, &scope, Some(&target)).await? {
            self.refresh(&scope, operation).await?;
        }
        Ok(())
    }

    async fn sweep_all(&self, platform: &PlatformScope) -> Result<(), Problem> {
        for (tenant, operation) in store::operation::running_everywhere(&self.db, platform).await? {
            self.refresh(&scope(&tenant), operation).await?;
        }
        Ok(())
    }
}

fn scope(tenant: &str) -> TenantScope {
    TenantScope::for_background_task("operations of every tenant", tenant)
}

fn live<K: Kind>(resource: &K) -> Live {
    let meta = resource.meta();
    Live {
        uid: meta.uid.clone().unwrap_or_default(),
        generation: meta.generation.unwrap_or_default(),
        progress: resource.progress().cloned().unwrap_or_default(),
        nodes: Vec::new(),
    }
}

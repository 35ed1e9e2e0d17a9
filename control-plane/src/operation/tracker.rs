//! Follows the resources and writes down how their operations go on and end.

use std::sync::Arc;
use std::time::Duration;

use entente_api::time::Time;
use entente_api::{Chain, Contract, Identity, Member, NodeRelease, Organization};
use entente_operator::registry::{Event, Missed};
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;

use super::derive::{self, Live};
use super::{Operation, Target};
use crate::rest::auth::TenantScope;
use crate::rest::kind::Kind;
use crate::rest::problem::Problem;
use crate::store::resource::Resources;
use crate::store::{self, Db};

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
                let chain: Option<Chain> = self.resources.get(scope, &target.name).await?;
                let Some(chain) = chain else { return Ok(None) };
                let nodes = store::nodes::of_chain(&self.resources, scope, &chain).await?;
                Ok(Some(Live { nodes, ..live(&chain) }))
            }
            "Organization" => self.live_of::<Organization>(scope, &target.name).await,
            "Member" => self.live_of::<Member>(scope, &target.name).await,
            "Contract" => self.live_of::<Contract>(scope, &target.name).await,
            "Identity" => self.live_of::<Identity>(scope, &target.name).await,
            "NodeRelease" => self.live_of::<NodeRelease>(scope, &target.name).await,
            _ => Ok(None),
        }
    }

    async fn live_of<K: Kind>(&self, scope: &TenantScope, name: &str) -> Result<Option<Live>, Problem> {
        Ok(self.resources.get::<K>(scope, name).await?.as_ref().map(live))
    }

    /// Runs until it is told to stop.
    pub async fn run(&self, scope: &TenantScope, stop: CancellationToken) {
        let mut watch = self.resources.watch(scope);
        loop {
            let seen = tokio::select! {
                () = stop.cancelled() => return,
                event = watch.next() => match event {
                    Ok(Some(event)) => self.follow(scope, &event).await,
                    Ok(None) => return,
                    Err(Missed(_)) => self.sweep(scope, None).await,
                },
                () = self.wake.notified() => self.sweep(scope, None).await,
                () = tokio::time::sleep(SWEEP) => self.sweep(scope, None).await,
            };
            if let Err(problem) = seen {
                let cause = crate::rest::problem::chain_of(&problem);
                tracing::warn!(error = %cause, "operations could not be brought up to date; trying again");
            }
        }
    }

    async fn follow(&self, scope: &TenantScope, event: &Event) -> Result<(), Problem> {
        // A member's news of its peers concerns operations on its chain.
        if event.key.kind == "Member" {
            return self.sweep(scope, None).await;
        }
        let target = Target::new(&event.key.kind, &event.key.name, "", 0);
        self.sweep(scope, Some(&target)).await
    }

    async fn sweep(&self, scope: &TenantScope, target: Option<&Target>) -> Result<(), Problem> {
        for operation in store::operation::running(&self.db, scope, target).await? {
            self.refresh(scope, operation).await?;
        }
        Ok(())
    }
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

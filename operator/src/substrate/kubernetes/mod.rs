//! Nodes as pods of a Kubernetes cluster.
//!
//! [`objects`] says what a node consists of, [`apply`] writes it, [`watches`] keep [`observed`] current, and [`state`]
//! puts what is seen there into words. An object is written only when its content has changed, or somebody else has
//! changed it.

mod addresses;
mod apply;
mod logs;
mod memory;
mod objects;
mod observed;
mod outside;
mod route;
mod settings;
mod state;
pub mod tenancy;
mod volume;
mod watches;

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use entente_api::access::{Access, AccessType};
use entente_api::names::annotation;
use entente_api::tenant::Quotas;
use futures::future::try_join_all;
use futures::stream::BoxStream;
use kube::Client;
use kube::api::{Patch, PatchParams};
use parking_lot::Mutex;
use tokio::sync::broadcast;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Addresses, Ledger, NodeId, NodePlan, NodeState, Outside, Role, Substrate, SubstrateError};
use objects::{Kind, Object, Objects};
use observed::{Key, Observed};
pub use settings::{ApiAccount, Settings};
use tenancy::Tenancy;

/// How long the objects of a deleted node may take to go.
const PATIENCE: Duration = Duration::from_secs(90);

/// Runs nodes as pods.
pub struct Kubernetes {
    client: Client,
    settings: Settings,
    observed: Arc<Observed>,
    /// Digests of the Secrets that this process has written, by namespace and name.
    secrets: Mutex<HashMap<(String, String), String>>,
    /// Routes that this process has written, by namespace and name.
    written_routes: Mutex<HashMap<(String, String), String>>,
    /// Version of the Gateway API's routes that the cluster serves.
    routes: tokio::sync::OnceCell<String>,
    /// What this process has made room for, by namespace.
    rooms: Mutex<HashMap<String, Tenancy>>,
    /// Held while an object is written that nodes share.
    sharing: tokio::sync::Mutex<()>,
    _watches: JoinSet<()>,
}

impl Kubernetes {
    /// Starts to watch the cluster. Must be called within a runtime.
    pub fn new(client: Client, settings: Settings) -> Kubernetes {
        let observed = Arc::new(Observed::new());
        Kubernetes {
            _watches: watches::start(&client, &observed),
            client,
            settings,
            observed,
            secrets: Mutex::default(),
            written_routes: Mutex::default(),
            routes: tokio::sync::OnceCell::new(),
            rooms: Mutex::default(),
            sharing: tokio::sync::Mutex::default(),
        }
    }

    async fn complete(&self) -> Result<(), SubstrateError> {
        self.observed.complete(watches::COUNT).await
    }

    fn state_now(&self, id: &NodeId) -> NodeState {
        self.observed.state(id, &objects::name(id), SystemTime::now())
    }

    async fn put(&self, object: &Object) -> Result<(), SubstrateError> {
        let is_shared = !object
            .content
            .metadata
            .annotations
            .as_ref()
            .is_some_and(|annotations| annotations.contains_key(annotation::NODE));
        // Two first writes of one object at a time would get in each other's way.
        let _turn = match is_shared {
            true => Some(self.sharing.lock().await),
            false => None,
        };
        apply::put(&self.client, &self.observed, object).await
    }

    /// Writes the keys. A Secret is not watched: it is taken to be there when what was written after it is, and the pod
    /// has found it.
    async fn put_keys(&self, id: &NodeId, wanted: &Objects) -> Result<(), SubstrateError> {
        let secret = &wanted.secret;
        let place = (secret.namespace(), secret.name());
        let workload = &wanted.workload;
        let written = match self.secrets.lock().get(&place) {
            Some(digest) => *digest == secret.digest,
            None => {
                self.observed
                    .is_applied(workload.kind, &workload.namespace(), &workload.name(), &workload.digest)
            }
        };
        if written && self.state_now(id).is_running() {
            return Ok(());
        }
        apply::write(&self.client, secret).await?;
        self.secrets.lock().insert(place, secret.digest.clone());
        Ok(())
    }

    /// Deletes what the node had and no longer needs, such as a way in from outside.
    async fn sweep(&self, id: &NodeId, wanted: &Objects) -> Result<(), SubstrateError> {
        let is_wanted = |key: &Key| {
            let mut all = wanted.before.iter().chain([&wanted.workload]);
            all.any(|object| object.kind == key.kind && object.name() == key.name)
        };
        let mut surplus = self.observed.objects(id);
        surplus.retain(|key| key.kind != Kind::PersistentVolumeClaim && !is_wanted(key));
        try_join_all(surplus.iter().map(|key| apply::delete(&self.client, key))).await?;
        Ok(())
    }

    /// Waits until no pod of a node is left, and no object that `goes`.
    async fn gone(&self, id: &NodeId, goes: impl Fn(&Key) -> bool) -> Result<(), SubstrateError> {
        let mut changes = self.observed.changes();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut left = self.observed.objects(id);
            left.retain(&goes);
            let pods = self.observed.pods(id);
            if left.is_empty() && pods.is_empty() {
                return Ok(());
            }
            tracing::debug!(%id, ?left, ?pods, "waiting for what is left of a node to go");
            // A receiver that lags has missed changes, not states: looking again is right in every case.
            if tokio::time::timeout_at(deadline, changes.recv()).await.is_err() {
                let names = left.iter().map(|key| format!("{:?} {}", key.kind, key.name));
                let pods = pods.iter().map(|(name, _)| format!("Pod {name}"));
                let names: Vec<String> = names.chain(pods).collect();
                return Err(SubstrateError::Refused(format!(
                    "{id} is not gone after {} s: {} is left",
                    PATIENCE.as_secs(),
                    names.join(", ")
                )));
            }
        }
    }
}

#[async_trait]
impl Substrate for Kubernetes {
    async fn make_room(&self, namespace: &str, quotas: &Quotas) -> Result<(), SubstrateError> {
        let tenancy = Tenancy::default().within(quotas);
        if self.rooms.lock().get(namespace) == Some(&tenancy) {
            return Ok(());
        }
        tenancy::prepare(&self.client, namespace, &tenancy, self.settings.api.as_ref()).await?;
        self.rooms.lock().insert(namespace.to_owned(), tenancy);
        Ok(())
    }

    async fn clear_room(&self, namespace: &str) -> Result<(), SubstrateError> {
        self.rooms.lock().remove(namespace);
        tenancy::release(&self.client, namespace, self.settings.api.as_ref()).await
    }

    fn check_access(&self, _: &Access) -> Result<(), String> {
        Ok(())
    }

    async fn addresses(&self, id: &NodeId, role: Role) -> Result<Addresses, SubstrateError> {
        Ok(addresses::of(id, role, &self.settings.cluster_domain))
    }

    async fn outside(&self, id: &NodeId, role: Role, access: &Access) -> Result<Outside, SubstrateError> {
        if access.kind == AccessType::None {
            return Ok(Outside::default());
        }
        self.complete().await?;
        let service = self.observed.record(Kind::Service, &id.namespace, &outside::object(id));
        let given = service.and_then(|service| service.given);
        Ok(outside::of(id, role, access, given.as_ref()))
    }

    fn data_dir(&self) -> PathBuf {
        objects::DATA.into()
    }

    fn runs_images(&self) -> bool {
        true
    }

    async fn apply(&self, plan: &NodePlan) -> Result<(), SubstrateError> {
        let wanted = objects::of(plan, &self.settings)?;
        self.complete().await?;
        self.put_keys(&plan.id, &wanted).await?;
        try_join_all(wanted.before.iter().map(|object| self.put(object))).await?;
        volume::grow(self, plan).await?;
        self.put(&wanted.workload).await?;
        route::put(self, plan).await?;
        self.sweep(&plan.id, &wanted).await
    }

    async fn state(&self, id: &NodeId) -> NodeState {
        if let Err(error) = self.complete().await {
            return NodeState::Failing {
                reason: error.to_string(),
                restarts: 0,
            };
        }
        self.state_now(id)
    }

    async fn list(&self, namespace: &str, chain: &str) -> Result<Vec<NodeId>, SubstrateError> {
        self.complete().await?;
        Ok(self.observed.nodes(namespace, chain).into_iter().collect())
    }

    async fn delete(&self, id: &NodeId, ledger: Ledger) -> Result<(), SubstrateError> {
        self.complete().await?;
        let object = objects::name(id);
        let secret = Key {
            kind: Kind::Secret,
            namespace: id.namespace.clone(),
            name: objects::keys_name(id),
        };
        self.secrets.lock().remove(&(id.namespace.clone(), secret.name.clone()));
        let goes = |key: &Key| ledger == Ledger::Destroy || key.kind != Kind::PersistentVolumeClaim;
        let mut keys = self.observed.objects(id);
        keys.retain(goes);
        keys.push(secret);
        try_join_all(keys.iter().map(|key| apply::delete(&self.client, key))).await?;
        self.gone(id, goes).await?;
        self.observed.forgive(id, &object);
        let unneeded = self.observed.unneeded(&id.namespace, &id.chain);
        try_join_all(unneeded.iter().map(|key| apply::delete(&self.client, key))).await?;
        Ok(())
    }

    async fn stop(&self, id: &NodeId) -> Result<(), SubstrateError> {
        self.complete().await?;
        let object = objects::name(id);
        for kind in [Kind::StatefulSet, Kind::Deployment] {
            if self.observed.record(kind, &id.namespace, &object).is_none() {
                continue;
            }
            // The annotation no longer tells the truth, so that the next plan is written again.
            let none = serde_json::json!({
                "metadata": {"annotations": {annotation::APPLIED: "stopped"}},
                "spec": {"replicas": 0},
            });
            let written = apply::api(&self.client, kind, &id.namespace)
                .patch_metadata(&object, &PatchParams::default(), &Patch::Merge(none))
                .await
                .map_err(SubstrateError::cluster(format!("stopping {id}")))?;
            self.observed.written(kind, &written.metadata);
        }
        self.gone(id, |_| false).await
    }

    async fn restart(&self, id: &NodeId) -> Result<(), SubstrateError> {
        self.complete().await?;
        let pods = self.observed.pods(id);
        if pods.is_empty() {
            return Err(SubstrateError::Refused(format!("node {id} has no pod")));
        }
        logs::delete_pods(&self.client, id, pods.into_iter().map(|(name, _)| name)).await
    }

    async fn logs(
        &self,
        id: &NodeId,
        lines: usize,
        follow: bool,
    ) -> Result<BoxStream<'static, io::Result<String>>, SubstrateError> {
        self.complete().await?;
        logs::read(&self.client, id, &self.observed.pods(id), lines, follow).await
    }

    async fn memory(&self, id: &NodeId) -> Option<u64> {
        memory::of(&self.client, id, &self.observed.pods(id)).await
    }

    fn changes(&self) -> broadcast::Receiver<NodeId> {
        self.observed.changes()
    }

    /// Pods are the cluster's to run, whatever becomes of the platform.
    async fn stop_all(&self) {}
}

//! The watches that keep [`Observed`] current. Each begins anew by itself when it breaks.

use std::collections::HashSet;
use std::fmt::Debug;
use std::sync::Arc;

use entente_api::names::{self, label};
use futures::{Stream, StreamExt as _};
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::{ConfigMap, Event as Told, PersistentVolumeClaim, Pod, Service};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::core::PartialObjectMeta;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Config, Event, watcher};
use kube::{Api, Client, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use tokio::task::JoinSet;

use super::objects::Kind;
use super::observed::{Key, Observed};

/// How many watches must have told all that there is.
pub const COUNT: usize = 8;

/// Starts all watches. They end when the set is dropped.
pub fn start(client: &Client, observed: &Arc<Observed>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(pods(client.clone(), observed.clone()));
    tasks.spawn(objects::<StatefulSet>(
        client.clone(),
        observed.clone(),
        Kind::StatefulSet,
    ));
    tasks.spawn(objects::<Deployment>(
        client.clone(),
        observed.clone(),
        Kind::Deployment,
    ));
    tasks.spawn(services(client.clone(), observed.clone()));
    tasks.spawn(objects::<ConfigMap>(client.clone(), observed.clone(), Kind::ConfigMap));
    let budgets = objects::<PodDisruptionBudget>(client.clone(), observed.clone(), Kind::PodDisruptionBudget);
    tasks.spawn(budgets);
    tasks.spawn(objects::<NetworkPolicy>(
        client.clone(),
        observed.clone(),
        Kind::NetworkPolicy,
    ));
    let claims = objects::<PersistentVolumeClaim>(client.clone(), observed.clone(), Kind::PersistentVolumeClaim);
    tasks.spawn(claims);
    // Not counted: who may not read events only knows less about why a pod does not come.
    tasks.spawn(complaints(client.clone(), observed.clone()));
    tasks
}

/// What belongs to a node or a group of nodes.
fn ours() -> Config {
    let (managed, manager) = (label::MANAGED_BY, names::MANAGER);
    Config::default().labels(&format!("{managed}={manager},{},{}", label::CHAIN, label::ROLE))
}

async fn objects<K>(client: Client, observed: Arc<Observed>, kind: Kind)
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + 'static,
{
    let stream = watcher(Api::<PartialObjectMeta<K>>::all(client), ours());
    follow(stream, &observed, |seen| match seen {
        Seen::Applied(object) => observed.object(kind, &object.metadata),
        Seen::Gone(object) => observed.object_gone(&Key {
            kind,
            namespace: object.namespace().unwrap_or_default(),
            name: object.name_any(),
        }),
        Seen::Only(existing) => observed.only_objects(kind, &existing),
    })
    .await;
}

/// As a whole: what a Service was given stands in its spec and status.
async fn services(client: Client, observed: Arc<Observed>) {
    let stream = watcher(Api::<Service>::all(client), ours());
    follow(stream, &observed, |seen| match seen {
        Seen::Applied(service) => observed.service(&service),
        Seen::Gone(service) => observed.object_gone(&Key {
            kind: Kind::Service,
            namespace: service.namespace().unwrap_or_default(),
            name: service.name_any(),
        }),
        Seen::Only(existing) => observed.only_objects(Kind::Service, &existing),
    })
    .await;
}

async fn pods(client: Client, observed: Arc<Observed>) {
    let stream = watcher(Api::<Pod>::all(client), ours());
    follow(stream, &observed, |seen| match seen {
        Seen::Applied(pod) => observed.pod(&pod),
        Seen::Gone(pod) => observed.pod_gone(&pod.namespace().unwrap_or_default(), &pod.name_any()),
        Seen::Only(existing) => observed.only_pods(&existing),
    })
    .await;
}

async fn complaints(client: Client, observed: Arc<Observed>) {
    let stream = watcher(Api::<Told>::all(client), Config::default().fields("type=Warning")).default_backoff();
    let mut stream = std::pin::pin!(stream);
    while let Some(event) = stream.next().await {
        match event {
            Ok(Event::Apply(told) | Event::InitApply(told)) => observed.complaint(&told),
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "the cluster's events cannot be read"),
        }
    }
}

enum Seen<K> {
    Applied(K),
    Gone(K),
    /// After a new beginning: nothing exists but what has these namespaces and names.
    Only(HashSet<(String, String)>),
}

async fn follow<K: Resource>(
    stream: impl Stream<Item = watcher::Result<Event<K>>>,
    observed: &Observed,
    mut take: impl FnMut(Seen<K>),
) {
    let mut stream = std::pin::pin!(stream.default_backoff());
    let (mut existing, mut is_first) = (HashSet::new(), true);
    while let Some(event) = stream.next().await {
        match event {
            Ok(Event::Init) => existing.clear(),
            Ok(Event::InitApply(object)) => {
                existing.insert((object.namespace().unwrap_or_default(), object.name_any()));
                take(Seen::Applied(object));
            }
            Ok(Event::InitDone) => {
                take(Seen::Only(std::mem::take(&mut existing)));
                if std::mem::take(&mut is_first) {
                    observed.count();
                }
            }
            Ok(Event::Apply(object)) => take(Seen::Applied(object)),
            Ok(Event::Delete(object)) => take(Seen::Gone(object)),
            Err(error) => tracing::warn!(%error, "a watch of the cluster broke and begins anew"),
        }
    }
}

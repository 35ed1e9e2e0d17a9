//! What is known of the nodes' objects and pods, kept current by watches: no pass asks the API server what it has
//! told already.
//!
//! Of an object little is kept: whose it is, and which content it was last given. Secrets are not watched: that would
//! take the right to read every Secret of the cluster.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::{Duration, SystemTime};

use entente_api::names::{self, annotation, label};
use k8s_openapi::api::core::v1::{Event, Pod, Service};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt as _;
use parking_lot::Mutex;
use tokio::sync::{broadcast, watch};

use super::objects::{self, Kind};
use super::outside::Given;
use super::state::{Phase, Sight};
use crate::substrate::{NodeId, NodeState, SubstrateError};

/// How long the first look at the cluster may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Complaints of more objects than this are not kept: they are for people, who read the latest.
const MOST_COMPLAINTS: usize = 4096;

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    pub kind: Kind,
    pub namespace: String,
    pub name: String,
}

/// What is remembered of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// As the label has it.
    pub chain: String,
    pub role: String,
    pub organization: Option<String>,
    /// `None` when it belongs to several.
    pub node: Option<NodeId>,
    /// Fingerprint of the content that it was last given.
    pub applied: String,
    /// Fingerprint of the pod that it wants.
    pub plan: Option<String>,
    pub storage: Option<u64>,
    pub uid: String,
    /// Of a Service that leads in from outside.
    pub given: Option<Given>,
    /// Grows with each change that is not one of its status alone.
    pub version: u64,
    /// The version that our own last write made.
    pub ours: Option<u64>,
    pub leaving: bool,
}

impl Record {
    /// `None` for an object that is none of ours.
    fn of(kind: Kind, metadata: &ObjectMeta) -> Option<Record> {
        let text = |map: &Option<std::collections::BTreeMap<String, String>>, key: &str| {
            map.as_ref().and_then(|map| map.get(key)).cloned()
        };
        let annotation = |key| text(&metadata.annotations, key);
        let version = match kind.has_generation() {
            true => metadata.generation.and_then(|generation| generation.try_into().ok()),
            false => metadata
                .resource_version
                .as_ref()
                .and_then(|version| version.parse().ok()),
        };
        Some(Record {
            chain: text(&metadata.labels, label::CHAIN)?,
            role: text(&metadata.labels, label::ROLE)?,
            organization: text(&metadata.labels, label::ORGANIZATION),
            node: objects::owner(metadata),
            applied: annotation(annotation::APPLIED).unwrap_or_default(),
            plan: annotation(annotation::PLAN),
            storage: annotation(annotation::STORAGE).and_then(|bytes| bytes.parse().ok()),
            uid: metadata.uid.clone().unwrap_or_default(),
            given: None,
            version: version.unwrap_or_default(),
            ours: None,
            leaving: metadata.deletion_timestamp.is_some(),
        })
    }

    /// Whether somebody else has changed it since we wrote it.
    fn was_changed(&self) -> bool {
        self.ours.is_some_and(|ours| ours < self.version)
    }
}

/// What is known.
pub struct Observed {
    known: Mutex<Known>,
    changes: broadcast::Sender<NodeId>,
    /// How many watches have told all that there is.
    told: watch::Sender<usize>,
}

#[derive(Default)]
struct Known {
    records: HashMap<Key, Record>,
    /// By namespace and name of the pod.
    pods: HashMap<(String, String), Sight>,
    /// What the cluster says it could not do, by kind, namespace and name of the object.
    complaints: HashMap<(String, String, String), String>,
}

impl Observed {
    pub fn new() -> Observed {
        Observed {
            known: Mutex::default(),
            changes: broadcast::channel(4096).0,
            told: watch::Sender::new(0),
        }
    }

    pub fn changes(&self) -> broadcast::Receiver<NodeId> {
        self.changes.subscribe()
    }

    fn tell(&self, node: Option<NodeId>) {
        // Nobody listens when no reconciler has started yet.
        node.map(|node| self.changes.send(node));
    }

    /// One more watch has told all that there is.
    pub fn count(&self) {
        self.told.send_modify(|told| *told += 1);
    }

    /// Waits until `watches` have told all that there is: before that, absence means nothing.
    pub async fn complete(&self, watches: usize) -> Result<(), SubstrateError> {
        let mut told = self.told.subscribe();
        let all = told.wait_for(|told| *told >= watches);
        match tokio::time::timeout(PATIENCE, all).await {
            Ok(_) => Ok(()),
            Err(_) => Err(SubstrateError::Refused(format!(
                "the cluster's API server has not listed the nodes' objects within {} s; is it up, and may the operator \
                 list and watch them?",
                PATIENCE.as_secs()
            ))),
        }
    }

    /// Takes note of an object as the API server shows it.
    pub fn object(&self, kind: Kind, metadata: &ObjectMeta) {
        let Some((key, mut record)) = entry(kind, metadata) else {
            return;
        };
        let changed = {
            let mut known = self.known.lock();
            if let Some(old) = known.records.get(&key) {
                if old.version > record.version {
                    return; // older than the answer to our own write
                }
                record.ours = old.ours;
                record.given = old.given.clone();
            }
            let changed = record.was_changed().then(|| record.node.clone()).flatten();
            known.records.insert(key, record);
            changed
        };
        self.tell(changed);
    }

    /// Takes note of a Service, and of what the cluster has given to it.
    pub fn service(&self, service: &Service) {
        self.object(Kind::Service, &service.metadata);
        let Some((key, _)) = entry(Kind::Service, &service.metadata) else {
            return;
        };
        let ports = service.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
        let mut node_ports = ports.filter_map(|port| u16::try_from(port.node_port?).ok());
        let balancer = service.status.as_ref().and_then(|status| status.load_balancer.as_ref());
        let mut entrances = balancer
            .into_iter()
            .flat_map(|balancer| balancer.ingress.iter().flatten());
        let given = Given {
            node_port: node_ports.next(),
            balancer: entrances.find_map(|entrance| entrance.ip.clone().or_else(|| entrance.hostname.clone())),
        };
        let node = {
            let mut known = self.known.lock();
            let Some(record) = known.records.get_mut(&key) else {
                return;
            };
            let is_new = record.given.as_ref() != Some(&given);
            record.given = Some(given);
            record.node.clone().filter(|_| is_new)
        };
        self.tell(node);
    }

    /// Takes note of an object that we have just written.
    pub fn written(&self, kind: Kind, metadata: &ObjectMeta) {
        let Some((key, mut record)) = entry(kind, metadata) else {
            return;
        };
        record.ours = Some(record.version);
        let mut known = self.known.lock();
        let old = known.records.get(&key);
        if old.is_none_or(|old| old.version <= record.version) {
            record.given = old.and_then(|old| old.given.clone());
            known.records.insert(key, record);
        }
    }

    /// An object is no more.
    pub fn object_gone(&self, key: &Key) {
        let gone = self.known.lock().records.remove(key);
        self.tell(gone.and_then(|record| record.node));
    }

    /// No objects of this kind exist but these, by namespace and name.
    pub fn only_objects(&self, kind: Kind, existing: &HashSet<(String, String)>) {
        let of_kind = |key: &&Key| key.kind == kind && !existing.contains(&(key.namespace.clone(), key.name.clone()));
        let gone: Vec<Key> = self.known.lock().records.keys().filter(of_kind).cloned().collect();
        gone.iter().for_each(|key| self.object_gone(key));
    }

    pub fn pod(&self, pod: &Pod) {
        let Some(sight) = Sight::of(pod) else { return };
        let place = (sight.node.namespace.clone(), pod.name_any());
        let node = sight.node.clone();
        let old = self.known.lock().pods.insert(place, sight.clone());
        self.tell((old.as_ref() != Some(&sight)).then_some(node));
    }

    pub fn pod_gone(&self, namespace: &str, name: &str) {
        let gone = self.known.lock().pods.remove(&(namespace.to_owned(), name.to_owned()));
        self.tell(gone.map(|sight| sight.node));
    }

    pub fn only_pods(&self, existing: &HashSet<(String, String)>) {
        let gone: Vec<(String, String)> = {
            let known = self.known.lock();
            known
                .pods
                .keys()
                .filter(|place| !existing.contains(*place))
                .cloned()
                .collect()
        };
        gone.iter().for_each(|(namespace, name)| self.pod_gone(namespace, name));
    }

    /// Takes note of what the cluster could not do for an object.
    pub fn complaint(&self, event: &Event) {
        let object = &event.involved_object;
        let (Some(kind), Some(namespace), Some(name)) = (&object.kind, &object.namespace, &object.name) else {
            return;
        };
        if !matches!(
            kind.as_str(),
            "StatefulSet" | "ReplicaSet" | "PersistentVolumeClaim" | "Pod"
        ) || !matches!(
            event.reason.as_deref(),
            Some("FailedCreate" | "ProvisioningFailed" | "FailedMount" | "FailedAttachVolume" | "VolumeResizeFailed")
        ) {
            return;
        }
        let message = event.message.clone().unwrap_or_default();
        let place = (kind.clone(), namespace.clone(), name.clone());
        let mut known = self.known.lock();
        if known.complaints.len() >= MOST_COMPLAINTS {
            known.complaints.clear();
        }
        known.complaints.insert(place, message);
        let concerned = known.records.iter().find(|(key, _)| {
            key.namespace == *namespace && (key.name == *name || name.starts_with(&format!("{}-", key.name)))
        });
        let node = concerned.and_then(|(_, record)| record.node.clone());
        drop(known);
        self.tell(node);
    }

    pub fn record(&self, kind: Kind, namespace: &str, name: &str) -> Option<Record> {
        let key = Key {
            kind,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        self.known.lock().records.get(&key).cloned()
    }

    /// Whether an object exists with this content, and nobody else has touched it.
    pub fn is_applied(&self, kind: Kind, namespace: &str, name: &str, digest: &str) -> bool {
        self.record(kind, namespace, name)
            .is_some_and(|record| record.applied == digest && !record.was_changed() && !record.leaving)
    }

    /// Nodes of a chain of which anything is left, in order.
    pub fn nodes(&self, namespace: &str, chain: &str) -> BTreeSet<NodeId> {
        let known = self.known.lock();
        let objects = known.records.values().filter_map(|record| record.node.as_ref());
        let pods = known.pods.values().map(|sight| &sight.node);
        let of_chain = |node: &&NodeId| node.namespace == namespace && node.chain == chain;
        objects.chain(pods).filter(of_chain).cloned().collect()
    }

    /// The objects of one node.
    pub fn objects(&self, id: &NodeId) -> Vec<Key> {
        let known = self.known.lock();
        let own = known
            .records
            .iter()
            .filter(|(_, record)| record.node.as_ref() == Some(id));
        own.map(|(key, _)| key.clone()).collect()
    }

    /// Objects that no node of their group is left to need.
    pub fn unneeded(&self, namespace: &str, chain: &str) -> Vec<Key> {
        let known = self.known.lock();
        let chain = names::label_value(chain);
        let of_chain = |(key, record): &(&Key, &Record)| key.namespace == namespace && record.chain == chain;
        let shared = known
            .records
            .iter()
            .filter(of_chain)
            .filter(|(_, record)| record.node.is_none());
        let unneeded = shared.filter(|(_, shared)| {
            let needs = |key: &Key, record: &Record| {
                record.node.is_some()
                    // A ledger that was kept needs nobody.
                    && key.kind != Kind::PersistentVolumeClaim
                    && record.role == shared.role
                    && (shared.organization.is_none() || record.organization == shared.organization)
            };
            !known
                .records
                .iter()
                .filter(of_chain)
                .any(|(key, record)| needs(key, record))
        });
        unneeded.map(|(key, _)| key.clone()).collect()
    }

    /// Pods of a node by name, with what is known of them.
    pub fn pods(&self, id: &NodeId) -> Vec<(String, Sight)> {
        let known = self.known.lock();
        let own = known.pods.iter().filter(|(_, sight)| sight.node == *id);
        let mut pods: Vec<_> = own.map(|((_, name), sight)| (name.clone(), sight.clone())).collect();
        pods.sort_by(|(a, _), (b, _)| a.cmp(b));
        pods
    }

    /// What a node is at the moment. `object` is the name of what runs it.
    pub fn state(&self, id: &NodeId, object: &str, now: SystemTime) -> NodeState {
        let workload = [Kind::StatefulSet, Kind::Deployment]
            .into_iter()
            .find_map(|kind| self.record(kind, &id.namespace, object));
        let Some(workload) = workload else {
            return NodeState::Absent;
        };
        let current = |sight: &Sight| !sight.leaving && Some(&sight.plan) == workload.plan.as_ref();
        let mut pods = self.pods(id);
        pods.retain(|(_, sight)| current(sight));
        let ready = pods
            .iter()
            .find(|(_, sight)| matches!(sight.phase, Phase::Ready { .. }));
        match ready.or(pods.first()) {
            Some((name, sight)) => match sight.state(now) {
                NodeState::Starting if sight.phase == Phase::Coming => self.waiting(id, object, name),
                state => state,
            },
            None => self.waiting(id, object, ""),
        }
    }

    /// A node whose pod does not run yet: for what it waits, if anybody has said so.
    fn waiting(&self, id: &NodeId, object: &str, pod: &str) -> NodeState {
        let known = self.known.lock();
        let about = |kind: &str, name: &str| {
            let place = (kind.to_owned(), id.namespace.clone(), name.to_owned());
            known.complaints.get(&place)
        };
        let replica_sets = known.complaints.iter().filter(|((kind, namespace, name), _)| {
            kind == "ReplicaSet"
                && *namespace == id.namespace
                && name.rsplit_once('-').is_some_and(|(of, _)| of == object)
        });
        let no_pod = match pod {
            "" => about("StatefulSet", object).or_else(|| replica_sets.map(|(_, message)| message).next()),
            _ => None,
        };
        let claim = format!("{}-{object}-0", objects::CLAIM);
        let volume = about("PersistentVolumeClaim", &claim).or_else(|| about("Pod", pod));
        let reason = match (no_pod, volume) {
            (Some(message), _) => format!("the cluster refuses its pod: {message}"),
            (None, Some(message)) => format!("its volume is not there: {message}"),
            (None, None) => return NodeState::Starting,
        };
        NodeState::Failing { reason, restarts: 0 }
    }

    /// Forgets what was said of a node that is deleted or told anew what to be.
    pub fn forgive(&self, id: &NodeId, object: &str) {
        let prefixes = [object.to_owned(), format!("{}-{object}", objects::CLAIM)];
        self.known.lock().complaints.retain(|(_, namespace, name), _| {
            *namespace != id.namespace || !prefixes.iter().any(|prefix| name.starts_with(prefix.as_str()))
        });
    }
}

fn entry(kind: Kind, metadata: &ObjectMeta) -> Option<(Key, Record)> {
    let key = Key {
        kind,
        namespace: metadata.namespace.clone()?,
        name: metadata.name.clone()?,
    };
    Some((key, Record::of(kind, metadata)?))
}

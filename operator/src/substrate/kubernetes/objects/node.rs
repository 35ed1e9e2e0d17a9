//! A peer or an orderer: a StatefulSet of one replica with its volume.

use std::collections::BTreeMap;

use entente_api::names::annotation;
use entente_api::needs::Needs;
use entente_api::node_release::Engine;
use k8s_openapi::api::apps::v1::{
    StatefulSet, StatefulSetPersistentVolumeClaimRetentionPolicy, StatefulSetSpec, StatefulSetUpdateStrategy,
};
use k8s_openapi::api::core::v1::{
    Container, EnvVar, PersistentVolumeClaim, PersistentVolumeClaimSpec, VolumeResourceRequirements,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use super::pod::{self, Pod};
use super::{Kind, Object, files, labels, metadata, name, role, selector, whose};
use crate::substrate::kubernetes::addresses;
use crate::substrate::kubernetes::settings::Settings;
use crate::substrate::{NodePlan, NodeRole, SubstrateError, Workload};

/// Name of the volume claim's template; the claim itself is `<claim>-<pod>`.
pub const CLAIM: &str = "data";
/// Where the volume is in the pod, and the folder on it that the node writes: the root may hold `lost+found`.
const VOLUME: &str = "/var/lib/entente";
pub const DATA: &str = "/var/lib/entente/data";
/// Where the configuration of a stock node is put.
const RENDERED: &str = "/etc/hyperledger/rendered";
/// Our program, on the search path of our image.
const NODE: &str = "entente-node";
/// A leader hands over first, and a peer ends after the block that it commits.
const GRACE_SECONDS: i64 = 30;

/// A new process may read its ledger for a while before it answers: this many seconds.
const STARTUP_SECONDS: i32 = 600;

/// The StatefulSet, and the fingerprint of its pod.
pub fn stateful_set(plan: &NodePlan, settings: &Settings) -> Result<(Object, String), SubstrateError> {
    let object = name(&plan.id);
    let (template, fingerprint) = pod::template(plan, settings, pod(plan, settings)?);
    let spec = StatefulSetSpec {
        replicas: Some(1),
        service_name: Some(addresses::headless(&object)),
        // Else a pod that never comes up would keep its own repair from being rolled out.
        pod_management_policy: Some("Parallel".to_owned()),
        update_strategy: Some(StatefulSetUpdateStrategy {
            type_: Some("RollingUpdate".to_owned()),
            rolling_update: None,
        }),
        revision_history_limit: Some(2),
        // A ledger goes when its node is deleted, never because somebody deletes what runs it.
        persistent_volume_claim_retention_policy: Some(StatefulSetPersistentVolumeClaimRetentionPolicy {
            when_deleted: Some("Retain".to_owned()),
            when_scaled: Some("Retain".to_owned()),
        }),
        selector: LabelSelector {
            match_labels: Some(selector(&plan.id)),
            match_expressions: None,
        },
        template,
        volume_claim_templates: Some(vec![claim(plan, settings)]),
        ..StatefulSetSpec::default()
    };
    let mut metadata = metadata(plan, object);
    metadata.annotations.get_or_insert_default().extend([
        (annotation::PLAN.to_owned(), fingerprint.clone()),
        (annotation::STORAGE.to_owned(), plan.storage.to_string()),
    ]);
    let set = StatefulSet {
        metadata,
        spec,
        status: None,
    };
    Ok((Object::new(Kind::StatefulSet, &set)?, fingerprint))
}

fn claim(plan: &NodePlan, settings: &Settings) -> PersistentVolumeClaim {
    PersistentVolumeClaim {
        metadata: ObjectMeta {
            name: Some(CLAIM.to_owned()),
            labels: Some(labels(plan)),
            annotations: Some(BTreeMap::from([whose(&plan.id)])),
            ..ObjectMeta::default()
        },
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
            storage_class_name: settings.storage_class.clone(),
            resources: Some(VolumeResourceRequirements {
                requests: Some(BTreeMap::from([("storage".to_owned(), size(plan.storage))])),
                limits: None,
            }),
            ..PersistentVolumeClaimSpec::default()
        }),
        status: None,
    }
}

/// Bytes as Kubernetes writes them, in the largest unit that leaves no fraction.
pub fn size(bytes: u64) -> Quantity {
    let units = [("Ti", 40), ("Gi", 30), ("Mi", 20), ("Ki", 10)];
    let unit = units
        .iter()
        .find(|(_, shift)| bytes > 0 && bytes.is_multiple_of(1 << shift));
    Quantity(match unit {
        Some((unit, shift)) => format!("{}{unit}", bytes >> shift),
        None => bytes.to_string(),
    })
}

fn pod(plan: &NodePlan, settings: &Settings) -> Result<Pod, SubstrateError> {
    let Workload::Node {
        engine,
        role: node_role,
        images,
        ..
    } = &plan.workload
    else {
        return Err(SubstrateError::Refused(format!("{} is no node", plan.id)));
    };
    let image = settings.image(*engine, *node_role, images.as_ref())?;
    let ready = match engine {
        Engine::Native => "/readyz",
        Engine::Fabric => "/healthz",
    };
    let container = Container {
        ports: Some(pod::ports(role(plan))),
        volume_mounts: Some(vec![files::mount(), pod::mount(CLAIM, VOLUME)]),
        startup_probe: Some(pod::asks("/version", 1, STARTUP_SECONDS)),
        readiness_probe: Some(pod::asks(ready, 5, 2)),
        // That it answers at all. What is wrong inside of it a restart does not mend: that makes it unready.
        liveness_probe: Some(pod::asks("/version", 10, 6)),
        ..pod::container("node", &image, Needs::of_node(*engine))
    };
    let mut pod = Pod {
        first: Vec::new(),
        containers: vec![container],
        volumes: vec![files::volume(plan)],
        grace_seconds: GRACE_SECONDS,
    };
    match engine {
        Engine::Native => native(&mut pod, *node_role),
        Engine::Fabric => stock(&mut pod, *node_role, settings.tools(images.as_ref())),
    }
    Ok(pod)
}

fn words<const N: usize>(words: [&str; N]) -> Option<Vec<String>> {
    Some(words.map(str::to_owned).to_vec())
}

/// Our own image.
fn native(pod: &mut Pod, role: NodeRole) {
    let config = format!("{}/node.json", files::FOLDER);
    let role = match role {
        NodeRole::Orderer => "orderer",
        NodeRole::Peer => "peer",
    };
    for node in &mut pod.containers {
        node.command = words([NODE, role, "--config", &config]);
    }
}

/// The stock image as it is. Before it, ours writes its configuration and brings the chaincode builder.
fn stock(pod: &mut Pod, role: NodeRole, tools: &str) {
    let config = format!("{}/node.json", files::FOLDER);
    let render = Container {
        command: words([NODE, "render", "--config", &config, "--out", RENDERED]),
        volume_mounts: Some(vec![files::mount(), pod::mount("rendered", RENDERED)]),
        ..pod::container("render", tools, Needs::of_node(Engine::Native))
    };
    pod.first.push(render);
    pod.volumes.push(pod::scratch("rendered", "512Mi"));
    // A peer unpacks packages there while it builds them.
    pod.volumes.push(pod::scratch("tmp", "512Mi"));
    for node in &mut pod.containers {
        node.command = match role {
            NodeRole::Orderer => words(["orderer"]),
            NodeRole::Peer => words(["peer", "node", "start"]),
        };
        node.env = Some(vec![EnvVar {
            name: "FABRIC_CFG_PATH".to_owned(),
            value: Some(RENDERED.to_owned()),
            value_from: None,
        }]);
        let mounts = [pod::mount("rendered", RENDERED), pod::mount("tmp", "/tmp")];
        node.volume_mounts.get_or_insert_default().extend(mounts);
    }
}

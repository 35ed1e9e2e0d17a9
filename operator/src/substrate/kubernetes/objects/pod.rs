//! What every pod of ours has in common: the `restricted` security level, probes, and staying apart from its siblings.

use std::collections::BTreeMap;

use entente_api::names::{annotation, label};
use entente_api::needs::Needs;
use k8s_openapi::api::core::v1::{
    Affinity, Capabilities, Container, ContainerPort, EmptyDirVolumeSource, HTTPGetAction, LocalObjectReference,
    PodAffinityTerm, PodAntiAffinity, PodDNSConfig, PodDNSConfigOption, PodSecurityContext, PodSpec, PodTemplateSpec,
    Probe, ResourceRequirements, SeccompProfile, SecurityContext, TopologySpreadConstraint, Volume, VolumeMount,
    WeightedPodAffinityTerm,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::{files, labels, service, whose};
use crate::substrate::kubernetes::settings::Settings;
use crate::substrate::{NodePlan, Role};

/// Nobody in particular: the same in every image, whoever that says it is.
const USER: i64 = 65532;

/// A pod that runs `containers`, after `first` have ended.
pub struct Pod {
    pub first: Vec<Container>,
    pub containers: Vec<Container>,
    pub volumes: Vec<Volume>,
    pub grace_seconds: i64,
}

/// The template, and the fingerprint by which its pod is told from that of any other plan.
pub fn template(plan: &NodePlan, settings: &Settings, pod: Pod) -> (PodTemplateSpec, String) {
    let secret = |name: &String| LocalObjectReference { name: name.clone() };
    let pull_secrets: Vec<_> = settings.pull_secrets.iter().map(secret).collect();
    let spec = PodSpec {
        init_containers: (!pod.first.is_empty()).then_some(pod.first),
        containers: pod.containers,
        volumes: Some(pod.volumes),
        security_context: Some(security()),
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        image_pull_secrets: (!pull_secrets.is_empty()).then_some(pull_secrets),
        termination_grace_period_seconds: Some(pod.grace_seconds),
        affinity: Some(apart(plan)),
        topology_spread_constraints: Some(vec![spread(plan)]),
        // Nodes are dialled by full names; with the usual 5 each look-up would try the search list first.
        dns_config: Some(PodDNSConfig {
            options: Some(vec![PodDNSConfigOption {
                name: Some("ndots".to_owned()),
                value: Some("2".to_owned()),
            }]),
            ..PodDNSConfig::default()
        }),
        ..PodSpec::default()
    };
    let fingerprint = files::fingerprint(plan, &spec);
    let annotations = BTreeMap::from([whose(&plan.id), (annotation::PLAN.to_owned(), fingerprint.clone())]);
    let metadata = ObjectMeta {
        labels: Some(labels(plan)),
        annotations: Some(annotations),
        ..ObjectMeta::default()
    };
    let template = PodTemplateSpec {
        metadata: Some(metadata),
        spec: Some(spec),
    };
    (template, fingerprint)
}

/// A container under the `restricted` level. Its last words are kept for the reason of a failure.
pub fn container(name: &str, image: &str, needs: Needs) -> Container {
    Container {
        name: name.to_owned(),
        image: Some(image.to_owned()),
        image_pull_policy: Some("IfNotPresent".to_owned()),
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        resources: Some(resources(needs)),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            capabilities: Some(Capabilities {
                drop: Some(vec!["ALL".to_owned()]),
                add: None,
            }),
            read_only_root_filesystem: Some(true),
            ..SecurityContext::default()
        }),
        ..Container::default()
    }
}

fn security() -> PodSecurityContext {
    PodSecurityContext {
        run_as_non_root: Some(true),
        run_as_user: Some(USER),
        run_as_group: Some(USER),
        fs_group: Some(USER),
        // A ledger has many files, and they are ours already after the first time.
        fs_group_change_policy: Some("OnRootMismatch".to_owned()),
        seccomp_profile: Some(SeccompProfile {
            type_: "RuntimeDefault".to_owned(),
            localhost_profile: None,
        }),
        ..PodSecurityContext::default()
    }
}

fn resources(needs: Needs) -> ResourceRequirements {
    let quantity = |name: &str, value: String| (name.to_owned(), Quantity(value));
    ResourceRequirements {
        requests: Some(BTreeMap::from([
            quantity("cpu", format!("{}m", needs.cpu)),
            quantity("memory", binary(needs.memory)),
        ])),
        // No limit of CPU: a throttled orderer loses its elections.
        limits: Some(BTreeMap::from([quantity("memory", binary(needs.memory_limit))])),
        claims: None,
    }
}

/// Bytes in the largest unit that they are a whole number of.
fn binary(bytes: u64) -> String {
    let units = [("Gi", 30), ("Mi", 20), ("Ki", 10)];
    let whole = units
        .into_iter()
        .find(|(_, bits)| bytes > 0 && bytes.is_multiple_of(1 << bits));
    whole.map_or_else(|| bytes.to_string(), |(unit, bits)| format!("{}{unit}", bytes >> bits))
}

pub fn ports(role: Role) -> Vec<ContainerPort> {
    let port = |(name, port): (&str, u16)| ContainerPort {
        name: Some(name.to_owned()),
        container_port: port.into(),
        protocol: Some("TCP".to_owned()),
        ..ContainerPort::default()
    };
    service::ports(role).into_iter().map(port).collect()
}

/// Asks the operations endpoint, plain HTTP: a probe of the TLS ports would leave a failed handshake in the log.
pub fn asks(path: &str, period_seconds: i32, failures: i32) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.to_owned()),
            port: IntOrString::String("operations".to_owned()),
            ..HTTPGetAction::default()
        }),
        period_seconds: Some(period_seconds),
        timeout_seconds: Some(5),
        failure_threshold: Some(failures),
        ..Probe::default()
    }
}

/// Siblings: pods of the same chain, role and organization.
fn siblings(plan: &NodePlan) -> LabelSelector {
    let mut wanted = labels(plan);
    wanted.retain(|key, _| matches!(key.as_str(), label::CHAIN | label::ROLE | label::ORGANIZATION));
    LabelSelector {
        match_labels: Some(wanted),
        match_expressions: None,
    }
}

/// On different machines where there are enough of them.
fn apart(plan: &NodePlan) -> Affinity {
    let term = PodAffinityTerm {
        label_selector: Some(siblings(plan)),
        topology_key: "kubernetes.io/hostname".to_owned(),
        ..PodAffinityTerm::default()
    };
    Affinity {
        pod_anti_affinity: Some(PodAntiAffinity {
            preferred_during_scheduling_ignored_during_execution: Some(vec![WeightedPodAffinityTerm {
                weight: 100,
                pod_affinity_term: term,
            }]),
            ..PodAntiAffinity::default()
        }),
        ..Affinity::default()
    }
}

/// Over zones, where there are any.
fn spread(plan: &NodePlan) -> TopologySpreadConstraint {
    TopologySpreadConstraint {
        label_selector: Some(siblings(plan)),
        max_skew: 1,
        topology_key: "topology.kubernetes.io/zone".to_owned(),
        when_unsatisfiable: "ScheduleAnyway".to_owned(),
        ..TopologySpreadConstraint::default()
    }
}

/// An empty folder that lives as long as the pod.
pub fn scratch(name: &str, limit: &str) -> Volume {
    Volume {
        name: name.to_owned(),
        empty_dir: Some(EmptyDirVolumeSource {
            size_limit: Some(Quantity(limit.to_owned())),
            ..EmptyDirVolumeSource::default()
        }),
        ..Volume::default()
    }
}

pub fn mount(name: &str, path: &str) -> VolumeMount {
    VolumeMount {
        name: name.to_owned(),
        mount_path: path.to_owned(),
        ..VolumeMount::default()
    }
}

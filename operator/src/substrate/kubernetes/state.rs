//! What a pod says of its node, in the words of whoever waits for it. Pure.

use std::time::{Duration, SystemTime};

use entente_api::names::annotation;
use k8s_openapi::api::core::v1::{ContainerState, ContainerStateTerminated, ContainerStatus, Pod, PodStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt as _;

use super::objects;
use crate::substrate::{NodeId, NodeState};

/// A node that runs and is not ready for this long is said to be failing, though it goes on.
const SLOW: Duration = Duration::from_secs(60);
/// More of a container's last words than this helps nobody.
const MOST_WORDS: usize = 500;

/// What is remembered of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    pub node: NodeId,
    /// Fingerprint of the plan that it was made from.
    pub plan: String,
    /// It has been told to end.
    pub leaving: bool,
    pub phase: Phase,
    /// How often its container was started again.
    pub restarts: u32,
}

/// Where a pod stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// Waiting for a machine, a volume, an image.
    Coming,
    /// Its container runs and does not serve yet.
    Unready {
        since: SystemTime,
    },
    Ready {
        since: SystemTime,
    },
    /// It cannot, and why.
    Stuck(String),
}

impl Sight {
    /// `None` for a pod that is no node's.
    pub fn of(pod: &Pod) -> Option<Sight> {
        let node = objects::owner(&pod.metadata)?;
        let status = pod.status.as_ref();
        let containers = status.and_then(|status| status.container_statuses.as_deref());
        let restarts = containers
            .unwrap_or_default()
            .iter()
            .map(|container| container.restart_count)
            .sum::<i32>();
        Some(Sight {
            node,
            plan: pod.annotations().get(annotation::PLAN).cloned().unwrap_or_default(),
            leaving: pod.metadata.deletion_timestamp.is_some(),
            phase: status.map_or(Phase::Coming, phase),
            restarts: restarts.try_into().unwrap_or_default(),
        })
    }

    pub fn state(&self, now: SystemTime) -> NodeState {
        let restarts = self.restarts;
        match &self.phase {
            _ if self.leaving => NodeState::Starting,
            Phase::Coming => NodeState::Starting,
            Phase::Unready { since } if now.duration_since(*since).is_ok_and(|waited| waited > SLOW) => {
                let reason = "it runs, but does not serve all of its channels".to_owned();
                NodeState::Failing { reason, restarts }
            }
            Phase::Unready { .. } => NodeState::Starting,
            Phase::Ready { since } => NodeState::Running {
                since: *since,
                restarts,
            },
            Phase::Stuck(reason) => NodeState::Failing {
                reason: reason.clone(),
                restarts,
            },
        }
    }
}

fn phase(status: &PodStatus) -> Phase {
    if let Some(reason) = unscheduled(status).or_else(|| ended(status)) {
        return Phase::Stuck(reason);
    }
    let first = status.init_container_statuses.iter().flatten();
    if let Some(reason) = first.filter_map(stuck).next() {
        return Phase::Stuck(reason);
    }
    let Some(container) = status.container_statuses.iter().flatten().next() else {
        return Phase::Coming;
    };
    if let Some(reason) = stuck(container) {
        return Phase::Stuck(reason);
    }
    let running = container.state.as_ref().and_then(|state| state.running.as_ref());
    let Some(running) = running else {
        return Phase::Coming;
    };
    let since = running.started_at.as_ref().map_or(SystemTime::UNIX_EPOCH, moment);
    match container.ready {
        true => Phase::Ready { since },
        false => Phase::Unready { since },
    }
}

/// Why no machine takes the pod.
fn unscheduled(status: &PodStatus) -> Option<String> {
    let mut conditions = status.conditions.iter().flatten();
    let refused = conditions.find(|condition| {
        condition.type_ == "PodScheduled"
            && condition.status == "False"
            && condition.reason.as_deref() == Some("Unschedulable")
    })?;
    let message = refused.message.as_deref().unwrap_or("the scheduler does not say why");
    Some(format!("no machine of the cluster can take it: {message}"))
}

/// Why the pod as a whole was ended, as when its machine ran out of memory.
fn ended(status: &PodStatus) -> Option<String> {
    if status.phase.as_deref() != Some("Failed") {
        return None;
    }
    let said = status.message.as_deref().or(status.reason.as_deref());
    Some(format!(
        "its pod was ended: {}",
        said.unwrap_or("the cluster does not say why")
    ))
}

fn stuck(container: &ContainerStatus) -> Option<String> {
    let state = container.state.as_ref()?;
    if let Some(terminated) = &state.terminated {
        return failed(terminated);
    }
    let waiting = state.waiting.as_ref()?;
    let message = waiting.message.as_deref().unwrap_or_default();
    match waiting.reason.as_deref()? {
        "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" | "ErrImageNeverPull" | "ImageInspectError" => {
            Some(format!("its image {} cannot be pulled: {message}", container.image))
        }
        "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" => {
            Some(format!("its container cannot be started: {message}"))
        }
        "CrashLoopBackOff" => {
            let last = container.last_state.as_ref().and_then(last_end);
            last.or_else(|| Some(format!("it ends again and again: {message}")))
        }
        _ => None,
    }
}

fn last_end(state: &ContainerState) -> Option<String> {
    let terminated = state.terminated.as_ref()?;
    Some(failed(terminated).unwrap_or_else(|| "it ended as if it had been told to".to_owned()))
}

/// How a container failed, with its last words. `None` when it ended well, as what prepares a node does.
fn failed(terminated: &ContainerStateTerminated) -> Option<String> {
    if terminated.reason.as_deref() == Some("OOMKilled") {
        return Some("it needed more memory than its limit allows".to_owned());
    }
    if terminated.exit_code == 0 {
        return None;
    }
    let how = match terminated.signal {
        Some(signal) if signal > 0 => format!("it was ended by signal {signal}"),
        _ => format!("it ended with exit code {}", terminated.exit_code),
    };
    let message = terminated.message.as_deref().unwrap_or_default();
    let words = message.lines().rev().map(str::trim).find(|line| !line.is_empty());
    Some(match words {
        Some(words) => format!("{how}: {}", words.chars().take(MOST_WORDS).collect::<String>()),
        None => how,
    })
}

fn moment(time: &Time) -> SystemTime {
    time.0.into()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn seen(status: Value) -> Sight {
        let pod = json!({
            "metadata": {
                "namespace": "hebei",
                "annotations": {"entente.dev/node-name": "ledger/orderer0", "entente.dev/plan": "a1"},
            },
            "status": status,
        });
        Sight::of(&serde_json::from_value(pod).unwrap()).unwrap()
    }

    fn reason(status: Value) -> String {
        match seen(status).state(SystemTime::now()) {
            NodeState::Failing { reason, .. } => reason,
            other => format!("{other:?}"),
        }
    }

    fn container(state: Value) -> Value {
        json!({"containerStatuses": [{
            "name": "node", "image": "registry/node:1", "imageID": "", "ready": false, "restartCount": 3, "state": state,
            "lastState": {"terminated": {"exitCode": 1, "message": "starting\nthe data folder is full\n"}},
        }]})
    }

    #[test]
    fn a_pod_that_cannot_run_says_why() {
        let unschedulable = json!({"conditions": [{
            "type": "PodScheduled", "status": "False", "reason": "Unschedulable",
            "message": "0/1 nodes are available: 1 Insufficient cpu.",
        }]});
        let image = container(json!({"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}));
        let crash = container(json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}}));
        let memory = container(json!({"terminated": {"exitCode": 137, "reason": "OOMKilled"}}));
        let evicted =
            json!({"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."});

        assert_eq!(
            reason(unschedulable),
            "no machine of the cluster can take it: 0/1 nodes are available: 1 Insufficient cpu."
        );
        assert_eq!(reason(image), "its image registry/node:1 cannot be pulled: not found");
        assert_eq!(reason(crash), "it ended with exit code 1: the data folder is full");
        assert_eq!(reason(memory), "it needed more memory than its limit allows");
        assert_eq!(
            reason(evicted),
            "its pod was ended: The node was low on resource: memory."
        );
    }

    #[test]
    fn a_node_runs_once_it_is_ready() {
        let began = "2026-01-02T03:04:05Z";
        let status = |ready: bool| {
            json!({"containerStatuses": [{
                "name": "node", "image": "", "imageID": "", "ready": ready, "restartCount": 1,
                "state": {"running": {"startedAt": began}},
            }]})
        };
        let since: SystemTime = began.parse::<k8s_openapi::jiff::Timestamp>().unwrap().into();

        let soon = seen(status(false)).state(since + Duration::from_secs(1));
        let late = seen(status(false)).state(since + Duration::from_secs(61));
        let ready = seen(status(true)).state(since);

        assert_eq!(soon, NodeState::Starting);
        assert!(matches!(late, NodeState::Failing { .. }), "{late:?}");
        assert_eq!(ready, NodeState::Running { since, restarts: 1 });
        assert_eq!(seen(json!({})).state(since), NodeState::Starting);
    }
}

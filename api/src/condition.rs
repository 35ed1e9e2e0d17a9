//! What every status says: a one-word state, conditions, and the steps of the work that is going on.
//!
//! Conditions follow Kubernetes' conventions: `Ready` is always there, and `lastTransitionTime` moves only when a
//! condition flips.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::time::Time;

/// Condition types.
pub mod kind {
    /// The resource is what its spec asks for, and usable.
    pub const READY: &str = "Ready";
    /// The spec makes sense. `False` waits for an edit; what ran before is left alone.
    pub const ACCEPTED: &str = "Accepted";
}

/// Reasons of conditions.
pub mod reason {
    pub const READY: &str = "Ready";
    pub const ACCEPTED: &str = "Accepted";
    /// The spec is refused; the message names the field.
    pub const INVALID: &str = "Invalid";
    /// Something that this resource needs does not exist or is not ready yet.
    pub const WAITING: &str = "Waiting";
    /// Work is going on.
    pub const PROVISIONING: &str = "Provisioning";
    /// A step failed and is tried again.
    pub const FAILED: &str = "Failed";
    /// Deletion is going on.
    pub const DELETING: &str = "Deleting";
    /// It works, but a node or service of it does not.
    pub const DEGRADED: &str = "Degraded";
    /// Too few organizations have approved what is proposed; the message names those who are awaited.
    pub const AWAITING_APPROVAL: &str = "AwaitingApproval";
    /// It runs no nodes, as its spec asks.
    pub const SUSPENDED: &str = "Suspended";
}

/// One aspect of a resource's condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// Which aspect, for example `Ready`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// One CamelCase word for programs.
    pub reason: String,
    /// What is the matter, for people.
    #[serde(default)]
    pub message: String,
    /// When `status` last changed.
    pub last_transition_time: Time,
    /// The generation of the spec that this condition speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
}

/// Where a resource stands, in one word. Programs should expect words that they do not know yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// Accepted and not yet begun, or waiting for something else.
    #[default]
    Pending,
    /// Being made for the first time.
    Provisioning,
    /// As the spec asks.
    Ready,
    /// In use, and being changed to a newer spec.
    Updating,
    /// In use, with a part that does not work.
    Degraded,
    /// A step failed; it is tried again.
    Failed,
    /// The spec is refused and waits for an edit.
    Rejected,
    /// It runs no nodes, as the spec asks; ledgers and keys are kept.
    Suspended,
    /// Being deleted.
    Deleting,
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum StepState {
    /// Not begun.
    #[default]
    Pending,
    /// Being done, or waiting for something else.
    Running,
    /// Done.
    Succeeded,
    /// Failed for now; `attempt` counts the tries.
    Failed,
}

/// One step of the work on a resource, in the order of the list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// Unique in the list, for example `channel/main/join-orderers`.
    pub name: String,
    pub state: StepState,
    /// When the current attempt began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Time>,
    /// When it succeeded or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_time: Option<Time>,
    /// 1 for the first try; 0 when not begun.
    #[serde(default)]
    pub attempt: u32,
    /// What is being done or was done, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Why it failed, in plain words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// The part that every status shares.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// The generation of the spec that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Where the resource stands, in one word.
    #[serde(default)]
    pub state: State,
    /// Aspects of its condition; `Ready` is always there once the operator has seen it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// The steps that lead to what the spec asks, with their times.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
}

impl Progress {
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.kind == kind)
    }

    pub fn is_ready(&self) -> bool {
        self.condition(kind::READY).is_some_and(|ready| ready.status == "True")
    }

    /// Ready, and about this very generation of the spec.
    pub fn is_ready_at(&self, generation: i64) -> bool {
        self.is_ready() && self.observed_generation == Some(generation)
    }

    /// Whether people must decide before anything else happens.
    pub fn awaits_approval(&self) -> bool {
        let ready = self.condition(kind::READY);
        ready.is_some_and(|ready| ready.status != "True" && ready.reason == reason::AWAITING_APPROVAL)
    }

    pub fn step(&self, name: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.name == name)
    }

    /// Sets one condition; its transition time moves only when `status` flips.
    pub fn set_condition(&mut self, kind: &str, status: bool, reason: &str, message: &str, now: Time) {
        let status = if status { "True" } else { "False" }.to_owned();
        let since = self
            .condition(kind)
            .filter(|old| old.status == status)
            .map(|old| old.last_transition_time);
        let condition = Condition {
            kind: kind.to_owned(),
            status,
            reason: reason.to_owned(),
            message: message.to_owned(),
            last_transition_time: since.unwrap_or(now),
            observed_generation: self.observed_generation,
        };
        match self.conditions.iter_mut().find(|old| old.kind == kind) {
            Some(old) => *old = condition,
            None => self.conditions.push(condition),
        }
    }
}

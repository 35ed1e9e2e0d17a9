//! Operations: one long-running request with its steps, as the API and the console show it.
//!
//! The resource is the truth. An operation is derived from its status by [`derive`]; [`tracker`] writes down how each
//! one ends, so that it can still be asked about when the resource has moved on.

pub mod derive;
pub mod retry;
pub mod tracker;
pub mod words;

use std::ops::{Deref, DerefMut};

use entente_api::condition::Step;
use entente_api::time::Time;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// One long-running request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// Opaque; ordered by time.
    pub id: String,
    /// What was asked.
    #[serde(rename = "type")]
    pub kind: OperationKind,
    /// What it works on.
    pub target: Target,
    /// Where it stands.
    pub state: OperationState,
    /// How many steps are done, and how many are known.
    pub progress: StepCount,
    /// The steps, in order.
    pub steps: Vec<OperationStep>,
    /// Why it failed; while it runs, why the step that is being tried again failed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<OperationError>,
    /// When it was asked.
    pub create_time: Time,
    /// When work on it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Time>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_time: Option<Time>,
    /// Counts the changes of this operation; the id of its server-sent events.
    pub revision: i64,
}

/// A step as an operation shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OperationStep {
    #[serde(flatten)]
    pub step: Step,
    /// What is done in it, in a few words of the caller's language.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
}

impl From<Step> for OperationStep {
    fn from(step: Step) -> OperationStep {
        OperationStep {
            step,
            title: String::new(),
        }
    }
}

impl Deref for OperationStep {
    type Target = Step;

    fn deref(&self) -> &Step {
        &self.step
    }
}

impl DerefMut for OperationStep {
    fn deref_mut(&mut self) -> &mut Step {
        &mut self.step
    }
}

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum OperationKind {
    Create,
    Update,
    Delete,
    /// Into the recycle bin.
    Recycle,
    /// Out of the recycle bin.
    Undelete,
    Restart,
}

impl OperationKind {
    pub fn as_str(self) -> &'static str {
        match self {
            OperationKind::Create => "create",
            OperationKind::Update => "update",
            OperationKind::Delete => "delete",
            OperationKind::Recycle => "recycle",
            OperationKind::Undelete => "undelete",
            OperationKind::Restart => "restart",
        }
    }
}

/// What an operation works on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// Kind of the resource, for example `Chain`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its uid: a later resource of the same name is another one.
    pub uid: String,
    /// The generation of the spec that the operation brings about.
    pub generation: i64,
    /// The node of the chain, when it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
}

impl Target {
    pub fn new(kind: &str, name: &str, uid: &str, generation: i64) -> Target {
        Target {
            kind: kind.to_owned(),
            name: name.to_owned(),
            uid: uid.to_owned(),
            generation,
            node: None,
        }
    }
}

/// Where an operation stands. `succeeded`, `failed` and `cancelled` are final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum OperationState {
    /// Accepted; the operator has not seen it yet.
    Pending,
    /// Being worked on. A step that fails is tried again.
    Running,
    /// The resource is what was asked for.
    Succeeded,
    /// It cannot be done as asked; `error` says why.
    Failed,
    /// A later request took its place.
    Cancelled,
}

impl OperationState {
    pub fn as_str(self) -> &'static str {
        match self {
            OperationState::Pending => "pending",
            OperationState::Running => "running",
            OperationState::Succeeded => "succeeded",
            OperationState::Failed => "failed",
            OperationState::Cancelled => "cancelled",
        }
    }

    pub fn is_terminal(self) -> bool {
        matches!(
            self,
            OperationState::Succeeded | OperationState::Failed | OperationState::Cancelled
        )
    }
}

/// How far an operation is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepCount {
    /// How many have succeeded.
    pub done: u32,
    /// How many there are.
    pub total: u32,
}

/// Why an operation failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OperationError {
    /// One word for programs.
    pub code: String,
    /// What went wrong, in plain words.
    pub detail: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Operation {
    /// A new operation that nobody has worked on.
    pub fn start(kind: OperationKind, target: Target, now: Time) -> Operation {
        Operation {
            id: Uuid::now_v7().to_string(),
            kind,
            target,
            state: OperationState::Pending,
            progress: StepCount::default(),
            steps: Vec::new(),
            error: None,
            create_time: now,
            start_time: None,
            end_time: None,
            revision: 1,
        }
    }
}

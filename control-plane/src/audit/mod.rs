//! What was done and what was refused, by whom: rows that are chained by their hashes, so that nobody edits, removes or
//! reorders one without a trace.

pub mod anchor;
mod args;
pub mod chain;
pub mod cluster;
mod note;
pub mod retention;

use entente_api::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

pub use args::{AnchorPlace, AuditArgs};
pub use note::Note;

/// How something that was asked for ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// It was done, or is being done by the operation that was started for it.
    Done,
    /// Whoever asked may not; of `kubectl`, that the cluster has not done it, by a rule, a policy or because of another change.
    Refused,
    /// It could not be done.
    Failed,
    /// The platform ended, or was not there, while it was done; whether it was is for the object to tell.
    Interrupted,
}

impl Outcome {
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::Refused => "refused",
            Outcome::Failed => "failed",
            Outcome::Interrupted => "interrupted",
        }
    }
}

/// One row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditEvent {
    /// Number of the row, from 1 on, without a gap.
    #[schema(example = 42)]
    pub seq: i64,
    /// When it ended.
    pub time: Time,
    /// Who asked: an e-mail address, `key:` with the name of an API key, `installation`, or `unknown`; `kubectl:` with the
    /// user of the cluster who has changed a resource past the API, such as `kubectl:li@bank.example`, or `cluster:` with
    /// the program alone, such as `cluster:kubectl-edit`, where the cluster has not told the user; `retention` for what
    /// the platform does by itself.
    #[schema(example = "li@bank.example")]
    pub actor: String,
    /// Id of the user or key.
    #[schema(example = "01939b2e-6f3a-7c11-a3c5-0d1f5a2b7c9e")]
    pub actor_id: String,
    /// What was asked for: the operation's id in the OpenAPI document.
    #[schema(example = "chain_create")]
    pub action: String,
    /// What it was asked of, such as `chains/ledger`.
    #[schema(example = "chains/ledger")]
    pub object: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Status of the answer; 0 when there was none.
    #[schema(example = 202)]
    pub status: u16,
    /// Code of the problem that was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "forbidden")]
    pub code: Option<String>,
    /// The request, as its answer and the platform's log name it.
    pub request_id: String,
    /// Where the request came from.
    #[schema(example = "10.0.3.7")]
    pub address: String,
    /// The object before; without secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub before: Option<Value>,
    /// The object afterwards; without secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub after: Option<Value>,
    /// Hash of the row before; of the first, the empty text.
    pub previous: String,
    /// SHA-256 of the row without this field, in the canonical form of RFC 8785, in hexadecimal digits.
    pub hash: String,
}

impl AuditEvent {
    /// What was done without a request: by the platform itself, or past it.
    fn unasked(time: Time, actor: String, action: String, object: String, after: Value) -> AuditEvent {
        AuditEvent {
            seq: 0,
            time,
            actor,
            actor_id: String::new(),
            action,
            object,
            outcome: Outcome::Done,
            status: 0,
            code: None,
            request_id: String::new(),
            address: String::new(),
            before: None,
            after: Some(after),
            previous: String::new(),
            hash: String::new(),
        }
    }
}

//! `/v1/chains/{chain}/nodes/{node}`, whole: what the operator reports, what the node tells, and how it compares.

use axum::extract::State;
use entente_api::member::NodeStatus;
use entente_api::time::Time;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::extract::Path;
use super::nodes::{find_node, node_id};
use super::problem::{Problem, ProblemBody};
use super::request_id;
use crate::access::{Action, Caller, TenantScope};
use crate::nodes;
use crate::nodes::account::{Account, NodeChannel, NodeCondition, NodeEvent};
use crate::operation::Operation;
use crate::store;

/// Operations that are looked through for those of one node.
const OPERATIONS: usize = 100;

/// A node, with what it tells when it is asked.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeDetail {
    #[serde(flatten)]
    pub status: NodeStatus,
    /// Aspects of its condition.
    pub conditions: Vec<NodeCondition>,
    /// What has happened to it lately, newest first.
    pub events: Vec<NodeEvent>,
    /// Channels that it serves, and how far it has come on each.
    pub channels: Vec<NodeChannel>,
    /// What it uses of the machine, as far as that is known.
    pub usage: NodeUsage,
    /// Days until its certificate expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_days_left: Option<i64>,
    /// Nodes of the chain that did not answer; what is said of heights goes without them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unreachable: Vec<String>,
}

/// What a node uses.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeUsage {
    /// Processor time since it started, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_seconds: Option<f64>,
    /// Memory of its processes, shared pages counted in proportion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// What its folder takes on disk; where the platform runs nodes itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_bytes: Option<u64>,
}

/// Read a node.
///
/// Asks the nodes of the chain how far they have come; `unreachable` names those that did not answer.
#[utoipa::path(
    get, path = "/v1/chains/{chain}/nodes/{node}", tag = "nodes",
    params(("chain" = String, Path, description = "Name of the chain"), ("node" = String, Path, description = "Name of the node")),
    responses((status = OK, body = NodeDetail), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn node_get(
    State(app): State<App>,
    caller: Caller,
    Path((chain, node)): Path<(String, String)>,
) -> Result<axum::Json<NodeDetail>, Problem> {
    let scope = caller.may(Action::ReadChains)?;
    let (seen, all, status) = find_node(&app, &scope, &chain, &node).await?;
    let id = node_id(&scope, &chain, &node);
    let (answers, memory, disk, operations) = tokio::join!(
        nodes::ask(&all),
        app.nodes.memory(&id),
        app.nodes.disk(&id),
        operations(&app, &scope, &chain),
    );
    let told = answers.told.get(&node);
    let account = Account {
        status: &status,
        told,
        chain: seen.chain.status.as_ref(),
        answers: &answers,
        now: Time::now(),
        language: request_id::current().language,
    };
    let channels = account.channels();
    Ok(axum::Json(NodeDetail {
        conditions: account.conditions(&channels),
        events: account.events(&operations?),
        usage: NodeUsage {
            cpu_seconds: told.and_then(|told| told.process("process_cpu_seconds_total")),
            memory_bytes: memory,
            disk_bytes: disk,
        },
        certificate_days_left: nodes::days_left(&status, account.now),
        channels,
        unreachable: answers.silent.clone(),
        status,
    }))
}

async fn operations(app: &App, scope: &TenantScope, chain: &str) -> Result<Vec<Operation>, Problem> {
    let filter = store::operation::Filter {
        target_kind: Some("Chain"),
        target_name: Some(chain),
        ..Default::default()
    };
    Ok(store::operation::list(&app.db, scope, &filter, None, OPERATIONS).await?)
}

//! `/v1/chains/{chain}/nodes/{node}/metrics`.

use axum::extract::State;
use entente_api::time::Time;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::codes::Code;
use super::extract::Path;
use super::nodes::find_node;
use super::problem::{Problem, ProblemBody};
use super::request_id;
use crate::access::{Action, Caller};
use crate::nodes::{self, figures};

/// What a node counts.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeMetrics {
    /// Name of the node.
    pub node: String,
    /// When it was asked.
    pub time: Time,
    /// Its numbers; those of one metric beside each other.
    pub metrics: Vec<NodeMetric>,
}

/// A number of a node.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeMetric {
    /// What it is called.
    pub name: String,
    /// What it means.
    pub meaning: String,
    /// What it is counted in; empty for plain numbers.
    pub unit: String,
    /// The channel that it is of; absent when it is the whole node's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// The number. Those that count begin at zero when the node starts.
    pub value: f64,
}

/// Read what a node counts.
///
/// A small set of numbers, the same for both engines, from the node's own operations endpoint.
#[utoipa::path(
    get, path = "/v1/chains/{chain}/nodes/{node}/metrics", tag = "nodes",
    params(("chain" = String, Path, description = "Name of the chain"), ("node" = String, Path, description = "Name of the node"),
        ("Accept-Language" = Option<String>, Header, description = "en, or zh-CN")),
    responses((status = OK, body = NodeMetrics), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn node_metrics(
    State(app): State<App>,
    caller: Caller,
    Path((chain, node)): Path<(String, String)>,
) -> Result<axum::Json<NodeMetrics>, Problem> {
    let scope = caller.may(Action::ReadChains)?;
    let (_, _, status) = find_node(&app, &scope, &chain, &node).await?;
    let answers = nodes::ask(std::slice::from_ref(&status)).await;
    let told = answers.told.get(&node).ok_or_else(|| {
        let detail = format!("The node \"{node}\" has not answered within two seconds.");
        Problem::new(Code::NodeUnreachable, detail).with_retry_after(2)
    })?;
    let language = request_id::current().language;
    let metrics = figures::of(told, language).into_iter().map(|shown| NodeMetric {
        name: shown.name.to_owned(),
        meaning: shown.meaning.to_owned(),
        unit: shown.unit.to_owned(),
        channel: shown.channel,
        value: shown.value,
    });
    Ok(axum::Json(NodeMetrics {
        node,
        time: Time::now(),
        metrics: metrics.collect(),
    }))
}

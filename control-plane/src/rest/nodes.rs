//! `/v1/chains/{chain}/nodes`: the chain's orderers and peers, their logs, and starting one anew.

use std::convert::Infallible;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use entente_api::member::NodeStatus;
use entente_api::time::Time;
use entente_operator::substrate::{NodeId, SubstrateError};
use futures::{StreamExt as _, TryStreamExt as _};
use serde::Deserialize;
use utoipa::IntoParams;

use super::App;
use super::codes::Code;
use super::extract::{Path, Query};
use super::operations::ServerSentEvent;
use super::page::{Page, PageQuery};
use super::problem::{Problem, ProblemBody};
use super::resources::target;
use super::view::Accepted;
use crate::access::{Action, Caller, TenantScope};
use crate::operation::{Operation, OperationKind};
use crate::store;
use crate::store::shared::Seen;

const DEFAULT_TAIL: usize = 200;
const LONGEST_TAIL: usize = 10_000;

/// List the nodes of a chain.
#[utoipa::path(
    get, path = "/v1/chains/{chain}/nodes", tag = "nodes",
    params(("chain" = String, Path, description = "Name of the chain"), PageQuery),
    responses((status = OK, body = Page<NodeStatus>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn node_list(
    State(app): State<App>,
    caller: Caller,
    Path(chain): Path<String>,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<Page<NodeStatus>>, Problem> {
    let scope = caller.may(Action::ReadChains)?;
    let window = page.window(&format!("nodes {chain}"))?;
    let seen = find_chain(&app, &scope, &chain).await?;
    let mut nodes = store::nodes::of_seen(&app.resources, &scope, &seen).await?;
    nodes.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(axum::Json(window.page(nodes, |node| node.name.clone())))
}

/// Which part of a log.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct LogQuery {
    /// How many of the last lines, 200 when absent, at most 10000.
    pub tail: Option<usize>,
    /// Go on with new lines as they come, as server-sent events of the type `line`.
    #[serde(default)]
    pub follow: bool,
}

/// Read the log of a node.
///
/// Plain text; with `follow`, server-sent events of the type `line`.
#[utoipa::path(
    get, path = "/v1/chains/{chain}/nodes/{node}/logs", tag = "nodes",
    params(("chain" = String, Path, description = "Name of the chain"), ("node" = String, Path, description = "Name of the node"), LogQuery),
    responses((status = OK, content((String = "text/plain"), (ServerSentEvent = "text/event-stream"))), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn node_logs(
    State(app): State<App>,
    caller: Caller,
    Path((chain, node)): Path<(String, String)>,
    Query(query): Query<LogQuery>,
) -> Result<Response, Problem> {
    let scope = caller.may(Action::ReadChains)?;
    find_node(&app, &scope, &chain, &node).await?;
    let tail = query.tail.unwrap_or(DEFAULT_TAIL).min(LONGEST_TAIL);
    let lines = app
        .nodes
        .logs(&node_id(&scope, &chain, &node), tail, query.follow)
        .await?;
    if !query.follow {
        let lines: Vec<String> = lines.try_collect().await.map_err(Problem::internal)?;
        let text: String = lines.into_iter().map(|line| line + "\n").collect();
        return Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response());
    }
    let events = lines
        .filter_map(async |line| line.ok())
        .take_until(app.stop.clone().cancelled_owned())
        .map(|line| Ok::<_, Infallible>(Event::default().event("line").data(line)));
    Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}

/// Start a node anew.
///
/// The operation ends when the node is ready again.
#[utoipa::path(
    post, path = "/v1/chains/{chain}/nodes/{node}:restart", tag = "nodes",
    params(("chain" = String, Path, description = "Name of the chain"), ("node" = String, Path, description = "Name of the node")),
    responses((status = ACCEPTED, body = Accepted<NodeStatus>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn node_restart(
    State(app): State<App>,
    caller: Caller,
    Path((chain, node)): Path<(String, String)>,
) -> Result<Accepted<NodeStatus>, Problem> {
    let scope = caller.may(Action::OperateNodes)?;
    let (seen, _, node) = find_node(&app, &scope, &chain, &node).await?;
    let mut target = target(&seen.chain);
    target.node = Some(node.name.clone());
    let operation = Operation::start(OperationKind::Restart, target, Time::now());
    store::operation::insert(&app.db, &scope, &operation).await?;
    app.nodes.restart(&node_id(&scope, &chain, &node.name)).await?;
    app.operations.woken();
    Ok(Accepted {
        resource: node,
        operation: Some(operation),
    })
}

/// A shared chain is called among the nodes of the tenant what it is called here.
pub(super) fn node_id(scope: &TenantScope, chain: &str, node: &str) -> NodeId {
    NodeId {
        namespace: scope.namespace().to_owned(),
        chain: chain.to_owned(),
        name: node.to_owned(),
    }
}

impl From<SubstrateError> for Problem {
    fn from(error: SubstrateError) -> Problem {
        match error {
            SubstrateError::Refused(reason) => Problem::new(Code::Conflict, reason),
            other => Problem::internal(other),
        }
    }
}

/// A node with its chain and all nodes of that which the tenant sees.
pub(super) async fn find_node(
    app: &App,
    scope: &TenantScope,
    chain: &str,
    node: &str,
) -> Result<(Seen, Vec<NodeStatus>, NodeStatus), Problem> {
    let seen = find_chain(app, scope, chain).await?;
    let nodes = store::nodes::of_seen(&app.resources, scope, &seen).await?;
    let found = nodes.iter().find(|known| known.name == node).cloned();
    let found = found.ok_or_else(|| Problem::not_found("node", node))?;
    Ok((seen, nodes, found))
}

/// A chain that the tenant has, or that is shared with it.
pub(super) async fn find_chain(app: &App, scope: &TenantScope, name: &str) -> Result<Seen, Problem> {
    let seen = app.resources.seen(scope, name).await?;
    seen.ok_or_else(|| Problem::not_found("chain", name))
}

//! `/v1/chains/{chain}/nodes/{node}`, whole: what the operator reports, what the node tells, and how it compares.

use axum::extract::State;
use entente_api::chain::ChainStatus;
use entente_api::condition::State as Standing;
use entente_api::member::NodeStatus;
use entente_api::time::Time;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::codes::Code;
use super::extract::Path;
use super::language::Language;
use super::nodes::{find_node, node_id};
use super::problem::{Problem, ProblemBody};
use super::request_id;
use crate::access::{Action, Caller, TenantScope};
use crate::nodes::told::Told;
use crate::nodes::{self, Answers, figures};
use crate::operation::{Operation, OperationKind};
use crate::store;

/// A peer that lacks more blocks than this is behind.
const BEHIND: u64 = 10;
/// A certificate that is good for fewer days should have been renewed.
const DAYS_LEFT: i64 = 14;
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

/// One aspect of a node's condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeCondition {
    /// `Ready`, `Answering`, `CaughtUp` or `CertificateValid`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `True` or `False`.
    pub status: String,
    /// What is the matter, for people.
    pub message: String,
    /// Since when, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Time>,
}

/// Something that has happened to a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeEvent {
    /// When.
    pub time: Time,
    /// One CamelCase word for programs: `Started`, `RestartRequested`.
    pub reason: String,
    /// What has happened, for people.
    pub message: String,
}

/// How far a node has come on a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeChannel {
    /// Name of the channel.
    pub name: String,
    /// Blocks that it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u64>,
    /// Blocks that it lacks, compared with the node of the chain that has most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag: Option<u64>,
    /// Whether it leads the ordering of the channel; absent for peers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leader: Option<bool>,
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
    let about = About {
        status: &status,
        told,
        chain: seen.chain.status.as_ref(),
        answers: &answers,
        now: Time::now(),
        language: request_id::current().language,
    };
    let channels = about.channels();
    Ok(axum::Json(NodeDetail {
        conditions: about.conditions(&channels),
        events: about.events(&operations?),
        usage: NodeUsage {
            cpu_seconds: told.and_then(|told| told.process("process_cpu_seconds_total")),
            memory_bytes: memory,
            disk_bytes: disk,
        },
        certificate_days_left: about.days_left(),
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

/// What is known of a node.
struct About<'a> {
    status: &'a NodeStatus,
    told: Option<&'a Told>,
    chain: Option<&'a ChainStatus>,
    answers: &'a Answers,
    now: Time,
    language: Language,
}

impl About<'_> {
    fn say(&self, english: impl Into<String>, chinese: impl Into<String>) -> String {
        self.language.of_both(english.into(), chinese.into())
    }

    fn channels(&self) -> Vec<NodeChannel> {
        let Some(told) = self.told else { return Vec::new() };
        let counted = |name: &str| {
            let channels = self.chain.into_iter().flat_map(|chain| &chain.channels);
            channels
                .filter(|channel| channel.name == name)
                .find_map(|channel| channel.height)
        };
        let channel = |name: &str| {
            let height = told.height(name);
            let highest = self.answers.highest(name).max(counted(name));
            NodeChannel {
                name: name.to_owned(),
                height,
                lag: height
                    .zip(highest)
                    .map(|(height, highest)| highest.saturating_sub(height)),
                leader: told.leads(name),
            }
        };
        told.channels().into_iter().map(channel).collect()
    }

    fn days_left(&self) -> Option<i64> {
        let end = self.status.certificate_expire_time?;
        Some((end.get() - self.now.get()).num_days())
    }

    fn conditions(&self, channels: &[NodeChannel]) -> Vec<NodeCondition> {
        let condition = |kind: &str, holds: bool, message: String, since| NodeCondition {
            kind: kind.to_owned(),
            status: if holds { "True" } else { "False" }.to_owned(),
            message,
            since,
        };
        let mut conditions = vec![
            condition(
                "Ready",
                self.status.state == Standing::Ready,
                self.standing(),
                self.status.start_time,
            ),
            condition(
                "Answering",
                self.told.is_some(),
                match self.told {
                    Some(_) => self.say("It answers questions about itself.", "该节点对查询有应答。"),
                    None => self.say(
                        "It has not answered a question about itself within two seconds.",
                        "该节点未在两秒内应答查询。",
                    ),
                },
                None,
            ),
        ];
        if self.told.is_some() {
            let behind: Vec<String> = channels
                .iter()
                .filter(|channel| channel.lag.is_some_and(|lag| lag > BEHIND))
                .map(|channel| format!("{} ({})", channel.name, channel.lag.unwrap_or_default()))
                .collect();
            let list = behind.join(", ");
            let message = match behind.is_empty() {
                true => self.say(
                    "It has all blocks of its channels, or is about to.",
                    "该节点已（或即将）拥有其通道的全部区块。",
                ),
                false => self.say(format!("It lacks blocks of: {list}."), format!("缺少区块：{list}。")),
            };
            conditions.push(condition("CaughtUp", behind.is_empty(), message, None));
        }
        if let Some(days) = self.days_left() {
            let message = self.say(
                format!("Its certificate is good for {days} more days."),
                format!("证书还有 {days} 天到期。"),
            );
            conditions.push(condition("CertificateValid", days >= DAYS_LEFT, message, None));
        }
        conditions
    }

    fn standing(&self) -> String {
        let reason = self.status.reason.as_deref().unwrap_or_default();
        match self.status.state {
            Standing::Ready => self.say("It runs.", "正在运行。"),
            Standing::Provisioning => self.say("It is starting.", "正在启动。"),
            Standing::Suspended => self.say("It rests with its chain.", "随链一起休眠。"),
            Standing::Failed => self.say(format!("It does not run: {reason}"), format!("未运行：{reason}")),
            _ if reason.is_empty() => self.say("It was not started yet.", "尚未启动。"),
            _ => reason.to_owned(),
        }
    }

    fn events(&self, operations: &[Operation]) -> Vec<NodeEvent> {
        let of_node = |operation: &&Operation| {
            operation.kind == OperationKind::Restart && operation.target.node.as_ref() == Some(&self.status.name)
        };
        let mut events: Vec<NodeEvent> = operations
            .iter()
            .filter(of_node)
            .map(|operation| NodeEvent {
                time: operation.create_time,
                reason: "RestartRequested".to_owned(),
                message: self.say(
                    format!("Somebody asked for it to be started anew (operation {}).", operation.id),
                    format!("有人请求重新启动该节点（操作 {}）。", operation.id),
                ),
            })
            .collect();
        events.extend(self.status.start_time.map(|time| NodeEvent {
            time,
            reason: "Started".to_owned(),
            message: match self.status.restarts {
                0 => self.say("It has run since.", "自此一直运行。"),
                died => self.say(
                    format!("It has run since; {died} times by now it was started again after it had died."),
                    format!("自此一直运行；该节点意外终止后已重新启动 {died} 次。"),
                ),
            },
        }));
        events.sort_by_key(|event| std::cmp::Reverse(event.time));
        events
    }
}

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

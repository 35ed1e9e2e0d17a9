//! How one node is, and what has happened to it, in words. Pure.

use entente_api::chain::ChainStatus;
use entente_api::condition::State;
use entente_api::member::NodeStatus;
use entente_api::time::Time;
use serde::Serialize;
use utoipa::ToSchema;

use super::told::Told;
use super::{Answers, BEHIND, DAYS_LEFT, days_left};
use crate::operation::{Operation, OperationKind};
use crate::rest::language::Language;

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

/// What is known of a node, to tell people.
pub struct Account<'a> {
    pub status: &'a NodeStatus,
    /// What the node told of itself, if it answered.
    pub told: Option<&'a Told>,
    pub chain: Option<&'a ChainStatus>,
    /// What all nodes of the chain told.
    pub answers: &'a Answers,
    pub now: Time,
    pub language: Language,
}

impl Account<'_> {
    fn say(&self, english: impl Into<String>, chinese: impl Into<String>) -> String {
        self.language.of_both(english.into(), chinese.into())
    }

    /// Channels that the node serves, and how far it has come on each.
    pub fn channels(&self) -> Vec<NodeChannel> {
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

    /// Aspects of its condition. `channels`: what [`Account::channels`] gave.
    pub fn conditions(&self, channels: &[NodeChannel]) -> Vec<NodeCondition> {
        let condition = |kind: &str, holds: bool, message: String, since| NodeCondition {
            kind: kind.to_owned(),
            status: if holds { "True" } else { "False" }.to_owned(),
            message,
            since,
        };
        let mut conditions = vec![
            condition(
                "Ready",
                self.status.state == State::Ready,
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
        if let Some(days) = days_left(self.status, self.now) {
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
            State::Ready => self.say("It runs.", "正在运行。"),
            State::Provisioning => self.say("It is starting.", "正在启动。"),
            State::Suspended => self.say("It rests with its chain.", "随链一起休眠。"),
            State::Failed => self.say(format!("It does not run: {reason}"), format!("未运行：{reason}")),
            _ if reason.is_empty() => self.say("It was not started yet.", "尚未启动。"),
            _ => reason.to_owned(),
        }
    }

    /// What has happened to it, newest first. `operations`: those of its chain.
    pub fn events(&self, operations: &[Operation]) -> Vec<NodeEvent> {
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

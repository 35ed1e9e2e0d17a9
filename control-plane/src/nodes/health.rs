//! How a chain is, layer by layer: from the wires up to what an application gets. Pure: what is known comes in, a verdict
//! with its reason goes out.

use std::collections::BTreeMap;

use entente_api::chain::ChainStatus;
use entente_api::condition::State;
use entente_api::member::NodeStatus;
use entente_api::time::Time;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Answers, BEHIND, DAYS_LEFT, days_left};
use crate::rest::language::Language;

/// A layer of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum HealthLayer {
    /// The nodes run and answer.
    Network,
    /// The peers have the same blocks.
    Data,
    /// Somebody leads the ordering, and enough orderers follow.
    Consensus,
    /// The contracts can be called.
    Contract,
    /// An application gets an answer, with certificates that are good.
    Application,
}

/// How a layer is. Programs should expect words that they do not know yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum HealthState {
    /// Nothing is the matter.
    Ok,
    /// It works, and something should be looked at.
    Degraded,
    /// It does not work.
    Failed,
}

/// How a layer of a chain is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LayerHealth {
    pub layer: HealthLayer,
    pub state: HealthState,
    /// Why, in words.
    pub reason: String,
    /// Names of the nodes that it is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<String>,
}

/// What is known of a chain.
pub struct Known<'a> {
    pub status: &'a ChainStatus,
    /// The nodes that the caller sees.
    pub nodes: &'a [NodeStatus],
    pub answers: &'a Answers,
    /// What a question by each channel's gateway came to: why there was no answer.
    pub questions: &'a BTreeMap<String, Result<(), String>>,
    pub rests: bool,
    /// Whether the chain is another tenant's: then the orderers are not to be seen.
    pub is_shared: bool,
    pub now: Time,
    pub language: Language,
}

/// Every layer, from the lowest up.
pub fn of(known: &Known<'_>) -> Vec<LayerHealth> {
    let layers = [
        HealthLayer::Network,
        HealthLayer::Data,
        HealthLayer::Consensus,
        HealthLayer::Contract,
        HealthLayer::Application,
    ];
    layers.into_iter().map(|layer| known.layer(layer)).collect()
}

/// The worst of all.
pub fn overall(layers: &[LayerHealth]) -> HealthState {
    layers.iter().map(|layer| layer.state).max().unwrap_or(HealthState::Ok)
}

/// The state of a layer, why, and the nodes that it is about.
struct Said(HealthState, String, Vec<String>);

impl Said {
    fn about(self, nodes: Vec<String>) -> Said {
        Said(self.0, self.1, nodes)
    }
}

impl Known<'_> {
    fn layer(&self, layer: HealthLayer) -> LayerHealth {
        let said = match layer {
            _ if self.rests => self.say(
                HealthState::Degraded,
                "The chain rests, as its spec asks: no node runs.",
                "该链按其配置处于休眠状态，没有节点在运行。",
            ),
            HealthLayer::Network => self.network(),
            HealthLayer::Data => self.data(),
            HealthLayer::Consensus => self.consensus(),
            HealthLayer::Contract => self.contract(),
            HealthLayer::Application => self.application(),
        };
        let Said(state, reason, nodes) = said;
        LayerHealth {
            layer,
            state,
            reason,
            nodes,
        }
    }

    fn say(&self, state: HealthState, english: impl Into<String>, chinese: impl Into<String>) -> Said {
        Said(state, self.language.of_both(english.into(), chinese.into()), Vec::new())
    }

    fn of_role(&self, role: &str) -> impl Iterator<Item = &NodeStatus> {
        self.nodes.iter().filter(move |node| node.role == role)
    }

    fn answered(&self, node: &NodeStatus) -> bool {
        self.answers.told.contains_key(&node.name)
    }

    fn network(&self) -> Said {
        let lost: Vec<&NodeStatus> = self.nodes.iter().filter(|node| !self.answered(node)).collect();
        let names: Vec<String> = lost.iter().map(|node| node.name.clone()).collect();
        let all = self.nodes.len();
        let up = all - lost.len();
        let none_of =
            |role: &str| self.of_role(role).next().is_some() && !self.of_role(role).any(|n| self.answered(n));
        let list = list(lost.iter().map(|node| match &node.reason {
            Some(reason) => format!("{} ({reason})", node.name),
            None => node.name.clone(),
        }));
        if all == 0 {
            return self.say(HealthState::Failed, "There is no node yet.", "还没有节点。");
        }
        if lost.is_empty() {
            return self.say(
                HealthState::Ok,
                format!("All {all} nodes answer."),
                format!("全部 {all} 个节点均有应答。"),
            );
        }
        let state = match none_of("peer") || none_of("orderer") {
            true => HealthState::Failed,
            false => HealthState::Degraded,
        };
        self.say(
            state,
            format!("{up} of {all} nodes answer; no answer from {list}."),
            format!("{all} 个节点中有 {up} 个应答；无应答：{list}。"),
        )
        .about(names)
    }

    fn data(&self) -> Said {
        let mut behind = Vec::new();
        let mut unread = Vec::new();
        for channel in &self.status.channels {
            let highest = self.answers.highest(&channel.name);
            let of_channel = |node: &&NodeStatus| channel.members.contains(&node.organization) && self.answered(node);
            let peers: Vec<&NodeStatus> = self.of_role("peer").filter(of_channel).collect();
            let heights: Vec<(&NodeStatus, Option<u64>)> = peers
                .into_iter()
                .map(|peer| {
                    (
                        peer,
                        self.answers
                            .told
                            .get(&peer.name)
                            .and_then(|told| told.height(&channel.name)),
                    )
                })
                .collect();
            if heights.iter().all(|(_, height)| height.is_none()) {
                unread.push(channel.name.clone());
                continue;
            }
            for (peer, height) in heights {
                let lag = highest.unwrap_or_default().saturating_sub(height.unwrap_or_default());
                if height.is_none() || lag > BEHIND {
                    behind.push((peer.name.clone(), channel.name.clone(), lag));
                }
            }
        }
        if !unread.is_empty() {
            let channels = unread.join(", ");
            return self.say(
                HealthState::Failed,
                format!("No peer that answers has a ledger of: {channels}."),
                format!("没有应答的节点持有以下通道的账本：{channels}。"),
            );
        }
        if behind.is_empty() {
            return self.say(
                HealthState::Ok,
                "Every peer that answers has all blocks of its channels, or is about to.",
                "所有应答的节点都已（或即将）拥有其通道的全部区块。",
            );
        }
        let english = list(
            behind
                .iter()
                .map(|(peer, channel, lag)| format!("{peer} by {lag} on {channel}")),
        );
        let chinese = list(
            behind
                .iter()
                .map(|(peer, channel, lag)| format!("{peer} 在 {channel} 上落后 {lag} 个区块")),
        );
        let mut names: Vec<String> = behind.into_iter().map(|(peer, ..)| peer).collect();
        names.dedup();
        self.say(
            HealthState::Degraded,
            format!("Behind in blocks: {english}."),
            format!("区块落后：{chinese}。"),
        )
        .about(names)
    }

    fn consensus(&self) -> Said {
        if self.is_shared {
            return self.consensus_from_afar();
        }
        let (mut leaderless, mut weak, mut lost) = (Vec::new(), Vec::new(), Vec::new());
        for channel in &self.status.channels {
            let told: Vec<_> = channel
                .orderers
                .iter()
                .filter_map(|name| self.answers.told.get(name))
                .collect();
            let leads = told.iter().find(|told| told.leads(&channel.name) == Some(true));
            let active = leads.and_then(|told| told.of("consensus_etcdraft_active_nodes", &channel.name));
            let size = channel.orderers.len();
            let quorum = size / 2 + 1;
            match (leads, active) {
                (None, _) => leaderless.push(channel.name.clone()),
                // A double holds such a number exactly.
                (_, Some(active)) if (active as usize) < quorum => lost.push(channel.name.clone()),
                (_, Some(active)) if (active as usize) < size => {
                    weak.push(format!("{} ({active}/{size})", channel.name))
                }
                _ => {}
            }
        }
        if !leaderless.is_empty() {
            let channels = leaderless.join(", ");
            return self.say(
                HealthState::Failed,
                format!("No orderer that answers leads: {channels}. Transactions are not ordered."),
                format!("没有应答的排序节点领导以下通道：{channels}。交易无法排序。"),
            );
        }
        if !lost.is_empty() {
            let channels = lost.join(", ");
            return self.say(
                HealthState::Failed,
                format!("The leader hears from fewer than half of the orderers of: {channels}."),
                format!("以下通道的领导者联系不到过半数的排序节点：{channels}。"),
            );
        }
        if !weak.is_empty() {
            let channels = weak.join(", ");
            return self.say(
                HealthState::Degraded,
                format!("Not all orderers take part: {channels}. Ordering goes on; one failure more may end it."),
                format!("并非所有排序节点都在参与：{channels}。排序仍在继续，但再有节点故障就可能中断。"),
            );
        }
        self.say(
            HealthState::Ok,
            "Every channel has a leader, and all of its orderers follow.",
            "每个通道都有领导者，且所有排序节点都在跟随。",
        )
    }

    /// The orderers are the owner's; what is known of them is that blocks come.
    fn consensus_from_afar(&self) -> Said {
        match self.status.progress.is_ready() {
            true => self.say(
                HealthState::Ok,
                "The chain's owner reports that its orderers work.",
                "链的所有者报告其排序节点工作正常。",
            ),
            false => self.say(
                HealthState::Degraded,
                "The chain's owner reports that not all of the chain works.",
                "链的所有者报告链的某些部分不正常。",
            ),
        }
    }

    fn contract(&self) -> Said {
        let all = &self.status.contracts;
        let works = |state: State| matches!(state, State::Ready | State::Updating);
        let broken: Vec<String> = all
            .iter()
            .filter(|contract| !works(contract.state))
            .map(|contract| format!("{} on {}", contract.name, contract.channel))
            .collect();
        if all.is_empty() {
            return self.say(HealthState::Ok, "There is no contract yet.", "还没有合约。");
        }
        let (count, list) = (all.len(), broken.join(", "));
        match broken.len() {
            0 => self.say(
                HealthState::Ok,
                format!("All {count} contracts can be called."),
                format!("全部 {count} 个合约均可调用。"),
            ),
            some => self.say(
                if some == count {
                    HealthState::Failed
                } else {
                    HealthState::Degraded
                },
                format!("Not ready: {list}."),
                format!("未就绪：{list}。"),
            ),
        }
    }

    fn application(&self) -> Said {
        let failed: Vec<(&String, &String)> = self
            .questions
            .iter()
            .filter_map(|(channel, answer)| Some((channel, answer.as_ref().err()?)))
            .collect();
        if !failed.is_empty() || self.questions.is_empty() {
            let list = list(failed.iter().map(|(channel, why)| format!("{channel}: {why}")));
            let all = failed.len() == self.questions.len();
            return self.say(
                if all {
                    HealthState::Failed
                } else {
                    HealthState::Degraded
                },
                format!("Applications get no answer. {list}"),
                format!("应用得不到应答。{list}"),
            );
        }
        let ends_soon = |node: &&NodeStatus| days_left(node, self.now).is_some_and(|days| days < DAYS_LEFT);
        let ending = self.nodes.iter().filter(ends_soon);
        let names: Vec<String> = ending.map(|node| node.name.clone()).collect();
        if !names.is_empty() {
            let list = names.join(", ");
            return self
                .say(
                    HealthState::Degraded,
                    format!("Certificates that end within {DAYS_LEFT} days: {list}."),
                    format!("证书将在 {DAYS_LEFT} 天内到期：{list}。"),
                )
                .about(names);
        }
        self.say(
            HealthState::Ok,
            "Applications are answered on every channel.",
            "应用在每个通道上都能得到应答。",
        )
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use entente_api::chain::{ChannelStatus, ContractSummary};

    use super::super::told::Told;
    use super::*;

    struct Chain {
        status: ChainStatus,
        nodes: Vec<NodeStatus>,
        answers: Answers,
        questions: BTreeMap<String, Result<(), String>>,
    }

    /// Three orderers and two peers, of which nothing is the matter.
    fn chain() -> Chain {
        let node = |name: &str, role: &str, organization: &str| NodeStatus {
            name: name.to_owned(),
            role: role.to_owned(),
            organization: organization.to_owned(),
            ..NodeStatus::default()
        };
        let orderers = ["orderer0", "orderer1", "orderer2"];
        let mut nodes: Vec<NodeStatus> = orderers.map(|name| node(name, "orderer", "ledger.ordering")).to_vec();
        nodes.extend([node("peer0-bank", "peer", "bank"), node("peer0-tax", "peer", "tax")]);
        let mut told = BTreeMap::new();
        for (index, name) in orderers.into_iter().enumerate() {
            told.insert(name.to_owned(), orderer(index == 0, 3));
        }
        for name in ["peer0-bank", "peer0-tax"] {
            told.insert(name.to_owned(), peer(20));
        }
        let channel = ChannelStatus {
            name: "main".to_owned(),
            members: vec!["bank".to_owned(), "tax".to_owned()],
            orderers: orderers.map(str::to_owned).to_vec(),
            ..ChannelStatus::default()
        };
        let contract = ContractSummary {
            name: "evidence".to_owned(),
            channel: "main".to_owned(),
            state: State::Ready,
            ..ContractSummary::default()
        };
        Chain {
            status: ChainStatus {
                channels: vec![channel],
                contracts: vec![contract],
                ..ChainStatus::default()
            },
            nodes,
            answers: Answers {
                told,
                silent: Vec::new(),
            },
            questions: [("main".to_owned(), Ok(()))].into(),
        }
    }

    fn orderer(leads: bool, active: u32) -> Told {
        let leads = u8::from(leads);
        Told::read(&format!(
            "consensus_etcdraft_is_leader{{channel=\"main\"}} {leads}\n\
             consensus_etcdraft_active_nodes{{channel=\"main\"}} {active}\n\
             consensus_etcdraft_committed_block_number{{channel=\"main\"}} 19\n"
        ))
    }

    fn peer(height: u64) -> Told {
        Told::read(&format!("ledger_blockchain_height{{channel=\"main\"}} {height}\n"))
    }

    fn layers(chain: &Chain, rests: bool) -> Vec<LayerHealth> {
        of(&Known {
            status: &chain.status,
            nodes: &chain.nodes,
            answers: &chain.answers,
            questions: &chain.questions,
            rests,
            is_shared: false,
            now: Time::from(chrono::DateTime::from_timestamp(0, 0).unwrap()),
            language: Language::English,
        })
    }

    /// The layers of which something is the matter.
    fn matters(chain: &Chain) -> Vec<(HealthLayer, HealthState, String)> {
        let layers = layers(chain, false).into_iter();
        layers
            .filter(|layer| layer.state != HealthState::Ok)
            .map(|layer| (layer.layer, layer.state, layer.reason))
            .collect()
    }

    fn silence(chain: &mut Chain, nodes: &[&str]) {
        for name in nodes {
            chain.answers.told.remove(*name);
            chain.answers.silent.push((*name).to_owned());
        }
    }

    #[test]
    fn of_a_chain_that_works_nothing_is_the_matter() {
        let chain = chain();

        assert_eq!(matters(&chain), []);
        assert_eq!(overall(&layers(&chain, false)), HealthState::Ok);
        assert_eq!(overall(&layers(&chain, true)), HealthState::Degraded);
    }

    #[test]
    fn one_orderer_less_degrades_and_a_lost_leader_fails() {
        let mut chain = chain();
        silence(&mut chain, &["orderer2"]);
        chain.answers.told.insert("orderer0".to_owned(), orderer(true, 2));
        let degraded = matters(&chain);
        silence(&mut chain, &["orderer0"]);
        let failed = matters(&chain);

        assert_eq!(
            degraded,
            [
                (
                    HealthLayer::Network,
                    HealthState::Degraded,
                    "4 of 5 nodes answer; no answer from orderer2.".to_owned()
                ),
                (
                    HealthLayer::Consensus,
                    HealthState::Degraded,
                    "Not all orderers take part: main (2/3). Ordering goes on; one failure more may end it."
                        .to_owned()
                ),
            ]
        );
        assert_eq!(
            failed[1],
            (
                HealthLayer::Consensus,
                HealthState::Failed,
                "No orderer that answers leads: main. Transactions are not ordered.".to_owned()
            )
        );
    }

    #[test]
    fn a_peer_that_lacks_blocks_is_named() {
        let mut chain = chain();
        chain.answers.told.insert("peer0-tax".to_owned(), peer(5));
        let behind = layers(&chain, false).swap_remove(1);
        silence(&mut chain, &["peer0-bank", "peer0-tax"]);

        assert_eq!(
            behind,
            LayerHealth {
                layer: HealthLayer::Data,
                state: HealthState::Degraded,
                reason: "Behind in blocks: peer0-tax by 15 on main.".to_owned(),
                nodes: vec!["peer0-tax".to_owned()],
            }
        );
        let layers: Vec<_> = matters(&chain)
            .into_iter()
            .map(|(layer, state, _)| (layer, state))
            .collect();
        assert_eq!(
            layers,
            [
                (HealthLayer::Network, HealthState::Failed),
                (HealthLayer::Data, HealthState::Failed)
            ]
        );
    }

    #[test]
    fn a_contract_that_is_not_ready_and_a_gateway_that_is_silent_are_told() {
        let mut chain = chain();
        chain.status.contracts[0].state = State::Failed;
        chain
            .questions
            .insert("main".to_owned(), Err("the peer cannot be reached".to_owned()));

        assert_eq!(
            matters(&chain),
            [
                (
                    HealthLayer::Contract,
                    HealthState::Failed,
                    "Not ready: evidence on main.".to_owned()
                ),
                (
                    HealthLayer::Application,
                    HealthState::Failed,
                    "Applications get no answer. main: the peer cannot be reached".to_owned()
                ),
            ]
        );
    }
}

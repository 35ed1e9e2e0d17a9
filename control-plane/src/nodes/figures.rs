//! The few numbers of a node that people look at, with what they mean.

use super::told::{INVALID, REFUSED, Told};
use crate::rest::language::Language;

/// How a number comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The samples themselves.
    Plain,
    /// The mean of a histogram: its sum by its count.
    Mean,
}

/// A number of a node, and where it is told.
struct Figure {
    /// What the API calls it.
    name: &'static str,
    metric: &'static str,
    kind: Kind,
    unit: &'static str,
    english: &'static str,
    chinese: &'static str,
}

const FIGURES: &[Figure] = &[
    Figure {
        name: "ledgerHeight",
        metric: "ledger_blockchain_height",
        kind: Kind::Plain,
        unit: "blocks",
        english: "Blocks of the channel that the peer has committed.",
        chinese: "该节点已提交的通道区块数。",
    },
    Figure {
        name: "transactions",
        metric: "ledger_transaction_count",
        kind: Kind::Plain,
        unit: "transactions",
        english: "Transactions that the peer has committed since it started, valid or not.",
        chinese: "该节点启动以来提交的交易数，包括无效交易。",
    },
    Figure {
        name: "invalidTransactions",
        metric: INVALID,
        kind: Kind::Plain,
        unit: "transactions",
        english: "Those of them that were found invalid and changed nothing.",
        chinese: "其中被判为无效、没有产生任何修改的交易数。",
    },
    Figure {
        name: "blockProcessing",
        metric: "ledger_block_processing_time",
        kind: Kind::Mean,
        unit: "seconds",
        english: "How long validating and committing a block takes, on average since the peer started.",
        chinese: "该节点启动以来，验证并提交一个区块的平均用时。",
    },
    Figure {
        name: "proposals",
        metric: "endorser_proposals_received",
        kind: Kind::Plain,
        unit: "proposals",
        english: "Proposals that the peer was asked to endorse or evaluate since it started.",
        chinese: "该节点启动以来收到的背书或查询提案数。",
    },
    Figure {
        name: "endorsements",
        metric: "endorser_successful_proposals",
        kind: Kind::Plain,
        unit: "proposals",
        english: "Those of them that succeeded.",
        chinese: "其中成功的提案数。",
    },
    Figure {
        name: "endorsementTime",
        metric: "endorser_proposal_duration",
        kind: Kind::Mean,
        unit: "seconds",
        english: "How long answering a proposal takes, on average since the peer started.",
        chinese: "该节点启动以来，处理一个提案的平均用时。",
    },
    Figure {
        name: "broadcasts",
        metric: "broadcast_processed_count",
        kind: Kind::Plain,
        unit: "messages",
        english: "Transactions that the orderer was sent since it started.",
        chinese: "该排序节点启动以来收到的交易数。",
    },
    Figure {
        name: "refusedBroadcasts",
        metric: REFUSED,
        kind: Kind::Plain,
        unit: "messages",
        english: "Those of them that it did not take.",
        chinese: "其中被拒绝的交易数。",
    },
    Figure {
        name: "broadcastTime",
        metric: "broadcast_enqueue_duration",
        kind: Kind::Mean,
        unit: "seconds",
        english: "How long handing a transaction to ordering takes, on average since the orderer started.",
        chinese: "该排序节点启动以来，把一笔交易交付排序的平均用时。",
    },
    Figure {
        name: "orderedBlock",
        metric: "consensus_etcdraft_committed_block_number",
        kind: Kind::Plain,
        unit: "",
        english: "Number of the last block that the orderers have agreed on.",
        chinese: "排序节点最近达成一致的区块编号。",
    },
    Figure {
        name: "leader",
        metric: "consensus_etcdraft_is_leader",
        kind: Kind::Plain,
        unit: "",
        english: "1 when this orderer leads the channel, 0 when another one does.",
        chinese: "1 表示该排序节点是通道的领导者，0 表示不是。",
    },
    Figure {
        name: "activeNodes",
        metric: "consensus_etcdraft_active_nodes",
        kind: Kind::Plain,
        unit: "nodes",
        english: "Orderers of the channel that this one hears from, itself included; only the leader knows.",
        chinese: "该排序节点能联系到的通道排序节点数（含自身）；只有领导者知道。",
    },
    Figure {
        name: "leaderChanges",
        metric: "consensus_etcdraft_leader_changes",
        kind: Kind::Plain,
        unit: "changes",
        english: "How often the channel's leader has changed since the orderer started.",
        chinese: "该排序节点启动以来通道领导者变更的次数。",
    },
    Figure {
        name: "cpu",
        metric: "process_cpu_seconds_total",
        kind: Kind::Plain,
        unit: "seconds",
        english: "Processor time that the node has used since it started.",
        chinese: "该节点启动以来使用的处理器时间。",
    },
    Figure {
        name: "residentMemory",
        metric: "process_resident_memory_bytes",
        kind: Kind::Plain,
        unit: "bytes",
        english: "Memory that the node's process holds, with what it shares with others.",
        chinese: "该节点进程占用的内存，包括与其他进程共享的部分。",
    },
    Figure {
        name: "openFiles",
        metric: "process_open_fds",
        kind: Kind::Plain,
        unit: "files",
        english: "Files and connections that the node has open.",
        chinese: "该节点打开的文件和连接数。",
    },
];

/// One number as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    pub name: &'static str,
    pub meaning: &'static str,
    pub unit: &'static str,
    /// `None`: it is the whole node's.
    pub channel: Option<String>,
    pub value: f64,
}

/// The numbers that a node tells, each channel's beside each other.
pub fn of(told: &Told, language: Language) -> Vec<Shown> {
    let mut shown = Vec::new();
    for figure in FIGURES {
        let values: Vec<(&str, f64)> = match figure.kind {
            Kind::Plain => told.by_channel(figure.metric).collect(),
            Kind::Mean => means(told, figure.metric),
        };
        shown.extend(values.into_iter().map(|(channel, value)| Shown {
            name: figure.name,
            meaning: language.of_both(figure.english, figure.chinese),
            unit: figure.unit,
            channel: (!channel.is_empty()).then(|| channel.to_owned()),
            value,
        }));
    }
    shown
}

/// Where nothing was measured yet there is no mean.
fn means<'a>(told: &'a Told, metric: &str) -> Vec<(&'a str, f64)> {
    let sums = told.by_channel(&format!("{metric}_sum")).collect::<Vec<_>>();
    let count = |channel: &str| {
        told.of(&format!("{metric}_count"), channel)
            .filter(|count| *count > 0.0)
    };
    let mean = |(channel, sum)| Some((channel, sum / count(channel)?));
    sums.into_iter().filter_map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peers_numbers_are_shown_with_their_meaning() {
        let told = Told::read(
            "ledger_blockchain_height{channel=\"main\"} 9\n\
             ledger_block_processing_time_sum{channel=\"main\"} 0.5\n\
             ledger_block_processing_time_count{channel=\"main\"} 10\n\
             endorser_proposal_duration_sum{channel=\"\",chaincode=\"\"} 0\n\
             endorser_proposal_duration_count{channel=\"\",chaincode=\"\"} 0\n\
             process_open_fds 12\n",
        );

        let shown = of(&told, Language::SimplifiedChinese);

        let told: Vec<_> = shown
            .iter()
            .map(|one| (one.name, one.channel.as_deref(), one.value, one.unit))
            .collect();
        assert_eq!(
            told,
            [
                ("ledgerHeight", Some("main"), 9.0, "blocks"),
                ("blockProcessing", Some("main"), 0.05, "seconds"),
                ("openFiles", None, 12.0, "files"),
            ]
        );
        assert_eq!(shown[2].meaning, "该节点打开的文件和连接数。");
    }
}

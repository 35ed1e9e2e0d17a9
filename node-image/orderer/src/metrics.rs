//! What an orderer counts, under the names of stock (`docs/source/metrics_reference.rst`).

use std::time::Duration;

use entente_ledger::metrics::Count;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

const SECONDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Label `channel`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByChannel {
    pub channel: String,
}

/// Labels of `broadcast_*`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByOutcome {
    pub channel: String,
    pub r#type: String,
    pub status: &'static str,
}

/// Labels of `cluster_comm_*`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByHost {
    pub host: String,
    pub channel: String,
}

type Seconds<L> = Family<L, Histogram, fn() -> Histogram>;

fn histogram() -> Histogram {
    Histogram::new(SECONDS)
}

/// All metrics of the ordering service. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics {
    pub cluster_size: Family<ByChannel, Gauge>,
    pub is_leader: Family<ByChannel, Gauge>,
    pub active_nodes: Family<ByChannel, Gauge>,
    pub committed_block_number: Family<ByChannel, Gauge>,
    pub snapshot_block_number: Family<ByChannel, Gauge>,
    pub leader_changes: Family<ByChannel, Count>,
    pub proposal_failures: Family<ByChannel, Count>,
    pub data_persist_duration: Seconds<ByChannel>,
    pub normal_proposals_received: Family<ByChannel, Count>,
    pub config_proposals_received: Family<ByChannel, Count>,
    pub block_fill_duration: Seconds<ByChannel>,
    pub validate_duration: Seconds<ByOutcome>,
    pub enqueue_duration: Seconds<ByOutcome>,
    pub processed_count: Family<ByOutcome, Count>,
    pub participation_status: Family<ByChannel, Gauge>,
    pub participation_relation: Family<ByChannel, Gauge>,
    pub ingress_stream_count: Gauge,
    pub egress_stream_count: Family<ByChannel, Gauge>,
    pub msg_dropped_count: Family<ByHost, Count>,
    pub msg_send_time: Seconds<ByHost>,
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics {
            cluster_size: Family::default(),
            is_leader: Family::default(),
            active_nodes: Family::default(),
            committed_block_number: Family::default(),
            snapshot_block_number: Family::default(),
            leader_changes: Family::default(),
            proposal_failures: Family::default(),
            data_persist_duration: Family::new_with_constructor(histogram),
            normal_proposals_received: Family::default(),
            config_proposals_received: Family::default(),
            block_fill_duration: Family::new_with_constructor(histogram),
            validate_duration: Family::new_with_constructor(histogram),
            enqueue_duration: Family::new_with_constructor(histogram),
            processed_count: Family::default(),
            participation_status: Family::default(),
            participation_relation: Family::default(),
            ingress_stream_count: Gauge::default(),
            egress_stream_count: Family::default(),
            msg_dropped_count: Family::default(),
            msg_send_time: Family::new_with_constructor(histogram),
        }
    }
}

impl Metrics {
    pub fn register(registry: &mut Registry) -> Metrics {
        let metrics = Metrics::default();
        metrics.register_raft(registry.sub_registry_with_prefix("consensus_etcdraft"));
        metrics.register_broadcast(registry.sub_registry_with_prefix("broadcast"));
        metrics.register_cluster(registry.sub_registry_with_prefix("cluster_comm"));
        let cutting = registry.sub_registry_with_prefix("blockcutter");
        let filling = metrics.block_fill_duration.clone();
        cutting.register(
            "block_fill_duration",
            "The time from the first message of a block to its cutting",
            filling,
        );
        let participation = registry.sub_registry_with_prefix("participation");
        let (status, relation) = (
            metrics.participation_status.clone(),
            metrics.participation_relation.clone(),
        );
        participation.register("status", "0 inactive, 1 active, 2 onboarding, 3 failed", status);
        participation.register(
            "consensus_relation",
            "0 other, 1 consenter, 2 follower, 3 config-tracker",
            relation,
        );
        metrics
    }

    fn register_raft(&self, raft: &mut Registry) {
        raft.register("cluster_size", "Consenters of the channel", self.cluster_size.clone());
        raft.register(
            "is_leader",
            "1 when this node leads the channel",
            self.is_leader.clone(),
        );
        raft.register(
            "active_nodes",
            "Live consenters of the channel",
            self.active_nodes.clone(),
        );
        let number = self.committed_block_number.clone();
        raft.register("committed_block_number", "Number of the last block agreed on", number);
        let number = self.snapshot_block_number.clone();
        raft.register(
            "snapshot_block_number",
            "Number of the last block folded out of the log",
            number,
        );
        raft.register("leader_changes", "Changes of the leader", self.leader_changes.clone());
        raft.register(
            "proposal_failures",
            "Messages that could not be ordered",
            self.proposal_failures.clone(),
        );
        let time = self.data_persist_duration.clone();
        raft.register("data_persist_duration", "The time to make Raft data durable", time);
        let (normal, config) = (
            self.normal_proposals_received.clone(),
            self.config_proposals_received.clone(),
        );
        raft.register("normal_proposals_received", "Transactions to be ordered", normal);
        raft.register("config_proposals_received", "Configurations to be ordered", config);
    }

    fn register_broadcast(&self, broadcast: &mut Registry) {
        let time = self.validate_duration.clone();
        broadcast.register("validate_duration", "The time to check a message", time);
        broadcast.register(
            "enqueue_duration",
            "The time to hand a message to ordering",
            self.enqueue_duration.clone(),
        );
        broadcast.register("processed_count", "Messages answered", self.processed_count.clone());
    }

    fn register_cluster(&self, cluster: &mut Registry) {
        let streams = self.ingress_stream_count.clone();
        cluster.register("ingress_stream_count", "Streams from other nodes", streams);
        cluster.register(
            "egress_stream_count",
            "Streams to other nodes",
            self.egress_stream_count.clone(),
        );
        cluster.register("msg_dropped_count", "Messages dropped", self.msg_dropped_count.clone());
        cluster.register(
            "msg_send_time",
            "The time to send a message",
            self.msg_send_time.clone(),
        );
    }

    /// The metrics of one channel.
    pub fn of_channel(&self, channel: &str) -> ChannelMetrics {
        let labels = ByChannel {
            channel: channel.to_owned(),
        };
        ChannelMetrics {
            cluster_size: self.cluster_size.get_or_create_owned(&labels),
            is_leader: self.is_leader.get_or_create_owned(&labels),
            active_nodes: self.active_nodes.get_or_create_owned(&labels),
            committed_block_number: self.committed_block_number.get_or_create_owned(&labels),
            snapshot_block_number: self.snapshot_block_number.get_or_create_owned(&labels),
            leader_changes: self.leader_changes.get_or_create_owned(&labels),
            proposal_failures: self.proposal_failures.get_or_create_owned(&labels),
            data_persist_duration: self.data_persist_duration.get_or_create_owned(&labels),
            normal_proposals_received: self.normal_proposals_received.get_or_create_owned(&labels),
            config_proposals_received: self.config_proposals_received.get_or_create_owned(&labels),
            block_fill_duration: self.block_fill_duration.get_or_create_owned(&labels),
        }
    }

    /// Records the answer to a broadcast message.
    pub fn broadcast(&self, labels: &ByOutcome, validated: Duration, enqueued: Option<Duration>) {
        self.validate_duration
            .get_or_create(labels)
            .observe(validated.as_secs_f64());
        if let Some(enqueued) = enqueued {
            self.enqueue_duration
                .get_or_create(labels)
                .observe(enqueued.as_secs_f64());
        }
        self.processed_count.get_or_create(labels).inc();
    }
}

/// One channel's metrics, looked up once.
#[derive(Debug, Clone)]
pub struct ChannelMetrics {
    pub cluster_size: Gauge,
    pub is_leader: Gauge,
    pub active_nodes: Gauge,
    pub committed_block_number: Gauge,
    pub snapshot_block_number: Gauge,
    pub leader_changes: Count,
    pub proposal_failures: Count,
    pub data_persist_duration: Histogram,
    pub normal_proposals_received: Count,
    pub config_proposals_received: Count,
    pub block_fill_duration: Histogram,
}

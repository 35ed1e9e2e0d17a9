//! `chaincode_*`, as in Fabric's metrics reference. The label `chaincode` is the package id, as on stock peers.

use std::time::Duration;

use entente_fabric::proto::protos::chaincode_message::Type;
use entente_ledger::metrics::Count;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Contract {
    chaincode: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Launched {
    chaincode: String,
    success: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Requested {
    r#type: &'static str,
    channel: String,
    chaincode: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Completed {
    r#type: &'static str,
    channel: String,
    chaincode: String,
    success: &'static str,
}

/// What is counted about contracts.
#[derive(Clone)]
pub struct Metrics {
    launches: Family<Launched, Histogram>,
    launch_failures: Family<Contract, Count>,
    launch_timeouts: Family<Contract, Count>,
    received: Family<Requested, Count>,
    completed: Family<Completed, Count>,
    durations: Family<Completed, Histogram>,
    timeouts: Family<Contract, Count>,
}

impl Default for Metrics {
    fn default() -> Metrics {
        // The default buckets of stock's histograms, in seconds.
        let buckets = || Histogram::new([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0]);
        Metrics {
            launches: Family::new_with_constructor(buckets),
            launch_failures: Family::default(),
            launch_timeouts: Family::default(),
            received: Family::default(),
            completed: Family::default(),
            durations: Family::new_with_constructor(buckets),
            timeouts: Family::default(),
        }
    }
}

impl Metrics {
    pub fn register(registry: &mut Registry) -> Metrics {
        let metrics = Metrics::default();
        let it = metrics.clone();
        registry.register(
            "chaincode_launch_duration",
            "The time to launch a chaincode",
            it.launches,
        );
        registry.register(
            "chaincode_launch_failures",
            "The number of chaincode launches that have failed",
            it.launch_failures,
        );
        registry.register(
            "chaincode_launch_timeouts",
            "The number of chaincode launches that have timed out",
            it.launch_timeouts,
        );
        registry.register(
            "chaincode_shim_requests_received",
            "The number of chaincode shim requests received",
            it.received,
        );
        registry.register(
            "chaincode_shim_requests_completed",
            "The number of chaincode shim requests completed",
            it.completed,
        );
        registry.register(
            "chaincode_shim_request_duration",
            "The time to complete chaincode shim requests",
            it.durations,
        );
        registry.register(
            "chaincode_execute_timeouts",
            "The number of chaincode executions (Init or Invoke) that have timed out",
            it.timeouts,
        );
        metrics
    }

    pub(super) fn launched(&self, package_id: &str, success: bool, took: Duration) {
        let labels = Launched {
            chaincode: package_id.to_owned(),
            success: if success { "true" } else { "false" },
        };
        self.launches.get_or_create(&labels).observe(took.as_secs_f64());
        if !success {
            self.launch_failures.get_or_create(&contract(package_id)).inc();
        }
    }

    pub(super) fn launch_timed_out(&self, package_id: &str) {
        self.launch_timeouts.get_or_create(&contract(package_id)).inc();
    }

    pub(super) fn timed_out(&self, package_id: &str) {
        self.timeouts.get_or_create(&contract(package_id)).inc();
    }

    /// A request of a transaction that is running; others are not labelled, since a contract can invent channels.
    pub(super) fn received(&self, package_id: &str, channel: &str, kind: Type) {
        let labels = Requested {
            r#type: kind.as_str_name(),
            channel: channel.to_owned(),
            chaincode: package_id.to_owned(),
        };
        self.received.get_or_create(&labels).inc();
    }

    pub(super) fn completed(&self, package_id: &str, channel: &str, kind: Type, success: bool, took: Duration) {
        let labels = Completed {
            r#type: kind.as_str_name(),
            channel: channel.to_owned(),
            chaincode: package_id.to_owned(),
            success: if success { "true" } else { "false" },
        };
        self.completed.get_or_create(&labels).inc();
        self.durations.get_or_create(&labels).observe(took.as_secs_f64());
    }
}

fn contract(package_id: &str) -> Contract {
    Contract {
        chaincode: package_id.to_owned(),
    }
}

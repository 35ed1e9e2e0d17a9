//! `endorser_*`, as in Fabric's metrics reference.
//!
//! Chaincode names in labels are only those of chaincodes that exist: a label for whatever a caller writes into a
//! proposal would let callers fill the peer's memory.

use std::time::Duration;

use entente_ledger::metrics::Count;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Called {
    channel: String,
    chaincode: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Unsigned {
    channel: String,
    chaincode: String,
    chaincodeerror: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    channel: String,
    chaincode: String,
    success: &'static str,
}

/// What is counted about proposals.
#[derive(Clone)]
pub struct Metrics {
    pub(super) received: Count,
    pub(super) successful: Count,
    pub(super) invalid: Count,
    acl_failures: Family<Called, Count>,
    duplicates: Family<Called, Count>,
    simulation_failures: Family<Called, Count>,
    endorsement_failures: Family<Unsigned, Count>,
    duration: Family<Answered, Histogram>,
}

impl Default for Metrics {
    fn default() -> Metrics {
        // The default buckets of stock's histograms, in seconds.
        let buckets = || Histogram::new([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0]);
        Metrics {
            received: Count::default(),
            successful: Count::default(),
            invalid: Count::default(),
            acl_failures: Family::default(),
            duplicates: Family::default(),
            simulation_failures: Family::default(),
            endorsement_failures: Family::default(),
            duration: Family::new_with_constructor(buckets),
        }
    }
}

impl Metrics {
    pub fn register(registry: &mut Registry) -> Metrics {
        let metrics = Metrics::default();
        let it = metrics.clone();
        registry.register(
            "endorser_proposals_received",
            "The number of proposals received",
            it.received,
        );
        registry.register(
            "endorser_successful_proposals",
            "The number of successful proposals",
            it.successful,
        );
        registry.register(
            "endorser_proposal_validation_failures",
            "The number of proposals that have failed initial validation",
            it.invalid,
        );
        registry.register(
            "endorser_proposal_acl_failures",
            "The number of proposals that failed ACL checks",
            it.acl_failures,
        );
        registry.register(
            "endorser_duplicate_transaction_failures",
            "The number of failed proposals due to duplicate transaction ID",
            it.duplicates,
        );
        registry.register(
            "endorser_proposal_simulation_failures",
            "The number of failed proposal simulations",
            it.simulation_failures,
        );
        registry.register(
            "endorser_endorsement_failures",
            "The number of failed endorsements",
            it.endorsement_failures,
        );
        registry.register(
            "endorser_proposal_duration",
            "The time to complete a proposal",
            it.duration,
        );
        metrics
    }

    pub(super) fn acl_failure(&self, channel: &str) {
        self.acl_failures.get_or_create(&called(channel, "")).inc();
    }

    pub(super) fn duplicate(&self, channel: &str) {
        self.duplicates.get_or_create(&called(channel, "")).inc();
    }

    pub(super) fn simulation_failure(&self, channel: &str, chaincode: &str) {
        self.simulation_failures
            .get_or_create(&called(channel, chaincode))
            .inc();
    }

    /// `refused`: by the chaincode's status; otherwise signing failed.
    pub(super) fn not_endorsed(&self, channel: &str, chaincode: &str, refused: bool) {
        let labels = Unsigned {
            channel: channel.to_owned(),
            chaincode: chaincode.to_owned(),
            chaincodeerror: if refused { "true" } else { "false" },
        };
        self.endorsement_failures.get_or_create(&labels).inc();
    }

    pub(super) fn answered(&self, channel: &str, chaincode: &str, success: bool, took: Duration) {
        if success {
            self.successful.inc();
        }
        let labels = Answered {
            channel: channel.to_owned(),
            chaincode: chaincode.to_owned(),
            success: if success { "true" } else { "false" },
        };
        self.duration.get_or_create(&labels).observe(took.as_secs_f64());
    }
}

fn called(channel: &str, chaincode: &str) -> Called {
    Called {
        channel: channel.to_owned(),
        chaincode: chaincode.to_owned(),
    }
}

//! `ledger_*`, as in Fabric's metrics reference.

use std::time::Duration;

use entente_fabric::proto::common::HeaderType;
use entente_fabric::proto::protos::TxValidationCode;
use entente_ledger::metrics::Count;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Channel {
    channel: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Transaction {
    channel: String,
    transaction_type: &'static str,
    chaincode: String,
    validation_code: &'static str,
}

/// What is counted about joined channels.
#[derive(Clone)]
pub struct Metrics {
    height: Family<Channel, Gauge>,
    processing: Family<Channel, Histogram>,
    transactions: Family<Transaction, Count>,
}

impl Default for Metrics {
    fn default() -> Metrics {
        // The buckets of stock's block processing times, in seconds.
        let buckets = || Histogram::new([0.005, 0.01, 0.015, 0.05, 0.1, 1.0, 10.0]);
        Metrics {
            height: Family::default(),
            processing: Family::new_with_constructor(buckets),
            transactions: Family::default(),
        }
    }
}

impl Metrics {
    pub fn register(registry: &mut Registry) -> Metrics {
        let metrics = Metrics::default();
        let Metrics {
            height,
            processing,
            transactions,
        } = metrics.clone();
        registry.register("ledger_blockchain_height", "Height of the chain in blocks", height);
        registry.register(
            "ledger_block_processing_time",
            "Time taken in seconds for validating and committing a block",
            processing,
        );
        registry.register(
            "ledger_transaction_count",
            "Number of transactions processed",
            transactions,
        );
        metrics
    }

    pub(super) fn height(&self, channel: &str, height: u64) {
        let label = Channel {
            channel: channel.to_owned(),
        };
        self.height
            .get_or_create(&label)
            .set(i64::try_from(height).unwrap_or(i64::MAX));
    }

    pub(super) fn block(&self, channel: &str, height: u64, took: Duration) {
        self.height(channel, height);
        self.processing
            .get_or_create(&Channel {
                channel: channel.to_owned(),
            })
            .observe(took.as_secs_f64());
    }

    pub(super) fn transaction(&self, channel: &str, kind: HeaderType, chaincode: &str, code: TxValidationCode) {
        let labels = Transaction {
            channel: channel.to_owned(),
            transaction_type: kind.as_str_name(),
            chaincode: chaincode.to_owned(),
            validation_code: code.as_str_name(),
        };
        self.transactions.get_or_create(&labels).inc();
    }
}

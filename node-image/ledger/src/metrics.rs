//! Counters under the names that stock nodes use.

use std::fmt;

use prometheus_client::encoding::{EncodeMetric, MetricEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::{MetricType, TypedMetric};

/// A counter that is written as `name value`. The client library appends `_total` to counters, as OpenMetrics wants;
/// dashboards made for stock nodes ask for the bare name.
#[derive(Debug, Clone, Default)]
pub struct Count(Counter);

impl Count {
    pub fn inc(&self) {
        self.0.inc();
    }

    pub fn inc_by(&self, by: u64) {
        self.0.inc_by(by);
    }

    pub fn get(&self) -> u64 {
        self.0.get()
    }
}

impl TypedMetric for Count {
    const TYPE: MetricType = MetricType::Counter;
}

impl EncodeMetric for Count {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        encoder.encode_gauge(&self.0.get())
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_keeps_its_bare_name() {
        let (mut registry, count) = (prometheus_client::registry::Registry::default(), Count::default());
        registry.register("deliver_streams_opened", "Streams", count.clone());
        count.inc_by(2);

        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();

        assert_eq!(
            text,
            "# HELP deliver_streams_opened Streams.\n# TYPE deliver_streams_opened counter\ndeliver_streams_opened 2\n# EOF\n"
        );
    }
}

//! `deliver_*`, as in Fabric's metrics reference.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use crate::metrics::Count;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    channel: String,
    filtered: &'static str,
    data_type: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Completed {
    channel: String,
    filtered: &'static str,
    data_type: &'static str,
    success: &'static str,
}

/// Shared by every deliver service of a node.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    streams_opened: Count,
    streams_closed: Count,
    requests_received: Family<Request, Count>,
    requests_completed: Family<Completed, Count>,
    blocks_sent: Family<Request, Count>,
}

impl Metrics {
    pub fn register(registry: &mut Registry) -> Metrics {
        let metrics = Metrics::default();
        let Metrics {
            streams_opened,
            streams_closed,
            requests_received,
            requests_completed,
            blocks_sent,
        } = metrics.clone();
        registry.register(
            "deliver_streams_opened",
            "Streams opened to the deliver service",
            streams_opened,
        );
        registry.register(
            "deliver_streams_closed",
            "Streams of the deliver service that ended",
            streams_closed,
        );
        registry.register(
            "deliver_requests_received",
            "Deliver requests received",
            requests_received,
        );
        registry.register(
            "deliver_requests_completed",
            "Deliver requests that ended",
            requests_completed,
        );
        registry.register("deliver_blocks_sent", "Blocks sent by the deliver service", blocks_sent);
        metrics
    }

    pub(super) fn stream(&self) -> OpenStream {
        self.streams_opened.inc();
        OpenStream(self.streams_closed.clone())
    }

    pub(super) fn request(&self, channel: &str, data_type: &'static str) -> RequestMetrics {
        let filtered = if data_type == "filtered_block" { "true" } else { "false" };
        let labels = Request {
            channel: channel.to_owned(),
            filtered,
            data_type,
        };
        self.requests_received.get_or_create(&labels).inc();
        let blocks_sent = self.blocks_sent.get_or_create(&labels).clone();
        RequestMetrics {
            labels,
            blocks_sent,
            completed: self.requests_completed.clone(),
        }
    }
}

/// Counts the end of a stream, however it comes.
pub(super) struct OpenStream(Count);

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.inc();
    }
}

pub(super) struct RequestMetrics {
    labels: Request,
    blocks_sent: Count,
    completed: Family<Completed, Count>,
}

impl RequestMetrics {
    pub(super) fn block_sent(&self) {
        self.blocks_sent.inc();
    }

    pub(super) fn completed(self, success: bool) {
        let Request {
            channel,
            filtered,
            data_type,
        } = self.labels;
        let success = if success { "true" } else { "false" };
        self.completed
            .get_or_create(&Completed {
                channel,
                filtered,
                data_type,
                success,
            })
            .inc();
    }
}

//! What the operator counts about itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use entente_api::time::Time;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// The operator's metrics. Cheap to clone; all clones count together.
#[derive(Clone)]
pub struct Metrics {
    passes: Family<Pass, Counter>,
    pass_seconds: Family<OfKind, Histogram, fn() -> Histogram>,
    requests: Family<Request, Counter>,
    /// The sum of `requests`.
    asked: Counter,
    leader: Gauge<f64, AtomicU64>,
    /// When a pass last ended, in microseconds since 1970; 0: none has.
    last_pass: Arc<AtomicI64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Pass {
    kind: String,
    outcome: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfKind {
    kind: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    verb: String,
    resource: String,
    code: String,
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics {
            passes: Family::default(),
            // From a pass that finds nothing to do to one that makes a whole chain.
            pass_seconds: Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.005, 3.0, 10))),
            requests: Family::default(),
            asked: Counter::default(),
            leader: Gauge::default(),
            last_pass: Arc::default(),
        }
    }
}

impl Metrics {
    /// Makes them part of what is shown under `entente_operator_…`.
    pub fn register(&self, registry: &mut Registry) {
        let own = registry.sub_registry_with_prefix("entente_operator");
        own.register("reconciles", "Passes over resources", self.passes.clone());
        own.register_with_unit(
            "reconcile_duration",
            "How long a pass took",
            Unit::Seconds,
            self.pass_seconds.clone(),
        );
        own.register(
            "api_requests",
            "Answers of the Kubernetes API server",
            self.requests.clone(),
        );
        own.register("leader", "1 while this operator leads", self.leader.clone());
    }

    /// A pass over one resource has ended.
    pub(crate) fn passed(&self, kind: &str, outcome: &str, took: Duration) {
        let pass = Pass {
            kind: kind.to_owned(),
            outcome: outcome.to_owned(),
        };
        self.passes.get_or_create(&pass).inc();
        let of_kind = OfKind { kind: kind.to_owned() };
        self.pass_seconds.get_or_create(&of_kind).observe(took.as_secs_f64());
        let now = Time::now().get().timestamp_micros();
        self.last_pass.store(now, Ordering::Relaxed);
    }

    /// When a pass over a resource last ended.
    pub fn last_pass(&self) -> Option<Time> {
        let micros = self.last_pass.load(Ordering::Relaxed);
        let time = chrono::DateTime::from_timestamp_micros(micros).filter(|_| micros != 0);
        time.map(Time::from)
    }

    /// The API server has answered, or not: then the code is `0`.
    pub(crate) fn answered(&self, verb: &str, resource: &str, code: u16) {
        let request = Request {
            verb: verb.to_owned(),
            resource: resource.to_owned(),
            code: code.to_string(),
        };
        self.requests.get_or_create(&request).inc();
        self.asked.inc();
    }

    /// How many requests the API server was asked, watches and all.
    pub fn requests(&self) -> u64 {
        self.asked.get()
    }

    pub fn leads(&self, leads: bool) {
        self.leader.set(if leads { 1.0 } else { 0.0 });
    }
}

//! What a cluster asks its pods: whether they live, whether they are of use, and what they count.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use entente_operator::metrics::Metrics;
use parking_lot::Mutex;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// The format of the text (OpenMetrics 1.0).
const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How the operator is. Cheap to clone.
#[derive(Clone)]
pub struct Health {
    ready: Arc<AtomicBool>,
    registry: Arc<Mutex<Registry>>,
    memory: Gauge,
}

impl Health {
    pub fn new(metrics: &Metrics) -> Health {
        let mut registry = Registry::default();
        metrics.register(&mut registry);
        let memory = Gauge::default();
        let words = "Resident memory of this process";
        registry.register_with_unit("process_resident_memory", words, Unit::Bytes, memory.clone());
        Health {
            ready: Arc::default(),
            registry: Arc::new(Mutex::new(registry)),
            memory,
        }
    }

    /// From now on it knows what the cluster holds, and could lead.
    pub fn ready(&self) {
        self.ready.store(true, Ordering::Relaxed);
    }
}

/// Serves until it is told to stop.
pub async fn serve(listener: TcpListener, health: Health, stop: CancellationToken) {
    let router = Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(health);
    let served = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned());
    if let Err(error) = served.await {
        tracing::error!(%error, "health and metrics are no longer served");
    }
}

async fn ready(State(health): State<Health>) -> Response {
    match health.ready.load(Ordering::Relaxed) {
        true => "ok\n".into_response(),
        false => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the cluster's resources are not known yet\n",
        )
            .into_response(),
    }
}

async fn metrics(State(health): State<Health>) -> Response {
    let resident = entente_operator::substrate::local::memory(std::process::id());
    health
        .memory
        .set(resident.and_then(|bytes| i64::try_from(bytes).ok()).unwrap_or_default());
    let mut text = String::new();
    match prometheus_client::encoding::text::encode(&mut text, &health.registry.lock()) {
        Ok(()) => ([(header::CONTENT_TYPE, MEDIA_TYPE)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

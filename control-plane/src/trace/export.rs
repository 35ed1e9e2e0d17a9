//! Sends spans to a collector over OTLP (gRPC), when one is configured. Otherwise no span is ever made.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState, TracerProvider as _,
};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Span;
use tracing::level_filters::LevelFilter;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

use super::TraceContext;

/// Spans that are exported carry this target, whatever `ENTENTE_LOG` shows.
const TARGET: &str = "entente_trace";
/// A collector that does not answer holds nobody up for longer, least of all the end of the platform.
const PATIENCE: Duration = Duration::from_secs(3);

static EXPORTING: AtomicBool = AtomicBool::new(false);

/// Where traces go.
#[derive(Debug, Clone, Default, Args)]
pub struct ExportArgs {
    /// Export traces over OTLP (gRPC) to the collector at this address, such as http://127.0.0.1:4317
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    pub otlp_endpoint: Option<String>,
}

/// Why traces cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(
        "--otlp-endpoint {0}: traces go to a collector without TLS, at an address like http://127.0.0.1:4317; run one beside the platform"
    )]
    Address(String),
    #[error("--otlp-endpoint {endpoint} cannot be used")]
    Exporter {
        endpoint: String,
        source: opentelemetry_otlp::ExporterBuildError,
    },
}

/// A running export. Ending it sends what is left.
#[derive(Debug)]
pub struct Export(SdkTracerProvider);

impl Export {
    /// Prepares the export, when it is asked for. Needs a runtime.
    pub fn prepare(args: &ExportArgs) -> Result<Option<Export>, ExportError> {
        let given = args.otlp_endpoint.as_deref().map(str::trim);
        let Some(endpoint) = given.filter(|endpoint| !endpoint.is_empty()) else {
            return Ok(None);
        };
        if !endpoint.starts_with("http://") {
            return Err(ExportError::Address(endpoint.to_owned()));
        }
        let exporter = SpanExporter::builder()
            .with_tonic()
            .with_endpoint(endpoint)
            .with_timeout(PATIENCE)
            .build()
            .map_err(|source| ExportError::Exporter {
                endpoint: endpoint.to_owned(),
                source,
            })?;
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(Resource::builder().with_service_name("entente").build())
            .build();
        Ok(Some(Export(provider)))
    }

    /// What makes the subscriber hand spans over.
    pub fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: tracing::Subscriber + for<'span> LookupSpan<'span>,
    {
        EXPORTING.store(true, Ordering::Relaxed);
        let filter = Targets::new().with_target(TARGET, LevelFilter::INFO);
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("entente"))
            .with_filter(filter)
    }

    /// Sends what is left. Blocks for a moment.
    pub fn end(self) {
        if let Err(error) = self.0.shutdown_with_timeout(PATIENCE) {
            tracing::warn!(%error, "the last traces could not be exported");
        }
    }
}

/// Whether spans are exported.
pub fn is_exporting() -> bool {
    EXPORTING.load(Ordering::Relaxed)
}

/// The span of a request, below the one that the request names; disabled where nothing is exported.
pub fn request(method: &str, path: &str, id: &str, parent: Option<TraceContext>) -> Span {
    if !is_exporting() {
        return Span::none();
    }
    let span = tracing::info_span!(
        target: TARGET,
        "request",
        otel.name = method,
        otel.kind = "server",
        otel.status_code = tracing::field::Empty,
        http.request.method = method,
        http.response.status_code = tracing::field::Empty,
        url.path = path,
        request.id = id,
    );
    if let Some(parent) = parent {
        let flags = if parent.is_sampled {
            TraceFlags::SAMPLED
        } else {
            TraceFlags::NOT_SAMPLED
        };
        let parent = SpanContext::new(
            TraceId::from_bytes(parent.trace),
            SpanId::from_bytes(parent.span),
            flags,
            true,
            TraceState::NONE,
        );
        // Refused where the layer is not installed: then there is no span either.
        span.set_parent(opentelemetry::Context::new().with_remote_span_context(parent))
            .ok();
    }
    span
}

/// The trace context of an exported span.
pub fn context(span: &Span) -> Option<TraceContext> {
    if span.is_disabled() {
        return None;
    }
    let context = span.context();
    let context = context.span().span_context().clone();
    context.is_valid().then(|| TraceContext {
        trace: context.trace_id().to_bytes(),
        span: context.span_id().to_bytes(),
        is_sampled: context.is_sampled(),
    })
}

/// Writes down how a request was answered.
pub fn answered(span: &Span, status: u16) {
    span.record("http.response.status_code", status);
    if status >= 500 {
        span.record("otel.status_code", "ERROR");
    }
}

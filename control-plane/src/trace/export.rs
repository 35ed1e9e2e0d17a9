//! Sends spans to a collector over OTLP (gRPC), when one is configured. Otherwise no span is ever made.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use entente_fabric::client::connect::{ConnectError, ConnectOptions, connect_lazy};
use entente_fabric::tls::{TlsClient, TlsError};
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState, TracerProvider as _,
};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithTonicConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData};
use tonic::transport::Channel;
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
/// Where collectors listen for OTLP over gRPC.
const PORT: u16 = 4317;

static EXPORTING: AtomicBool = AtomicBool::new(false);

/// Where traces go.
#[derive(Debug, Clone, Default, Args)]
pub struct ExportArgs {
    /// Export traces over OTLP (gRPC) to the collector at this address, such as http://127.0.0.1:4317, or
    /// https://collector:4317 with --otlp-ca-file
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    pub otlp_endpoint: Option<String>,
    /// The authorities that the certificate of a collector at an https:// address may be issued by, PEM
    #[arg(long, env = "OTEL_EXPORTER_OTLP_CERTIFICATE", value_name = "FILE")]
    pub otlp_ca_file: Option<PathBuf>,
}

/// Why traces cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(
        "--otlp-endpoint {0}: give an address like http://127.0.0.1:4317, or https://collector:4317 for one with TLS"
    )]
    Address(String),
    #[error("--otlp-endpoint {0}: a collector with TLS needs --otlp-ca-file, the authorities to trust")]
    Untrusted(String),
    #[error("--otlp-ca-file {} cannot be read", .file.display())]
    Authorities { file: PathBuf, source: std::io::Error },
    #[error("--otlp-ca-file {} cannot be used", .file.display())]
    Tls { file: PathBuf, source: TlsError },
    #[error("--otlp-endpoint {endpoint} cannot be connected to")]
    Connect {
        endpoint: String,
        source: Box<ConnectError>,
    },
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
        let exporter = SpanExporter::builder()
            .with_tonic()
            .with_channel(channel(endpoint, args.otlp_ca_file.as_deref())?)
            .with_timeout(PATIENCE)
            .build()
            .map_err(|source| ExportError::Exporter {
                endpoint: endpoint.to_owned(),
                source,
            })?;
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(Telling::new(exporter, endpoint))
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

/// A connection that is made when there is something to send, and again when it was lost.
fn channel(endpoint: &str, authorities: Option<&Path>) -> Result<Channel, ExportError> {
    let wrong = || ExportError::Address(endpoint.to_owned());
    let (scheme, rest) = endpoint.split_once("://").ok_or_else(wrong)?;
    let place = rest.trim_end_matches('/');
    if place.is_empty() || place.contains(['/', '?', '#', '@']) {
        return Err(wrong());
    }
    let has_port = place
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let place = if has_port {
        place.to_owned()
    } else {
        format!("{place}:{PORT}")
    };
    let tls = match (scheme, authorities) {
        ("http", _) => None,
        ("https", None) => return Err(ExportError::Untrusted(endpoint.to_owned())),
        ("https", Some(file)) => {
            let file = file.to_owned();
            match std::fs::read(&file) {
                Err(source) => return Err(ExportError::Authorities { file, source }),
                Ok(pem) => Some(TlsClient::trusting_pem(&pem).map_err(|source| ExportError::Tls { file, source })?),
            }
        }
        _ => return Err(wrong()),
    };
    let options = ConnectOptions {
        timeout: PATIENCE,
        call_timeout: Some(PATIENCE),
        ..ConnectOptions::default()
    };
    connect_lazy(&place, tls.as_ref(), &options).map_err(|source| ExportError::Connect {
        endpoint: endpoint.to_owned(),
        source: Box::new(source),
    })
}

/// An exporter whose failures are told: when the first one happens, and when it works again.
#[derive(Debug)]
struct Telling {
    exporter: SpanExporter,
    endpoint: String,
    is_failing: AtomicBool,
}

impl Telling {
    fn new(exporter: SpanExporter, endpoint: &str) -> Telling {
        Telling {
            exporter,
            endpoint: endpoint.to_owned(),
            is_failing: AtomicBool::new(false),
        }
    }
}

impl opentelemetry_sdk::trace::SpanExporter for Telling {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let outcome = self.exporter.export(batch).await;
        let failed_before = self.is_failing.swap(outcome.is_err(), Ordering::Relaxed);
        match &outcome {
            Err(error) if !failed_before => {
                tracing::warn!(endpoint = self.endpoint, %error, "traces cannot be exported; they are lost until they can");
            }
            Ok(()) if failed_before => tracing::info!(endpoint = self.endpoint, "traces are exported again"),
            _ => {}
        }
        outcome
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
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

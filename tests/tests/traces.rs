//! A request's place in a trace: taken over, answered, written in the log, and exported to a real receiver of OTLP.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use entente_fabric::tls::{Alpn, ClientAuth, ServeOptions, ServerTls, TlsIdentity, serve};
use entente_tests::platform::{Platform, http_client};
use entente_tests::wait;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

const PATIENCE: Duration = Duration::from_secs(60);
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CAUSE: &str = "00f067aa0ba902b7";

/// Keeps what it is sent.
#[derive(Clone, Default)]
struct Receiver(Arc<Mutex<Vec<Span>>>);

#[tonic::async_trait]
impl TraceService for Receiver {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let resources = request.into_inner().resource_spans.into_iter();
        let spans = resources
            .flat_map(|resource| resource.scope_spans)
            .flat_map(|scope| scope.spans);
        self.0.lock().expect("nobody has failed with it").extend(spans);
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Receiver {
    /// Receives on a port of its own, until the test ends.
    async fn start() -> (Receiver, String) {
        let receiver = Receiver::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it listens");
        let service = TraceServiceServer::new(receiver.clone());
        let server = tonic::transport::Server::builder().add_service(service);
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        (receiver, format!("http://{address}"))
    }

    /// The span of the trace that the test has begun.
    fn span(&self) -> Option<Span> {
        let spans = self.0.lock().expect("nobody has failed with it");
        spans.iter().find(|span| hex::encode(&span.trace_id) == TRACE).cloned()
    }
}

/// An authority, and what a collector at 127.0.0.1 shows that it has issued.
struct Authority {
    pem: String,
    identity: TlsIdentity,
}

impl Authority {
    fn new() -> Authority {
        let mut params = rcgen::CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = rcgen::KeyPair::generate().expect("a key");
        let own = params.self_signed(&key).expect("a certificate").pem();
        let issuer = rcgen::Issuer::new(params, key);
        let leaf_key = rcgen::KeyPair::generate().expect("a key");
        let leaf = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("parameters");
        let leaf = leaf.signed_by(&leaf_key, &issuer).expect("a certificate").pem();
        let identity = TlsIdentity::from_pem(leaf.as_bytes(), leaf_key.serialize_pem().as_bytes());
        Authority {
            pem: own,
            identity: identity.expect("what was just made"),
        }
    }
}

/// Receives over TLS, on a port of its own, until the test ends.
async fn receive_over_tls(authority: &Authority) -> (Receiver, String) {
    let receiver = Receiver::default();
    let tls = ServerTls::new(&authority.identity, &ClientAuth::None, Alpn::H2).expect("TLS");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it listens");
    let service = TraceServiceServer::new(receiver.clone());
    let routes = tonic::service::Routes::new(service).prepare();
    let served = serve(
        listener,
        Some(tls),
        routes,
        ServeOptions::default(),
        CancellationToken::new(),
    );
    tokio::spawn(served);
    (receiver, format!("https://{address}"))
}

/// Asks for something below the test's own span; gives the span that answers.
async fn ask(platform: &Platform) -> String {
    let answer = http_client()
        .get(format!("{}/v1/chains/none", platform.url()))
        .bearer_auth(platform.token().expect("a token"))
        .header("traceparent", format!("00-{TRACE}-{CAUSE}-01"))
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 404);
    let header = answer.headers()["traceparent"].to_str().expect("ASCII").to_owned();
    let [version, trace, span, flags] = header.split('-').collect::<Vec<_>>()[..] else {
        panic!("not a traceparent: {header}");
    };
    assert_eq!((version, trace, flags), ("00", TRACE, "01"));
    assert_ne!(span, CAUSE);
    span.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_exported_as_a_span_below_the_one_that_caused_it() {
    let (receiver, endpoint) = Receiver::start().await;
    let settings = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str())];
    let platform = Platform::start_with(&settings).await.expect("the platform starts");

    let answered = ask(&platform).await;

    let span = wait::until("the span to arrive", PATIENCE, async || receiver.span()).await;
    let attributes: Vec<String> = span.attributes.iter().map(|attribute| attribute.key.clone()).collect();
    assert_eq!(
        (
            span.name.as_str(),
            span.kind(),
            hex::encode(&span.span_id),
            hex::encode(&span.parent_span_id)
        ),
        ("GET", SpanKind::Server, answered, CAUSE.to_owned())
    );
    for key in [
        "http.request.method",
        "http.response.status_code",
        "url.path",
        "request.id",
    ] {
        assert!(
            attributes.iter().any(|known| known == key),
            "{key} is not in {attributes:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_collector_traces_pass_through_all_the_same() {
    let platform = Platform::start().await.expect("the platform starts");

    ask(&platform).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_go_over_tls_to_a_collector_whose_authority_is_trusted_and_to_no_other() {
    // Whoever speaks TLS needs a provider.
    drop(http_client());
    let (right, wrong) = (Authority::new(), Authority::new());
    let (receiver, endpoint) = receive_over_tls(&right).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, pem: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, pem).expect("a file");
        path.display().to_string()
    };
    let (right, wrong) = (file("right.pem", &right.pem), file("wrong.pem", &wrong.pem));
    let settings = |authority| {
        [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", authority),
        ]
    };

    let platform = Platform::start_with(&settings(&wrong))
        .await
        .expect("the platform starts");
    ask(&platform).await;
    let told = wait::until("the log to tell", PATIENCE, async || {
        let log = platform.log();
        log.contains("traces cannot be exported").then_some(log)
    })
    .await;
    assert!(
        told.contains("its certificate was issued by an unknown authority"),
        "{told}"
    );
    assert_eq!(receiver.span(), None);
    drop(platform);

    let platform = Platform::start_with(&settings(&right))
        .await
        .expect("the platform starts");
    ask(&platform).await;
    wait::until("the span to arrive", PATIENCE, async || receiver.span()).await;
}

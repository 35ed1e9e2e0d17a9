//! Dialling a node: one HTTP/2 connection over TCP and TLS, and errors that say which node and why.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use rustls::{AlertDescription, CertificateError, ClientConfig};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tonic::transport::{Channel, Endpoint};

use crate::tls::{TlsClient, TlsError};

/// Why a node cannot be talked to. Every text names the endpoint and the cause.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("{0:?} is not an endpoint of the form host:port")]
    Endpoint(String),
    #[error("{endpoint}: {source}")]
    Settings { endpoint: String, source: TlsError },
    #[error("{endpoint}: the host name cannot be resolved: {source}")]
    Resolve { endpoint: String, source: io::Error },
    #[error("{endpoint}: connection refused; nothing listens there")]
    Refused { endpoint: String },
    #[error("{endpoint}: no answer within {}", humane(*.after))]
    TimedOut { endpoint: String, after: Duration },
    #[error("{endpoint}: {source}")]
    Io { endpoint: String, source: io::Error },
    #[error("{endpoint}: its certificate is not valid for the name {name:?}, but for {presented}")]
    Name {
        endpoint: String,
        name: String,
        presented: String,
    },
    #[error("{endpoint}: its certificate was issued by an unknown authority")]
    UnknownAuthority { endpoint: String },
    #[error("{endpoint}: its certificate has expired")]
    Expired { endpoint: String },
    #[error("{endpoint}: its certificate is not valid yet; compare the clocks")]
    NotYetValid { endpoint: String },
    #[error("{endpoint}: its certificate is not accepted: {reason}")]
    Certificate { endpoint: String, reason: String },
    #[error("{endpoint}: it refuses our TLS client certificate ({alert:?})")]
    ClientCertificate { endpoint: String, alert: AlertDescription },
    #[error("{endpoint}: TLS handshake failed: {source}")]
    Tls { endpoint: String, source: rustls::Error },
    #[error("{endpoint}: it closed the connection during the TLS handshake; does it speak TLS?")]
    HandshakeClosed { endpoint: String },
    #[error("{endpoint}: {source}")]
    Http {
        endpoint: String,
        source: tonic::transport::Error,
    },
}

fn humane(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

/// How patient a connection is.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// For resolving, TCP and TLS together.
    pub timeout: Duration,
    /// Limit for each unary call; `None` leaves it to the caller. Must be `None` where streams run.
    pub call_timeout: Option<Duration>,
    /// How often an idle connection is probed. Stock nodes end a connection that is probed more than once a minute
    /// (`ServerMinInterval` in `internal/pkg/comm/config.go`), hence the default of 65 s.
    pub keepalive_interval: Duration,
    pub keepalive_timeout: Duration,
}

impl Default for ConnectOptions {
    fn default() -> ConnectOptions {
        ConnectOptions {
            timeout: Duration::from_secs(5),
            call_timeout: None,
            keepalive_interval: Duration::from_secs(65),
            keepalive_timeout: Duration::from_secs(20),
        }
    }
}

/// Connects to `endpoint` (`host:port`) now. `tls` of `None` means plain TCP.
///
/// The channel reconnects by itself when the connection is lost.
pub async fn connect(
    endpoint: &str,
    tls: Option<&TlsClient>,
    options: &ConnectOptions,
) -> Result<Channel, ConnectError> {
    let dialler = Dialler::new(endpoint, tls, options)?;
    // Dialled by hand first, so that a failure is ours, with its type, and not one that tonic has wrapped.
    *dialler.ready.lock() = Some(dialler.dial().await?);
    let endpoint = dialler.target.clone();
    let http = |source| ConnectError::Http {
        endpoint: endpoint.to_string(),
        source,
    };
    http_settings(&dialler, options)
        .map_err(http)?
        .connect_with_connector(dialler)
        .await
        .map_err(http)
}

/// A channel that connects on first use. A connection failure is then the `Unavailable` status of the call, with the
/// text of a [`ConnectError`].
pub fn connect_lazy(
    endpoint: &str,
    tls: Option<&TlsClient>,
    options: &ConnectOptions,
) -> Result<Channel, ConnectError> {
    let dialler = Dialler::new(endpoint, tls, options)?;
    let settings = http_settings(&dialler, options).map_err(|source| ConnectError::Http {
        endpoint: endpoint.to_owned(),
        source,
    })?;
    Ok(settings.connect_with_connector_lazy(dialler))
}

fn http_settings(dialler: &Dialler, options: &ConnectOptions) -> Result<Endpoint, tonic::transport::Error> {
    let scheme = if dialler.tls.is_some() { "https" } else { "http" };
    let settings = Endpoint::from_shared(format!("{scheme}://{}", dialler.target))?
        .http2_keep_alive_interval(options.keepalive_interval)
        .keep_alive_timeout(options.keepalive_timeout)
        .keep_alive_while_idle(true)
        // Blocks are often larger than HTTP/2's 64 KiB. Not the adaptive window: its probes are what stock nodes
        // take for abuse.
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20);
    Ok(match options.call_timeout {
        Some(timeout) => settings.timeout(timeout),
        None => settings,
    })
}

pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}
pub(super) type BoxStream = Box<dyn Stream>;

/// Opens connections to one endpoint.
#[derive(Clone)]
pub(super) struct Dialler {
    /// `host:port` as it was given.
    target: Arc<str>,
    timeout: Duration,
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    /// A connection that is already made; the first call takes it.
    ready: Arc<Mutex<Option<BoxStream>>>,
}

impl Dialler {
    fn new(endpoint: &str, tls: Option<&TlsClient>, options: &ConnectOptions) -> Result<Dialler, ConnectError> {
        Dialler::speaking(b"h2", endpoint, tls, options)
    }

    /// For plain HTTP/1.1, as REST administration speaks it.
    pub(super) fn http1(
        endpoint: &str,
        tls: Option<&TlsClient>,
        options: &ConnectOptions,
    ) -> Result<Dialler, ConnectError> {
        Dialler::speaking(b"http/1.1", endpoint, tls, options)
    }

    fn speaking(
        protocol: &[u8],
        endpoint: &str,
        tls: Option<&TlsClient>,
        options: &ConnectOptions,
    ) -> Result<Dialler, ConnectError> {
        let host = host(endpoint)?;
        let settings = |source| ConnectError::Settings {
            endpoint: endpoint.to_owned(),
            source,
        };
        let tls = match tls {
            Some(tls) => {
                let config = tls.config(&[protocol]).map_err(settings)?;
                Some((Arc::new(config), tls.server_name_for(host).map_err(settings)?))
            }
            None => None,
        };
        Ok(Dialler {
            target: endpoint.into(),
            timeout: options.timeout,
            tls,
            ready: Arc::default(),
        })
    }

    pub(super) async fn dial(&self) -> Result<BoxStream, ConnectError> {
        tokio::time::timeout(self.timeout, self.open())
            .await
            .unwrap_or_else(|_| {
                Err(ConnectError::TimedOut {
                    endpoint: self.target.to_string(),
                    after: self.timeout,
                })
            })
    }

    async fn open(&self) -> Result<BoxStream, ConnectError> {
        let endpoint = || self.target.to_string();
        let mut addresses = tokio::net::lookup_host(&*self.target)
            .await
            .map_err(|source| ConnectError::Resolve {
                endpoint: endpoint(),
                source,
            })?
            .collect::<Vec<_>>();
        // Nodes listen on IPv4 unless told otherwise, and `localhost` resolves to both.
        addresses.sort_by_key(std::net::SocketAddr::is_ipv6);
        let stream = TcpStream::connect(&addresses[..])
            .await
            .map_err(|source| match source.kind() {
                io::ErrorKind::ConnectionRefused => ConnectError::Refused { endpoint: endpoint() },
                _ => ConnectError::Io {
                    endpoint: endpoint(),
                    source,
                },
            })?;
        stream.set_nodelay(true).map_err(|source| ConnectError::Io {
            endpoint: endpoint(),
            source,
        })?;
        let Some((config, name)) = &self.tls else {
            return Ok(Box::new(stream));
        };
        match tokio_rustls::TlsConnector::from(config.clone())
            .connect(name.clone(), stream)
            .await
        {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => Err(handshake_error(endpoint(), name, error)),
        }
    }
}

fn host(endpoint: &str) -> Result<&str, ConnectError> {
    let malformed = || ConnectError::Endpoint(endpoint.to_owned());
    let (host, port) = endpoint.rsplit_once(':').ok_or_else(malformed)?;
    let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    if host.is_empty() || port.parse::<u16>().is_err() {
        return Err(malformed());
    }
    Ok(host)
}

/// What went wrong between "connected" and "encrypted".
fn handshake_error(endpoint: String, name: &ServerName<'_>, error: io::Error) -> ConnectError {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let Some(tls) = tls.cloned() else {
        return match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => {
                ConnectError::HandshakeClosed { endpoint }
            }
            _ => ConnectError::Io {
                endpoint,
                source: error,
            },
        };
    };
    match tls {
        rustls::Error::InvalidCertificate(problem) => certificate_error(endpoint, name, problem),
        rustls::Error::AlertReceived(
            alert @ (AlertDescription::BadCertificate
            | AlertDescription::CertificateRequired
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateExpired
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied),
        ) => ConnectError::ClientCertificate { endpoint, alert },
        source => ConnectError::Tls { endpoint, source },
    }
}

fn certificate_error(endpoint: String, name: &ServerName<'_>, problem: CertificateError) -> ConnectError {
    let name = name.to_str().into_owned();
    match problem {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            ConnectError::UnknownAuthority { endpoint }
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => ConnectError::Expired { endpoint },
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            ConnectError::NotYetValid { endpoint }
        }
        CertificateError::NotValidForName => ConnectError::Name {
            endpoint,
            name,
            presented: "others".to_owned(),
        },
        CertificateError::NotValidForNameContext { presented, .. } => ConnectError::Name {
            endpoint,
            name,
            presented: presented.join(", "),
        },
        CertificateError::Other(other) => ConnectError::Certificate {
            endpoint,
            reason: other.to_string(),
        },
        problem => ConnectError::Certificate {
            endpoint,
            reason: problem.to_string(),
        },
    }
}

impl tower::Service<Uri> for Dialler {
    type Response = TokioIo<BoxStream>;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let dialler = self.clone();
        Box::pin(async move {
            let ready = dialler.ready.lock().take();
            let stream = match ready {
                Some(stream) => stream,
                None => dialler.dial().await?,
            };
            Ok(TokioIo::new(stream))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::testing::Authority;
    use crate::tls::{Alpn, ClientAuth, ServeOptions, ServerTls, TlsIdentity, serve};
    use tokio::net::TcpListener;
    use tokio_util::sync::CancellationToken;

    /// A gRPC server without services: it answers every call with `Unimplemented`.
    async fn node(identity: &TlsIdentity, auth: &ClientAuth) -> String {
        let tls = ServerTls::new(identity, auth, Alpn::H2).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let routes = tonic::service::Routes::default().prepare();
        tokio::spawn(serve(
            listener,
            Some(tls),
            routes,
            ServeOptions::default(),
            CancellationToken::new(),
        ));
        format!("localhost:{port}")
    }

    async fn call(channel: Channel) -> tonic::Status {
        use crate::proto::protos::{SignedProposal, endorser_client::EndorserClient};
        EndorserClient::new(channel)
            .process_proposal(SignedProposal::default())
            .await
            .unwrap_err()
    }

    async fn refusal(endpoint: &str, tls: &TlsClient) -> String {
        connect(endpoint, Some(tls), &ConnectOptions::default())
            .await
            .unwrap_err()
            .to_string()
    }

    #[tokio::test]
    async fn calls_go_through_mutual_tls_eagerly_and_lazily() {
        let authority = Authority::new();
        let auth = ClientAuth::require_der([authority.der()]);
        let endpoint = node(&authority.identity("localhost"), &auth).await;
        let tls = TlsClient::trusting_der([authority.der()]).with_identity(authority.identity("client"));
        let options = ConnectOptions::default();

        let eager = call(connect(&endpoint, Some(&tls), &options).await.unwrap()).await;
        let lazy = call(connect_lazy(&endpoint, Some(&tls), &options).unwrap()).await;

        assert_eq!(eager.code(), tonic::Code::Unimplemented);
        assert_eq!(lazy.code(), tonic::Code::Unimplemented);
    }

    #[tokio::test]
    async fn a_refused_connection_names_the_endpoint_also_when_connecting_lazily() {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let endpoint = free.to_string();
        let options = ConnectOptions::default();
        let expected = format!("{endpoint}: connection refused; nothing listens there");

        let eager = connect(&endpoint, None, &options).await.unwrap_err().to_string();
        let lazy = call(connect_lazy(&endpoint, None, &options).unwrap()).await;

        assert_eq!(eager, expected);
        assert_eq!(
            (lazy.code(), lazy.message()),
            (tonic::Code::Unavailable, expected.as_str())
        );
    }

    #[tokio::test]
    async fn a_wrong_certificate_is_refused_with_the_cause() {
        let (authority, stranger) = (Authority::new(), Authority::new());
        let expired = authority.identity_with("localhost", |params| {
            params.not_before = rcgen::date_time_ymd(2020, 1, 1);
            params.not_after = rcgen::date_time_ymd(2021, 1, 1);
        });
        let named = node(&authority.identity("orderer.example"), &ClientAuth::None).await;
        let expired = node(&expired, &ClientAuth::None).await;
        let unknown = node(&stranger.identity("localhost"), &ClientAuth::None).await;
        let tls = TlsClient::trusting_der([authority.der()]);

        assert_eq!(
            refusal(&named, &tls).await,
            format!(
                "{named}: its certificate is not valid for the name \"localhost\", but for \
                 DnsName(\"orderer.example\")"
            )
        );
        assert_eq!(
            refusal(&expired, &tls).await,
            format!("{expired}: its certificate has expired")
        );
        assert_eq!(
            refusal(&unknown, &tls).await,
            format!("{unknown}: its certificate was issued by an unknown authority")
        );
    }

    #[tokio::test]
    async fn a_server_name_can_stand_in_for_the_dialled_host() {
        let authority = Authority::new();
        let endpoint = node(&authority.identity("orderer.example"), &ClientAuth::None).await;
        let tls = TlsClient::trusting_der([authority.der()])
            .with_server_name("orderer.example")
            .unwrap();

        let connected = connect(&endpoint, Some(&tls), &ConnectOptions::default()).await;

        assert!(connected.is_ok());
    }

    #[tokio::test]
    async fn a_pinned_key_is_demanded_and_survives_renewal() {
        let authority = Authority::new();
        let (node_identity, other) = (authority.identity("localhost"), authority.identity("localhost"));
        let endpoint = node(&node_identity, &ClientAuth::Request).await;
        let trusting = TlsClient::trusting_der([authority.der()]);
        let pinned = trusting
            .clone()
            .with_pinned_certificates([&node_identity.certificate()[..]])
            .unwrap();
        let wrong = trusting.with_pinned_certificates([&other.certificate()[..]]).unwrap();

        assert!(
            connect(&endpoint, Some(&pinned), &ConnectOptions::default())
                .await
                .is_ok()
        );
        assert_eq!(
            refusal(&endpoint, &wrong).await,
            format!("{endpoint}: its certificate is not accepted: its public key is not one that was agreed on")
        );
    }

    #[tokio::test]
    async fn a_silent_or_plain_listener_is_told_apart() {
        let authority = Authority::new();
        let tls = TlsClient::trusting_der([authority.der()]);
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = silent.local_addr().unwrap().to_string();
        let options = ConnectOptions {
            timeout: Duration::from_millis(200),
            ..ConnectOptions::default()
        };

        let unanswered = connect(&endpoint, Some(&tls), &options).await.unwrap_err().to_string();
        let malformed = connect("orderer", Some(&tls), &options).await.unwrap_err().to_string();

        assert_eq!(unanswered, format!("{endpoint}: no answer within 0.2 s"));
        assert_eq!(malformed, "\"orderer\" is not an endpoint of the form host:port");
    }
}

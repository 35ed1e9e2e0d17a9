//! One connection to one endpoint: resolving, TCP, TLS, and what can go wrong on the way.

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

use super::connect::ConnectOptions;
use super::tcp;
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
    /// For gRPC.
    pub(super) fn new(
        endpoint: &str,
        tls: Option<&TlsClient>,
        options: &ConnectOptions,
    ) -> Result<Dialler, ConnectError> {
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

    /// A channel over this endpoint. `first` is a connection that is made already.
    pub(super) fn holding(self, first: BoxStream) -> Dialler {
        *self.ready.lock() = Some(first);
        self
    }

    /// The endpoint as a URI for tonic, which wants a scheme.
    pub(super) fn uri(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.target)
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
        let stream = tcp::connect(&addresses).await.map_err(|source| match source.kind() {
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

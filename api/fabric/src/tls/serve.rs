//! Serves HTTP, and gRPC over it, on a listener: handshakes, keepalive, and an orderly end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rustls_pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::{Service, ServiceExt as _};
use tracing::debug;

use super::ServerTls;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Who is at the other end of a connection. An extension of every request that [`serve`] hands on.
#[derive(Debug, Clone)]
pub struct ClientCertificate {
    /// The certificate that the client presented and holds the key of. `None` over plain TCP, or when it brought none.
    pub der: Option<CertificateDer<'static>>,
    pub remote: SocketAddr,
}

/// Limits of one listener.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// A client that has not finished its TLS handshake by then is dropped.
    pub handshake_timeout: Duration,
    /// How often an idle HTTP/2 connection is probed, and how long its answer may take.
    pub keepalive_interval: Duration,
    pub keepalive_timeout: Duration,
    /// How long running requests may take to end once the server stops. Streams without an end are cut then.
    pub drain: Duration,
    pub max_connections: usize,
    /// Per connection.
    pub max_concurrent_streams: u32,
}

impl Default for ServeOptions {
    fn default() -> ServeOptions {
        ServeOptions {
            handshake_timeout: Duration::from_secs(10),
            keepalive_interval: Duration::from_secs(60),
            keepalive_timeout: Duration::from_secs(20),
            drain: Duration::from_secs(5),
            max_connections: 10_000,
            max_concurrent_streams: 10_000,
        }
    }
}

/// Serves `service` (an axum `Router`, a tonic `Routes`) until `stop` is cancelled, then lets running requests end.
///
/// `tls` of `None` means plain TCP, for loopback and for chaincode that asks for no TLS.
pub async fn serve<S, B>(
    listener: TcpListener,
    tls: Option<Arc<ServerTls>>,
    service: S,
    options: ServeOptions,
    stop: CancellationToken,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let slots = Arc::new(Semaphore::new(options.max_connections));
    let drain = options.drain;
    let server = Arc::new(Server {
        builder: http(&options),
        service,
        tls,
        options,
        stop,
    });
    let mut running = JoinSet::new();
    while let Some((stream, remote, slot)) = server.next(&listener, &slots).await {
        let server = server.clone();
        running.spawn(async move {
            server.run(stream, remote).await;
            drop(slot);
        });
        while running.try_join_next().is_some() {}
    }
    drop(listener);
    let ended = async { while running.join_next().await.is_some() {} };
    if tokio::time::timeout(drain, ended).await.is_err() {
        debug!(
            open = running.len(),
            "connections still open after the drain period are cut"
        );
        running.shutdown().await;
    }
}

fn http(options: &ServeOptions) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(options.handshake_timeout);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(options.keepalive_interval)
        .keep_alive_timeout(options.keepalive_timeout)
        .max_concurrent_streams(options.max_concurrent_streams)
        // Blocks and proposals are often larger than HTTP/2's 64 KiB: fewer round trips for window updates.
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20);
    builder
}

struct Server<S> {
    builder: auto::Builder<TokioExecutor>,
    service: S,
    tls: Option<Arc<ServerTls>>,
    options: ServeOptions,
    stop: CancellationToken,
}

impl<S, B> Server<S>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    /// The next connection, as soon as there is room for it. `None` once the server stops.
    async fn next(
        &self,
        listener: &TcpListener,
        slots: &Arc<Semaphore>,
    ) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
        let accept = async {
            let slot = slots.clone().acquire_owned().await.ok()?;
            loop {
                match listener.accept().await {
                    Ok((stream, remote)) => return Some((stream, remote, slot)),
                    // Out of file descriptors, or the client is gone again: the listener itself is fine, and trying
                    // again at once would spin.
                    Err(error) => {
                        debug!(%error, "a connection could not be accepted");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                }
            }
        };
        tokio::select! {
            () = self.stop.cancelled() => None,
            accepted = accept => accepted,
        }
    }

    async fn run(&self, stream: TcpStream, remote: SocketAddr) {
        // Small answers must not wait for more to send; failing to say so costs latency only.
        stream.set_nodelay(true).ok();
        let Some(tls) = &self.tls else {
            return self.talk(stream, ClientCertificate { der: None, remote }).await;
        };
        let handshake = tokio_rustls::TlsAcceptor::from(tls.current()).accept(stream);
        let handshake = tokio::time::timeout(self.options.handshake_timeout, handshake);
        let outcome = tokio::select! {
            () = self.stop.cancelled() => return,
            outcome = handshake => outcome,
        };
        match outcome {
            Ok(Ok(stream)) => {
                let presented = stream.get_ref().1.peer_certificates();
                let der = presented
                    .and_then(|chain| chain.first())
                    .map(|leaf| leaf.clone().into_owned());
                self.talk(stream, ClientCertificate { der, remote }).await;
            }
            Ok(Err(error)) => debug!(%remote, %error, "TLS handshake failed"),
            Err(_) => debug!(%remote, "TLS handshake took too long"),
        }
    }

    async fn talk<IO>(&self, stream: IO, peer: ClientCertificate)
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let remote = peer.remote;
        let service = self.service.clone().map_request(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer.clone());
            request
        });
        let connection = self
            .builder
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            debug!(%remote, %error, "connection ended");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Authority, get};
    use super::super::{Alpn, ClientAuth, ServerTls, TlsClient};
    use super::*;
    use axum::Extension;
    use axum::routing::get as on_get;

    /// Answers each request with the SHA-256 of the client's certificate, or `none`.
    fn whoami() -> axum::Router {
        let answer = |Extension(peer): Extension<ClientCertificate>| async move {
            peer.der
                .map_or_else(|| "none".to_owned(), |der| hex::encode(crate::crypto::sha256(&der)))
        };
        axum::Router::new().route("/", on_get(answer))
    }

    async fn start(tls: Option<Arc<ServerTls>>) -> (SocketAddr, CancellationToken, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let served = serve(listener, tls, whoami(), ServeOptions::default(), stop.clone());
        (address, stop, tokio::spawn(served))
    }

    #[tokio::test]
    async fn a_client_certificate_reaches_the_handler() {
        let authority = Authority::new();
        let client = authority.identity("client.example");
        let auth = ClientAuth::Require {
            authorities: authority.pem().into_bytes(),
        };
        let tls = ServerTls::new(&authority.identity("localhost"), &auth, Alpn::H2AndHttp1).unwrap();
        let (address, ..) = start(Some(tls)).await;

        let trusting = TlsClient::trusting_pem(authority.pem().as_bytes())
            .unwrap()
            .with_identity(client.clone());
        let answer = get(address, "localhost", &trusting).await;

        assert_eq!(answer.unwrap(), hex::encode(client.certificate_hash()));
    }

    #[tokio::test]
    async fn a_listener_that_requires_certificates_turns_away_clients_without_and_strangers() {
        let (authority, stranger) = (Authority::new(), Authority::new());
        let auth = ClientAuth::require_der([authority.der()]);
        let tls = ServerTls::new(&authority.identity("localhost"), &auth, Alpn::H2AndHttp1).unwrap();
        let (address, ..) = start(Some(tls)).await;
        let bare = TlsClient::trusting_der([authority.der()]);

        let without = get(address, "localhost", &bare).await;
        let with_unknown = get(
            address,
            "localhost",
            &bare.with_identity(stranger.identity("client.example")),
        )
        .await;

        assert!(without.unwrap_err().contains("CertificateRequired"));
        assert!(with_unknown.unwrap_err().contains("UnknownCA"));
    }

    #[tokio::test]
    async fn a_listener_that_requests_certificates_lets_everybody_in_and_says_who_it_is() {
        let (authority, stranger) = (Authority::new(), Authority::new());
        let unknown = stranger.identity("client.example");
        let tls = ServerTls::new(&authority.identity("localhost"), &ClientAuth::Request, Alpn::H2AndHttp1).unwrap();
        let (address, ..) = start(Some(tls)).await;
        let bare = TlsClient::trusting_der([authority.der()]);

        let without = get(address, "localhost", &bare).await;
        let with_unknown = get(address, "localhost", &bare.with_identity(unknown.clone())).await;

        assert_eq!(without.unwrap(), "none");
        assert_eq!(with_unknown.unwrap(), hex::encode(unknown.certificate_hash()));
    }

    #[tokio::test]
    async fn replaced_settings_apply_to_the_next_connection() {
        let (old, new) = (Authority::new(), Authority::new());
        let tls = ServerTls::new(&old.identity("localhost"), &ClientAuth::None, Alpn::H2AndHttp1).unwrap();
        let (address, ..) = start(Some(tls.clone())).await;
        let trusting_new = TlsClient::trusting_der([new.der()]);

        let before = get(address, "localhost", &trusting_new).await;
        tls.replace(&new.identity("localhost"), &ClientAuth::None).unwrap();
        let after = get(address, "localhost", &trusting_new).await;

        assert!(before.unwrap_err().contains("UnknownIssuer"));
        assert_eq!(after.unwrap(), "none");
    }

    #[tokio::test]
    async fn a_stopped_server_ends_and_frees_its_port() {
        let (address, stop, served) = start(None).await;
        let idle = TcpStream::connect(address).await.unwrap();

        stop.cancel();
        tokio::time::timeout(Duration::from_secs(10), served)
            .await
            .expect("the server ends")
            .unwrap();

        assert!(TcpListener::bind(address).await.is_ok());
        drop(idle);
    }
}

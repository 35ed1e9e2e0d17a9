//! Dialling a node: one HTTP/2 connection over TCP and TLS, and errors that say which node and why.

use std::time::Duration;

use tonic::transport::{Channel, Endpoint};

pub use super::dial::ConnectError;
use super::dial::Dialler;
use crate::tls::TlsClient;

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
    let stream = dialler.dial().await?;
    let http = |source| ConnectError::Http {
        endpoint: endpoint.to_owned(),
        source,
    };
    let settings = http_settings(&dialler, options).map_err(http)?;
    settings
        .connect_with_connector(dialler.holding(stream))
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
    let settings = Endpoint::from_shared(dialler.uri())?
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

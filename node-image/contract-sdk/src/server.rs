//! Serves a contract to peers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use entente_fabric::client::MAX_MESSAGE_BYTES;
use entente_fabric::proto::protos::ChaincodeMessage;
use entente_fabric::proto::protos::chaincode_server::{Chaincode, ChaincodeServer};
use entente_fabric::tls::{self, Alpn, ClientAuth, ServeOptions, ServerTls, TlsError, TlsIdentity};
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::{Request, Response, Status, Streaming};

use crate::contract::Contract;
use crate::options::{Options, Tls};
use crate::stream;

/// How long transactions that run may take to end when the contract stops.
const DRAIN: Duration = Duration::from_secs(10);
/// How often an idle connection is probed, and how long the answer may take.
const KEEPALIVE: Duration = Duration::from_secs(30);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(20);
/// Messages to a peer that wait before those who send wait too.
const OUTGOING: usize = 256;

/// Why a contract cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("cannot listen on {address}")]
    Listen { address: String, source: std::io::Error },
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] TlsError),
}

/// Serves `contract` until `stop` is cancelled; then the transactions that run may end, for ten seconds. `listening`
/// learns the address once peers can connect: useful with port 0.
pub async fn serve(
    contract: Contract,
    options: Options,
    listening: impl FnOnce(SocketAddr),
    stop: CancellationToken,
) -> Result<(), ServeError> {
    let failed = |source| ServeError::Listen {
        address: options.address.clone(),
        source,
    };
    let tls = options.tls.as_ref().map(server_tls).transpose()?;
    let listener = TcpListener::bind(&options.address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    tracing::info!(%address, tls = tls.is_some(), chaincode = options.chaincode_id, "serving {}", contract.name());
    let conversations = TaskTracker::new();
    let service = Service {
        contract: Arc::new(contract),
        chaincode_id: Arc::from(options.chaincode_id),
        conversations: conversations.clone(),
        stop: stop.clone(),
    };
    let service = ChaincodeServer::new(service)
        .max_decoding_message_size(MAX_MESSAGE_BYTES)
        .max_encoding_message_size(MAX_MESSAGE_BYTES);
    let limits = ServeOptions {
        drain: DRAIN,
        keepalive_interval: KEEPALIVE,
        keepalive_timeout: KEEPALIVE_TIMEOUT,
        ..ServeOptions::default()
    };
    listening(address);
    tls::serve(
        listener,
        tls,
        tonic::service::Routes::new(service).prepare(),
        limits,
        stop,
    )
    .await;
    conversations.close();
    // What is still running lost its peer when the connections were cut, and ends at once.
    conversations.wait().await;
    Ok(())
}

fn server_tls(tls: &Tls) -> Result<Arc<ServerTls>, TlsError> {
    let identity = TlsIdentity::from_pem(&tls.certificate_pem, &tls.key_pem)?;
    let client_auth = match &tls.client_authorities_pem {
        Some(authorities) => ClientAuth::Require {
            authorities: authorities.clone(),
        },
        None => ClientAuth::None,
    };
    ServerTls::new(&identity, &client_auth, Alpn::H2)
}

struct Service {
    contract: Arc<Contract>,
    chaincode_id: Arc<str>,
    conversations: TaskTracker,
    stop: CancellationToken,
}

#[tonic::async_trait]
impl Chaincode for Service {
    type ConnectStream = BoxStream<'static, Result<ChaincodeMessage, Status>>;

    async fn connect(
        &self,
        request: Request<Streaming<ChaincodeMessage>>,
    ) -> Result<Response<Self::ConnectStream>, Status> {
        let incoming = request.into_inner().map_err(|status| status.message().to_owned());
        let (outgoing, messages) = mpsc::channel(OUTGOING);
        let (contract, id) = (Arc::clone(&self.contract), Arc::clone(&self.chaincode_id));
        let stop = self.stop.clone();
        self.conversations
            .spawn(async move { stream::converse(contract, &id, incoming, outgoing, stop).await });
        Ok(Response::new(ReceiverStream::new(messages).map(Ok).boxed()))
    }
}

#[cfg(test)]
mod tests;

//! Connections to the orderers of the channels' configurations, kept for as long as the configuration names them.

use std::collections::HashMap;
use std::sync::Arc;

use entente_fabric::client::connect::{ConnectOptions, connect_lazy};
use entente_fabric::client::pulse::Pulse;
use entente_fabric::config::Bundle;
use entente_fabric::proto::common::{Envelope, Status as OrdererStatus};
use entente_fabric::proto::gateway::ErrorDetail;
use entente_fabric::proto::orderer::BroadcastResponse;
use entente_fabric::proto::orderer::atomic_broadcast_client::AtomicBroadcastClient;
use entente_fabric::tls::{TlsClient, TlsIdentity};
use parking_lot::Mutex;
use tonic::Status;
use tracing::warn;

use crate::ordering::{Endpoint, endpoints};

/// One orderer of a channel.
#[derive(Clone)]
pub(super) struct Orderer {
    pub endpoint: Endpoint,
    client: AtomicBroadcastClient<tonic::transport::Channel>,
    pub pulse: Arc<Pulse>,
}

impl Orderer {
    pub fn detail(&self, message: &str) -> ErrorDetail {
        let Endpoint { address, msp_id, .. } = &self.endpoint;
        ErrorDetail {
            address: address.clone(),
            msp_id: msp_id.clone(),
            message: message.to_owned(),
        }
    }

    /// The orderer's answer to a transaction. Not waited for when the orderer is found to be gone.
    pub async fn broadcast(&self, envelope: Envelope) -> Result<BroadcastResponse, Status> {
        match self.pulse.while_there(self.call(envelope)).await {
            Ok(answer) => answer,
            Err(silent) => Err(Status::unavailable(silent.to_string())),
        }
    }

    async fn call(&self, envelope: Envelope) -> Result<BroadcastResponse, Status> {
        let mut client = self.client.clone();
        let mut replies = client.broadcast(tokio_stream::once(envelope)).await?.into_inner();
        replies
            .message()
            .await?
            .ok_or_else(|| Status::unavailable("the orderer ended the stream without an answer"))
    }
}

/// An orderer's status as stock prints it.
pub(super) fn status_name(response: &BroadcastResponse) -> &'static str {
    OrdererStatus::try_from(response.status)
        .unwrap_or(OrdererStatus::Unknown)
        .as_str_name()
}

#[derive(Default)]
pub(super) struct Orderers {
    by_address: Mutex<HashMap<String, Orderer>>,
}

impl Orderers {
    /// The orderers of a channel, and how many its configuration names.
    pub fn of(&self, bundle: &Bundle, tls: &TlsIdentity) -> (Vec<Orderer>, usize) {
        let endpoints = endpoints(bundle);
        let named = endpoints.len();
        let mut known = self.by_address.lock();
        let orderers = endpoints.into_iter().filter_map(|endpoint| {
            if let Some(orderer) = known
                .get(&endpoint.address)
                .filter(|orderer| orderer.endpoint == endpoint)
            {
                return Some(orderer.clone());
            }
            let roots = TlsClient::trusting_der(endpoint.tls_roots.iter().map(Vec::as_slice));
            let tls = roots.with_identity(tls.clone());
            match connect_lazy(&endpoint.address, Some(&tls), &ConnectOptions::default()) {
                Ok(connection) => {
                    let orderer = Orderer {
                        client: AtomicBroadcastClient::new(connection),
                        pulse: Pulse::new(endpoint.address.clone(), tls),
                        endpoint,
                    };
                    known.insert(orderer.endpoint.address.clone(), orderer.clone());
                    Some(orderer)
                }
                Err(error) => {
                    warn!(%error, "an orderer of the channel configuration cannot be used");
                    None
                }
            }
        });
        (orderers.collect(), named)
    }

    /// Closes connections to orderers that no configuration names any more.
    pub fn retain(&self, named: impl Fn(&Endpoint) -> bool) {
        self.by_address.lock().retain(|_, orderer| named(&orderer.endpoint));
    }
}

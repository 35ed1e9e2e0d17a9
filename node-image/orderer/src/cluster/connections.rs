//! Connections to other orderers, one for each that is talked to, however many channels are shared with it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use entente_fabric::client::connect::{ConnectError, ConnectOptions, connect};
use entente_fabric::tls::{TlsClient, TlsIdentity};
use parking_lot::Mutex;
use tonic::transport::Channel;

/// Longest wait for a connection. Stock's is 5 s (`Cluster.DialTimeout`); but while a pod is replaced, packets to it may
/// vanish, and an orderer that waits for them so long is not heard of by the others.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whom to dial, and how to know it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// `host:port`.
    pub endpoint: String,
    /// DER of the certificate whose key the server must have; empty when its authority and name are enough.
    pub server: Vec<u8>,
    /// DER of the authorities to trust.
    pub authorities: Vec<Vec<u8>>,
}

type Slot = Arc<tokio::sync::Mutex<Option<Channel>>>;

/// Dials orderers as this node.
pub struct Connections {
    identity: TlsIdentity,
    open: Mutex<HashMap<Target, Slot>>,
}

impl Connections {
    pub fn new(identity: TlsIdentity) -> Connections {
        Connections {
            identity,
            open: Mutex::default(),
        }
    }

    /// SHA-256 of the client certificate that is presented: what signed requests to others must carry.
    pub fn certificate_hash(&self) -> [u8; 32] {
        self.identity.certificate_hash()
    }

    /// A connection to `target`: one that is open, or a new one. Those who want the same at once share the dialling.
    pub async fn get(&self, target: &Target) -> Result<Channel, ConnectError> {
        let slot = self.open.lock().entry(target.clone()).or_default().clone();
        let mut slot = slot.lock().await;
        if let Some(channel) = &*slot {
            return Ok(channel.clone());
        }
        let options = ConnectOptions {
            timeout: PATIENCE,
            ..ConnectOptions::default()
        };
        let channel = connect(&target.endpoint, Some(&self.tls(target)?), &options).await?;
        *slot = Some(channel.clone());
        Ok(channel)
    }

    /// Forgets a connection that failed, so that the next user dials.
    pub fn forget(&self, target: &Target) {
        self.open.lock().remove(target);
    }

    fn tls(&self, target: &Target) -> Result<TlsClient, ConnectError> {
        let tls = TlsClient::trusting_der(target.authorities.iter().map(Vec::as_slice));
        let tls = tls.with_identity(self.identity.clone());
        if target.server.is_empty() {
            return Ok(tls);
        }
        tls.with_pinned_certificates([target.server.as_slice()])
            .map_err(|source| ConnectError::Settings {
                endpoint: target.endpoint.clone(),
                source,
            })
    }
}

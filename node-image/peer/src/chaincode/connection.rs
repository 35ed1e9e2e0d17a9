//! Dialling a contract's process by what its package says (`core/chaincode/extcc`,
//! `core/container/externalbuilder/instance.go`).

use std::time::Duration;

use entente_fabric::client::connect::{ConnectError, ConnectOptions, connect};
use entente_fabric::package::Connection;
use entente_fabric::tls::{TlsClient, TlsIdentity};
use tonic::transport::Channel;

use crate::failure::Failure;

/// Between two attempts. A contract that restarts is back within a second.
const RETRY_EVERY: Duration = Duration::from_millis(50);

/// Where a contract listens, and how to reach it.
pub struct Target {
    pub address: String,
    tls: Option<TlsClient>,
    timeout: Duration,
}

impl Target {
    /// Checks an expanded connection.json.
    pub fn new(connection: &Connection) -> Result<Target, Failure> {
        if connection.address.is_empty() {
            return Err(Failure::new("chaincode address not provided"));
        }
        let timeout = connection
            .dial_timeout()
            .map_err(|reason| Failure(reason.to_string()))?;
        Ok(Target {
            address: connection.address.clone(),
            tls: tls(connection)?,
            timeout,
        })
    }

    /// The address, and how it is dialled when that may surprise.
    pub fn described(&self) -> String {
        match self.tls {
            Some(_) => self.address.clone(),
            None => format!("{} (without TLS, as its package says)", self.address),
        }
    }

    /// Connects, trying again until the dial timeout is over.
    pub async fn dial(&self) -> Result<Channel, Failure> {
        let give_up = tokio::time::Instant::now() + self.timeout;
        loop {
            let options = ConnectOptions {
                timeout: give_up.saturating_duration_since(tokio::time::Instant::now()),
                ..ConnectOptions::default()
            };
            match connect(&self.address, self.tls.as_ref(), &options).await {
                Ok(channel) => return Ok(channel),
                // Only what a moment's patience may mend is tried again.
                Err(
                    ConnectError::Refused { .. } | ConnectError::Io { .. } | ConnectError::HandshakeClosed { .. },
                ) if tokio::time::Instant::now() + RETRY_EVERY < give_up => {
                    tokio::time::sleep(RETRY_EVERY).await;
                }
                Err(error) => {
                    let address = &self.address;
                    return Err(Failure(format!("error creating grpc connection to {address}: {error}")));
                }
            }
        }
    }
}

fn tls(connection: &Connection) -> Result<Option<TlsClient>, Failure> {
    if !connection.tls_required {
        return Ok(None);
    }
    if connection.client_auth_required && connection.client_key.is_empty() {
        return Err(Failure::new("chaincode tls key not provided"));
    }
    if connection.client_auth_required && connection.client_cert.is_empty() {
        return Err(Failure::new("chaincode tls cert not provided"));
    }
    if connection.root_cert.is_empty() {
        return Err(Failure::new("chaincode tls root cert not provided"));
    }
    let unusable = |error: entente_fabric::tls::TlsError| Failure(format!("chaincode TLS: {error}"));
    let client = TlsClient::trusting_pem(connection.root_cert.as_bytes()).map_err(unusable)?;
    if !connection.client_auth_required {
        return Ok(Some(client));
    }
    let identity = TlsIdentity::from_pem(connection.client_cert.as_bytes(), connection.client_key.as_bytes())
        .map_err(unusable)?;
    Ok(Some(client.with_identity(identity)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_needs_a_root_and_a_client_pair_only_when_it_is_asked_for() {
        let connection = |change: fn(&mut Connection)| {
            let mut connection = Connection {
                address: "c:1".into(),
                tls_required: true,
                ..Default::default()
            };
            change(&mut connection);
            Target::new(&connection).err().map(|failure| failure.0)
        };

        assert_eq!(connection(|c| c.tls_required = false), None);
        assert_eq!(
            connection(|c| c.address.clear()).as_deref(),
            Some("chaincode address not provided")
        );
        assert_eq!(
            connection(|_| ()).as_deref(),
            Some("chaincode tls root cert not provided")
        );
        assert_eq!(
            connection(|c| c.client_auth_required = true).as_deref(),
            Some("chaincode tls key not provided")
        );
    }
}

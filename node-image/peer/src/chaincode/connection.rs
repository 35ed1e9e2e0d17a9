//! Dialling a contract's process by what its package says (`core/chaincode/extcc`,
//! `core/container/externalbuilder/instance.go`).

use std::time::Duration;

use entente_fabric::client::connect::{ConnectError, ConnectOptions, connect};
use entente_fabric::package::Connection;
use entente_fabric::tls::{TlsClient, TlsIdentity};
use tonic::transport::Channel;

use crate::failure::Failure;

/// Patience when connection.json names none.
const DIAL_TIMEOUT: Duration = Duration::from_secs(3);
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
        let timeout = match connection.dial_timeout.as_str() {
            "" => DIAL_TIMEOUT,
            text => match go_duration(text)? {
                Duration::ZERO => DIAL_TIMEOUT,
                timeout => timeout,
            },
        };
        Ok(Target {
            address: connection.address.clone(),
            tls: tls(connection)?,
            timeout,
        })
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

/// Reads a duration as Go's `time.ParseDuration` does: `300ms`, `1m30s`, `1.5h`. Negative ones are refused.
fn go_duration(text: &str) -> Result<Duration, Failure> {
    let invalid = || {
        Failure(format!(
            "dial_timeout: invalid duration {text:?}; use for example \"10s\""
        ))
    };
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let (mut rest, mut total) = (text, Duration::ZERO);
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .ok_or_else(invalid)?;
        let amount: f64 = rest[..digits].parse().map_err(|_| invalid())?;
        rest = &rest[digits..];
        let letters = rest
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(rest.len());
        let unit = match &rest[..letters] {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return Err(invalid()),
        };
        rest = &rest[letters..];
        total += Duration::try_from_secs_f64(amount * unit).map_err(|_| invalid())?;
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_writes_them() {
        let read = ["10s", "1m30s", "1.5h", "300ms", "0"].map(|text| go_duration(text).unwrap());

        assert_eq!(read, [10_000, 90_000, 5_400_000, 300, 0].map(Duration::from_millis));
        for wrong in ["10", "-3s", "s", "1 s", "3x", "1e3s", "9999999999999999999h"] {
            assert!(go_duration(wrong).is_err(), "{wrong} was accepted");
        }
    }

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

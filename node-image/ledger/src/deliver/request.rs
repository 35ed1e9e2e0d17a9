//! Reads a signed seek request: everything about it that needs no channel.

use std::time::{Duration, SystemTime};

use entente_fabric::envelope;
use entente_fabric::policy::SignedData;
use entente_fabric::proto::common::{ChannelHeader, Envelope};
use prost::Message as _;

use super::{Client, TIME_WINDOW};

/// A request whose headers are in order.
pub(super) struct Request {
    pub channel_id: String,
    pub signed: SignedData,
    /// Marshalled `orderer.SeekInfo`, not looked at yet: an unknown channel is told first.
    pub seek: Vec<u8>,
}

/// Parses an envelope (`parseEnvelope` in `common/deliver/deliver.go`): headers, then the timestamp, then that the
/// request was made for this TLS connection.
pub(super) fn read(envelope: &Envelope, mutual_tls: bool, client: &Client) -> Result<Request, String> {
    let (payload, header) = envelope::payload(envelope).map_err(|error| error.to_string())?;
    let channel = ChannelHeader::decode(header.channel_header.as_slice()).map_err(|error| error.to_string())?;
    let signed = envelope::signed_data(envelope).map_err(|error| error.to_string())?;
    let timestamp = channel
        .timestamp
        .ok_or("channel header in envelope must contain timestamp")?;
    let sent = SystemTime::try_from(timestamp).map_err(|_| "the timestamp is out of range")?;
    if apart(sent, SystemTime::now()) > TIME_WINDOW {
        return Err(format!(
            "envelope timestamp {timestamp} is more than {TIME_WINDOW:?} apart from the server's time"
        ));
    }
    if mutual_tls {
        bound_to(&channel.tls_cert_hash, client)?;
    }
    Ok(Request {
        channel_id: channel.channel_id,
        signed,
        seek: payload.data,
    })
}

fn apart(a: SystemTime, b: SystemTime) -> Duration {
    a.duration_since(b).unwrap_or_else(|earlier| earlier.duration())
}

/// `mutualTLSBinding` in `common/deliver/binding.go`.
fn bound_to(claimed: &[u8], client: &Client) -> Result<(), String> {
    if claimed.is_empty() {
        return Err("client didn't include its TLS cert hash".to_owned());
    }
    match &client.tls_certificate_hash {
        None => Err("client didn't send a TLS certificate".to_owned()),
        Some(actual) if actual == claimed => Ok(()),
        Some(actual) => Err(format!(
            "claimed TLS cert hash is {} but actual TLS cert hash is {}",
            hex::encode(claimed),
            hex::encode(actual)
        )),
    }
}

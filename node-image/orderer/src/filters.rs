//! What an orderer asks of a message before it orders it (`orderer/common/msgprocessor`).

use std::time::SystemTime;

use bytes::Bytes;
use entente_fabric::config::{Bundle, consenters};
use entente_fabric::proto::common::{ChannelHeader, ConfigEnvelope, Envelope, HeaderType, Status};
use entente_fabric::proto::etcdraft::BlockMetadata;
use entente_fabric::proto::protos::ChaincodeHeaderExtension;
use entente_fabric::{envelope, expiry};
use entente_ledger::lifecycle;
use prost::Message as _;

use crate::channel::{Channel, orderer, satisfies};
use crate::cutter::Message;
use crate::maintenance;
use crate::raft::core::Request;

/// What the client is told. The texts are stock's, as clients compare and log them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    pub status: Status,
    pub info: String,
}

impl Rejection {
    pub fn bad_request(info: impl Into<String>) -> Rejection {
        Rejection {
            status: Status::BadRequest,
            info: info.into(),
        }
    }

    pub fn unavailable(info: impl Into<String>) -> Rejection {
        Rejection {
            status: Status::ServiceUnavailable,
            info: info.into(),
        }
    }

    fn within(self, context: &str) -> Rejection {
        Rejection {
            info: format!("{context}: {}", self.info),
            ..self
        }
    }
}

/// The consenter set that a configuration update is compared with, and who of it is alive.
#[derive(Debug, Clone, Default)]
pub struct Consenters {
    pub metadata: BlockMetadata,
    pub active: Vec<u64>,
}

/// A message as it goes into a block: marshalled once, and from then on only carried around. `checked_at` is the sequence
/// of the configuration that it was checked under.
pub fn request(envelope: &Envelope, header: &ChannelHeader, checked_at: u64) -> Request {
    let size = (envelope.payload.len() + envelope.signature.len()) as u64;
    Request {
        message: Message {
            bytes: Bytes::from(envelope.encode_to_vec()),
            size,
            checked_at,
            urgent: administers(header),
            stamp: None,
        },
        is_config: header.r#type == HeaderType::Config as i32,
    }
}

/// Whether a transaction says that it approves or commits a chaincode definition. Peers decide whether that is true; here
/// it only decides when a block is cut, so a header that cannot be read is that of an ordinary transaction.
fn administers(header: &ChannelHeader) -> bool {
    header.r#type == HeaderType::EndorserTransaction as i32
        && ChaincodeHeaderExtension::decode(header.extension.as_slice())
            .is_ok_and(|extension| extension.chaincode_id.is_some_and(|id| id.name == lifecycle::NAMESPACE))
}

/// The header of a message, which says where it belongs (`BroadcastChannelSupport` in
/// `orderer/common/multichannel/registrar.go`).
pub fn header(envelope: &Envelope) -> Result<ChannelHeader, Rejection> {
    envelope::channel_header(envelope)
        .map_err(|error| Rejection::bad_request(format!("could not determine channel ID: {error}")))
}

/// Checks a message of any kind for `channel`, `None` when this node does not order the channel that the header names.
/// What comes back is to be ordered: the message, or the configuration that it led to.
pub fn check(
    channel: Option<&Channel>,
    header: &ChannelHeader,
    envelope: &Envelope,
    group: impl FnOnce() -> Consenters,
) -> Result<Request, Rejection> {
    let channel = channel.ok_or_else(|| Rejection::bad_request("channel does not exist"))?;
    match HeaderType::try_from(header.r#type) {
        Ok(HeaderType::ConfigUpdate) => config_update(channel, envelope, &group()),
        Ok(HeaderType::Config) => Err(Rejection::bad_request(
            "message is of type that cannot be processed directly",
        )),
        Ok(HeaderType::OrdererTransaction) => {
            Err(Rejection::bad_request("message is of type that is no longer supported"))
        }
        _ => normal(channel, header, envelope),
    }
}

/// Checks a transaction (`ProcessNormalMsg`).
fn normal(channel: &Channel, header: &ChannelHeader, envelope: &Envelope) -> Result<Request, Rejection> {
    let bundle = channel.bundle();
    if orderer(&bundle).map_err(Rejection::bad_request)?.maintenance {
        return Err(Rejection::unavailable(
            "normal transactions are rejected: maintenance mode",
        ));
    }
    common(&bundle, envelope, SystemTime::now())?;
    Ok(request(envelope, header, bundle.sequence))
}

/// Checks a configuration update and makes the configuration that it asks for (`ProcessConfigUpdateMsg`).
pub fn config_update(channel: &Channel, update: &Envelope, group: &Consenters) -> Result<Request, Rejection> {
    let (bundle, now) = (channel.bundle(), SystemTime::now());
    common(&bundle, update, now)
        .map_err(|rejection| rejection.within("config update for existing channel did not pass initial checks"))?;
    let next = propose(&bundle, update, group, now).map_err(|reason| {
        Rejection::bad_request(format!(
            "error applying config update to existing channel '{}': {reason}",
            channel.id
        ))
    })?;
    let data = next.encode_to_vec();
    let config = envelope::signed(HeaderType::Config, &channel.id, data, &[], &*channel.signer)
        .map_err(|error| Rejection::bad_request(error.to_string()))?;
    common(&bundle, &config, now)
        .map_err(|rejection| rejection.within("config update for existing channel did not pass final checks"))?;
    maintenance::inspect(&bundle, &next).map_err(|reason| {
        let context = "config update for existing channel did not pass maintenance checks: config transaction inspection failed";
        Rejection::bad_request(format!("{context}: {reason}"))
    })?;
    Ok(request(&config, &header(&config)?, bundle.sequence))
}

/// Checks a message again that passed under an older configuration (`ordered` in `orderer/consensus/etcdraft/chain.go`).
pub fn again(channel: &Channel, request: &Request, group: &Consenters) -> Result<Request, Rejection> {
    let envelope = Envelope::decode(request.message.bytes.clone())
        .map_err(|error| Rejection::bad_request(format!("bad message: {error}")))?;
    if !request.is_config {
        return normal(channel, &header(&envelope)?, &envelope);
    }
    let bad = |reason: String| Rejection::bad_request(format!("bad config message: {reason}"));
    let (payload, _) = envelope::payload(&envelope).map_err(|error| bad(error.to_string()))?;
    let config = ConfigEnvelope::decode(payload.data.as_slice()).map_err(|error| bad(error.to_string()))?;
    let update = config
        .last_update
        .ok_or_else(|| bad("it carries no update".to_owned()))?;
    config_update(channel, &update, group)
}

/// The rules for every message, in stock's order: the cheap ones before the signature.
fn common(bundle: &Bundle, envelope: &Envelope, now: SystemTime) -> Result<(), Rejection> {
    let orderer = orderer(bundle).map_err(Rejection::bad_request)?;
    if envelope.payload.is_empty() {
        return Err(Rejection::bad_request("Message was empty"));
    }
    let size = envelope.payload.len() + envelope.signature.len();
    let maximum = orderer.absolute_max_bytes;
    if size as u64 > u64::from(maximum) {
        let info = format!("message payload is {size} bytes and exceeds maximum allowed {maximum} bytes");
        return Err(Rejection::bad_request(info));
    }
    let signed = envelope::signed_data(envelope)
        .map_err(|error| Rejection::bad_request(format!("could not convert message to signedData: {error}")))?;
    let expires = match bundle.msps.deserialize(&signed.identity) {
        Ok(identity) => Some(identity.not_after()),
        // The certificate of a stranger may have expired, too, and is told so first.
        Err(_) => expiry::of_identity(&signed.identity),
    };
    if expires.is_some_and(|end| now >= end) {
        return Err(Rejection::bad_request("broadcast client identity expired"));
    }
    let policy = if orderer.maintenance {
        "/Channel/Orderer/Writers"
    } else {
        "/Channel/Writers"
    };
    if bundle.policies.get(policy).is_none() {
        return Err(Rejection::bad_request(format!("could not find policy {policy}")));
    }
    satisfies(bundle, policy, &signed).map_err(|reason| Rejection {
        status: Status::Forbidden,
        info: format!("{reason}: permission denied"),
    })
}

/// The next configuration, if it may follow the current one (`ProposeConfigUpdate` in
/// `orderer/common/multichannel/chainsupport.go`).
fn propose(
    bundle: &Bundle,
    update: &Envelope,
    group: &Consenters,
    now: SystemTime,
) -> Result<ConfigEnvelope, String> {
    let envelope = bundle.propose(update).map_err(|error| error.to_string())?;
    let config = envelope.config.clone().unwrap_or_default();
    let next = Bundle::new(&bundle.channel_id, config).map_err(|error| error.to_string())?;
    next.check_for_orderer()
        .map_err(|error| format!("config update is not compatible: {error}"))?;
    bundle.validate_new(&next).map_err(|error| error.to_string())?;
    let old = orderer(bundle)?;
    consenters::validate(old, &next, &group.metadata, &group.active, now)
        .map_err(|error| format!("consensus metadata update for channel config update is invalid: {error}"))?;
    Ok(envelope)
}

#[cfg(test)]
mod tests;

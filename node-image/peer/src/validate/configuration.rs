//! A configuration transaction must follow from the configuration in force; the orderers have checked the same
//! (`core/peer/channel.go`, `Apply`).

use entente_fabric::config::Bundle;
use entente_fabric::proto::common::ConfigEnvelope;
use prost::Message as _;

use super::ValidateError;

/// The configuration that the transaction puts in force. One that must not follow stops the channel: the orderers that
/// put it into a block cannot be trusted with the next.
pub fn check(envelope: &[u8], bundle: &Bundle) -> Result<Bundle, ValidateError> {
    let halt =
        |reason: String| ValidateError::Halted(format!("the configuration transaction is not valid: {reason}"));
    let envelope = ConfigEnvelope::decode(envelope).map_err(|error| halt(error.to_string()))?;
    bundle.validate(&envelope).map_err(|error| halt(error.to_string()))?;
    let config = envelope
        .config
        .ok_or_else(|| halt("it holds no configuration".to_owned()))?;
    let next = Bundle::new(&bundle.channel_id, config).map_err(|error| halt(error.to_string()))?;
    bundle.validate_new(&next).map_err(|error| halt(error.to_string()))?;
    next.check_for_peer().map_err(|error| halt(error.to_string()))?;
    Ok(next)
}

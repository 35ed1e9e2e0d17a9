//! Maintenance mode: how a channel may go in and out of it, and what may change in it
//! (`orderer/common/msgprocessor/maintenancefilter.go`).

use entente_fabric::config::{Bundle, OrdererConfig};
use entente_fabric::envelope;
use entente_fabric::proto::common::{ConfigEnvelope, ConfigUpdate, ConfigUpdateEnvelope};
use prost::Message as _;

use crate::channel::orderer;

/// Whether the configuration in `next` respects the rules.
pub fn inspect(current: &Bundle, next: &ConfigEnvelope) -> Result<(), String> {
    let config = next.config.clone().unwrap_or_default();
    let bundle =
        Bundle::new(&current.channel_id, config).map_err(|error| format!("failed to parse config: {error}"))?;
    let (old, new) = (
        orderer(current)?,
        bundle.orderer.as_ref().ok_or("next config is missing orderer group")?,
    );
    if old.maintenance != new.maintenance {
        only_the_consensus_type_changes(next)?;
        let change = format!(
            "but ConsensusType.State is changing from {} to {}",
            state(old),
            state(new)
        );
        if old.consensus_type != new.consensus_type {
            return Err(format!(
                "attempted to change ConsensusType.Type from {} to {}, {change}",
                old.consensus_type, new.consensus_type
            ));
        }
        if old.consensus_metadata != new.consensus_metadata {
            return Err(format!("attempted to change ConsensusType.Metadata, {change}"));
        }
    }
    if old.consensus_type == new.consensus_type {
        return Ok(());
    }
    let attempted = format!(
        "attempted to change consensus type from {} to {}",
        old.consensus_type, new.consensus_type
    );
    if !old.maintenance {
        return Err(format!(
            "{attempted}, but current config ConsensusType.State is not in maintenance mode"
        ));
    }
    if !new.maintenance {
        return Err(format!(
            "{attempted}, but next config ConsensusType.State is not in maintenance mode"
        ));
    }
    // Stock goes on from here to BFT, which this orderer does not speak.
    Err(format!("{attempted}, transition not supported"))
}

fn state(orderer: &OrdererConfig) -> &'static str {
    if orderer.maintenance {
        "STATE_MAINTENANCE"
    } else {
        "STATE_NORMAL"
    }
}

/// Entering and leaving maintenance must not be mixed with anything else.
fn only_the_consensus_type_changes(next: &ConfigEnvelope) -> Result<(), String> {
    let update = next
        .last_update
        .as_ref()
        .ok_or("updated config does not include a config update")?;
    let (payload, _) = envelope::payload(update).map_err(|error| error.to_string())?;
    let update = ConfigUpdateEnvelope::decode(payload.data.as_slice()).map_err(|error| error.to_string())?;
    let update = ConfigUpdate::decode(update.config_update.as_slice()).map_err(|error| error.to_string())?;
    let channel = update.write_set.unwrap_or_default();
    if channel.groups.is_empty() {
        return Err("config update contains no changes".to_owned());
    }
    if !channel.values.is_empty() {
        return Err("config update contains changes to values in group Channel".to_owned());
    }
    if channel.groups.len() > 1 {
        return Err("config update contains changes to more than one group".to_owned());
    }
    let orderer = channel
        .groups
        .get("Orderer")
        .ok_or("update does not contain the Orderer group")?;
    if !orderer.groups.is_empty() {
        return Err("config update contains changes to groups within the Orderer group".to_owned());
    }
    if !orderer.values.contains_key("ConsensusType") {
        return Err("config update does not contain the ConsensusType value".to_owned());
    }
    if orderer.values.len() > 1 {
        return Err("config update contain more then just the ConsensusType value in the Orderer group".to_owned());
    }
    Ok(())
}

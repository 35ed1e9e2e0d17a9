//! The Orderer group and the organizations in it (`common/channelconfig/orderer.go`).

use std::collections::BTreeMap;
use std::time::Duration;

use super::capability_names;
use super::msps::Msps;
use crate::config::values::Values;
use crate::config::{ConfigError, OrdererConfig, OrdererOrganization, capabilities, duration};
use crate::proto::common::{ConfigGroup, OrdererAddresses, Orderers};
use crate::proto::orderer::{BatchSize, BatchTimeout, ChannelRestrictions, ConsensusType, consensus_type};

pub(super) fn read(
    group: &ConfigGroup,
    channel_capabilities: &[String],
    msps: &mut Msps,
) -> Result<OrdererConfig, ConfigError> {
    let values = Values::of(
        group,
        &[
            "ConsensusType",
            "BatchSize",
            "BatchTimeout",
            "KafkaBrokers",
            "ChannelRestrictions",
            "Orderers",
            "Capabilities",
        ],
    )?;
    let consensus = values.get::<ConsensusType>("ConsensusType")?;
    let batch_size = values.get::<BatchSize>("BatchSize")?;
    check_batch_size(&batch_size)?;
    let batch_timeout = batch_timeout(&values.get::<BatchTimeout>("BatchTimeout")?.timeout)?;

    let mut organizations = BTreeMap::new();
    for (name, child) in &group.groups {
        organizations.insert(
            name.clone(),
            read_organization(name, child, channel_capabilities, msps)?,
        );
    }
    let silent: Vec<&str> = organizations
        .iter()
        .filter(|(_, o)| o.endpoints.is_empty())
        .map(|(name, _)| name.as_str())
        .collect();
    if capabilities::bft(channel_capabilities) && !silent.is_empty() {
        return Err(ConfigError(format!(
            "some orderer organizations endpoints are empty: [{}]",
            silent.join(" ")
        )));
    }
    Ok(OrdererConfig {
        consensus_type: consensus.r#type,
        consensus_metadata: consensus.metadata,
        maintenance: consensus.state == consensus_type::State::Maintenance as i32,
        max_message_count: batch_size.max_message_count,
        absolute_max_bytes: batch_size.absolute_max_bytes,
        preferred_max_bytes: batch_size.preferred_max_bytes,
        batch_timeout,
        max_channels: values.get::<ChannelRestrictions>("ChannelRestrictions")?.max_count,
        capabilities: capability_names(&values)?,
        consenters: values.get::<Orderers>("Orderers")?.consenter_mapping,
        organizations,
    })
}

fn check_batch_size(size: &BatchSize) -> Result<(), ConfigError> {
    let fields = [
        ("max message count", size.max_message_count),
        ("absolute max bytes", size.absolute_max_bytes),
        ("preferred max bytes", size.preferred_max_bytes),
    ];
    if let Some((field, _)) = fields.iter().find(|(_, value)| *value == 0) {
        return Err(ConfigError(format!(
            "Attempted to set the batch size {field} to an invalid value: 0"
        )));
    }
    if size.preferred_max_bytes > size.absolute_max_bytes {
        return Err(ConfigError(format!(
            "Attempted to set the batch size preferred max bytes ({}) greater than the absolute max bytes ({}).",
            size.preferred_max_bytes, size.absolute_max_bytes
        )));
    }
    Ok(())
}

fn batch_timeout(text: &str) -> Result<Duration, ConfigError> {
    let nanoseconds = duration::parse(text).map_err(|error| {
        ConfigError(format!(
            "Attempted to set the batch timeout to a invalid value: {error}"
        ))
    })?;
    if nanoseconds <= 0 {
        let sign = if nanoseconds < 0 { "-" } else { "" };
        let value = duration::format(Duration::from_nanos(nanoseconds.unsigned_abs()));
        return Err(ConfigError(format!(
            "Attempted to set the batch timeout to a non-positive value: {sign}{value}"
        )));
    }
    Ok(Duration::from_nanos(nanoseconds.unsigned_abs()))
}

fn read_organization(
    name: &str,
    group: &ConfigGroup,
    channel_capabilities: &[String],
    msps: &mut Msps,
) -> Result<OrdererOrganization, ConfigError> {
    if !group.groups.is_empty() {
        return Err(ConfigError("OrdererOrg config does not allow sub-groups".to_owned()));
    }
    if group.values.contains_key("Endpoints") && !capabilities::since_v1_4_2(channel_capabilities) {
        return Err(ConfigError(format!(
            "Orderer Org {name} cannot contain endpoints value until V1_4_2+ capabilities have been enabled"
        )));
    }
    let values = Values::of(group, &["MSP", "Endpoints"])?;
    let endpoints = values.get::<OrdererAddresses>("Endpoints")?.addresses;
    Ok(OrdererOrganization {
        msp_id: msps.add(name, values.get("MSP")?)?,
        endpoints,
    })
}

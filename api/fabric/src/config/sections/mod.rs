//! Reading the sections of a configuration: every value decoded, every rule about a single configuration checked
//! (`common/channelconfig`).

mod application;
mod msps;
mod orderer;

use std::sync::Arc;

use super::values::Values;
use super::{ApplicationConfig, ConfigError, OrdererConfig, capabilities};
use crate::identity::MspManager;
use crate::proto::common::{
    BlockDataHashingStructure, Capabilities, ConfigGroup, Consortium, HashingAlgorithm, OrdererAddresses, Orderers,
};
use msps::Msps;

/// What the channel group says, before policies.
pub(super) struct Channel {
    pub msps: Arc<MspManager>,
    pub capabilities: Vec<String>,
    pub orderer_addresses: Vec<String>,
    pub orderer: Option<OrdererConfig>,
    pub application: Option<ApplicationConfig>,
}

pub(super) fn channel(group: &ConfigGroup) -> Result<Channel, ConfigError> {
    let values = Values::of(
        group,
        &[
            "HashingAlgorithm",
            "BlockDataHashingStructure",
            "OrdererAddresses",
            "Orderers",
            "Consortium",
            "Capabilities",
        ],
    )?;
    values.get::<Consortium>("Consortium")?;
    values.get::<Orderers>("Orderers")?;
    let names = capability_names(&values)?;
    let addresses = values.get::<OrdererAddresses>("OrdererAddresses")?.addresses;
    check_channel_values(&values, &names, &addresses)?;

    let mut msps = Msps::new(capabilities::msp_version(&names));
    let mut orderer = None;
    let mut application = None;
    for (name, child) in &group.groups {
        let within = |error: ConfigError| error.within(&format!("could not create channel {name} sub-group config"));
        match name.as_str() {
            "Orderer" => orderer = Some(orderer::read(child, &names, &mut msps).map_err(within)?),
            "Application" => application = Some(application::read(child, &mut msps).map_err(within)?),
            // Consortiums belong to the system channel, which Fabric 3 no longer has.
            _ => return Err(ConfigError(format!("Disallowed channel group: {name}"))),
        }
    }
    let msps = Arc::new(msps.into_manager());
    Ok(Channel {
        msps,
        capabilities: names,
        orderer_addresses: addresses,
        orderer,
        application,
    })
}

fn check_channel_values(
    values: &Values<'_>,
    capability_names: &[String],
    addresses: &[String],
) -> Result<(), ConfigError> {
    let algorithm = values.get::<HashingAlgorithm>("HashingAlgorithm")?.name;
    if algorithm != "SHA256" && algorithm != "SHA3_256" {
        return Err(ConfigError(format!("Unknown hashing algorithm type: {algorithm}")));
    }
    if values
        .get::<BlockDataHashingStructure>("BlockDataHashingStructure")?
        .width
        != u32::MAX
    {
        let text = "BlockDataHashStructure width only supported at MaxUint32 in this version";
        return Err(ConfigError(text.to_owned()));
    }
    if addresses.is_empty() && !capabilities::since_v1_4_2(capability_names) {
        return Err(ConfigError("Must set some OrdererAddresses".to_owned()));
    }
    if !addresses.is_empty() && capabilities::bft(capability_names) {
        let text = "global OrdererAddresses are not allowed with V3_0 capability, use org specific addresses only";
        return Err(ConfigError(text.to_owned()));
    }
    Ok(())
}

fn capability_names(values: &Values<'_>) -> Result<Vec<String>, ConfigError> {
    Ok(values
        .get::<Capabilities>("Capabilities")?
        .capabilities
        .into_keys()
        .collect())
}

//! Reading a configuration: every value decoded, every rule about a single configuration checked
//! (`common/channelconfig`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::values::{Values, malformed};
use super::{
    ApplicationConfig, ApplicationOrganization, Bundle, ConfigError, OrdererConfig, OrdererOrganization,
    capabilities, duration, flatten,
};
use crate::block;
use crate::identity::{Msp, MspManager, MspVersion};
use crate::policy::Policies;
use crate::proto::common::{
    Block, BlockDataHashingStructure, Capabilities, Config, ConfigGroup, HashingAlgorithm, OrdererAddresses, Orderers,
};
use crate::proto::msp::{FabricMspConfig, MspConfig};
use crate::proto::orderer::{BatchSize, BatchTimeout, ChannelRestrictions, ConsensusType, consensus_type};
use crate::proto::protos::{AcLs, AnchorPeers};
use prost::Message as _;

impl Bundle {
    pub fn new(channel_id: &str, config: Config) -> Result<Bundle, ConfigError> {
        let group = config
            .channel_group
            .as_ref()
            .ok_or_else(|| ConfigError("config must contain a channel group".to_owned()))?;
        check_capability_order(group)?;
        let read = read_channel(group).map_err(|error| error.within("initializing channelconfig failed"))?;
        let policies = Policies::from_group(group, &read.msps)
            .map_err(|error| ConfigError(format!("initializing policymanager failed: {error}")))?;
        let manager_failed = |error: ConfigError| error.within("initializing configtx manager failed");
        super::check_channel_id(channel_id).map_err(|error| manager_failed(error.within("bad channel ID")))?;
        flatten::group(group).map_err(|error| manager_failed(error.within("error converting config to map")))?;
        let sequence = config.sequence;
        Ok(Bundle {
            channel_id: channel_id.to_owned(),
            sequence,
            config,
            msps: read.msps,
            policies: Arc::new(policies),
            capabilities: read.capabilities,
            orderer_addresses: read.orderer_addresses,
            orderer: read.orderer,
            application: read.application,
        })
    }

    /// Reads the configuration in a config block.
    pub fn from_block(block: &Block) -> Result<Bundle, ConfigError> {
        let unreadable = |error: crate::envelope::DecodeError| ConfigError(error.to_string());
        let envelope = block::config_envelope(block).map_err(unreadable)?;
        let channel = block::channel_id(block).map_err(unreadable)?;
        let config = envelope
            .config
            .ok_or_else(|| ConfigError("channelconfig Config cannot be nil".to_owned()))?;
        Bundle::new(&channel, config)
    }
}

fn check_capability_order(group: &ConfigGroup) -> Result<(), ConfigError> {
    let has = |group: &ConfigGroup| group.values.contains_key("Capabilities");
    let Some(orderer) = group.groups.get("Orderer") else {
        return Ok(());
    };
    if has(orderer) {
        return Ok(());
    }
    let early = if has(group) {
        "channel"
    } else if group.groups.get("Application").is_some_and(has) {
        "application"
    } else {
        return Ok(());
    };
    Err(ConfigError(format!(
        "cannot enable {early} capabilities without orderer support first"
    )))
}

/// What the channel group says, before policies.
struct Channel {
    msps: Arc<MspManager>,
    capabilities: Vec<String>,
    orderer_addresses: Vec<String>,
    orderer: Option<OrdererConfig>,
    application: Option<ApplicationConfig>,
}

fn read_channel(group: &ConfigGroup) -> Result<Channel, ConfigError> {
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
    values.get::<crate::proto::common::Consortium>("Consortium")?;
    values.get::<Orderers>("Orderers")?;
    let names = capability_names(&values)?;
    let addresses = values.get::<OrdererAddresses>("OrdererAddresses")?.addresses;
    check_channel_values(&values, &names, &addresses)?;

    let mut msps = Msps {
        version: capabilities::msp_version(&names),
        known: BTreeMap::new(),
    };
    let mut orderer = None;
    let mut application = None;
    for (name, child) in &group.groups {
        let within = |error: ConfigError| error.within(&format!("could not create channel {name} sub-group config"));
        match name.as_str() {
            "Orderer" => orderer = Some(read_orderer(child, &names, &mut msps).map_err(within)?),
            "Application" => application = Some(read_application(child, &mut msps).map_err(within)?),
            // Consortiums belong to the system channel, which Fabric 3 no longer has.
            _ => return Err(ConfigError(format!("Disallowed channel group: {name}"))),
        }
    }
    let msps = Arc::new(MspManager::new(msps.known.into_values().map(|(_, msp)| msp).collect()));
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

fn read_orderer(
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
            read_orderer_organization(name, child, channel_capabilities, msps)?,
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

fn read_orderer_organization(
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

fn read_application(group: &ConfigGroup, msps: &mut Msps) -> Result<ApplicationConfig, ConfigError> {
    let values = Values::of(group, &["ACLs", "Capabilities"])?;
    let names = capability_names(&values)?;
    let acls = values.get::<AcLs>("ACLs")?.acls;
    if group.values.contains_key("ACLs") && !capabilities::acls(&names) {
        return Err(ConfigError(
            "ACLs may not be specified without the required capability".to_owned(),
        ));
    }
    let mut organizations = BTreeMap::new();
    for (name, child) in &group.groups {
        organizations.insert(name.clone(), read_application_organization(name, child, msps)?);
    }
    let acls = acls
        .into_iter()
        .filter_map(|(resource, acl)| Some((resource, absolute(&acl.policy_ref)?)))
        .collect();
    Ok(ApplicationConfig {
        capabilities: names,
        acls,
        organizations,
    })
}

/// An ACL's policy reference in full; an empty one stands for the resource's default (`common/channelconfig/acls.go`).
fn absolute(reference: &str) -> Option<String> {
    match reference {
        "" => None,
        _ if reference.starts_with('/') => Some(reference.to_owned()),
        _ => Some(format!("/Channel/Application/{reference}")),
    }
}

fn read_application_organization(
    name: &str,
    group: &ConfigGroup,
    msps: &mut Msps,
) -> Result<ApplicationOrganization, ConfigError> {
    if !group.groups.is_empty() {
        return Err(ConfigError(
            "ApplicationOrg config does not allow sub-groups".to_owned(),
        ));
    }
    let values = Values::of(group, &["MSP", "AnchorPeers"])?;
    let anchors = values.get::<AnchorPeers>("AnchorPeers")?.anchor_peers;
    let anchor_peers = anchors
        .into_iter()
        // Fabric keeps any number here and fails to dial it; a port that is none leads nowhere.
        .filter_map(|anchor| Some((anchor.host, u16::try_from(anchor.port).ok()?)))
        .collect();
    Ok(ApplicationOrganization {
        msp_id: msps.add(name, values.get("MSP")?)?,
        anchor_peers,
    })
}

/// The MSPs met so far. One id may be defined in several groups, if the definitions are equal.
struct Msps {
    version: MspVersion,
    known: BTreeMap<String, (MspConfig, Arc<Msp>)>,
}

impl Msps {
    /// The MSP id that `config` defines for organization `name`.
    fn add(&mut self, name: &str, config: MspConfig) -> Result<String, ConfigError> {
        if config.r#type != 0 {
            return Err(ConfigError(format!(
                "Setup error: unsupported msp type {}",
                config.r#type
            )));
        }
        let id = FabricMspConfig::decode(&config.config[..])
            .map_err(|error| {
                ConfigError(format!(
                    "setting up the MSP manager failed: failed unmarshalling fabric msp config: {}",
                    malformed(&error)
                ))
            })?
            .name;
        if self.known.get(&id).is_some_and(|(known, _)| *known == config) {
            return Ok(id);
        }
        let msp = Msp::new(&config, self.version)
            .map_err(|error| ConfigError(format!("setting up the MSP manager failed: {}", error.reason)))?;
        if id.is_empty() {
            return Err(ConfigError(format!("MSP for org {name} has empty MSP ID")));
        }
        if self.known.contains_key(&id) {
            return Err(ConfigError(format!(
                "Attempted to define two different versions of MSP: {id}"
            )));
        }
        self.known.insert(id.clone(), (config, msp));
        Ok(id)
    }
}

impl Bundle {
    /// Whether the channel group carries the capability `name`.
    pub fn has_capability(&self, name: &str) -> bool {
        self.capabilities.iter().any(|capability| capability == name)
    }

    /// What an orderer demands on top (`checkResources` in `orderer/common/multichannel/ledger_resources.go`).
    pub fn check_for_orderer(&self) -> Result<(), ConfigError> {
        let Some(orderer) = &self.orderer else {
            return Err(ConfigError("config does not contain orderer config".to_owned()));
        };
        // Fabric names the cause twice; clients may compare the text.
        let twice = |group: &str, error: ConfigError| {
            ConfigError(format!(
                "config requires unsupported {group} capabilities: {error}: {error}"
            ))
        };
        capabilities::check_orderer(&orderer.capabilities).map_err(|error| twice("orderer", error))?;
        capabilities::check_channel(&self.capabilities).map_err(|error| twice("channel", error))
    }

    /// What a peer demands on top: it knows every channel and application capability (`core/peer/channel.go`).
    pub fn check_for_peer(&self) -> Result<(), ConfigError> {
        let application = self
            .application
            .as_ref()
            .map_or(&[][..], |application| &application.capabilities[..]);
        capabilities::check_application(application)?;
        capabilities::check_channel(&self.capabilities)
    }

    /// `host:port` of every orderer: those of the organizations, else the global ones, each once.
    pub fn orderer_endpoints(&self) -> Vec<String> {
        let organizations = self.orderer.iter().flat_map(|orderer| orderer.organizations.values());
        let own: BTreeSet<String> = organizations.flat_map(|o| o.endpoints.iter().cloned()).collect();
        if own.is_empty() {
            self.orderer_addresses.clone()
        } else {
            own.into_iter().collect()
        }
    }
}

//! A configuration as a whole: its sections read, its policies compiled, and what orderers and peers demand of it
//! (`common/channelconfig/bundle.go`).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Bundle, ConfigError, capabilities, flatten, sections};
use crate::block;
use crate::policy::Policies;
use crate::proto::common::{Block, Config, ConfigGroup};

impl Bundle {
    pub fn new(channel_id: &str, config: Config) -> Result<Bundle, ConfigError> {
        let group = config
            .channel_group
            .as_ref()
            .ok_or_else(|| ConfigError("config must contain a channel group".to_owned()))?;
        check_capability_order(group)?;
        let read = sections::channel(group).map_err(|error| error.within("initializing channelconfig failed"))?;
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

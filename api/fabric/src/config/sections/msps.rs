//! The membership definitions of a channel (`common/channelconfig/msp.go`).

use std::collections::BTreeMap;
use std::sync::Arc;

use prost::Message as _;

use crate::config::ConfigError;
use crate::config::values::malformed;
use crate::identity::{Msp, MspManager, MspVersion};
use crate::proto::msp::{FabricMspConfig, MspConfig};

/// The MSPs met so far. One id may be defined in several groups, if the definitions are equal.
pub(super) struct Msps {
    version: MspVersion,
    known: BTreeMap<String, (MspConfig, Arc<Msp>)>,
}

impl Msps {
    pub(super) fn new(version: MspVersion) -> Msps {
        Msps {
            version,
            known: BTreeMap::new(),
        }
    }

    pub(super) fn into_manager(self) -> MspManager {
        MspManager::new(self.known.into_values().map(|(_, msp)| msp).collect())
    }

    /// The MSP id that `config` defines for organization `name`.
    pub(super) fn add(&mut self, name: &str, config: MspConfig) -> Result<String, ConfigError> {
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

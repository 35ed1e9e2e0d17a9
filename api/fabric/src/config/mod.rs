//! Channel configuration: reading it, checking changes to it, computing updates, building genesis blocks.

pub mod genesis;
pub mod update;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::identity::MspManager;
use crate::policy::Policies;
use crate::proto::common::{Block, Config, ConfigEnvelope, ConfigUpdateEnvelope};

/// Why a configuration, or a change to one, is refused. The text follows Fabric's where clients see it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

/// Everything that a channel configuration says, read and checked (`common/channelconfig/bundle.go`). Immutable.
#[derive(Debug)]
pub struct Bundle {
    pub channel_id: String,
    pub sequence: u64,
    pub config: Config,
    pub msps: Arc<MspManager>,
    pub policies: Arc<Policies>,
    /// Names of the channel group's capabilities, for example `V2_0`.
    pub capabilities: Vec<String>,
    /// Global orderer addresses, empty from V3_0 on.
    pub orderer_addresses: Vec<String>,
    pub orderer: Option<OrdererConfig>,
    pub application: Option<ApplicationConfig>,
}

#[derive(Debug, Clone)]
pub struct OrdererConfig {
    /// `etcdraft` or `BFT`.
    pub consensus_type: String,
    pub consensus_metadata: Vec<u8>,
    pub maintenance: bool,
    pub max_message_count: u32,
    pub absolute_max_bytes: u32,
    pub preferred_max_bytes: u32,
    pub batch_timeout: Duration,
    pub max_channels: u64,
    pub capabilities: Vec<String>,
    /// By group name.
    pub organizations: BTreeMap<String, OrdererOrganization>,
}

#[derive(Debug, Clone)]
pub struct OrdererOrganization {
    pub msp_id: String,
    /// `host:port`.
    pub endpoints: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct ApplicationConfig {
    pub capabilities: Vec<String>,
    /// Resource name to policy reference.
    pub acls: BTreeMap<String, String>,
    /// By group name.
    pub organizations: BTreeMap<String, ApplicationOrganization>,
}

#[derive(Debug, Clone)]
pub struct ApplicationOrganization {
    pub msp_id: String,
    pub anchor_peers: Vec<(String, u16)>,
}

impl Bundle {
    pub fn new(_channel_id: &str, _config: Config) -> Result<Bundle, ConfigError> {
        unimplemented!()
    }
    /// Reads the configuration in a config block.
    pub fn from_block(_block: &Block) -> Result<Bundle, ConfigError> {
        unimplemented!()
    }
    /// Checks and applies an update: what `ProposeConfigUpdate` does in `common/configtx/validator.go`.
    pub fn propose(&self, _update: &ConfigUpdateEnvelope) -> Result<ConfigEnvelope, ConfigError> {
        unimplemented!()
    }
    /// Re-derives `envelope.config` from `envelope.last_update` and compares (`Validate` there).
    pub fn validate(&self, _envelope: &ConfigEnvelope) -> Result<(), ConfigError> {
        unimplemented!()
    }
    /// Whether `next` may follow this configuration (`ValidateNew` in `common/channelconfig/bundle.go`).
    pub fn validate_new(&self, _next: &Bundle) -> Result<(), ConfigError> {
        unimplemented!()
    }
}

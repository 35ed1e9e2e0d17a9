//! Channel configuration: reading it, checking changes to it, computing updates, building genesis blocks.

mod authorize;
mod bundle;
mod capabilities;
pub mod changes;
pub mod consenters;
pub mod duration;
pub mod edit;
mod flatten;
pub mod genesis;
mod overlay;
pub mod policies;
pub mod readers;
mod sections;
mod transition;
pub mod update;
mod values;

pub use transition::{open_update, signed_data};

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::identity::MspManager;
use crate::policy::Policies;
use crate::proto::common::{Config, Consenter};

/// Why a configuration, or a change to one, is refused. The text follows Fabric's where clients see it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

impl ConfigError {
    fn within(self, context: &str) -> ConfigError {
        ConfigError(format!("{context}: {}", self.0))
    }
}

const MAX_ID_LENGTH: usize = 249;

/// What a channel may be called (`ValidateChannelID` in `common/configtx/validator.go`).
pub fn check_channel_id(id: &str) -> Result<(), ConfigError> {
    if id.is_empty() {
        return Err(ConfigError("channel ID illegal, cannot be empty".to_owned()));
    }
    if id.len() > MAX_ID_LENGTH {
        return Err(ConfigError(format!(
            "channel ID illegal, cannot be longer than {MAX_ID_LENGTH}"
        )));
    }
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.' || b == b'-';
    if !id.as_bytes()[0].is_ascii_lowercase() || !id.bytes().all(allowed) {
        return Err(ConfigError(format!("'{id}' contains illegal characters")));
    }
    Ok(())
}

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
    /// The nodes of a BFT channel; Raft keeps its own in `consensus_metadata`.
    pub consenters: Vec<Consenter>,
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

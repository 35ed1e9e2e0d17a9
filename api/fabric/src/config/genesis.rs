//! Builds the first block of a channel from a description of its organizations.

use std::time::Duration;

use crate::proto::{common::Block, common::ConfigGroup, etcdraft, msp::FabricMspConfig};

/// What a channel's genesis block says. The group tree equals what `configtxgen` makes of the same profile.
#[derive(Debug, Clone)]
pub struct Profile {
    /// For example `V3_0`, `V2_0`, `V2_5`.
    pub channel_capability: String,
    pub orderer_capability: String,
    pub application_capability: String,
    pub orderer_organizations: Vec<Organization>,
    pub application_organizations: Vec<Organization>,
    pub raft: etcdraft::ConfigMetadata,
    pub batch_timeout: Duration,
    pub max_message_count: u32,
    pub absolute_max_bytes: u32,
    pub preferred_max_bytes: u32,
}

/// An organization of either group.
#[derive(Debug, Clone)]
pub struct Organization {
    /// Group name in the configuration tree.
    pub name: String,
    pub msp: FabricMspConfig,
    /// `host:port` of its orderers; orderer organizations only.
    pub orderer_endpoints: Vec<String>,
    /// Application organizations only.
    pub anchor_peers: Vec<(String, u16)>,
}

/// The channel group for `profile`.
pub fn channel_group(_profile: &Profile) -> ConfigGroup {
    unimplemented!()
}

/// The group of one application organization with its default policies: what an update adds to admit a member.
pub fn application_organization(_organization: &Organization) -> ConfigGroup {
    unimplemented!()
}

/// Block 0 around `group` (`common/genesis/genesis.go`). Timestamp and nonce are new each time.
pub fn block(_channel_id: &str, _group: ConfigGroup) -> Block {
    unimplemented!()
}

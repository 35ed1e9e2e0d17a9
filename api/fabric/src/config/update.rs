//! Computes the smallest update from one configuration to another, as `configtxlator compute_update` does.

use super::ConfigError;
use crate::proto::common::{Config, ConfigUpdate};

/// An error when nothing differs (`internal/configtxlator/update/update.go`).
pub fn compute(_channel_id: &str, _original: &Config, _updated: &Config) -> Result<ConfigUpdate, ConfigError> {
    unimplemented!()
}

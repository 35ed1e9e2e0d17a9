//! Decoding the values of a configuration group: each group knows its keys, another key is an error, a missing one
//! is the message's default (`common/channelconfig/standardvalues.go`).

use prost::Message;

use super::ConfigError;
use crate::proto::common::ConfigGroup;

/// The values of one group.
pub(super) struct Values<'a> {
    group: &'a ConfigGroup,
}

impl<'a> Values<'a> {
    /// Refuses keys that are not `known`.
    pub(super) fn of(group: &'a ConfigGroup, known: &[&str]) -> Result<Values<'a>, ConfigError> {
        match group.values.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(ConfigError(format!(
                "failed to deserialize values: Unexpected key {key}"
            ))),
            None => Ok(Values { group }),
        }
    }

    pub(super) fn get<M: Message + Default>(&self, key: &str) -> Result<M, ConfigError> {
        let bytes = self.group.values.get(key).map_or(&[][..], |value| &value.value[..]);
        M::decode(bytes).map_err(|error| ConfigError(format!("failed to deserialize values: {}", malformed(&error))))
    }
}

/// What Go's protobuf says of bytes that cannot be decoded: clients compare these texts.
pub(super) fn malformed(error: &prost::DecodeError) -> &'static str {
    if error.to_string().contains("UTF-8") {
        "string field contains invalid UTF-8"
    } else {
        "proto: cannot parse invalid wire-format data"
    }
}

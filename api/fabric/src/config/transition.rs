//! From one configuration to the next: proposing an update, re-deriving one that was ordered, and what must not
//! change (`common/configtx/validator.go`, `common/channelconfig/bundle.go`).

use std::collections::BTreeMap;

use prost::Message as _;

use super::values::malformed;
use super::{Bundle, ConfigError, OrdererConfig, authorize, capabilities, flatten, overlay};
use crate::envelope;
use crate::policy::SignedData;
use crate::proto::common::{
    Config, ConfigEnvelope, ConfigGroup, ConfigUpdate, ConfigUpdateEnvelope, Envelope, HeaderType, SignatureHeader,
};

impl Bundle {
    /// Checks and applies an update: what `ProposeConfigUpdate` does in `common/configtx/validator.go`. `update` is the
    /// CONFIG_UPDATE envelope as it was broadcast; the next configuration keeps it as its `last_update`.
    ///
    /// Says nothing yet about the new configuration itself: build a [`Bundle`] of it and ask [`Bundle::validate_new`].
    pub fn propose(&self, update: &Envelope) -> Result<ConfigEnvelope, ConfigError> {
        let opened =
            open_update(update).map_err(|error| error.within("error converting envelope to config update"))?;
        let channel_group = self.apply(&opened).map_err(|error| match error {
            Refused::Update(error) => error.within("error authorizing update"),
            Refused::Result(error) => error,
        })?;
        let config = Config {
            sequence: self.sequence.saturating_add(1),
            channel_group: Some(channel_group),
        };
        Ok(ConfigEnvelope {
            config: Some(config),
            last_update: Some(update.clone()),
        })
    }

    /// Re-derives `envelope.config` from `envelope.last_update` and compares (`Validate` there).
    pub fn validate(&self, envelope: &ConfigEnvelope) -> Result<(), ConfigError> {
        let config = envelope
            .config
            .as_ref()
            .ok_or_else(|| ConfigError("config envelope has nil config".to_owned()))?;
        if Some(config.sequence) != self.sequence.checked_add(1) {
            return Err(ConfigError(format!(
                "config currently at sequence {}, cannot validate config at sequence {}",
                self.sequence, config.sequence
            )));
        }
        let update = envelope
            .last_update
            .as_ref()
            .ok_or_else(|| ConfigError("config envelope has no update that led to it".to_owned()))?;
        let derived = self.apply(&open_update(update)?).map_err(|refused| match refused {
            Refused::Update(error) | Refused::Result(error) => error,
        })?;
        if config.channel_group.as_ref() != Some(&derived) {
            return Err(ConfigError(
                "ConfigEnvelope LastUpdate did not produce the supplied config result".to_owned(),
            ));
        }
        Ok(())
    }

    /// The channel group after `envelope`.
    fn apply(&self, envelope: &ConfigUpdateEnvelope) -> Result<ConfigGroup, Refused> {
        let update = ConfigUpdate::decode(&envelope.config_update[..])
            .map_err(|error| Refused::Update(ConfigError(malformed(&error).to_owned())))?;
        if update.channel_id != self.channel_id {
            return Err(Refused::Update(ConfigError(format!(
                "ConfigUpdate for channel '{}' but envelope for channel '{}'",
                update.channel_id, self.channel_id
            ))));
        }
        let empty = ConfigGroup::default();
        let group = self.config.channel_group.as_ref().unwrap_or(&empty);
        let mut elements = flatten::group(group).map_err(Refused::Update)?;
        let read_set = authorize::flat_set(&update.read_set, "ReadSet").map_err(Refused::Update)?;
        let write_set = authorize::flat_set(&update.write_set, "WriteSet").map_err(Refused::Update)?;
        let signatures = signed_data(envelope).map_err(Refused::Update)?;
        let delta = self
            .authorize(&elements, &read_set, &write_set, &signatures)
            .map_err(Refused::Update)?;
        elements.extend(delta);
        if let Some(key) = write_set.keys().find(|key| !elements.contains_key(key)) {
            return Err(Refused::Update(ConfigError(format!(
                "full config did not verify: writeset contained key {key} which did not appear in proposed config"
            ))));
        }
        overlay::tree(&elements)
            .map_err(|error| Refused::Result(error.within("could not turn configMap back to channelGroup")))
    }

    /// Whether `next` may follow this configuration (`ValidateNew` in `common/channelconfig/bundle.go`).
    pub fn validate_new(&self, next: &Bundle) -> Result<(), ConfigError> {
        if let Some(orderer) = &self.orderer {
            let Some(new) = &next.orderer else {
                return Err(ConfigError(
                    "current config has orderer section, but new config does not".to_owned(),
                ));
            };
            self.validate_new_orderer(orderer, next, new)?;
        }
        if let Some(application) = &self.application {
            let Some(new) = &next.application else {
                let text = "current config has application section, but new config does not";
                return Err(ConfigError(text.to_owned()));
            };
            let old: BTreeMap<_, _> = application.organizations.iter().map(|(n, o)| (n, &o.msp_id)).collect();
            let new: BTreeMap<_, _> = new.organizations.iter().map(|(n, o)| (n, &o.msp_id)).collect();
            same_msp_ids("application", &old, &new)?;
        }
        Ok(())
    }

    fn validate_new_orderer(
        &self,
        old: &OrdererConfig,
        next: &Bundle,
        new: &OrdererConfig,
    ) -> Result<(), ConfigError> {
        if !capabilities::since_v1_4_2(&self.capabilities) && old.consensus_type != new.consensus_type {
            return Err(ConfigError(format!(
                "attempted to change consensus type from {} to {}",
                old.consensus_type, new.consensus_type
            )));
        }
        let silent = new
            .organizations
            .iter()
            .find(|(_, organization)| organization.endpoints.is_empty());
        let becomes_v3 = !capabilities::bft(&self.capabilities) && capabilities::bft(&next.capabilities);
        if let (true, Some((name, _))) = (becomes_v3, silent) {
            return Err(ConfigError(format!(
                "illegal orderer config update detected: endpoints of org {name} are missing"
            )));
        }
        let old: BTreeMap<_, _> = old.organizations.iter().map(|(n, o)| (n, &o.msp_id)).collect();
        let new: BTreeMap<_, _> = new.organizations.iter().map(|(n, o)| (n, &o.msp_id)).collect();
        same_msp_ids("orderer", &old, &new)
    }
}

/// Which half refused: Fabric words the two differently.
enum Refused {
    Update(ConfigError),
    Result(ConfigError),
}

/// An organization that stays keeps its MSP id.
fn same_msp_ids(
    group: &str,
    old: &BTreeMap<&String, &String>,
    new: &BTreeMap<&String, &String>,
) -> Result<(), ConfigError> {
    for (name, old_id) in old {
        match new.get(name) {
            Some(new_id) if new_id != old_id => {
                return Err(ConfigError(format!(
                    "{group} org {name} attempted to change MSP ID from {old_id} to {new_id}"
                )));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Takes the update out of a CONFIG_UPDATE envelope.
pub fn open_update(envelope: &Envelope) -> Result<ConfigUpdateEnvelope, ConfigError> {
    let opened = envelope::open(envelope).map_err(|error| ConfigError(error.to_string()))?;
    let kind = opened.channel_header.r#type;
    if kind != HeaderType::ConfigUpdate as i32 {
        let name = HeaderType::try_from(kind).map_or_else(|_| kind.to_string(), |t| t.as_str_name().to_owned());
        return Err(ConfigError(format!("invalid type {name}, expected CONFIG_UPDATE")));
    }
    ConfigUpdateEnvelope::decode(&opened.data[..]).map_err(|error| {
        ConfigError(format!(
            "error unmarshalling message for type CONFIG_UPDATE: {}",
            malformed(&error)
        ))
    })
}

/// Each signature with what it covers: its own header and the update.
pub fn signed_data(envelope: &ConfigUpdateEnvelope) -> Result<Vec<SignedData>, ConfigError> {
    let signed = envelope.signatures.iter().map(|one| {
        let header = SignatureHeader::decode(&one.signature_header[..])
            .map_err(|error| ConfigError(malformed(&error).to_owned()))?;
        Ok(SignedData {
            data: [&one.signature_header[..], &envelope.config_update[..]].concat(),
            identity: header.creator,
            signature: one.signature.clone(),
        })
    });
    signed.collect()
}

//! MSP ids of the channel's application organizations: each has an implicit collection in every namespace.

use std::collections::BTreeSet;
use std::sync::Arc;

use entente_fabric::proto::common::ConfigEnvelope;
use entente_fabric::proto::msp::{FabricMspConfig, MspConfig};
use parking_lot::Mutex;
use prost::Message as _;

use crate::state::View;
use crate::transaction::{CONFIG_KEY, CONFIG_NAMESPACE};
use crate::{LedgerError, Version};

pub(crate) type Organizations = Arc<BTreeSet<String>>;

#[derive(Default)]
pub(super) struct Cache {
    /// With the version of the configuration that names them.
    last: Mutex<Option<(Version, Organizations)>>,
}

impl Cache {
    pub fn of(&self, view: &View) -> Result<Organizations, LedgerError> {
        let Some(config) = view.get(CONFIG_NAMESPACE, CONFIG_KEY)? else {
            return Ok(Organizations::default());
        };
        let mut last = self.last.lock();
        match &*last {
            Some((version, organizations)) if *version == config.version => Ok(organizations.clone()),
            _ => {
                let organizations = Arc::new(read(&config.value));
                *last = Some((config.version, organizations.clone()));
                Ok(organizations)
            }
        }
    }
}

/// Whether the configuration may be put in force was decided before it was committed.
fn read(envelope: &[u8]) -> BTreeSet<String> {
    let group = ConfigEnvelope::decode(envelope)
        .ok()
        .and_then(|envelope| envelope.config?.channel_group);
    let application = group
        .and_then(|mut group| group.groups.remove("Application"))
        .unwrap_or_default();
    let ids = application.groups.into_values().filter_map(|mut organization| {
        let definition = MspConfig::decode(organization.values.remove("MSP")?.value.as_slice()).ok()?;
        Some(FabricMspConfig::decode(definition.config.as_slice()).ok()?.name)
    });
    ids.collect()
}

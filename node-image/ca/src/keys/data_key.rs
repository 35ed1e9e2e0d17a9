//! The data key of one place of keys: it seals them, and rests sealed by the master key itself. So another master key costs
//! one small write.

use serde::{Deserialize, Serialize};

use super::envelope::{DoesNotOpen, KEY_BYTES, SealingKey};
use super::master::MasterKey;

/// Part of what every data key that is in use was sealed with.
const PURPOSE: &str = "entente-ca data key";

/// A data key as it rests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WrappedDataKey {
    /// Which master key opens it.
    pub master_key: String,
    sealed: String,
}

/// Why a data key cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnwrapError {
    #[error("the data key is sealed under the master key {wanted}, and the one given is {given}")]
    OtherMasterKey { wanted: String, given: String },
    #[error(transparent)]
    DoesNotOpen(DoesNotOpen),
    #[error("the data key is damaged; restore it from a backup")]
    Damaged,
}

/// A new data key; `None` when there is no randomness.
pub fn fresh() -> Option<[u8; KEY_BYTES]> {
    let mut key = [0; KEY_BYTES];
    aws_lc_rs::rand::fill(&mut key).ok()?;
    Some(key)
}

impl WrappedDataKey {
    pub fn seal(data_key: &[u8; KEY_BYTES], master: &MasterKey) -> Option<WrappedDataKey> {
        Some(WrappedDataKey {
            master_key: master.id.clone(),
            sealed: master.sealing.seal(PURPOSE, data_key)?,
        })
    }

    pub fn open(&self, master: &MasterKey) -> Result<[u8; KEY_BYTES], UnwrapError> {
        if self.master_key != master.id {
            return Err(UnwrapError::OtherMasterKey {
                wanted: self.master_key.clone(),
                given: master.id.clone(),
            });
        }
        let plain = master.sealing.open(PURPOSE, &self.sealed);
        let plain = plain.map_err(UnwrapError::DoesNotOpen)?;
        plain.try_into().map_err(|_| UnwrapError::Damaged)
    }

    /// The key that it is, to seal and open with.
    pub fn sealing_key(&self, master: &MasterKey) -> Result<SealingKey, UnwrapError> {
        SealingKey::new(&self.open(master)?).ok_or(UnwrapError::Damaged)
    }
}

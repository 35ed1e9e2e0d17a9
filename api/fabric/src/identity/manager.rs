//! The MSPs of one channel (`msp/mspmgrimpl.go`, and the cache of `msp/cache`).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use moka::sync::Cache;
use prost::Message as _;

use super::{Identity, IdentityError, Msp};
use crate::proto::msp::SerializedIdentity;

/// The MSPs of one channel configuration. Caches what it has deserialized and verified:
/// no answer depends on today's date, so the cache lives as long as the configuration.
pub struct MspManager {
    msps: BTreeMap<String, Arc<Msp>>,
    /// By the serialized bytes. Only what could be read is kept: others cannot push good identities out cheaply.
    identities: Cache<Vec<u8>, Arc<Identity>>,
}

/// About 5 KB each, so 20 MB for a busy channel.
const MAX_CACHED_IDENTITIES: u64 = 4096;

/// A certificate is one or two kilobytes. What is larger is read but not remembered.
const MAX_CACHED_BYTES: usize = 16 * 1024;

impl MspManager {
    /// Of two MSPs with one id the later counts, as in stock; a channel configuration with two different ones is refused
    /// before.
    pub fn new(msps: Vec<Arc<Msp>>) -> MspManager {
        let msps = msps.into_iter().map(|msp| (msp.id().to_owned(), msp)).collect();
        MspManager {
            msps,
            identities: Cache::new(MAX_CACHED_IDENTITIES),
        }
    }

    pub fn msp(&self, msp_id: &str) -> Option<&Arc<Msp>> {
        self.msps.get(msp_id)
    }

    /// In the order of their ids.
    pub fn msps(&self) -> impl Iterator<Item = &Arc<Msp>> {
        self.msps.values()
    }

    /// Reads a marshalled `msp.SerializedIdentity`.
    pub fn deserialize(&self, serialized: &[u8]) -> Result<Arc<Identity>, IdentityError> {
        if let Some(identity) = self.identities.get(serialized) {
            return Ok(identity);
        }
        let named = SerializedIdentity::decode(serialized)
            .map_err(|why| IdentityError::Malformed(format!("could not deserialize a SerializedIdentity: {why}")))?;
        let msp = self
            .msps
            .get(&named.mspid)
            .ok_or(IdentityError::UnknownMsp(named.mspid))?;
        let identity = msp.deserialize(&named.id_bytes)?;
        if serialized.len() <= MAX_CACHED_BYTES {
            self.identities.insert(serialized.to_vec(), Arc::clone(&identity));
        }
        Ok(identity)
    }
}

impl fmt::Debug for MspManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MspManager").field(&self.msps.keys()).finish()
    }
}

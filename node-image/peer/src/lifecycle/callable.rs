//! Which package a chaincode's calls go to, and whether this organization lets them
//! (`core/chaincode/lifecycle/{endorsement_info,cache}.go`).

use std::collections::HashMap;

use entente_fabric::crypto::sha256;
use entente_ledger::Ledger;

use super::definition::{self, Definition, SOURCES};
use super::state::PublicState;
use super::{Lifecycle, NAMESPACE, implicit};
use crate::chaincode::packages::Installed;
use crate::chaincode::transaction::Transaction;
use crate::channels::Channel;
use crate::failure::Failure;

/// What an endorsement needs to know about a chaincode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callable {
    pub version: String,
    pub init_required: bool,
    pub package_id: String,
    pub endorsement_plugin: String,
}

/// A committed definition and this organization's stand on it.
#[derive(Debug, Clone)]
pub struct Committed {
    pub definition: Definition,
    /// The organization approved exactly this definition.
    pub approved: bool,
    /// SHA-256 of the package id that it approved with.
    pub package_hash: Option<Vec<u8>>,
}

/// What was found out at a ledger height, by channel and chaincode.
#[derive(Default)]
pub struct Cache(HashMap<(String, String), (u64, Option<Committed>, Option<String>)>);

impl Cache {
    /// Forgets everything, because a package came.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl Lifecycle {
    /// Looks up a contract for a call in `transaction`. The read of its sequence goes into the read set, so that a
    /// transaction which an upgrade overtakes is invalid.
    pub fn callable(&self, transaction: &Transaction, name: &str) -> Result<Callable, Failure> {
        let channel = &transaction.channel_id;
        let sequence = definition::sequence(&mut PublicState(transaction), name).map_err(|failure| {
            failure.within(format_args!(
                "could not get current sequence for chaincode '{name}' on channel '{channel}'"
            ))
        })?;
        if sequence == 0 {
            // The old lifecycle's registry comes next on a stock peer, which leaves its trace in the read set.
            transaction.simulate(|simulator| simulator.get_state("lscc", name))?;
            return Err(Failure(format!("chaincode {name} not found")));
        }
        let ledger = &transaction.place()?.channel.ledger;
        let (committed, package) = self.look_up(ledger, channel, name)?;
        let Some(Committed {
            definition, approved, ..
        }) = committed
        else {
            return Err(Failure(format!(
                "could not get approved chaincode info from cache: unknown chaincode '{name}' for channel '{channel}'"
            )));
        };
        if definition.sequence != sequence {
            let cached = definition.sequence;
            return Err(Failure(format!(
                "chaincode cache at sequence {cached} but current sequence is {sequence}, chaincode definition for '{name}' changed during invoke"
            )));
        }
        if !approved {
            return Err(Failure(format!(
                "chaincode definition for '{name}' at sequence {sequence} on channel '{channel}' has not yet been approved by this org"
            )));
        }
        let Some(package_id) = package else {
            return Err(Failure(format!(
                "chaincode definition for '{name}' exists, but chaincode is not installed"
            )));
        };
        let endorsement = definition.parameters.endorsement;
        Ok(Callable {
            version: endorsement.version,
            init_required: endorsement.init_required,
            package_id,
            endorsement_plugin: endorsement.endorsement_plugin,
        })
    }

    /// Whether calls of a chaincode can be simulated here: it is defined on the channel, this organization approved it,
    /// and its package is installed.
    pub fn runs(&self, channel: &Channel, name: &str) -> bool {
        self.look_up(&channel.ledger, &channel.id, name)
            .is_ok_and(|(_, package)| package.is_some())
    }

    fn look_up(
        &self,
        ledger: &Ledger,
        channel: &str,
        name: &str,
    ) -> Result<(Option<Committed>, Option<String>), Failure> {
        let key = (channel.to_owned(), name.to_owned());
        // Taken before the reads: what a block changes meanwhile is then looked up again.
        let height = ledger.height();
        if let Some((at, committed, package)) = self.callable.lock().0.get(&key)
            && *at == height
        {
            return Ok((committed.clone(), package.clone()));
        }
        let committed = committed(ledger, &self.msp_id, name)?;
        let hash = committed
            .as_ref()
            .and_then(|committed| committed.package_hash.as_deref());
        let package = package_of(&self.packages.list(), hash);
        self.callable
            .lock()
            .0
            .insert(key, (height, committed.clone(), package.clone()));
        Ok((committed, package))
    }
}

/// Reads a committed definition and the organization's approval of it, outside of any transaction. Approvals are
/// compared by hash, so that every peer of the organization can tell, also one that never saw the approval itself.
pub fn committed(ledger: &Ledger, msp_id: &str, name: &str) -> Result<Option<Committed>, Failure> {
    let public = |key: &str| Ok(ledger.state(NAMESPACE, key)?.map(|found| found.value));
    let Some(definition) = definition::read_with(public, name)? else {
        return Ok(None);
    };
    let collection = implicit::collection(msp_id);
    let hash = |key: &str| -> Result<Option<Vec<u8>>, Failure> {
        Ok(ledger
            .private_hash(NAMESPACE, &collection, &sha256(key.as_bytes()))?
            .map(|found| found.value))
    };
    let private_name = definition::private_name(name, definition.sequence);
    let approved = definition::mismatches(hash, &private_name, &definition.parameters.record())?.is_empty();
    let source = definition::local_package("").metadata();
    let is_local = hash(&definition::metadata_key(SOURCES, &private_name))?.as_deref() == Some(&sha256(&source));
    let package_hash = match approved && is_local {
        true => hash(&definition::field_key(SOURCES, &private_name, "PackageID"))?,
        false => None,
    };
    Ok(Some(Committed {
        definition,
        approved,
        package_hash,
    }))
}

/// The installed package whose id has this hash.
pub fn package_of(packages: &[Installed], hash: Option<&[u8]>) -> Option<String> {
    let hash = hash?;
    let package = packages
        .iter()
        .find(|package| sha256(&definition::package_id_value(&package.package_id)) == hash);
    package.map(|package| package.package_id.clone())
}

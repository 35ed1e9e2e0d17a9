//! Which package a chaincode's calls go to, and whether this organization lets them
//! (`core/chaincode/lifecycle/{endorsement_info,cache}.go`).

use std::collections::HashMap;

use entente_fabric::crypto::sha256;
use entente_ledger::state::View;
use entente_ledger::{LedgerError, Version};

use super::definition::{self, Definition, Fields};
use super::record::{self, NAMESPACES, SOURCES};
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

/// What was found out before, by channel and chaincode. An entry holds as long as the definition and the package that
/// the organization approved it with are the same writes: an approval of a committed sequence can change nothing else.
#[derive(Default)]
pub struct Cache(HashMap<(String, String), Known>);

struct Known {
    sequence: Version,
    package: Version,
    callable: Callable,
}

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
        transaction.view(|view| Ok(self.resolve(view, channel, name, sequence)))?
    }

    /// Whether calls of a chaincode can be simulated here: it is defined on the channel, this organization approved it,
    /// and its package is installed.
    pub fn runs(&self, channel: &Channel, name: &str) -> bool {
        let view = channel.ledger.view();
        let read = |key: &str| Ok(view.get(NAMESPACE, key)?.map(|found| found.value));
        let sequence = Fields {
            read,
            folder: NAMESPACES,
            name,
        }
        .int64("Sequence");
        sequence.is_ok_and(|sequence| self.resolve(&view, &channel.id, name, sequence).is_ok())
    }

    fn resolve(&self, view: &View, channel: &str, name: &str, sequence: i64) -> Result<Callable, Failure> {
        let key = (channel.to_owned(), name.to_owned());
        let versions = self.versions(view, name, sequence)?;
        if let (Some((sequence, package)), Some(known)) = (versions, self.callable.lock().0.get(&key))
            && (known.sequence, known.package) == (sequence, package)
        {
            return Ok(known.callable.clone());
        }
        let callable = self.look_up(view, channel, name, sequence)?;
        if let Some((sequence, package)) = versions {
            let callable = callable.clone();
            self.callable.lock().0.insert(
                key,
                Known {
                    sequence,
                    package,
                    callable,
                },
            );
        }
        Ok(callable)
    }

    /// Where the committed sequence and the organization's package for it were written.
    fn versions(&self, view: &View, name: &str, sequence: i64) -> Result<Option<(Version, Version)>, LedgerError> {
        let private_name = record::private_name(name, sequence);
        let package = record::field_key(SOURCES, &private_name, "PackageID");
        let collection = implicit::collection(&self.msp_id);
        let sequence = view.get(NAMESPACE, &record::field_key(NAMESPACES, name, "Sequence"))?;
        let package = view.private_hash(NAMESPACE, &collection, &sha256(package.as_bytes()))?;
        Ok(sequence
            .zip(package)
            .map(|(sequence, package)| (sequence.version, package.version)))
    }

    fn look_up(&self, view: &View, channel: &str, name: &str, sequence: i64) -> Result<Callable, Failure> {
        let Some(Committed {
            definition,
            approved,
            package_hash,
        }) = committed(view, &self.msp_id, name)?
        else {
            return Err(Failure(format!(
                "could not get approved chaincode info from cache: unknown chaincode '{name}' for channel '{channel}'"
            )));
        };
        if !approved {
            return Err(Failure(format!(
                "chaincode definition for '{name}' at sequence {sequence} on channel '{channel}' has not yet been approved by this org"
            )));
        }
        let Some(package_id) = package_of(&self.packages.list(), package_hash.as_deref()) else {
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
}

/// Reads a committed definition and the organization's approval of it, without a trace in a read set. Approvals are
/// compared by hash, so that every peer of the organization can tell, also one that never saw the approval itself.
pub fn committed(view: &View, msp_id: &str, name: &str) -> Result<Option<Committed>, Failure> {
    let public = |key: &str| Ok(view.get(NAMESPACE, key)?.map(|found| found.value));
    let Some(definition) = definition::read_with(public, name)? else {
        return Ok(None);
    };
    let collection = implicit::collection(msp_id);
    let hash = |key: &str| -> Result<Option<Vec<u8>>, Failure> {
        Ok(view
            .private_hash(NAMESPACE, &collection, &sha256(key.as_bytes()))?
            .map(|found| found.value))
    };
    let private_name = record::private_name(name, definition.sequence);
    let approved = record::mismatches(hash, &private_name, &definition.parameters.record())?.is_empty();
    let source = record::local_package("").metadata();
    let is_local = hash(&record::metadata_key(SOURCES, &private_name))?.as_deref() == Some(&sha256(&source));
    let package_hash = match approved && is_local {
        true => hash(&record::field_key(SOURCES, &private_name, "PackageID"))?,
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
        .find(|package| sha256(&record::package_id_value(&package.package_id)) == hash);
    package.map(|package| package.package_id.clone())
}

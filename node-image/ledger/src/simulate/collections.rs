//! Which collections a simulation may touch (`txmgr/collection_val.go`).

use std::collections::{BTreeSet, HashMap};

use crate::LedgerError;
use crate::ledger::Organizations;
use crate::lifecycle::{Definition, DefinitionError, IMPLICIT_COLLECTION, NAMESPACE};

/// Where definitions of the old lifecycle were kept. Nothing is there; that it was looked at shows in read-write sets.
const LEGACY_NAMESPACE: &str = "lscc";

pub(super) struct Collections {
    organizations: Organizations,
    /// Explicit collections by namespace, as first read.
    explicit: HashMap<String, BTreeSet<String>>,
}

impl Collections {
    pub fn new(organizations: Organizations) -> Collections {
        Collections {
            organizations,
            explicit: HashMap::new(),
        }
    }

    /// `get` reads a key of a namespace for the first collection of each namespace.
    pub fn check(
        &mut self,
        namespace: &str,
        collection: &str,
        mut get: impl FnMut(&str, &str) -> Result<Option<Vec<u8>>, LedgerError>,
    ) -> Result<(), LedgerError> {
        if !self.explicit.contains_key(namespace) {
            let definition = Definition::read(namespace, |key| get(NAMESPACE, key)).map_err(|error| match error {
                DefinitionError::Ledger(error) => error,
                DefinitionError::Malformed(reason) => {
                    LedgerError::Refused(format!("could not get info about chaincode: {reason}"))
                }
            })?;
            let Some(definition) = definition else {
                get(LEGACY_NAMESPACE, namespace)?;
                return Err(LedgerError::Refused(format!(
                    "collection config not defined for chaincode [{namespace}], \
                     pass the collection configuration upon chaincode definition/instantiation"
                )));
            };
            let names = definition
                .explicit_collections()
                .map(|collection| collection.name.clone())
                .collect();
            self.explicit.insert(namespace.to_owned(), names);
        }
        let defined = match collection.strip_prefix(IMPLICIT_COLLECTION) {
            Some(msp_id) => self.organizations.contains(msp_id),
            None => self
                .explicit
                .get(namespace)
                .is_some_and(|names| names.contains(collection)),
        };
        if defined {
            return Ok(());
        }
        Err(LedgerError::Refused(format!(
            "collection [{collection}] not defined in the collection config for chaincode [{namespace}]"
        )))
    }
}

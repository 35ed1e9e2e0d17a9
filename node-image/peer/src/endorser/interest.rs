//! Which endorsement policies a simulation would have to satisfy (`buildChaincodeInterest` in
//! `core/endorser/endorser.go`). A gateway plans the other endorsements by it.

use std::collections::BTreeMap;

use entente_fabric::crypto::sha256;
use entente_fabric::proto::common::SignaturePolicyEnvelope;
use entente_fabric::proto::protos::{ChaincodeCall, ChaincodeInterest};
use entente_ledger::simulate::NamespaceUse;
use entente_ledger::{Ledger, Versioned};

use crate::failure::{Failure, decode};
use crate::system;

/// The metadata entry that holds a key's own endorsement policy.
const KEY_POLICY: &str = "VALIDATION_PARAMETER";

/// Collects the policies of everything that was written or read.
pub fn of(ledger: &Ledger, namespaces: &[NamespaceUse]) -> Result<ChaincodeInterest, Failure> {
    let mut chaincodes = Vec::new();
    for used in namespaces.iter().filter(|used| !system::is_system(&used.namespace)) {
        calls(ledger, used, &mut chaincodes)?;
    }
    Ok(ChaincodeInterest { chaincodes })
}

fn calls(ledger: &Ledger, used: &NamespaceUse, calls: &mut Vec<ChaincodeCall>) -> Result<(), Failure> {
    let mut key_policies = Vec::new();
    let mut writes = false;
    // Whether the chaincode's policy counts, and that of each collection.
    let mut chaincode_policy = false;
    let mut collections: BTreeMap<&str, bool> = BTreeMap::new();
    for key in &used.written_keys {
        writes = true;
        match key_policy(ledger.state(&used.namespace, key)?)? {
            Some(policy) => key_policies.push(policy),
            None => chaincode_policy = true,
        }
    }
    for collection in &used.collections {
        for key in &collection.written_keys {
            writes = true;
            let found = ledger.private_hash(&used.namespace, &collection.collection, &sha256(key.as_bytes()))?;
            match key_policy(found)? {
                Some(policy) => key_policies.push(policy),
                None => {
                    collections.entry(&collection.collection).or_insert(false);
                }
            }
        }
        if collection.private_reads {
            collections.insert(&collection.collection, true);
        }
    }
    // A namespace that was only read, if only by way of the definition, still needs its chaincode's endorsement.
    chaincode_policy |= !writes;
    if chaincode_policy || !key_policies.is_empty() {
        calls.push(ChaincodeCall {
            name: used.namespace.clone(),
            disregard_namespace_policy: !chaincode_policy,
            key_policies,
            ..Default::default()
        });
    }
    calls.extend(collections.into_iter().map(|(collection, read)| ChaincodeCall {
        name: used.namespace.clone(),
        collection_names: vec![collection.to_owned()],
        no_private_reads: !read,
        ..Default::default()
    }));
    Ok(())
}

fn key_policy(written: Option<Versioned>) -> Result<Option<SignaturePolicyEnvelope>, Failure> {
    let Some(policy) = written.and_then(|written| written.metadata_entry(KEY_POLICY)) else {
        return Ok(None);
    };
    decode(&policy)
        .map(Some)
        .map_err(|failure| failure.within("error unmarshalling SignaturePolicyEnvelope"))
}

//! Reads out of an endorsed transaction what its policies are to be checked for
//! (`txvalidator/v20/plugindispatcher/dispatcher.go`).

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use entente_fabric::config::Bundle;
use entente_fabric::identity::Identity;
use entente_fabric::policy::{self, SignedData};
use entente_fabric::proto::common::ChannelHeader;
use entente_fabric::proto::protos::{
    ChaincodeAction, ChaincodeEndorsedAction, ChaincodeEvent, ChaincodeHeaderExtension, ProposalResponsePayload,
    TxValidationCode,
};
use entente_ledger::rwset::TxRwSet;
use prost::Message as _;

use super::presence;

/// An endorsed transaction that is well formed.
pub struct Endorsed {
    pub tx_id: String,
    pub rwset: TxRwSet,
    /// Namespaces whose policies decide: the invoked contract's, and each one that is written to. In order of name:
    /// stock takes them in any order, and so may name either of two faults.
    pub namespaces: BTreeSet<String>,
    /// Endorsers whose signatures are good, in order.
    pub endorsers: Vec<Arc<Identity>>,
    /// Keys whose metadata is written.
    pub metadata_writes: HashSet<Key>,
}

/// A key of public state, or by its hash of a collection (empty for public state).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    pub namespace: String,
    pub collection: String,
    pub key: Vec<u8>,
}

pub fn read(
    header: ChannelHeader,
    endorsed: &ChaincodeEndorsedAction,
    bundle: &Bundle,
) -> Result<Endorsed, TxValidationCode> {
    let extension = ChaincodeHeaderExtension::decode(header.extension.as_slice())
        .map_err(|_| TxValidationCode::BadHeaderExtension)?;
    let extension_bytes = response_extension(endorsed).ok_or(TxValidationCode::BadResponsePayload)?;
    let action =
        ChaincodeAction::decode(extension_bytes.as_slice()).map_err(|_| TxValidationCode::BadResponsePayload)?;
    let rwset = TxRwSet::decode(&action.results).map_err(|_| TxValidationCode::BadRwset)?;
    let contract = contract(extension, &action)?;
    check_event(&action, &extension_bytes, &contract)?;
    let mut seen = HashSet::new();
    if rwset.namespaces.iter().any(|ns| !seen.insert(&ns.namespace)) {
        return Err(TxValidationCode::IllegalWriteset);
    }
    let written = rwset.namespaces.iter().filter(|ns| ns.writes());
    let mut namespaces: BTreeSet<String> = written.map(|ns| ns.namespace.clone()).collect();
    namespaces.insert(contract);
    Ok(Endorsed {
        tx_id: header.tx_id,
        namespaces,
        endorsers: policy::signers(&signed(endorsed), &bundle.msps),
        metadata_writes: metadata_writes(&rwset),
        rwset,
    })
}

/// The marshalled chaincode action (`protoutil.GetPayloads`).
fn response_extension(endorsed: &ChaincodeEndorsedAction) -> Option<Vec<u8>> {
    let bytes = &endorsed.proposal_response_payload;
    let response = ProposalResponsePayload::decode(bytes.as_slice()).ok()?;
    (!response.extension.is_empty() || presence::has(bytes, 2)).then_some(response.extension)
}

/// The name of the invoked contract, which header and action must agree on.
fn contract(extension: ChaincodeHeaderExtension, action: &ChaincodeAction) -> Result<String, TxValidationCode> {
    let invoked = extension.chaincode_id.ok_or(TxValidationCode::InvalidOtherReason)?;
    let ran = action
        .chaincode_id
        .as_ref()
        .ok_or(TxValidationCode::InvalidOtherReason)?;
    if invoked.name.is_empty() || invoked.name != ran.name || ran.version.is_empty() {
        return Err(TxValidationCode::InvalidChaincode);
    }
    Ok(invoked.name)
}

fn check_event(action: &ChaincodeAction, action_bytes: &[u8], contract: &str) -> Result<(), TxValidationCode> {
    if action.events.is_empty() && !presence::has(action_bytes, 2) {
        return Ok(());
    }
    match ChaincodeEvent::decode(action.events.as_slice()) {
        Ok(event) if event.chaincode_id == contract => Ok(()),
        _ => Err(TxValidationCode::InvalidOtherReason),
    }
}

/// An endorser signs the response payload and its own identity.
fn signed(endorsed: &ChaincodeEndorsedAction) -> Vec<SignedData> {
    let payload = &endorsed.proposal_response_payload;
    let each = endorsed.endorsements.iter().map(|endorsement| SignedData {
        data: [payload.as_slice(), &endorsement.endorser].concat(),
        identity: endorsement.endorser.clone(),
        signature: endorsement.signature.clone(),
    });
    each.collect()
}

fn metadata_writes(rwset: &TxRwSet) -> HashSet<Key> {
    let mut keys = HashSet::new();
    for ns in &rwset.namespaces {
        let key = |collection: &str, key: &[u8]| Key {
            namespace: ns.namespace.clone(),
            collection: collection.to_owned(),
            key: key.to_vec(),
        };
        keys.extend(
            ns.public
                .metadata_writes
                .iter()
                .map(|write| key("", write.key.as_bytes())),
        );
        for set in &ns.collections {
            keys.extend(
                set.hashed
                    .metadata_writes
                    .iter()
                    .map(|write| key(&set.collection, &write.key_hash)),
            );
        }
    }
    keys
}

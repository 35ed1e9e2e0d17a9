//! Committing a definition that the organizations have approved.

use std::collections::BTreeMap;

use entente_fabric::proto::lifecycle::{
    CheckCommitReadinessArgs, CheckCommitReadinessResult, CommitChaincodeDefinitionArgs,
    CommitChaincodeDefinitionResult, check_commit_readiness_result::Mismatches,
};

use super::definition::{self, Definition};
use super::record;
use super::state::{OrgState, PublicState};
use super::{approve, check, implicit};
use crate::chaincode::transaction::Transaction;
use crate::failure::Failure;

/// Which organizations approved a definition, and what the others have different.
pub struct Approvals {
    pub by_org: BTreeMap<String, bool>,
    pub mismatches: BTreeMap<String, Vec<String>>,
}

/// Tells which organizations approved the definition that would be committed next.
pub fn readiness(
    transaction: &Transaction,
    args: CheckCommitReadinessArgs,
) -> Result<CheckCommitReadinessResult, Failure> {
    let mut definition = Definition::from(&args);
    let approvals = check_next(transaction, &args.name, &mut definition)?;
    let mismatches = approvals
        .mismatches
        .into_iter()
        .map(|(org, items)| (org, Mismatches { items }));
    Ok(CheckCommitReadinessResult {
        approvals: approvals.by_org,
        mismatches: mismatches.collect(),
    })
}

/// Writes a definition into the channel's state. Endorsed only if this peer's organization approved it: how many
/// organizations must is for the channel's lifecycle endorsement policy.
pub fn commit(
    transaction: &Transaction,
    msp_id: &str,
    args: CommitChaincodeDefinitionArgs,
) -> Result<CommitChaincodeDefinitionResult, Failure> {
    check::proposed(transaction, &args.name, &args.version, args.collections.as_ref())
        .map_err(|failure| failure.within("error validating chaincode definition"))?;
    if !implicit::organizations(&transaction.place()?.bundle).any(|org| org == msp_id) {
        return Err(Failure::new(
            "impossibly, this peer's org is processing requests for a channel it is not a member of",
        ));
    }
    let mut definition = Definition::from(&args);
    let approvals = check_next(transaction, &args.name, &mut definition)?;
    record::write(&mut PublicState(transaction), &args.name, &definition.record())
        .map_err(|failure| failure.within("could not serialize chaincode definition"))?;
    // After the writes, as on a stock peer: the read-write set of a refusal is in its payload too.
    if approvals.by_org.get(msp_id) != Some(&true) {
        return Err(Failure(format!(
            "chaincode definition not agreed to by this org ({msp_id})"
        )));
    }
    tracing::info!(
        chaincode = args.name,
        sequence = definition.sequence,
        "endorsed a commit"
    );
    Ok(CommitChaincodeDefinitionResult {})
}

fn check_next(transaction: &Transaction, name: &str, definition: &mut Definition) -> Result<Approvals, Failure> {
    let current = definition::sequence(&mut PublicState(transaction), name)
        .map_err(|failure| failure.within("could not get current sequence"))?;
    let next = current.saturating_add(1);
    if definition.sequence != next {
        let requested = definition.sequence;
        return Err(Failure(format!(
            "requested sequence is {requested}, but new definition must be sequence {next}"
        )));
    }
    approve::fill_defaults(transaction, &mut definition.parameters)?;
    approvals(transaction, name, definition)
}

/// Compares a definition with what every organization of the channel has approved, by hash.
pub fn approvals(transaction: &Transaction, name: &str, definition: &Definition) -> Result<Approvals, Failure> {
    let private_name = record::private_name(name, definition.sequence);
    let record = definition.parameters.record();
    let mut found = Approvals {
        by_org: BTreeMap::new(),
        mismatches: BTreeMap::new(),
    };
    for msp_id in implicit::organizations(&transaction.place()?.bundle) {
        let mut org = OrgState::new(transaction, msp_id);
        let mismatches = record::mismatches(|key| org.hash(key), &private_name, &record)
            .map_err(|failure| failure.within(format_args!("serialization check failed for key {private_name}")))?;
        found.by_org.insert(msp_id.to_owned(), mismatches.is_empty());
        if !mismatches.is_empty() {
            found.mismatches.insert(msp_id.to_owned(), mismatches);
        }
    }
    Ok(found)
}

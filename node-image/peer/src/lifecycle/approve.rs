//! An organization's approval of a definition, written into its implicit collection.

use entente_fabric::config::Bundle;
use entente_fabric::crypto::sha256;
use entente_fabric::proto::lifecycle::{
    ApproveChaincodeDefinitionForMyOrgArgs, ApproveChaincodeDefinitionForMyOrgResult, chaincode_source,
};
use entente_fabric::proto::protos::{ApplicationPolicy, application_policy};
use prost::Message as _;

use super::check;
use super::definition::{self, Definition, Parameters};
use super::record::{self, NAMESPACES, Record, SOURCES};
use super::state::{OrgState, PublicState};
use crate::chaincode::transaction::Transaction;
use crate::failure::Failure;

const DEFAULT_POLICY: &str = "/Channel/Application/Endorsement";

/// Records what this organization approves, and which package it will run.
pub fn approve(
    transaction: &Transaction,
    msp_id: &str,
    args: ApproveChaincodeDefinitionForMyOrgArgs,
) -> Result<ApproveChaincodeDefinitionForMyOrgResult, Failure> {
    check::proposed(transaction, &args.name, &args.version, args.collections.as_ref())
        .map_err(|failure| failure.within("error validating chaincode definition"))?;
    let mut definition = Definition::from(&args);
    let package_id = match args.source.and_then(|source| source.r#type) {
        Some(chaincode_source::Type::LocalPackage(local)) => local.package_id,
        Some(chaincode_source::Type::Unavailable(_)) | None => String::new(),
    };
    let name = args.name;
    let mut public = PublicState(transaction);
    let current = definition::sequence(&mut public, &name)
        .map_err(|failure| failure.within("could not get current sequence"))?;
    check_sequence(definition.sequence, current)?;
    fill_defaults(transaction, &mut definition.parameters)?;

    let sequence = definition.sequence;
    let record = definition.parameters.record();
    let source = record::local_package(&package_id);
    let private_name = record::private_name(&name, sequence);
    let mut org = OrgState::new(transaction, msp_id);
    if sequence == current {
        compare_with_committed(&mut public, &name, &definition)?;
        if is_repeated(&mut org, &private_name, &record, &source)? {
            return Err(Failure(format!(
                "attempted to redefine the current committed sequence ({sequence}) for namespace {name}"
            )));
        }
    } else if is_repeated(&mut org, &private_name, &record, &source)? {
        // Nothing would be written, and an empty write set is no approval.
        return Err(Failure(format!(
            "attempted to redefine uncommitted sequence ({sequence}) for namespace {name} with unchanged content"
        )));
    }
    record::write_private(&mut org, NAMESPACES, &private_name, &record)
        .map_err(|failure| failure.within("could not serialize chaincode parameters to state"))?;
    record::write_private(&mut org, SOURCES, &private_name, &source)
        .map_err(|failure| failure.within("could not serialize chaincode package info to state"))?;
    tracing::info!(chaincode = name, sequence, package = package_id, "endorsed an approval");
    Ok(ApproveChaincodeDefinitionForMyOrgResult {})
}

fn check_sequence(requested: i64, current: i64) -> Result<(), Failure> {
    if requested == 0 && current == 0 {
        return Err(Failure::new(
            "requested sequence is 0, but first definable sequence number is 1",
        ));
    }
    if requested < current {
        return Err(Failure(format!(
            "currently defined sequence {current} is larger than requested sequence {requested}"
        )));
    }
    let next = current.saturating_add(1);
    if requested > next {
        return Err(Failure(format!(
            "requested sequence {requested} is larger than the next available sequence number {next}"
        )));
    }
    Ok(())
}

/// The committed sequence may be approved again, by an organization that comes late or changes its package, but not
/// with other content.
fn compare_with_committed(public: &mut PublicState<'_>, name: &str, definition: &Definition) -> Result<(), Failure> {
    let sequence = definition.sequence;
    let committed = definition::read(public, name)
        .map_err(|failure| failure.within(format_args!("could not deserialize namespace {name} as chaincode")))?;
    let Some(committed) = committed else {
        return Err(Failure(format!(
            "missing metadata for currently committed sequence number ({sequence})"
        )));
    };
    committed.parameters.compare(&definition.parameters).map_err(|failure| {
        failure.within(format_args!(
            "attempted to redefine the current committed sequence ({sequence}) for namespace {name} with different parameters"
        ))
    })
}

/// Whether this approval is already in state. Reads no further than it must: the reads are part of the read set.
fn is_repeated(
    org: &mut OrgState<'_>,
    private_name: &str,
    parameters: &Record,
    source: &Record,
) -> Result<bool, Failure> {
    if org.hash(&record::metadata_key(NAMESPACES, private_name))?.is_none() {
        return Ok(false);
    }
    if !same_fields(org, NAMESPACES, private_name, parameters)? {
        return Ok(false);
    }
    if org.hash(&record::metadata_key(SOURCES, private_name))?.is_none() {
        return Ok(false);
    }
    same_fields(org, SOURCES, private_name, source)
}

fn same_fields(org: &mut OrgState<'_>, folder: &str, name: &str, record: &Record) -> Result<bool, Failure> {
    let mut same = true;
    for (field, value) in record.fields() {
        let found = org.hash(&record::field_key(folder, name, field))?;
        same &= found.as_deref() == Some(&sha256(value));
    }
    Ok(same)
}

/// What a definition means when it leaves plugins or policy out.
pub fn fill_defaults(transaction: &Transaction, parameters: &mut Parameters) -> Result<(), Failure> {
    if parameters.endorsement.endorsement_plugin.is_empty() {
        parameters.endorsement.endorsement_plugin = "escc".to_owned();
    }
    if parameters.validation.validation_plugin.is_empty() {
        parameters.validation.validation_plugin = "vscc".to_owned();
    }
    if parameters.validation.validation_parameter.is_empty() {
        let channel = &transaction.channel_id;
        let policy = default_policy(&transaction.place()?.bundle, channel).map_err(|failure| {
            failure.within(format_args!(
                "could not set defaults for chaincode definition in channel {channel}"
            ))
        })?;
        parameters.validation.validation_parameter = policy;
    }
    Ok(())
}

fn default_policy(bundle: &Bundle, channel: &str) -> Result<Vec<u8>, Failure> {
    if bundle.policies.get(DEFAULT_POLICY).is_none() {
        return Err(Failure(format!(
            "policy '{DEFAULT_POLICY}' must be defined for channel '{channel}' before chaincode operations can be attempted"
        )));
    }
    let reference = application_policy::Type::ChannelConfigPolicyReference(DEFAULT_POLICY.to_owned());
    Ok(ApplicationPolicy {
        r#type: Some(reference),
    }
    .encode_to_vec())
}

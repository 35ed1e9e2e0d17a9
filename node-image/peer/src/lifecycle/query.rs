//! What is committed on a channel, and what this organization has approved.

use entente_fabric::proto::lifecycle::{
    ChaincodeSource, QueryApprovedChaincodeDefinitionArgs, QueryApprovedChaincodeDefinitionResult,
    QueryApprovedChaincodeDefinitionsResult, QueryChaincodeDefinitionResult, QueryChaincodeDefinitionsResult,
    StateMetadata, chaincode_source, query_approved_chaincode_definitions_result::ApprovedChaincodeDefinition,
    query_chaincode_definitions_result::ChaincodeDefinition,
};

use super::commit;
use super::definition::{self, Fields, PARAMETERS_TYPE, Parameters};
use super::record::{self, LOCAL_PACKAGE_TYPE, NAMESPACES, SOURCES};
use super::scc::LifecycleError;
use super::state::{OrgState, PublicState};
use crate::chaincode::transaction::Transaction;
use crate::failure::{Failure, decode};

/// A committed definition, and who approved it.
pub fn definition(transaction: &Transaction, name: &str) -> Result<QueryChaincodeDefinitionResult, LifecycleError> {
    let Some(definition) = definition::read(&mut PublicState(transaction), name)? else {
        return Err(LifecycleError::NotDefined(name.to_owned()));
    };
    let approvals = commit::approvals(transaction, name, &definition)?.by_org;
    let Parameters {
        endorsement,
        validation,
        collections,
    } = definition.parameters;
    Ok(QueryChaincodeDefinitionResult {
        sequence: definition.sequence,
        version: endorsement.version,
        endorsement_plugin: endorsement.endorsement_plugin,
        validation_plugin: validation.validation_plugin,
        validation_parameter: validation.validation_parameter,
        collections: Some(collections),
        init_required: endorsement.init_required,
        approvals,
    })
}

/// All committed definitions, by name.
pub fn definitions(transaction: &Transaction) -> Result<QueryChaincodeDefinitionsResult, LifecycleError> {
    let mut state = PublicState(transaction);
    let found = state
        .with_prefix(&record::metadata_key(NAMESPACES, ""))
        .map_err(|failure| {
            failure
                .within("could not get state range for namespace namespaces")
                .within("could not query namespace metadata")
        })?;
    let mut chaincode_definitions = Vec::with_capacity(found.len());
    for (name, metadata) in found {
        let metadata: StateMetadata = decode(&metadata)?;
        if metadata.datatype != "ChaincodeDefinition" {
            continue;
        }
        let Some(definition) = definition::read(&mut state, &name)? else {
            return Err(LifecycleError::NotDefined(name));
        };
        let Parameters {
            endorsement,
            validation,
            collections,
        } = definition.parameters;
        chaincode_definitions.push(ChaincodeDefinition {
            name,
            sequence: definition.sequence,
            version: endorsement.version,
            endorsement_plugin: endorsement.endorsement_plugin,
            validation_plugin: validation.validation_plugin,
            validation_parameter: validation.validation_parameter,
            collections: Some(collections),
            init_required: endorsement.init_required,
        });
    }
    Ok(QueryChaincodeDefinitionsResult { chaincode_definitions })
}

struct Approved {
    parameters: Parameters,
    source: ChaincodeSource,
}

/// What this organization approved; without a sequence the newest of the committed and the next one.
pub fn approved(
    transaction: &Transaction,
    msp_id: &str,
    args: &QueryApprovedChaincodeDefinitionArgs,
) -> Result<QueryApprovedChaincodeDefinitionResult, Failure> {
    let name = &args.name;
    let mut org = OrgState::new(transaction, msp_id);
    let mut sequence = args.sequence;
    if sequence == 0 {
        sequence = definition::sequence(&mut PublicState(transaction), name)
            .map_err(|failure| failure.within("could not get current sequence"))?;
        let next = sequence.saturating_add(1);
        let next_name = record::private_name(name, next);
        if fields(&mut org, NAMESPACES, &next_name).datatype()?.is_some() {
            sequence = next;
        }
    }
    let private_name = record::private_name(name, sequence);
    let Some(datatype) = fields(&mut org, NAMESPACES, &private_name).datatype()? else {
        let channel = &transaction.channel_id;
        return Err(Failure(format!(
            "could not fetch approved chaincode definition (name: '{name}', sequence: '{sequence}') on channel '{channel}'"
        )));
    };
    let Approved { parameters, source } = fetch(&mut org, &private_name, &datatype)?;
    Ok(QueryApprovedChaincodeDefinitionResult {
        sequence,
        version: parameters.endorsement.version,
        endorsement_plugin: parameters.endorsement.endorsement_plugin,
        validation_plugin: parameters.validation.validation_plugin,
        validation_parameter: parameters.validation.validation_parameter,
        collections: Some(parameters.collections),
        init_required: parameters.endorsement.init_required,
        source: Some(source),
    })
}

/// Everything that this organization approved on the channel.
pub fn all_approved(
    transaction: &Transaction,
    msp_id: &str,
) -> Result<QueryApprovedChaincodeDefinitionsResult, Failure> {
    let mut org = OrgState::new(transaction, msp_id);
    let found = org
        .with_prefix(&record::metadata_key(NAMESPACES, ""))
        .map_err(|failure| {
            failure
                .within("could not get state range for namespace namespaces")
                .within("could not fetch metadatas")
        })?;
    let mut approved_chaincode_definitions = Vec::with_capacity(found.len());
    for (private_name, metadata) in found {
        let metadata: StateMetadata = decode(&metadata)?;
        let (name, sequence) = parse_private_name(&private_name).ok_or_else(|| {
            Failure(format!(
                "could not extract chaincode name and sequence number from metadata: {private_name}: invalid private name format: {private_name}"
            ))
        })?;
        let Approved { parameters, source } = fetch(&mut org, &private_name, &metadata.datatype).map_err(|failure| {
            let channel = &transaction.channel_id;
            failure.within(format_args!(
                "could not fetch approved chaincode definition (name: '{name}', sequence: '{sequence}') on channel '{channel}'"
            ))
        })?;
        approved_chaincode_definitions.push(ApprovedChaincodeDefinition {
            name: name.to_owned(),
            sequence,
            version: parameters.endorsement.version,
            endorsement_plugin: parameters.endorsement.endorsement_plugin,
            validation_plugin: parameters.validation.validation_plugin,
            validation_parameter: parameters.validation.validation_parameter,
            collections: Some(parameters.collections),
            init_required: parameters.endorsement.init_required,
            source: Some(source),
        });
    }
    Ok(QueryApprovedChaincodeDefinitionsResult {
        approved_chaincode_definitions,
    })
}

fn fields<'a>(
    org: &'a mut OrgState<'_>,
    folder: &'a str,
    name: &'a str,
) -> Fields<'a, impl FnMut(&str) -> Result<Option<Vec<u8>>, Failure>> {
    Fields {
        read: |key: &str| org.get(key),
        folder,
        name,
    }
}

fn fetch(org: &mut OrgState<'_>, private_name: &str, datatype: &str) -> Result<Approved, Failure> {
    if datatype != PARAMETERS_TYPE {
        return Err(Failure(format!("not a chaincode parameters type: {datatype}")));
    }
    let parameters = fields(org, NAMESPACES, private_name).parameters().map_err(|failure| {
        failure.within(format_args!(
            "could not deserialize chaincode parameters for {private_name}"
        ))
    })?;
    let mut source = fields(org, SOURCES, private_name);
    match source.datatype()?.as_deref() {
        Some(LOCAL_PACKAGE_TYPE) => {}
        Some(other) => return Err(Failure(format!("not a chaincode local package type: {other}"))),
        None => {
            return Err(Failure(format!(
                "could not fetch chaincode-source metadata for {private_name}"
            )));
        }
    }
    let package_id = source.string("PackageID")?;
    let source = match package_id.is_empty() {
        true => chaincode_source::Type::Unavailable(chaincode_source::Unavailable {}),
        false => chaincode_source::Type::LocalPackage(chaincode_source::Local { package_id }),
    };
    Ok(Approved {
        parameters,
        source: ChaincodeSource { r#type: Some(source) },
    })
}

fn parse_private_name(private_name: &str) -> Option<(&str, i64)> {
    let (name, sequence) = private_name.split_once('#')?;
    Some((name, sequence.parse().ok()?))
}

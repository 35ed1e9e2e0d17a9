//! Chaincode definitions: installing packages on peers, approving for an organization, committing for a channel.

use prost::Message;
use tonic::transport::Channel;

use super::transact::{Outcome, Route, TransactError, transact};
use super::{CallError, Caller, endorser};
use crate::crypto::Signer;
use crate::proposal::Invocation;
use crate::proto::lifecycle::query_installed_chaincodes_result::InstalledChaincode;
use crate::proto::lifecycle::{
    ApproveChaincodeDefinitionForMyOrgArgs, ChaincodeSource, CheckCommitReadinessArgs, CheckCommitReadinessResult,
    CommitChaincodeDefinitionArgs, InstallChaincodeArgs, InstallChaincodeResult,
    QueryApprovedChaincodeDefinitionArgs, QueryApprovedChaincodeDefinitionResult, QueryChaincodeDefinitionArgs,
    QueryChaincodeDefinitionResult, QueryChaincodeDefinitionsArgs, QueryChaincodeDefinitionsResult,
    QueryInstalledChaincodesArgs, QueryInstalledChaincodesResult, chaincode_source,
    query_chaincode_definitions_result,
};
use crate::proto::protos::{ApplicationPolicy, CollectionConfigPackage};

/// What organizations agree on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Definition {
    pub name: String,
    pub version: String,
    /// 1 for the first definition, one more for each change.
    pub sequence: i64,
    /// `None`: the channel's `/Channel/Application/Endorsement`.
    pub endorsement_policy: Option<ApplicationPolicy>,
    pub collections: Option<CollectionConfigPackage>,
    pub init_required: bool,
}

impl Definition {
    fn validation_parameter(&self) -> Vec<u8> {
        self.endorsement_policy
            .as_ref()
            .map_or_else(Vec::new, Message::encode_to_vec)
    }
}

/// Installs a package on a peer and gives its id. A package that is there already is not an error.
pub async fn install(peer: &Channel, package: &[u8], signer: &dyn Signer) -> Result<String, CallError> {
    let args = InstallChaincodeArgs {
        chaincode_install_package: package.to_vec(),
    };
    match ask::<InstallChaincodeResult>(peer, "", "InstallChaincode", &args, signer).await {
        Ok(installed) => Ok(installed.package_id),
        Err(CallError::Refused { message, .. }) if message.contains("chaincode already successfully installed") => {
            let opened = crate::package::open(package).map_err(|error| CallError::Malformed(error.to_string()))?;
            Ok(crate::package::id(&opened.label, package))
        }
        Err(error) => Err(error),
    }
}

/// The packages on a peer.
pub async fn installed(peer: &Channel, signer: &dyn Signer) -> Result<Vec<InstalledChaincode>, CallError> {
    let args = QueryInstalledChaincodesArgs {};
    let answer: QueryInstalledChaincodesResult = ask(peer, "", "QueryInstalledChaincodes", &args, signer).await?;
    Ok(answer.installed_chaincodes)
}

/// Approves a definition for the organization of the caller and of the endorsing peers. `package_id` is the package
/// that its peers run, `None` while they run none.
pub async fn approve(
    channel: &str,
    definition: &Definition,
    package_id: Option<&str>,
    route: Route<'_>,
    caller: Caller<'_>,
) -> Result<Outcome, TransactError> {
    let source = match package_id {
        Some(id) => chaincode_source::Type::LocalPackage(chaincode_source::Local {
            package_id: id.to_owned(),
        }),
        None => chaincode_source::Type::Unavailable(chaincode_source::Unavailable {}),
    };
    let args = ApproveChaincodeDefinitionForMyOrgArgs {
        sequence: definition.sequence,
        name: definition.name.clone(),
        version: definition.version.clone(),
        validation_parameter: definition.validation_parameter(),
        collections: definition.collections.clone(),
        init_required: definition.init_required,
        source: Some(ChaincodeSource { r#type: Some(source) }),
        ..Default::default()
    };
    transact(
        &invocation(channel, "ApproveChaincodeDefinitionForMyOrg", &args),
        route,
        caller,
    )
    .await
}

/// What the peer's organization has approved for `sequence`. `NotFound` when nothing.
pub async fn approved(
    peer: &Channel,
    channel: &str,
    name: &str,
    sequence: i64,
    signer: &dyn Signer,
) -> Result<QueryApprovedChaincodeDefinitionResult, CallError> {
    let args = QueryApprovedChaincodeDefinitionArgs {
        name: name.to_owned(),
        sequence,
    };
    match ask(peer, channel, "QueryApprovedChaincodeDefinition", &args, signer).await {
        // Peers answer 500 whatever the reason.
        Err(CallError::Refused { message, .. }) if message.contains("could not fetch approved chaincode") => {
            Err(CallError::NotFound { message })
        }
        outcome => outcome,
    }
}

/// Which organizations have approved exactly this definition; for those that have not, what differs.
pub async fn check_commit_readiness(
    peer: &Channel,
    channel: &str,
    definition: &Definition,
    signer: &dyn Signer,
) -> Result<CheckCommitReadinessResult, CallError> {
    let args = CheckCommitReadinessArgs {
        sequence: definition.sequence,
        name: definition.name.clone(),
        version: definition.version.clone(),
        validation_parameter: definition.validation_parameter(),
        collections: definition.collections.clone(),
        init_required: definition.init_required,
        ..Default::default()
    };
    ask(peer, channel, "CheckCommitReadiness", &args, signer).await
}

/// Commits a definition for the channel. The endorsing peers must satisfy its lifecycle endorsement policy.
pub async fn commit(
    channel: &str,
    definition: &Definition,
    route: Route<'_>,
    caller: Caller<'_>,
) -> Result<Outcome, TransactError> {
    let args = CommitChaincodeDefinitionArgs {
        sequence: definition.sequence,
        name: definition.name.clone(),
        version: definition.version.clone(),
        validation_parameter: definition.validation_parameter(),
        collections: definition.collections.clone(),
        init_required: definition.init_required,
        ..Default::default()
    };
    transact(&invocation(channel, "CommitChaincodeDefinition", &args), route, caller).await
}

/// The definition that the channel has committed. `NotFound` when there is none.
pub async fn committed(
    peer: &Channel,
    channel: &str,
    name: &str,
    signer: &dyn Signer,
) -> Result<QueryChaincodeDefinitionResult, CallError> {
    let args = QueryChaincodeDefinitionArgs { name: name.to_owned() };
    ask(peer, channel, "QueryChaincodeDefinition", &args, signer).await
}

/// Every definition that the channel has committed.
pub async fn all_committed(
    peer: &Channel,
    channel: &str,
    signer: &dyn Signer,
) -> Result<Vec<query_chaincode_definitions_result::ChaincodeDefinition>, CallError> {
    let args = QueryChaincodeDefinitionsArgs {};
    let answer: QueryChaincodeDefinitionsResult =
        ask(peer, channel, "QueryChaincodeDefinitions", &args, signer).await?;
    Ok(answer.chaincode_definitions)
}

fn invocation(channel: &str, function: &str, args: &impl Message) -> Invocation {
    Invocation::new(channel, "_lifecycle", function).arg(args.encode_to_vec())
}

async fn ask<M: Message + Default>(
    peer: &Channel,
    channel: &str,
    function: &'static str,
    args: &impl Message,
    signer: &dyn Signer,
) -> Result<M, CallError> {
    let response = endorser::query(peer, &invocation(channel, function, args), signer).await?;
    M::decode(&response.payload[..]).map_err(|error| CallError::malformed(function, &error))
}

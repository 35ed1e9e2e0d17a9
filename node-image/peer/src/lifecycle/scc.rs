//! Calls of `_lifecycle`: access, decoding, and the status of what goes wrong (`core/chaincode/lifecycle/scc.go`).

use entente_fabric::proto::lifecycle::{
    ApproveChaincodeDefinitionForMyOrgArgs, CheckCommitReadinessArgs, CommitChaincodeDefinitionArgs,
    GetInstalledChaincodePackageArgs, InstallChaincodeArgs, QueryApprovedChaincodeDefinitionArgs,
    QueryApprovedChaincodeDefinitionsArgs, QueryChaincodeDefinitionArgs, QueryChaincodeDefinitionsArgs,
    QueryInstalledChaincodeArgs, QueryInstalledChaincodesArgs,
};
use entente_fabric::proto::protos::{ChaincodeInput, Response};
use prost::Message;

use super::{Lifecycle, NAMESPACE, approve, commit, query};
use crate::chaincode::transaction::Transaction;
use crate::failure::{Failure, decode};
use crate::system::{error, success};

/// Why a function of the lifecycle gives no result.
#[derive(Debug)]
pub enum LifecycleError {
    /// No definition of that name is committed: status 404.
    NotDefined(String),
    Failed(Failure),
}

impl From<Failure> for LifecycleError {
    fn from(failure: Failure) -> LifecycleError {
        LifecycleError::Failed(failure)
    }
}

impl Lifecycle {
    /// Answers a call: the function's name, then its marshalled arguments.
    pub fn invoke(&self, transaction: &Transaction, input: &ChaincodeInput) -> Response {
        let [function, argument] = input.args.as_slice() else {
            return error(match input.args.len() {
                0 => "lifecycle scc must be invoked with arguments".to_owned(),
                n => format!("lifecycle scc operations require exactly two arguments but received {n}"),
            });
        };
        let function = String::from_utf8_lossy(function);
        if let Err(failure) = check_capability(transaction) {
            return error(failure.0);
        }
        let resource = format!("{NAMESPACE}/{function}");
        if let Err(failure) = self
            .acl
            .check(&resource, &transaction.channel_id, &transaction.signed_data())
        {
            return error(format!(
                "Failed to authorize invocation due to failed ACL check: {failure}"
            ));
        }
        self.answer(&function, argument, transaction)
    }

    /// Answers a call of somebody who may make it.
    pub fn answer(&self, function: &str, argument: &[u8], transaction: &Transaction) -> Response {
        match self.dispatch(function, argument, transaction) {
            Ok(result) => success(result),
            Err(LifecycleError::NotDefined(name)) => Response {
                status: 404,
                message: format!("namespace {name} is not defined"),
                payload: Vec::new(),
            },
            Err(LifecycleError::Failed(failure)) => error(format!(
                "failed to invoke backing implementation of '{function}': {failure}"
            )),
        }
    }

    fn dispatch(
        &self,
        function: &str,
        argument: &[u8],
        transaction: &Transaction,
    ) -> Result<Vec<u8>, LifecycleError> {
        Ok(match function {
            "InstallChaincode" => {
                let args: InstallChaincodeArgs = open(function, argument)?;
                self.install(&args.chaincode_install_package)?.encode_to_vec()
            }
            "QueryInstalledChaincode" => {
                let args: QueryInstalledChaincodeArgs = open(function, argument)?;
                self.query_installed(&args.package_id)?.encode_to_vec()
            }
            "GetInstalledChaincodePackage" => {
                let args: GetInstalledChaincodePackageArgs = open(function, argument)?;
                self.installed_package(&args.package_id)?.encode_to_vec()
            }
            "QueryInstalledChaincodes" => {
                let _: QueryInstalledChaincodesArgs = open(function, argument)?;
                self.list_installed()?.encode_to_vec()
            }
            "ApproveChaincodeDefinitionForMyOrg" => {
                let args: ApproveChaincodeDefinitionForMyOrgArgs = open(function, argument)?;
                approve::approve(transaction, &self.msp_id, args)?.encode_to_vec()
            }
            "QueryApprovedChaincodeDefinition" => {
                let args: QueryApprovedChaincodeDefinitionArgs = open(function, argument)?;
                query::approved(transaction, &self.msp_id, &args)?.encode_to_vec()
            }
            "QueryApprovedChaincodeDefinitions" => {
                let _: QueryApprovedChaincodeDefinitionsArgs = open(function, argument)?;
                query::all_approved(transaction, &self.msp_id)?.encode_to_vec()
            }
            "CheckCommitReadiness" => {
                let args: CheckCommitReadinessArgs = open(function, argument)?;
                commit::readiness(transaction, args)?.encode_to_vec()
            }
            "CommitChaincodeDefinition" => {
                let args: CommitChaincodeDefinitionArgs = open(function, argument)?;
                commit::commit(transaction, &self.msp_id, args)?.encode_to_vec()
            }
            "QueryChaincodeDefinition" => {
                let args: QueryChaincodeDefinitionArgs = open(function, argument)?;
                query::definition(transaction, &args.name)?.encode_to_vec()
            }
            "QueryChaincodeDefinitions" => {
                let _: QueryChaincodeDefinitionsArgs = open(function, argument)?;
                query::definitions(transaction)?.encode_to_vec()
            }
            // Not reached while every function has an access rule and nothing else has.
            _ => return Err(Failure(format!("receiver *lifecycle.Invocation.{function} does not exist")).into()),
        })
    }
}

fn open<M: Message + Default>(function: &str, argument: &[u8]) -> Result<M, Failure> {
    decode(argument).map_err(|failure| {
        failure.within(format_args!(
            "could not decode input arg for *lifecycle.Invocation.{function}"
        ))
    })
}

fn check_capability(transaction: &Transaction) -> Result<(), Failure> {
    let Some(place) = &transaction.place else {
        return Ok(());
    };
    let channel = &transaction.channel_id;
    let Some(application) = &place.bundle.application else {
        return Err(Failure(format!(
            "could not get application config for channel '{channel}'"
        )));
    };
    if application
        .capabilities
        .iter()
        .any(|capability| capability.as_str() >= "V2_0")
    {
        return Ok(());
    }
    Err(Failure(format!(
        "cannot use new lifecycle for channel '{channel}' as it does not have the required capabilities enabled"
    )))
}

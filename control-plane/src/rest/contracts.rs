//! `/v1/contracts`.

use entente_api::Contract;
use entente_api::contract::{ContractSpec, ContractStatus};
use serde::Deserialize;
use utoipa::IntoParams;

use super::crud::crud;
use super::filter::Wanted;

crud! {
    Contract(ContractSpec, ContractStatus) at "/v1/contracts", "/v1/contracts/{name}" as "contracts";
    /// List contracts.
    list contract_list by PlaceQuery;
    /// Create a contract.
    ///
    /// Answers at once, with the operation that tracks it.
    create contract_create;
    /// Read a contract.
    get contract_get;
    /// Make a contract what the body says, creating it when there is none.
    put contract_put;
    /// Change a contract by a JSON Merge Patch.
    patch contract_patch;
    /// Look whether a contract can be deleted.
    ///
    /// Lists what stands in the way; changes nothing.
    deletable contract_deletable at "/v1/contracts/{name}:deletable";
    /// Delete a contract.
    delete contract_delete;
}

/// Where the contracts of a list are.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct PlaceQuery {
    /// Only on this chain.
    #[param(example = "ledger")]
    pub chain: Option<String>,
}

impl Wanted<Contract> for PlaceQuery {
    fn takes(&self, contract: &Contract) -> bool {
        self.chain.as_ref().is_none_or(|chain| *chain == contract.spec.chain)
    }

    fn is_all(&self) -> bool {
        self.chain.is_none()
    }
}

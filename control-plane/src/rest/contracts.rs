//! `/v1/contracts`.

use entente_api::Contract;
use entente_api::contract::{ContractSpec, ContractStatus};

use super::crud::crud;

crud! {
    Contract(ContractSpec, ContractStatus) at "/v1/contracts", "/v1/contracts/{name}" as "contracts";
    /// List contracts.
    list contract_list;
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

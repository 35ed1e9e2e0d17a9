//! What a contract offers, for tools: the format that Fabric's contract API answers.

use serde_json::{Value, json};

use crate::contract::{Contract, Function};

/// The function that every contract has.
pub const FUNCTION: &str = "org.hyperledger.fabric:GetMetadata";

const SCHEMA: &str = "https://hyperledger.github.io/fabric-chaincode-node/main/api/contract-schema.json";

pub fn describe(contract: &Contract) -> Value {
    let info = json!({ "title": contract.name(), "version": contract.version() });
    let transactions: Vec<Value> = contract.functions().iter().map(function).collect();
    let described = json!({
        "name": contract.name(),
        "contractInstance": { "name": contract.name(), "default": true },
        "transactions": transactions,
        "info": info,
    });
    json!({
        "$schema": SCHEMA,
        "info": info,
        "contracts": { contract.name(): described },
        "components": { "schemas": {} },
    })
}

fn function(function: &Function) -> Value {
    let parameters = function.parameters.list().iter().map(|parameter| {
        let description = parameter.schema.get("description").cloned().unwrap_or_default();
        json!({
            "name": parameter.name,
            "description": description,
            "required": parameter.required,
            "schema": parameter.schema,
        })
    });
    json!({
        "name": function.name,
        "tag": [if function.reads_only { "evaluate" } else { "submit" }],
        "parameters": parameters.collect::<Vec<_>>(),
        "returns": function.returns,
    })
}

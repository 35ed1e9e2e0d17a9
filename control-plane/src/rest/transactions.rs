//! Calling contracts, and transactions by their id. Talks to peers.

use std::collections::BTreeMap;

use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::App;
use super::extract::{Json, Path};
use super::problem::{FieldError, Problem, ProblemBody};
use crate::access::{Action, Caller};
use crate::ledger::call::{Call, Signatory};
use crate::ledger::view::Transaction;

const MOST_ARGUMENTS: usize = 1000;

/// A call of a contract.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContractCall {
    /// Function of the contract.
    pub function: String,
    /// Its arguments: strings as they are, everything else as JSON.
    #[serde(default)]
    pub arguments: Vec<Value>,
    /// Values that only endorsers see, in base64; they are not written to the ledger.
    #[serde(default)]
    pub transient: BTreeMap<String, String>,
    /// The organization that calls; the channel's first member when absent.
    #[serde(default)]
    pub organization: Option<String>,
    /// Name of the Identity that signs; its key must be with the platform. The organization's administrator when absent.
    #[serde(default)]
    pub identity: Option<String>,
    /// Organizations whose peers must endorse; the endorsement policy decides when empty.
    #[serde(default)]
    pub endorsing_organizations: Vec<String>,
}

/// What a contract answered.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallResult {
    /// The answer: JSON when it is JSON, otherwise its text; absent when it is neither, see `resultBase64`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// The answer's bytes, when they are not text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_base64: Option<String>,
}

/// A transaction that has committed.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Committed {
    /// Id of the transaction.
    pub transaction_id: String,
    /// The block that it is in.
    pub block_number: u64,
    /// Fabric's validation code; `VALID`.
    pub code: String,
    #[serde(flatten)]
    pub answer: CallResult,
}

/// Submit a transaction and wait until it has committed.
///
/// A transaction that was ordered and found invalid is a problem that says why, and whether it is safe to try again.
#[utoipa::path(
    post, path = "/v1/chains/{chain}/channels/{channel}/contracts/{contract}:submit", tag = "ledger",
    params(("chain" = String, Path, description = "Name of the chain"), ("channel" = String, Path, description = "Name of the channel"),
        ("contract" = String, Path, description = "Name of the contract on the channel")),
    request_body = ContractCall,
    responses((status = OK, body = Committed), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn contract_submit(
    State(app): State<App>,
    caller: Caller,
    Path((chain, channel, contract)): Path<(String, String, String)>,
    Json(body): Json<ContractCall>,
) -> Result<axum::Json<Committed>, Problem> {
    let scope = caller.may(Action::SubmitTransactions)?;
    let (mut signatory, call) = read(&contract, body)?;
    signatory.writes = true;
    let ledger = app.ledger.open(&scope, &chain, &channel, &signatory).await?;
    let done = ledger.submit(&call).await?;
    Ok(axum::Json(Committed {
        transaction_id: done.transaction_id,
        block_number: done.block_number,
        code: "VALID".to_owned(),
        answer: answer(&done.result),
    }))
}

/// Evaluate a function of a contract; nothing is written.
#[utoipa::path(
    post, path = "/v1/chains/{chain}/channels/{channel}/contracts/{contract}:evaluate", tag = "ledger",
    params(("chain" = String, Path, description = "Name of the chain"), ("channel" = String, Path, description = "Name of the channel"),
        ("contract" = String, Path, description = "Name of the contract on the channel")),
    request_body = ContractCall,
    responses((status = OK, body = CallResult), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn contract_evaluate(
    State(app): State<App>,
    caller: Caller,
    Path((chain, channel, contract)): Path<(String, String, String)>,
    Json(body): Json<ContractCall>,
) -> Result<axum::Json<CallResult>, Problem> {
    let scope = caller.may(Action::ReadLedger)?;
    let (signatory, call) = read(&contract, body)?;
    let ledger = app.ledger.open(&scope, &chain, &channel, &signatory).await?;
    Ok(axum::Json(answer(&ledger.evaluate(&call).await?)))
}

/// Read a transaction by its id.
#[utoipa::path(
    get, path = "/v1/chains/{chain}/channels/{channel}/transactions/{transaction}", tag = "ledger",
    params(("chain" = String, Path, description = "Name of the chain"), ("channel" = String, Path, description = "Name of the channel"),
        ("transaction" = String, Path, description = "Its id")),
    responses((status = OK, body = Transaction), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn transaction_get(
    State(app): State<App>,
    caller: Caller,
    Path((chain, channel, transaction)): Path<(String, String, String)>,
) -> Result<axum::Json<Transaction>, Problem> {
    let scope = caller.may(Action::ReadLedger)?;
    let ledger = app.ledger.open(&scope, &chain, &channel, &Signatory::default()).await?;
    ledger.transaction(&transaction).await.map(axum::Json)
}

fn read(contract: &str, body: ContractCall) -> Result<(Signatory, Call), Problem> {
    let mut errors = Vec::new();
    if body.function.is_empty() {
        errors.push(FieldError::invalid("/function", "must not be empty"));
    }
    if body.arguments.len() > MOST_ARGUMENTS {
        errors.push(FieldError::invalid(
            "/arguments",
            format!("must be at most {MOST_ARGUMENTS}"),
        ));
    }
    let mut transient = BTreeMap::new();
    for (key, value) in &body.transient {
        match STANDARD.decode(value) {
            Ok(value) => {
                transient.insert(key.clone(), value);
            }
            Err(_) => errors.push(FieldError::invalid(format!("/transient/{key}"), "is not base64")),
        }
    }
    Problem::unless_valid(errors)?;
    let call = Call {
        contract: contract.to_owned(),
        function: body.function,
        arguments: body.arguments.into_iter().map(argument).collect(),
        transient,
        endorsing_organizations: body.endorsing_organizations,
    };
    Ok((
        Signatory {
            organization: body.organization,
            identity: body.identity,
            writes: false,
        },
        call,
    ))
}

fn argument(value: Value) -> Vec<u8> {
    match value {
        Value::String(text) => text.into_bytes(),
        other => other.to_string().into_bytes(),
    }
}

fn answer(bytes: &[u8]) -> CallResult {
    if bytes.is_empty() {
        return CallResult {
            result: None,
            result_base64: None,
        };
    }
    let text = std::str::from_utf8(bytes).ok();
    match text {
        Some(text) => {
            let json = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
            CallResult {
                result: Some(json),
                result_base64: None,
            }
        }
        None => CallResult {
            result: None,
            result_base64: Some(STANDARD.encode(bytes)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn arguments_are_text_or_json() {
        assert_eq!(argument(json!("a b")), b"a b");
        assert_eq!(argument(json!({"a": 1})), br#"{"a":1}"#);
        assert_eq!(argument(json!(7)), b"7");
    }

    #[test]
    fn answers_are_json_text_or_bytes() {
        assert_eq!(answer(br#"{"a":1}"#).result, Some(json!({"a": 1})));
        assert_eq!(answer(b"hello").result, Some(json!("hello")));
        assert_eq!(answer(&[0xff, 0]).result_base64.as_deref(), Some("/wA="));
    }

    #[test]
    fn a_call_without_a_function_or_with_bad_transient_data_is_refused() {
        let body = ContractCall {
            transient: [("k".to_owned(), "%".to_owned())].into(),
            ..ContractCall::default()
        };

        let Err(problem) = read("evidence", body) else {
            panic!("must be refused")
        };

        assert_eq!(problem.to_string(), "2 fields are wrong; errors[] names each.");
    }
}

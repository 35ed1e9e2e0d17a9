//! `entente tx submit` and `entente tx evaluate`.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::args::{Output, TxArgs, TxCommand};
use super::client::Client;
use super::console::Console;
use super::error::CliError;
use super::{get, output};
use crate::uri::segment;

pub async fn run(client: &Client, command: &TxCommand, console: &mut Console) -> Result<(), CliError> {
    let (verb, args) = match command {
        TxCommand::Submit(args) => ("submit", args),
        TxCommand::Evaluate(args) => ("evaluate", args),
    };
    let body = body(args)?;
    let channel = match &args.channel {
        Some(channel) => channel.clone(),
        None => channel_of(client, &args.chain, &args.contract).await?,
    };
    let path = format!(
        "/v1/chains/{}/channels/{}/contracts/{}:{verb}",
        segment(&args.chain),
        segment(&channel),
        segment(&args.contract)
    );
    let answer = client.post(&path, &body).await?;
    if matches!(args.output, Output::Json | Output::Yaml) {
        return output::value(&answer, args.output, console);
    }
    if let Some(id) = answer["transactionId"].as_str() {
        console.note(&format!("transaction {id} is in block {}", answer["blockNumber"]));
    }
    match (&answer["result"], &answer["resultBase64"]) {
        (Value::Null, Value::Null) => Ok(()),
        (Value::Null, base64) => console.line(base64.as_str().unwrap_or_default()),
        (Value::String(text), _) => console.line(text),
        (json, _) => output::value(json, Output::Json, console),
    }
}

fn body(args: &TxArgs) -> Result<Value, CliError> {
    let mut transient = BTreeMap::new();
    for entry in &args.transient {
        let (key, value) = entry
            .split_once('=')
            .ok_or_else(|| CliError::usage(format!("--transient \"{entry}\" is not of the form KEY=VALUE")))?;
        transient.insert(key, STANDARD.encode(value));
    }
    let mut body = json!({"function": args.function, "arguments": args.arguments});
    if !transient.is_empty() {
        body["transient"] = json!(transient);
    }
    if !args.endorsers.is_empty() {
        body["endorsingOrganizations"] = json!(args.endorsers);
    }
    for (field, value) in [("organization", &args.organization), ("identity", &args.identity)] {
        if let Some(value) = value {
            body[field] = json!(value);
        }
    }
    Ok(body)
}

/// The channel that the contract is on, as the chain reports; the first one when it does not say.
pub async fn channel_of(client: &Client, chain: &str, contract: &str) -> Result<String, CliError> {
    let chain = client.get(&format!("/v1/chains/{}", segment(chain))).await?;
    let contracts = chain.pointer("/status/contracts").and_then(Value::as_array);
    let found = contracts.into_iter().flatten().find(|known| known["name"] == contract);
    match found.and_then(|known| known["channel"].as_str()) {
        Some(channel) => Ok(channel.to_owned()),
        None => get::first_channel(&chain),
    }
}

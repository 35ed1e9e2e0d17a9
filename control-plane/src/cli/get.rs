//! `entente get`.

use serde_json::Value;

use super::args::GetArgs;
use super::client::Client;
use super::console::Console;
use super::error::CliError;
use super::kinds::{self, Kind};
use super::output;
use crate::uri::segment;

pub async fn run(client: &Client, args: &GetArgs, console: &mut Console) -> Result<(), CliError> {
    let kind = kinds::find(&args.kind)?;
    let path = path(client, &kind, args).await?;
    match &args.name {
        Some(name) => {
            let item = client.get(&format!("{path}/{}", segment(name))).await?;
            output::one(&kind, &item, args.output, console)
        }
        // The whole ledger would be a long list.
        None if kind.plural == "blocks" => {
            let newest = client.get(&format!("{path}?pageSize=20")).await?;
            output::list(
                &kind,
                newest["items"].as_array().map_or(&[], Vec::as_slice),
                args.output,
                console,
            )
        }
        None => match part(&kind) {
            Some(part) => {
                let whole = client.get(&path).await?;
                let rows = whole[part].as_array().map_or(&[][..], Vec::as_slice);
                output::list(&kind, rows, args.output, console)
            }
            None => output::list(&kind, &client.list(&path).await?, args.output, console),
        },
    }
}

/// What is no list of its own, but a field of one answer.
fn part(kind: &Kind) -> Option<&'static str> {
    match kind.plural {
        "usage" => Some("quotas"),
        "troubles" => Some("troubles"),
        "security" => Some("checks"),
        _ => None,
    }
}

async fn path(client: &Client, kind: &Kind, args: &GetArgs) -> Result<String, CliError> {
    match kind.plural {
        "nodes" | "channels" => {
            let chain = chain(client, args.chain.as_deref()).await?;
            Ok(format!("/v1/chains/{}/{}", segment(&chain), kind.plural))
        }
        "blocks" => {
            let chain = chain(client, args.chain.as_deref()).await?;
            let channel = match &args.channel {
                Some(channel) => channel.clone(),
                None => first_channel(&client.get(&format!("/v1/chains/{}", segment(&chain))).await?)?,
            };
            Ok(format!(
                "/v1/chains/{}/channels/{}/blocks",
                segment(&chain),
                segment(&channel)
            ))
        }
        "fleet" | "tenants" | "security" => Ok(format!("/v1/admin/{}", kind.plural)),
        "troubles" => Ok("/v1/admin/health".to_owned()),
        plural => Ok(format!("/v1/{plural}")),
    }
}

/// The chain that was named, or the only one there is.
pub async fn chain(client: &Client, named: Option<&str>) -> Result<String, CliError> {
    if let Some(name) = named {
        return Ok(name.to_owned());
    }
    let chains = client.list("/v1/chains").await?;
    let names: Vec<&str> = chains.iter().filter_map(|chain| chain["name"].as_str()).collect();
    match names.as_slice() {
        [only] => Ok((*only).to_owned()),
        [] => Err(CliError::failed("there is no chain yet")),
        several => Err(CliError::usage_hint(
            "there are several chains",
            format!("Name one with --chain: {}.", several.join(", ")),
        )),
    }
}

/// The first channel of a chain.
pub fn first_channel(chain: &Value) -> Result<String, CliError> {
    let name = chain.pointer("/spec/channels/0/name").and_then(Value::as_str);
    name.map(str::to_owned)
        .ok_or_else(|| CliError::failed("the chain has no channel"))
}

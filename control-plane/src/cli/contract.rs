//! `entente contract`: what is proposed for a contract, and what an organization makes of it.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::args::Output;
use super::client::Client;
use super::console::Console;
use super::error::CliError;
use super::table::harmless;
use super::{kinds, output, tx};
use crate::uri::segment;

#[derive(Debug, Clone, Subcommand)]
pub enum ContractCommand {
    /// Show what is proposed for a contract, and which organizations have approved it
    Get(ContractGetArgs),
    /// Approve what is proposed, for an organization of yours
    Approve(ContractApproveArgs),
    /// Reject what is proposed, for an organization of yours
    Reject(ContractRejectArgs),
}

#[derive(Debug, Clone, Args)]
pub struct PlaceArgs {
    /// Name of the chain
    pub chain: String,
    /// Name of the contract
    pub contract: String,
    /// The channel; the one that the contract is on when absent
    #[arg(long)]
    pub channel: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub struct ContractGetArgs {
    #[command(flatten)]
    pub place: PlaceArgs,
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Output,
}

#[derive(Debug, Clone, Args)]
pub struct VoteArgs {
    #[command(flatten)]
    pub place: PlaceArgs,
    /// The organization that decides
    #[arg(long)]
    pub organization: String,
    /// Digest of the definition that was looked at; the one that is proposed now when absent
    #[arg(long, value_name = "DIGEST")]
    pub definition: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub struct ContractApproveArgs {
    #[command(flatten)]
    pub vote: VoteArgs,
    /// Why, for the other members of the channel
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub struct ContractRejectArgs {
    #[command(flatten)]
    pub vote: VoteArgs,
    /// Why, for the other members of the channel
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

pub async fn run(client: &Client, command: &ContractCommand, console: &mut Console) -> Result<(), CliError> {
    match command {
        ContractCommand::Get(args) => {
            let found = client.get(&path(client, &args.place).await?).await?;
            match args.output {
                Output::Json | Output::Yaml => output::value(&found, args.output, console),
                _ => show(&found, args.output, console),
            }
        }
        ContractCommand::Approve(args) => vote(client, &args.vote, "approve", args.reason.as_deref(), console).await,
        ContractCommand::Reject(args) => vote(client, &args.vote, "reject", Some(&args.reason), console).await,
    }
}

async fn path(client: &Client, place: &PlaceArgs) -> Result<String, CliError> {
    let channel = match &place.channel {
        Some(channel) => channel.clone(),
        None => tx::channel_of(client, &place.chain, &place.contract).await?,
    };
    Ok(format!(
        "/v1/chains/{}/channels/{}/contracts/{}",
        segment(&place.chain),
        segment(&channel),
        segment(&place.contract)
    ))
}

async fn vote(
    client: &Client,
    args: &VoteArgs,
    verb: &str,
    reason: Option<&str>,
    console: &mut Console,
) -> Result<(), CliError> {
    let path = path(client, &args.place).await?;
    let definition = match &args.definition {
        Some(definition) => definition.clone(),
        None => {
            let found = client.get(&path).await?;
            let proposed = found.pointer("/proposal/digest").and_then(Value::as_str);
            let nothing = || CliError::failed("nothing is proposed for this contract yet");
            proposed.ok_or_else(nothing)?.to_owned()
        }
    };
    let mut body = json!({"organization": args.organization, "definition": definition});
    if let Some(reason) = reason {
        body["reason"] = json!(reason);
    }
    client.post(&format!("{path}:{verb}"), &body).await?;
    let done = if verb == "approve" { "approves" } else { "rejects" };
    console.line(&format!("{} {done} {definition}", args.organization))
}

/// The proposal in a few lines, then where each organization stands.
fn show(found: &Value, output: Output, console: &mut Console) -> Result<(), CliError> {
    let word = |pointer: &str| match found.pointer(pointer) {
        Some(Value::String(text)) => harmless(text),
        Some(Value::Null) | None => "-".to_owned(),
        Some(other) => other.to_string(),
    };
    console.line(&format!(
        "contract/{} on {} of {}: {}, version {}, sequence {}",
        word("/contract"),
        word("/channel"),
        word("/chain"),
        word("/state"),
        word("/version"),
        word("/sequence")
    ))?;
    let Some(organizations) = found.pointer("/proposal/organizations").and_then(Value::as_array) else {
        return console.line("Nothing is proposed yet.");
    };
    let approved = organizations.iter().filter(|one| one["standing"] == "approved").count();
    console.line(&format!(
        "proposed: version {}, sequence {}, {approved} of {} approvals",
        word("/proposal/version"),
        word("/proposal/sequence"),
        word("/proposal/needed")
    ))?;
    console.line(&format!("definition: {}", word("/proposal/digest")))?;
    console.line(&format!("package: {}", word("/proposal/packageId")))?;
    console.line(&format!("endorsement policy: {}", word("/proposal/endorsementPolicy")))?;
    output::list(&kinds::APPROVAL, organizations, output, console)
}

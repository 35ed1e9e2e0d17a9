//! `entente organization record`: which legal party an organization is, said by its tenant and checked by an operator of
//! the platform.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::args::Output;
use super::client::Client;
use super::console::Console;
use super::error::CliError;
use super::{kinds, manifest, output};
use crate::uri::segment;

#[derive(Debug, Clone, Subcommand)]
pub enum OrganizationCommand {
    /// Say and check which legal party an organization is
    #[command(subcommand)]
    Record(RecordCommand),
}

#[derive(Debug, Clone, Subcommand)]
pub enum RecordCommand {
    /// Show an organization's record
    Show(ShowArgs),
    /// Submit an organization's record, in the place of the one before
    Submit(SubmitArgs),
    /// List the records of all tenants (operators of the platform only)
    List(ListArgs),
    /// Approve a record (operators of the platform only)
    Approve(ApproveArgs),
    /// Refuse a record (operators of the platform only)
    Refuse(RefuseArgs),
}

#[derive(Debug, Clone, Args)]
pub struct ShowArgs {
    /// Name of the organization
    pub organization: String,
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Output,
}

#[derive(Debug, Clone, Args)]
pub struct SubmitArgs {
    /// Name of the organization
    pub organization: String,
    /// File with the record in YAML or JSON: legalName, registrationNumber, contact and documents; `-` for standard input
    #[arg(short, long = "filename", value_name = "FILE")]
    pub file: PathBuf,
}

#[derive(Debug, Clone, Args)]
pub struct ListArgs {
    /// Only those that are submitted, approved or refused
    #[arg(long)]
    pub state: Option<String>,
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Output,
}

#[derive(Debug, Clone, Args)]
pub struct ApproveArgs {
    /// Uid of the organization
    pub uid: String,
    /// The revision that was looked at
    #[arg(long)]
    pub revision: i64,
}

#[derive(Debug, Clone, Args)]
pub struct RefuseArgs {
    #[command(flatten)]
    pub what: ApproveArgs,
    /// What is wrong with it, for whoever has submitted it
    #[arg(long)]
    pub reason: String,
}

pub async fn run(client: &Client, command: &OrganizationCommand, console: &mut Console) -> Result<(), CliError> {
    let OrganizationCommand::Record(command) = command;
    match command {
        RecordCommand::Show(args) => {
            let record = client.get(&path(&args.organization)).await?;
            output::one(&kinds::RECORD, &record, args.output, console)
        }
        RecordCommand::Submit(args) => {
            let record = client.put(&path(&args.organization), &read(&args.file)?).await?;
            told(&record, console)
        }
        RecordCommand::List(args) => {
            let state = args.state.as_deref().map(|state| format!("?state={}", segment(state)));
            let all = format!("/v1/admin/organization-records{}", state.unwrap_or_default());
            output::list(&kinds::RECORD, &client.list(&all).await?, args.output, console)
        }
        RecordCommand::Approve(args) => decide(client, args, "approve", json!({}), console).await,
        RecordCommand::Refuse(args) => {
            decide(client, &args.what, "refuse", json!({"reason": args.reason}), console).await
        }
    }
}

async fn decide(
    client: &Client,
    what: &ApproveArgs,
    verb: &str,
    mut body: Value,
    console: &mut Console,
) -> Result<(), CliError> {
    body["revision"] = json!(what.revision);
    let path = format!("/v1/admin/organization-records/{}:{verb}", segment(&what.uid));
    told(&client.post(&path, &body).await?, console)
}

fn path(organization: &str) -> String {
    format!("/v1/organizations/{}/record", segment(organization))
}

fn read(file: &Path) -> Result<Value, CliError> {
    serde_yaml::from_str(&manifest::text(file)?)
        .map_err(|error| CliError::usage(format!("{}: {error}", manifest::source(file))))
}

/// Where a record stands now; an operator of the platform is told by uid and revision which one it is.
fn told(record: &Value, console: &mut Console) -> Result<(), CliError> {
    let text = |field: &str| record[field].as_str().unwrap_or_default().to_owned();
    console.line(&format!(
        "record/{} {} (organization {}, revision {})",
        text("uid"),
        text("state"),
        text("organization"),
        record["revision"]
    ))
}

//! `entente alliance`: the directory of the institutions that a chain's members are found among.

use clap::{Args, Subcommand};

use super::args::Output;
use super::client::Client;
use super::console::Console;
use super::error::CliError;
use super::{kinds, output};
use crate::uri;

#[derive(Debug, Clone, Subcommand)]
pub enum AllianceCommand {
    /// List institutions by name
    List(ListArgs),
}

/// Those that all of this fits.
#[derive(Debug, Clone, Args)]
pub struct ListArgs {
    /// Only of this sector: bank, securities, insurance, fund, regionalEquityExchange or technology
    #[arg(long)]
    pub sector: Option<String>,
    /// Only of this region
    #[arg(long)]
    pub region: Option<String>,
    /// Only of this level: national, province, city or county
    #[arg(long)]
    pub level: Option<String>,
    /// Only with this in the name
    #[arg(long)]
    pub text: Option<String>,
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Output,
}

pub async fn run(client: &Client, command: &AllianceCommand, console: &mut Console) -> Result<(), CliError> {
    let AllianceCommand::List(args) = command;
    let query = uri::query([
        ("sector", args.sector.as_deref()),
        ("region", args.region.as_deref()),
        ("level", args.level.as_deref()),
        ("text", args.text.as_deref()),
    ]);
    let path = format!("/v1/alliance?{query}");
    output::list(&kinds::INSTITUTION, &client.list(&path).await?, args.output, console)
}

//! `entente up`: the whole platform in one process on one machine, in the foreground.
//!
//! data folder → registry, operator and API → the demo consortium, when there is nothing yet → the proof → wait for
//! Ctrl-C → stop everything, nodes included.

mod banner;
pub(crate) mod data;
mod demo;
pub mod first;
pub mod layout;
mod platform;
mod proof;
mod releases;
pub(crate) mod signals;
pub(crate) mod token;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use self::data::Data;
use self::platform::Platform;
use crate::api::{self, ApiArgs};
use crate::ca;
use crate::cli::{CliError, Console, Exit};
use crate::oidc;
use crate::seal::SealArgs;

/// Options of `entente up`. The environment names are those that `make up` takes.
#[derive(Debug, Clone, Args)]
pub struct UpArgs {
    /// Folder for everything that the platform keeps; made when absent
    #[arg(long, env = "DATA", default_value = ".entente", value_name = "FOLDER")]
    pub data: PathBuf,
    /// Port of the API on 127.0.0.1
    #[arg(long, env = "PORT", default_value_t = 7420)]
    pub port: u16,
    /// Port of the organizations' certificate authorities on 127.0.0.1; the one after the API's, when it is free, by default
    #[arg(long, env = "CA_PORT")]
    pub ca_port: Option<u16>,
    /// Provision the demo consortium on an empty installation: 1 or 0
    #[arg(long, env = "DEMO", default_value = "1", value_parser = read_switch, action = clap::ArgAction::Set)]
    pub demo: bool,
    /// Folder of stock Fabric's `peer` and `orderer`, for chains on the engine `fabric`
    #[arg(long, env = "ENTENTE_FABRIC_BIN", value_name = "FOLDER")]
    pub fabric_bin: Option<PathBuf>,
    #[command(flatten)]
    pub seal: SealArgs,
    #[command(flatten)]
    pub api: ApiArgs,
}

fn read_switch(text: &str) -> Result<bool, String> {
    match text {
        "1" | "true" | "yes" => Ok(true),
        "0" | "false" | "no" | "" => Ok(false),
        other => Err(format!("\"{other}\" is neither 1 nor 0")),
    }
}

impl UpArgs {
    fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }
}

/// Runs the platform until it is told to stop.
pub async fn run(args: &UpArgs, console: &mut Console) -> Exit {
    match serve(args, console).await {
        Ok(exit) => exit,
        Err(error) => {
            console.note(&error.to_string());
            error.exit()
        }
    }
}

async fn serve(args: &UpArgs, console: &mut Console) -> Result<Exit, CliError> {
    let mut interrupted = signals::listen()?;
    let openid = oidc::from(&args.api.oidc, Some(&format!("http://{}", args.address())))?;
    let data = Data::open(&args.data)?;
    let hint = "Choose another one with PORT=, or stop the program that uses it.";
    let listener = api::bind(args.address(), hint).await?;
    let authorities = ca::bind(args.ca_port, args.address()).await?;
    let platform = Platform::start(&data, listener, authorities, openid, args).await?;

    let work = async {
        banner::started(&platform, &data, console)?;
        let client = platform.client()?;
        let begun = std::time::Instant::now();
        if args.demo && data.is_new {
            demo::provision(&client, console).await?;
        }
        proof::show(&client, &platform, begun, console).await?;
        banner::how_to_go_on(&client, &platform, &data, console).await
    };
    let outcome = tokio::select! {
        outcome = work => outcome,
        () = interrupted.first() => Ok(()),
    };
    // A demo that did not work out is no reason to stop what runs: whoever reads the message can look and mend it.
    if let Err(error) = &outcome {
        console.note(&error.to_string());
        console.note("The platform runs on; Ctrl-C stops it.");
    }
    tokio::select! {
        () = interrupted.first() => {}
        reason = platform.failed() => {
            console.note(&format!("error: the platform cannot go on: {reason}"));
            platform.stop().await;
            return Ok(Exit::Failed);
        }
    }
    console.note("\nStopping. Press Ctrl-C again to stop at once.");
    tokio::select! {
        () = platform.stop() => console.note("Stopped. The next start continues with the same chains."),
        () = interrupted.second() => {
            console.note("Stopped at once; nodes that still run are taken over by the next start.");
            return Ok(Exit::Failed);
        }
    }
    Ok(Exit::Success)
}

//! The command line: a client of the REST API with no privileges of its own.
//!
//! [`run`] takes parsed arguments and a [`Console`], and answers with the code to exit with; nothing here ends the
//! process or writes elsewhere.

mod alliance;
mod apply;
mod args;
mod audit;
pub mod client;
mod connect;
mod console;
mod contract;
mod delete;
mod describe;
mod error;
mod get;
mod identity;
mod kinds;
mod locale;
pub mod locate;
mod login;
mod logs;
pub mod manifest;
mod operation;
mod organization;
mod output;
pub mod profiles;
pub mod progress;
mod table;
mod template;
mod tx;
mod version;

#[cfg(test)]
mod tests;

pub use args::{Cli, Command};
pub use console::Console;
pub use error::{CliError, Exit};

use clap::CommandFactory as _;

use self::client::Client;

/// Runs a command of the client.
pub async fn run(cli: Cli, console: &mut Console) -> Exit {
    match dispatch(cli, console).await {
        Ok(()) => Exit::Success,
        Err(error) => {
            console.note(&error.to_string());
            error.exit()
        }
    }
}

async fn dispatch(cli: Cli, console: &mut Console) -> Result<(), CliError> {
    let connect = || locate::server(&cli.server).and_then(Client::new);
    match cli.command {
        Command::Up(_)
        | Command::Serve(_)
        | Command::Operator(_)
        | Command::Backup(_)
        | Command::Restore(_)
        | Command::Migrate(_)
        | Command::RotateMasterKey(_) => Err(CliError::usage("this is not a command of the client")),
        Command::Login(args) => login::login(&cli.server, &args, console).await,
        Command::Logout => login::logout(&cli.server, console).await,
        Command::Profiles { name } => login::show(name.as_deref(), console),
        Command::Completion { shell } => completion(shell, console),
        Command::Crds => crds(console),
        Command::Version { output } => version::run(connect().ok().as_ref(), output, console).await,
        Command::Apply(args) => apply::run(&connect()?, &args, console).await,
        Command::Get(args) => get::run(&connect()?, &args, console).await,
        Command::Describe(args) => describe::run(&connect()?, &args, console).await,
        Command::Delete(args) => delete::run(&connect()?, &args, console).await,
        Command::Undelete(args) => delete::undo(&connect()?, &args, console).await,
        Command::Logs(args) => logs::run(&connect()?, &args, console).await,
        Command::Audit(command) => match (audit::file(&command), &command) {
            (Some((file, args)), _) => audit::verify_file(file, args, console),
            (None, args::AuditCommand::Verify(args)) => audit::verify(&connect()?, args, console).await,
            (None, args::AuditCommand::Export(args)) => audit::export(&connect()?, args, console).await,
        },
        Command::Tx(command) => tx::run(&connect()?, &command, console).await,
        Command::Identity(command) => identity::run(&connect()?, &command, console).await,
        Command::Operation(command) => operation::run(&connect()?, &command, console).await,
        Command::Organization(command) => organization::run(&connect()?, &command, console).await,
        Command::Alliance(command) => alliance::run(&connect()?, &command, console).await,
        Command::Contract(command) => contract::run(&connect()?, &command, console).await,
        Command::Chain(args::ChainCommand::Connect(args)) => connect::run(&connect()?, &args, console).await,
    }
}

fn completion(shell: clap_complete::Shell, console: &mut Console) -> Result<(), CliError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "entente", &mut script);
    console.print(&String::from_utf8_lossy(&script))
}

fn crds(console: &mut Console) -> Result<(), CliError> {
    for definition in entente_api::schema::definitions() {
        let text = serde_yaml::to_string(&definition).map_err(CliError::output)?;
        console.print(&format!("---\n{text}"))?;
    }
    Ok(())
}

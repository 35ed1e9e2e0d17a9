//! `entente`: the platform on one machine, and the command line.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::Parser as _;
use entente_platform::cli::{self, Cli, Command, Console, Exit};
use entente_platform::rest::problem::chain_of;
use entente_platform::seal::rotate;
use entente_platform::trace::export::{Export, ExportArgs, ExportError};
use entente_platform::{backup, migrate, operate, serve, up};
use tracing_subscriber::Layer as _;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

fn main() -> ExitCode {
    // Before anything makes a connection: the one provider of the whole process.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        return ExitCode::FAILURE;
    }
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(_) => return ExitCode::FAILURE,
    };
    let mut console = Console::standard();
    let exit = runtime.block_on(async {
        match &cli.command {
            Command::Up(args) => match log("warn", &args.api.export) {
                Ok(export) => ended(up::run(args, &mut console).await, export).await,
                Err(error) => refused(&mut console, &error),
            },
            Command::Serve(args) => match log("info", &args.api.export) {
                Ok(export) => ended(serve::run(args, &mut console).await, export).await,
                Err(error) => refused(&mut console, &error),
            },
            Command::Operator(args) => match log("info", &ExportArgs::default()) {
                Ok(_) => operate::run(args, &mut console).await,
                Err(error) => refused(&mut console, &error),
            },
            Command::Backup(args) => backup::back_up(args, &mut console).await,
            Command::Restore(args) => backup::restore(args, &mut console),
            Command::Migrate(args) => migrate::run(args, &mut console).await,
            Command::RotateMasterKey(args) => rotate::run(args, &mut console).await,
            _ => cli::run(cli, &mut console).await,
        }
    });
    // What still runs is being stopped for good; nobody waits for it.
    runtime.shutdown_background();
    exit.into()
}

/// The platform's own log goes to standard error; `ENTENTE_LOG` says how much of it. Traces go where they are wanted, if
/// anywhere.
fn log(usual: &str, traces: &ExportArgs) -> Result<Option<Export>, ExportError> {
    let export = Export::prepare(traces)?;
    // What the client of Kubernetes has to say of a failed request is said by whoever made it.
    let filter = tracing_subscriber::EnvFilter::try_from_env("ENTENTE_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(format!("{usual},kube_client=off")));
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .with_filter(filter);
    tracing_subscriber::registry()
        .with(lines)
        .with(export.as_ref().map(Export::layer))
        .init();
    Ok(export)
}

/// Sends the last traces before the process ends.
async fn ended(exit: Exit, export: Option<Export>) -> Exit {
    if let Some(export) = export {
        // It blocks, and the exporter needs the runtime meanwhile.
        tokio::task::spawn_blocking(|| export.end()).await.ok();
    }
    exit
}

fn refused(console: &mut Console, error: &ExportError) -> Exit {
    console.note(&format!("error: {}", chain_of(error)));
    Exit::Usage
}

//! `entente`: the platform on one machine, and the command line.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::Parser as _;
use entente_platform::cli::{self, Cli, Command, Console};
use entente_platform::{backup, operate, serve, up};

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
            Command::Up(args) => {
                log("warn");
                up::run(args, &mut console).await
            }
            Command::Serve(args) => {
                log("info");
                serve::run(args, &mut console).await
            }
            Command::Operator(args) => {
                log("info");
                operate::run(args, &mut console).await
            }
            Command::Backup(args) => backup::back_up(args, &mut console).await,
            Command::Restore(args) => backup::restore(args, &mut console),
            _ => cli::run(cli, &mut console).await,
        }
    });
    // What still runs is being stopped for good; nobody waits for it.
    runtime.shutdown_background();
    exit.into()
}

/// The platform's own log goes to standard error; `ENTENTE_LOG` says how much of it.
fn log(usual: &str) {
    // What the client of Kubernetes has to say of a failed request is said by whoever made it.
    let filter = tracing_subscriber::EnvFilter::try_from_env("ENTENTE_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(format!("{usual},kube_client=off")));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
}

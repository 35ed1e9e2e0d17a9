//! `entente-node`: the process inside a chain. `peer` and `orderer` run a node, `ca` a certificate
//! authority, `contract` a business contract, so that
//! one file in memory serves all of them; the others help a node to start: its health probe, the configuration files and the chaincode builder of stock nodes.

mod builder;
mod ca;
mod cli;
mod config;
mod folder;
mod log_spec;
mod logging;
mod operations;
mod orderer;
mod peer;
mod probe;
mod process;
mod render;
mod serving;
mod version;

use std::process::ExitCode;

use clap::Parser as _;

use cli::{Cli, Command};

fn main() -> ExitCode {
    // Before anything that may make a TLS configuration: a second provider in the process would make it panic.
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    if let Some(step) = builder::called_as() {
        return builder::run(step, std::env::args_os().skip(1).collect());
    }
    let outcome = match Cli::parse().command {
        Command::Peer(node) => config::load(&node.config).and_then(peer::run),
        Command::Orderer(node) => config::load(&node.config).and_then(orderer::run),
        Command::Ca(asked) => ca::run(asked),
        Command::Contract(template) => entente_contracts::run(template),
        Command::Probe(probe) => probe::run(&probe),
        Command::Render(render) => config::load(&render.config).and_then(|config| render::run(&config, &render)),
        Command::Builder(called) => return builder::run(called.step, called.arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            fail(&error);
            ExitCode::FAILURE
        }
    }
}

/// Says why the process ends. Logging may not be set up yet, or be filtered, so it goes straight to standard error.
#[expect(
    clippy::print_stderr,
    reason = "the last words of a process that could not do its work"
)]
fn fail(error: &anyhow::Error) {
    eprintln!("entente-node: {error:#}");
}

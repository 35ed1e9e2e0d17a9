//! `entente apply`.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::args::{ApplyArgs, Output};
use super::client::Client;
use super::console::Console;
use super::error::CliError;
use super::manifest::{self, Manifest};
use super::{output, progress};
use crate::operation::Operation;
use crate::uri::segment;

/// Creates or changes what the files describe, in the order in which kinds need each other, then waits for all of it.
pub async fn run(client: &Client, args: &ApplyArgs, console: &mut Console) -> Result<(), CliError> {
    let manifests = manifest::read_all(&args.files)?;
    let deadline = Instant::now() + args.wait.timeout;
    let mut begun = Vec::new();
    for manifest in &manifests {
        if let Some(namespace) = &manifest.namespace {
            let named = output_name(manifest);
            console.note(&format!(
                "note: {named}: namespace \"{namespace}\" is left to Kubernetes; here the token decides."
            ));
        }
        let answer = put(client, manifest, args.dry_run, deadline, console).await?;
        let operation: Option<Operation> = answer
            .get("operation")
            .map(|operation| serde_json::from_value(operation.clone()))
            .transpose()
            .map_err(CliError::output)?;
        if args.output == Output::Table {
            console.line(&format!(
                "{} {}",
                output_name(manifest),
                outcome(operation.as_ref(), args.dry_run)
            ))?;
        }
        begun.push((manifest, operation));
    }
    if !args.wait.no_wait {
        for (manifest, operation) in &mut begun {
            let Some(operation) = operation.take() else { continue };
            let left = deadline.saturating_duration_since(Instant::now());
            let ended = progress::follow(client, operation, left.max(Duration::from_millis(1)), console).await?;
            console.note(&format!(
                "{} is ready{}.",
                output_name(manifest),
                progress::took(&ended)
            ));
        }
    }
    if args.output != Output::Table {
        for manifest in manifests.iter().filter(|_| !args.dry_run) {
            let path = format!("/v1/{}/{}", manifest.kind.plural, segment(&manifest.name));
            output::one(&manifest.kind, &client.get(&path).await?, args.output, console)?;
        }
    }
    Ok(())
}

/// Sends one manifest. While another operation on the same resource is in progress, that one is waited for.
async fn put(
    client: &Client,
    manifest: &Manifest,
    dry_run: bool,
    deadline: Instant,
    console: &mut Console,
) -> Result<Value, CliError> {
    let query = if dry_run { "?validateOnly=true" } else { "" };
    let path = format!("/v1/{}/{}{query}", manifest.kind.plural, segment(&manifest.name));
    loop {
        let problem = match client.put(&path, &manifest.body).await {
            Err(CliError::Problem(problem)) => problem,
            answer => return answer,
        };
        let running = problem
            .operation_id
            .clone()
            .filter(|_| problem.code == "operation_in_progress");
        let left = deadline.saturating_duration_since(Instant::now());
        match running {
            Some(id) if !left.is_zero() => {
                console.note(&format!(
                    "{}: waiting for the operation before this one",
                    output_name(manifest)
                ));
                client.wait(&id, i64::MAX, left.min(Duration::from_secs(60))).await?;
            }
            _ => return Err(named(manifest, problem)),
        }
    }
}

/// The problem with the resource's name in front, which matters when a file holds many.
fn named(manifest: &Manifest, mut problem: Box<crate::rest::problem::ProblemBody>) -> CliError {
    problem.detail = format!("{}: {}", output_name(manifest), problem.detail);
    CliError::Problem(problem)
}

fn output_name(manifest: &Manifest) -> String {
    format!("{}/{}", manifest.kind.kind.to_ascii_lowercase(), manifest.name)
}

fn outcome(operation: Option<&Operation>, dry_run: bool) -> &'static str {
    use crate::operation::OperationKind;
    match operation {
        _ if dry_run => "checked",
        None => "unchanged",
        Some(operation) if operation.kind == OperationKind::Create => "created",
        Some(_) => "changed",
    }
}

//! `entente delete`.

use std::time::Duration;

use tokio::time::Instant;

use super::args::DeleteArgs;
use super::client::Client;
use super::console::Console;
use super::error::CliError;
use super::kinds::{self, Kind};
use super::{manifest, progress};
use crate::operation::Operation;
use crate::uri::segment;

/// Deletes in the opposite order of creation, then waits until all of it is gone.
pub async fn run(client: &Client, args: &DeleteArgs, console: &mut Console) -> Result<(), CliError> {
    let mut targets: Vec<(Kind, String)> = match &args.kind {
        Some(kind) => {
            let kind = kinds::find_resource(kind)?;
            args.names.iter().map(|name| (kind, name.clone())).collect()
        }
        None => manifest::read_all(&args.files)?
            .into_iter()
            .map(|manifest| (manifest.kind, manifest.name))
            .collect(),
    };
    targets.reverse();
    if targets.is_empty() {
        return Err(CliError::usage("name what to delete"));
    }
    let deadline = Instant::now() + args.wait.timeout;
    let mut begun: Vec<(String, &str, Operation)> = Vec::new();
    for (kind, name) in targets {
        let shown = format!("{}/{name}", kind.kind.to_ascii_lowercase());
        let path = format!("/v1/{}/{}", kind.plural, segment(&name));
        let deleted = async {
            if kind.kind != "Chain" {
                return Ok((client.delete(&path).await?, false));
            }
            if args.purge {
                return Ok((client.delete(&format!("{path}?purge=true")).await?, false));
            }
            let chain = client.get(&path).await?;
            let policy = chain.pointer("/spec/deletionPolicy");
            let retains = policy.is_none_or(|policy| policy == "Retain");
            Ok((client.delete(&path).await?, retains))
        };
        let (answer, retains) = match deleted.await {
            Err(CliError::Problem(problem)) if problem.status == 404 && args.ignore_not_found => {
                console.line(&format!("{shown} is not there"))?;
                continue;
            }
            answer => answer?,
        };
        let operation = serde_json::from_value(answer["operation"].clone()).map_err(CliError::output)?;
        let retained = match retains {
            true => "; its ledgers and keys stay (deletionPolicy Retain, --purge destroys them)",
            false => "",
        };
        begun.push((shown, retained, operation));
    }
    for (shown, retained, operation) in begun {
        if args.wait.no_wait {
            console.line(&format!("{shown} is being deleted{retained}"))?;
            continue;
        }
        let left = deadline
            .saturating_duration_since(Instant::now())
            .max(Duration::from_millis(1));
        progress::follow(client, operation, left, console).await?;
        console.line(&format!("{shown} deleted{retained}"))?;
    }
    Ok(())
}

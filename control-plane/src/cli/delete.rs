//! `entente delete` and `entente undelete`.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::args::{DeleteArgs, UndeleteArgs};
use super::client::Client;
use super::console::Console;
use super::error::CliError;
use super::kinds::{self, Kind};
use super::{manifest, progress};
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
    let mut begun = Vec::new();
    for (kind, name) in targets {
        let shown = format!("{}/{name}", kind.kind.to_ascii_lowercase());
        let path = format!("/v1/{}/{}", kind.plural, segment(&name));
        let answer = match client.delete(&format!("{path}{}", query(kind, args))).await {
            Err(CliError::Problem(problem)) if problem.status == 404 && args.ignore_not_found => {
                console.line(&format!("{shown} is not there"))?;
                continue;
            }
            answer => answer?,
        };
        let operation = progress::of(&answer)?;
        begun.push((shown, remains(kind, &name, args, &answer["resource"]), operation));
    }
    for (shown, remains, operation) in begun {
        if args.wait.no_wait {
            console.line(&format!("{shown} is being deleted{remains}"))?;
            continue;
        }
        progress::follow(client, operation, left(deadline), console).await?;
        console.line(&format!("{shown} deleted{remains}"))?;
    }
    Ok(())
}

/// How chains are deleted; other resources are deleted in one way only.
fn query(kind: Kind, args: &DeleteArgs) -> &'static str {
    match (kind.kind, args.purge, args.now) {
        ("Chain", true, _) => "?purge=true",
        ("Chain", false, true) => "?force=true",
        _ => "",
    }
}

/// What is left of a resource that was deleted, in words.
fn remains(kind: Kind, name: &str, args: &DeleteArgs, resource: &Value) -> String {
    let retains = resource
        .pointer("/spec/deletionPolicy")
        .is_none_or(|policy| policy == "Retain");
    match resource["purgeTime"].as_str() {
        _ if kind.kind != "Chain" || args.purge => String::new(),
        Some(time) => format!("; it lies in the recycle bin until {time} (entente undelete {name})"),
        None if retains => "; its ledgers and keys stay (deletionPolicy Retain, --purge destroys them)".to_owned(),
        None => String::new(),
    }
}

/// Brings chains back, and waits until they run.
pub async fn undo(client: &Client, args: &UndeleteArgs, console: &mut Console) -> Result<(), CliError> {
    let deadline = Instant::now() + args.wait.timeout;
    let mut begun = Vec::new();
    for name in &args.chains {
        let path = format!("/v1/chains/{}:undelete", segment(name));
        let answer = client.post(&path, &Value::Null).await?;
        let operation = progress::of(&answer)?;
        begun.push((name, operation));
    }
    for (name, operation) in begun {
        if args.wait.no_wait {
            console.line(&format!("chain/{name} is coming back"))?;
            continue;
        }
        progress::follow(client, operation, left(deadline), console).await?;
        console.line(&format!("chain/{name} is back"))?;
    }
    Ok(())
}

fn left(deadline: Instant) -> Duration {
    deadline
        .saturating_duration_since(Instant::now())
        .max(Duration::from_millis(1))
}

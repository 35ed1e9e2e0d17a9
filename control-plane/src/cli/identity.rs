//! `entente identity`: certificates of people and applications, from the first to the last day.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::args::{DescribeArgs, IdentityActArgs, IdentityCommand, IdentityIssueArgs, IdentityListArgs};
use super::client::Client;
use super::connect::{failed, text, write};
use super::console::Console;
use super::error::CliError;
use super::{describe, kinds, output, progress};
use crate::uri::{self, segment};

pub async fn run(client: &Client, command: &IdentityCommand, console: &mut Console) -> Result<(), CliError> {
    match command {
        IdentityCommand::Issue(args) => issue(client, args, console).await,
        IdentityCommand::List(args) => list(client, args, console).await,
        IdentityCommand::Show { name } => {
            let args = DescribeArgs {
                kind: "identities".to_owned(),
                name: name.clone(),
            };
            describe::run(client, &args, console).await
        }
        IdentityCommand::Renew(args) => act(client, "renew", "renewed", &json!({}), args, console).await,
        IdentityCommand::Suspend(args) => act(client, "suspend", "suspended", &json!({}), args, console).await,
        IdentityCommand::Resume(args) => act(client, "resume", "resumed", &json!({}), args, console).await,
        IdentityCommand::Revoke(args) => {
            let body = json!({"reason": args.reason});
            act(client, "revoke", "revoked", &body, &args.act, console).await
        }
        IdentityCommand::Bundle { name, out } => bundle(client, name, out.as_deref(), console).await,
    }
}

async fn issue(client: &Client, args: &IdentityIssueArgs, console: &mut Console) -> Result<(), CliError> {
    let mut spec = json!({
        "organization": args.organization,
        "role": args.role,
        "validityDays": args.days,
        "attributes": attributes(&args.attributes)?,
    });
    if let Some(file) = &args.csr {
        let cannot = |error| CliError::failed(format!("{} cannot be read: {error}", file.display()));
        spec["certificateRequest"] = json!(fs::read_to_string(file).map_err(cannot)?);
    }
    // Before anything is issued: a key that cannot be written is lost.
    fs::create_dir_all(&args.out).map_err(|error| failed(&args.out, &error))?;
    let path = match args.keep {
        true => "/v1/identities",
        false => "/v1/identities:enroll",
    };
    let issued = client.post(path, &json!({"name": args.name, "spec": spec})).await?;
    if let Some(key) = issued["privateKey"].as_str() {
        write(&args.out, "key.pem", key)?;
    }
    let operation = progress::of(&issued)?;
    progress::follow(client, operation, args.timeout, console).await?;
    let identity = client.get(&format!("/v1/identities/{}", segment(&args.name))).await?;
    write(&args.out, "certificate.pem", &text(&identity, "/status/certificate")?)?;
    console.line(&format!("{}", args.out.join("certificate.pem").display()))?;
    console.note(match (args.keep, &args.csr) {
        (true, _) => "The key is with the platform, which renews the certificate in time.",
        (false, Some(_)) => "The certificate is for the key of your request.",
        (false, None) => "The key is in key.pem and nowhere else.",
    });
    Ok(())
}

fn attributes(given: &[String]) -> Result<Map<String, Value>, CliError> {
    let pair = |text: &String| {
        let (name, value) = text
            .split_once('=')
            .ok_or_else(|| CliError::usage(format!("--attribute \"{text}\" is not of the form NAME=VALUE")))?;
        Ok((name.to_owned(), json!(value)))
    };
    given.iter().map(pair).collect()
}

async fn list(client: &Client, args: &IdentityListArgs, console: &mut Console) -> Result<(), CliError> {
    let query = uri::query([
        ("type", (!args.all).then_some("identity")),
        ("expiresWithin", args.expires_within.as_deref()),
        ("organization", args.organization.as_deref()),
    ]);
    let found = client.list(&format!("/v1/certificates?{query}")).await?;
    output::list(&kinds::find("certificates")?, &found, args.output, console)
}

async fn act(
    client: &Client,
    verb: &str,
    done: &str,
    body: &Value,
    args: &IdentityActArgs,
    console: &mut Console,
) -> Result<(), CliError> {
    let path = format!("/v1/identities/{}:{verb}", segment(&args.name));
    let accepted = client.post(&path, body).await?;
    let name = &args.name;
    // Nothing had to be changed.
    if accepted["operation"].is_null() {
        return console.line(&format!("identity/{name} unchanged"));
    }
    if args.wait.no_wait {
        return console.line(&format!("identity/{name} is being {done}"));
    }
    let operation = progress::of(&accepted)?;
    progress::follow(client, operation, args.wait.timeout, console).await?;
    console.line(&format!("identity/{name} {done}"))
}

async fn bundle(client: &Client, name: &str, out: Option<&Path>, console: &mut Console) -> Result<(), CliError> {
    let archive = client
        .bytes(&format!("/v1/identities/{}/bundle", segment(name)))
        .await?;
    let own = format!("{name}.tar.gz");
    let file = out.unwrap_or(Path::new(&own));
    fs::write(file, archive).map_err(|error| failed(file, &error))?;
    console.line(&format!("{}", file.display()))
}

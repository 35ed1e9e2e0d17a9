//! `entente chain connect`: enrols an application and writes what the official Fabric client needs.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde_json::{Value, json};

use super::args::ConnectArgs;
use super::client::Client;
use super::console::Console;
use super::error::CliError;
use super::{get, progress};
use crate::uri::segment;

pub async fn run(client: &Client, args: &ConnectArgs, console: &mut Console) -> Result<(), CliError> {
    let path = format!("/v1/chains/{}", segment(&args.chain));
    let chain = client.get(&path).await?;
    let organization = match &args.organization {
        Some(organization) => organization.clone(),
        None => text(&chain, "/spec/members/0/organization")?,
    };
    let query = format!("{path}/connection-profile?organization={}", segment(&organization));
    let profile = client.get(&query).await?;
    let channel = args.channel.clone().map_or_else(|| get::first_channel(&chain), Ok)?;
    let contract = args.contract.clone().or_else(|| first_contract(&chain, &channel));
    let peer = text(&profile, &format!("/organizations/{}/peers/0", pointer(&organization)))
        .map_err(|_| CliError::failed(format!("\"{organization}\" has no peer on this chain")))?;
    let peer = format!("/peers/{}", pointer(&peer));
    let endpoint = text(&profile, &format!("{peer}/url"))?
        .trim_start_matches("grpcs://")
        .to_owned();

    fs::create_dir_all(&args.out).map_err(|error| failed(&args.out, &error))?;
    let identity = args.identity.clone().unwrap_or_else(|| {
        let random = uuid::Uuid::new_v4().simple().to_string();
        // A name is a DNS label: at most 63 characters, of which the suffix takes 13.
        format!(
            "{}-app-{}",
            organization.chars().take(50).collect::<String>(),
            &random[..8]
        )
    });
    let (certificate, key) = enroll(client, args, &organization, &identity, console).await?;

    let connection = json!({
        "endpoint": endpoint,
        "hostOverride": endpoint.rsplit_once(':').map_or(endpoint.as_str(), |(host, _)| host),
        "tlsRootCertificate": "tls-ca.pem",
        "mspId": text(&profile, &format!("/organizations/{}/mspid", pointer(&organization)))?,
        "certificate": "certificate.pem",
        "privateKey": "key.pem",
        "channel": channel,
        "contract": contract,
    });
    write(
        &args.out,
        "tls-ca.pem",
        &text(&profile, &format!("{peer}/tlsCACerts/pem"))?,
    )?;
    write(&args.out, "certificate.pem", &certificate)?;
    write(&args.out, "key.pem", &key)?;
    write(&args.out, "connection-profile.json", &pretty(&profile)?)?;
    write(&args.out, "connection.json", &pretty(&connection)?)?;
    console.line(&format!("{}", args.out.join("connection.json").display()))?;
    console.note(&format!(
        "Enrolled \"{identity}\" of \"{organization}\". The key is in key.pem and nowhere else; connection.json names all that the Fabric client needs."
    ));
    Ok(())
}

async fn enroll(
    client: &Client,
    args: &ConnectArgs,
    organization: &str,
    identity: &str,
    console: &mut Console,
) -> Result<(String, String), CliError> {
    let body = json!({"name": identity, "spec": {"organization": organization}});
    let enrolled = client.post("/v1/identities:enroll", &body).await?;
    let operation = progress::of(&enrolled)?;
    let key = text(&enrolled, "/privateKey")?;
    progress::follow(client, operation, args.timeout, console).await?;
    let issued = client.get(&format!("/v1/identities/{}", segment(identity))).await?;
    Ok((text(&issued, "/status/certificate")?, key))
}

fn first_contract(chain: &Value, channel: &str) -> Option<String> {
    let contracts = chain.pointer("/spec/contracts").and_then(Value::as_array);
    let first = chain.pointer("/spec/channels/0/name").and_then(Value::as_str);
    let on = |contract: &&Value| contract["channel"].as_str().or(first) == Some(channel);
    contracts
        .into_iter()
        .flatten()
        .find(on)
        .and_then(|contract| contract["name"].as_str().map(str::to_owned))
}

pub(super) fn text(value: &Value, pointer: &str) -> Result<String, CliError> {
    let found = value
        .pointer(pointer)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty());
    found
        .map(str::to_owned)
        .ok_or_else(|| CliError::failed(format!("the platform's answer has no {pointer}")))
}

/// A name as a part of a JSON pointer.
fn pointer(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn pretty(value: &Value) -> Result<String, CliError> {
    Ok(serde_json::to_string_pretty(value).map_err(CliError::output)? + "\n")
}

/// Writes a file that only its owner can read, in place of the one that may be there.
pub(super) fn write(folder: &Path, name: &str, content: &str) -> Result<(), CliError> {
    let path = folder.join(name);
    // Removed first: the mode of an existing file would stay as it was.
    match fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(&path, &error)),
        _ => {}
    }
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    file.and_then(|mut file| file.write_all(content.as_bytes()))
        .map_err(|error| failed(&path, &error))
}

pub(super) fn failed(path: &Path, error: &std::io::Error) -> CliError {
    CliError::failed(format!("{} cannot be written: {error}", path.display()))
}

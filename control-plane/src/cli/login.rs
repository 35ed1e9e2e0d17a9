//! `entente login`, `entente logout` and `entente profiles`.

use std::io::BufRead as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::args::{LoginArgs, ServerArgs};
use super::client::Client;
use super::console::Console;
use super::error::CliError;
use super::locate::{self, Server};
use super::profiles::{self, Credential, Profile, Profiles};

/// The name of a profile that nobody has named.
const DEFAULT: &str = "default";

fn file() -> Result<PathBuf, CliError> {
    profiles::file().ok_or_else(|| CliError::usage("there is no place for profiles: HOME is not set"))
}

/// Signs in with a token that was given, or as a user, and keeps the proof.
pub async fn login(server: &ServerArgs, args: &LoginArgs, console: &mut Console) -> Result<(), CliError> {
    let file = file()?;
    let mut profiles = Profiles::read(&file)?;
    let name = server.profile.clone().unwrap_or_else(|| DEFAULT.to_owned());
    let known = profiles.profiles.get(&name).map(|profile| profile.server.clone());
    let url = server.server.clone().or(known).ok_or_else(|| {
        CliError::usage_hint(
            "no platform is named",
            "Say which: entente login --server https://entente.example",
        )
    })?;
    let credential = match locate::given_token(server)? {
        Some(token) => Credential::Token(token),
        None => sign_in(&url, args).await?,
    };
    let client = Client::new(Server {
        url: url.clone(),
        credential: Some(credential.clone()),
    })?;
    // What does not open anything is not worth keeping.
    let session = client.get("/v1/session").await?;
    let who = session["name"]
        .as_str()
        .unwrap_or("the installation's token")
        .to_owned();
    console.note(&format!("Signed in at {url} as {who}; the profile is \"{name}\"."));
    profiles.current = Some(name.clone());
    profiles.profiles.insert(
        name,
        Profile {
            server: url,
            who,
            credential,
        },
    );
    profiles.write(&file)
}

async fn sign_in(url: &str, args: &LoginArgs) -> Result<Credential, CliError> {
    let email = args.email.clone().ok_or_else(|| {
        CliError::usage_hint(
            "nobody is named",
            "Sign in as a user with --email ADDRESS, or with an API key in --token-file FILE or ENTENTE_TOKEN.",
        )
    })?;
    let password = match args.password_stdin {
        true => line()?,
        false => ask("Password: ")?,
    };
    let client = Client::new(Server {
        url: url.to_owned(),
        credential: None,
    })?;
    let mut body = json!({"email": email, "password": password});
    if let Some(code) = &args.code {
        body["code"] = Value::String(code.clone());
    }
    match client.sign_in(&body).await {
        Err(CliError::Problem(problem)) if problem.code == "second_factor_required" && !args.password_stdin => {
            body["code"] = Value::String(ask("Code of the second factor: ")?);
            client.sign_in(&body).await
        }
        other => other,
    }
}

fn ask(prompt: &str) -> Result<String, CliError> {
    rpassword::prompt_password(prompt).map_err(|error| {
        CliError::usage_hint(
            format!("nothing can be asked here: {error}"),
            "Where there is no terminal: --password-stdin, or an API key in ENTENTE_TOKEN.",
        )
    })
}

fn line() -> Result<String, CliError> {
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| CliError::usage(format!("the password cannot be read: {error}")))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Ends the session of a profile, and forgets it.
pub async fn logout(server: &ServerArgs, console: &mut Console) -> Result<(), CliError> {
    let file = file()?;
    let mut profiles = Profiles::read(&file)?;
    let name = server.profile.clone().or(profiles.current.clone());
    let name = name.unwrap_or_else(|| DEFAULT.to_owned());
    let profile = profiles.find(&name)?.clone();
    if matches!(profile.credential, Credential::Session { .. }) {
        let client = Client::new(Server {
            url: profile.server,
            credential: Some(profile.credential),
        })?;
        // It may have ended, or the platform may be gone for good: neither keeps the profile alive.
        if let Err(error) = client.end_session().await {
            console.note(&error.to_string());
        }
    }
    profiles.profiles.remove(&name);
    profiles.current = profiles.current.filter(|current| *current != name);
    profiles.write(&file)?;
    console.note(&format!("Signed out of \"{name}\"."));
    Ok(())
}

/// Shows the profiles; or chooses one.
pub fn show(chosen: Option<&str>, console: &mut Console) -> Result<(), CliError> {
    let file: &Path = &file()?;
    let mut profiles = Profiles::read(file)?;
    if let Some(name) = chosen {
        profiles.find(name)?;
        profiles.current = Some(name.to_owned());
        return profiles.write(file);
    }
    for (name, profile) in &profiles.profiles {
        let mark = if profiles.current.as_ref() == Some(name) {
            '*'
        } else {
            ' '
        };
        console.line(&format!("{mark} {name}\t{}\t{}", profile.server, profile.who))?;
    }
    Ok(())
}

//! Finds the platform and the token: flags, then the environment, then an installation on this machine.

use std::path::{Path, PathBuf};

use super::args::ServerArgs;
use super::error::CliError;
use super::profiles::{self, Credential, Profiles};
use crate::up::layout::{Address, Layout};

/// Where the platform is, and the proof of who asks that it wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    pub url: String,
    pub credential: Option<Credential>,
}

/// The token that the command line or the environment names.
pub fn given_token(args: &ServerArgs) -> Result<Option<String>, CliError> {
    let token = args
        .token
        .clone()
        .or_else(|| std::env::var("ENTENTE_TOKEN").ok().filter(|token| !token.is_empty()));
    match (&args.token_file, token) {
        (Some(file), None) => read_token(file).map(Some),
        (_, token) => Ok(token),
    }
}

/// A profile, unless something else is named: the one of `--profile`, or the current one.
fn profile(name: Option<&str>) -> Result<Option<Server>, CliError> {
    let Some(file) = profiles::file() else {
        return Ok(None);
    };
    let profiles = Profiles::read(&file)?;
    let found = match name {
        Some(name) => Some(profiles.find(name)?),
        None => profiles.current(),
    };
    Ok(found.map(|profile| Server {
        url: profile.server.clone(),
        credential: Some(profile.credential.clone()),
    }))
}

/// Finds both.
pub fn server(args: &ServerArgs) -> Result<Server, CliError> {
    let token = given_token(args)?;
    if let (Some(url), Some(token)) = (&args.server, &token) {
        return Ok(Server {
            url: url.clone(),
            credential: Some(Credential::Token(token.clone())),
        });
    }
    if let (Some(name), None) = (&args.profile, &token) {
        // The credential of one platform is sent to no other.
        if args.server.is_some() {
            return Err(CliError::usage(
                "--server and --profile each name a platform; give one of them",
            ));
        }
        return profile(Some(name)).map(|found| found.ok_or_else(|| CliError::usage("HOME is not set")))?;
    }
    let installation = args.data.clone().or_else(|| nearest(&std::env::current_dir().ok()?));
    let Some(layout) = installation.map(|folder| Layout::new(&folder)) else {
        let Some(url) = &args.server else {
            if let Some(server) = profile(None)? {
                return Ok(server);
            }
            return Err(CliError::usage_hint(
                "no platform is known",
                "Run this where `.entente` is (the folder in which `make up` runs), sign in with `entente login --server URL`, or name one: --server URL and --token-file FILE, or ENTENTE_SERVER and ENTENTE_TOKEN.",
            ));
        };
        return Ok(Server {
            url: url.clone(),
            credential: token.map(Credential::Token),
        });
    };
    let url = match &args.server {
        Some(url) => url.clone(),
        None => Address::read(&layout)
            .map(|address| address.url)
            .ok_or_else(|| CliError::Unreachable {
                server: layout.root.display().to_string(),
                reason: "it has never been started".to_owned(),
            })?,
    };
    let token = token.map_or_else(|| read_token(&layout.token()), Ok)?;
    Ok(Server {
        url,
        credential: Some(Credential::Token(token)),
    })
}

/// The installation in this folder or the nearest one above.
fn nearest(from: &Path) -> Option<PathBuf> {
    from.ancestors()
        .map(|folder| folder.join(".entente"))
        .find(|folder| Layout::new(folder).address().is_file())
}

fn read_token(file: &Path) -> Result<String, CliError> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| CliError::usage(format!("the token in {} cannot be read: {error}", file.display())))?;
    Ok(text.trim().to_owned())
}

//! Finds the platform and the token: flags, then the environment, then an installation on this machine.

use std::path::{Path, PathBuf};

use super::args::ServerArgs;
use super::error::CliError;
use crate::up::layout::{Address, Layout};

/// Where the platform is, and the token that it wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    pub url: String,
    pub token: Option<String>,
}

/// Finds both.
pub fn server(args: &ServerArgs) -> Result<Server, CliError> {
    let token = args
        .token
        .clone()
        .or_else(|| std::env::var("ENTENTE_TOKEN").ok().filter(|token| !token.is_empty()));
    let token = match (&args.token_file, token) {
        (Some(file), None) => Some(read_token(file)?),
        (_, token) => token,
    };
    if let (Some(url), Some(token)) = (&args.server, &token) {
        return Ok(Server {
            url: url.clone(),
            token: Some(token.clone()),
        });
    }
    let installation = args.data.clone().or_else(|| nearest(&std::env::current_dir().ok()?));
    let Some(layout) = installation.map(|folder| Layout::new(&folder)) else {
        let Some(url) = &args.server else {
            return Err(CliError::usage_hint(
                "no platform is known",
                "Run this where `.entente` is (the folder in which `make up` runs), or name one: --server URL and --token-file FILE, or ENTENTE_SERVER and ENTENTE_TOKEN.",
            ));
        };
        return Ok(Server {
            url: url.clone(),
            token,
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
        token: Some(token),
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

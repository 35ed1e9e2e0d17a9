//! Sign-in at an OpenID provider (OpenID Connect Core 1.0, the authorization code flow with PKCE).
//!
//! [`args`] says which provider and who may come in; [`provider`] asks it; [`token`] believes what it has signed;
//! [`people`] finds whose account that is. It ends in the same session as a sign-in with a password (`rest::sign_in`).

use std::sync::Arc;

pub mod args;
mod mapping;
pub mod people;
pub mod provider;
pub mod token;

pub use args::{Admission, OidcArgs, Settings};
pub use mapping::{Rule, grants};
pub use provider::Provider;

use crate::cli::CliError;
use crate::rest::problem::chain_of;

/// The provider of the options; `None`: nobody signs in at one. `here` is where browsers reach a platform that was not
/// told.
///
/// # Errors
/// When an option cannot be used.
pub fn from(args: &OidcArgs, here: Option<&str>) -> Result<Option<Arc<Provider>>, CliError> {
    let Some(settings) = args.settings(here)? else {
        return Ok(None);
    };
    let provider = Provider::new(settings).map_err(|error| CliError::Failed {
        message: format!("the OpenID provider cannot be asked: {}", chain_of(&error)),
        hint: Some("Name the certificates to trust with --oidc-ca-file.".to_owned()),
    })?;
    Ok(Some(Arc::new(provider)))
}

/// Why nobody could be signed in at the provider.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    #[error("{url} does not answer")]
    Unreachable { url: String, source: reqwest::Error },
    #[error("{url} answers {why}")]
    Unusable { url: String, why: String },
    #[error("the OpenID provider refused: {0}")]
    Refused(String),
    #[error("the identity token is not good: {0}")]
    Token(#[from] token::TokenError),
}

impl OidcError {
    /// Whether the provider is at fault, so that the same may succeed later.
    pub fn is_passing(&self) -> bool {
        matches!(self, OidcError::Unreachable { .. } | OidcError::Unusable { .. })
    }
}

//! Which OpenID provider people sign in at, and whom of them this installation takes.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use reqwest::{Certificate, Url};

use super::mapping::{self, Rule};
use crate::cli::CliError;

/// Options of the sign-in at an OpenID provider. Without an issuer there is none.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Sign-in at an OpenID provider")]
pub struct OidcArgs {
    /// Issuer of the OpenID provider, exactly as its discovery document names it
    #[arg(long, env = "ENTENTE_OIDC_ISSUER", value_name = "URL", requires = "oidc_client_id")]
    pub oidc_issuer: Option<String>,
    /// What the provider calls this installation
    #[arg(long, env = "ENTENTE_OIDC_CLIENT_ID", value_name = "ID")]
    pub oidc_client_id: Option<String>,
    /// File with the client's secret, such as one of a mounted Secret; a public client has none
    #[arg(long, env = "ENTENTE_OIDC_CLIENT_SECRET_FILE", value_name = "FILE")]
    pub oidc_client_secret_file: Option<PathBuf>,
    /// Certificates (PEM) that the provider's own is checked with, instead of the system's
    #[arg(long, env = "ENTENTE_OIDC_CA_FILE", value_name = "FILE")]
    pub oidc_ca_file: Option<PathBuf>,
    /// What people call the provider
    #[arg(
        long,
        env = "ENTENTE_OIDC_NAME",
        default_value = "OpenID Connect",
        value_name = "NAME"
    )]
    pub oidc_name: String,
    /// What is asked of the provider, separated by spaces
    #[arg(
        long,
        env = "ENTENTE_OIDC_SCOPES",
        default_value = "openid email profile",
        value_name = "SCOPES"
    )]
    pub oidc_scopes: String,
    /// Only for e-mail addresses of this domain; may be given several times
    #[arg(
        long = "oidc-email-domain",
        env = "ENTENTE_OIDC_EMAIL_DOMAINS",
        value_delimiter = ',',
        value_name = "DOMAIN"
    )]
    pub oidc_email_domains: Vec<String>,
    /// Who gets an account at their first sign-in
    #[arg(long, env = "ENTENTE_OIDC_ADMIT", value_enum, default_value_t)]
    pub oidc_admit: Admission,
    /// The claim that rules look at: its name, or a JSON pointer such as /realm_access/roles
    #[arg(
        long,
        env = "ENTENTE_OIDC_ROLE_CLAIM",
        default_value = "groups",
        value_name = "CLAIM"
    )]
    pub oidc_role_claim: String,
    /// Whoever's claim has this value has this role in this tenant; may be given several times, and the first that fits
    /// a tenant decides
    #[arg(long = "oidc-role", env = "ENTENTE_OIDC_ROLES", value_delimiter = ',', value_parser = mapping::read_rule, value_name = "VALUE=TENANT:ROLE")]
    pub oidc_roles: Vec<Rule>,
    /// Where browsers reach this platform, for the way back from the provider
    #[arg(long, env = "ENTENTE_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
}

/// Who gets an account at their first sign-in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Admission {
    /// Whose verified address was invited
    #[default]
    Invited,
    /// Those, and whom a rule gives a role
    Mapped,
    /// Those, and everybody with a verified address of an allowed domain
    Domains,
}

/// What the options say, checked.
#[derive(Clone)]
pub struct Settings {
    pub issuer: String,
    pub client_id: String,
    pub client_secret: Option<String>,
    pub roots: Option<Vec<Certificate>>,
    pub name: String,
    pub scopes: String,
    /// In lower case; empty: every domain.
    pub domains: Vec<String>,
    pub admission: Admission,
    pub role_claim: String,
    pub rules: Vec<Rule>,
    /// Where the provider sends browsers back to.
    pub redirect: String,
}

impl OidcArgs {
    /// What the options say; `None`: nobody signs in at a provider. `here` is where browsers reach a platform that was
    /// not told.
    ///
    /// # Errors
    /// When an option cannot be used, or a file not be read.
    pub fn settings(&self, here: Option<&str>) -> Result<Option<Settings>, CliError> {
        let (Some(issuer), Some(client_id)) = (&self.oidc_issuer, &self.oidc_client_id) else {
            return Ok(None);
        };
        let issuer_url = address("--oidc-issuer", issuer)?;
        if issuer_url.query().is_some() || issuer_url.fragment().is_some() {
            return Err(refused("--oidc-issuer", "has neither query nor fragment"));
        }
        let public = self.public_url.as_deref().or(here);
        let public =
            public.ok_or_else(|| refused("--public-url", "is needed: the provider sends browsers back there"))?;
        address("--public-url", public)?;
        let domains: Vec<String> = self
            .oidc_email_domains
            .iter()
            .map(|domain| domain.to_lowercase())
            .collect();
        if self.oidc_admit == Admission::Domains && domains.is_empty() {
            let why = "=domains takes everybody of some domains: name them with --oidc-email-domain";
            return Err(refused("--oidc-admit", why));
        }
        if !self.oidc_scopes.split(' ').any(|scope| scope == "openid") {
            return Err(refused("--oidc-scopes", "must include openid"));
        }
        let secret = self.oidc_client_secret_file.as_deref().map(read).transpose()?;
        let roots = self.oidc_ca_file.as_deref().map(certificates).transpose()?;
        Ok(Some(Settings {
            issuer: issuer.clone(),
            client_id: client_id.clone(),
            client_secret: secret.map(|secret| secret.trim().to_owned()),
            roots,
            name: self.oidc_name.clone(),
            scopes: self.oidc_scopes.clone(),
            domains,
            admission: self.oidc_admit,
            role_claim: self.oidc_role_claim.clone(),
            rules: self.oidc_roles.clone(),
            redirect: format!("{}/v1/sign-in/oidc/callback", public.trim_end_matches('/')),
        }))
    }
}

/// TLS, but for what does not leave this machine: codes, secrets and keys travel there.
pub(super) fn is_safe(url: &Url) -> bool {
    let is_loopback = matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
    url.scheme() == "https" || (url.scheme() == "http" && is_loopback)
}

fn address(option: &str, text: &str) -> Result<Url, CliError> {
    let url = Url::parse(text).map_err(|error| refused(option, &format!("is no address: {error}")))?;
    match is_safe(&url) {
        true => Ok(url),
        false => Err(refused(
            option,
            "must begin with https:// (http:// is for 127.0.0.1 alone)",
        )),
    }
}

fn read(file: &Path) -> Result<String, CliError> {
    std::fs::read_to_string(file)
        .map_err(|error| CliError::failed(format!("{} cannot be read: {error}", file.display())))
}

fn certificates(file: &Path) -> Result<Vec<Certificate>, CliError> {
    let found = Certificate::from_pem_bundle(read(file)?.as_bytes()).unwrap_or_default();
    match found.is_empty() {
        true => Err(refused(
            "--oidc-ca-file",
            &format!("{} holds no certificate", file.display()),
        )),
        false => Ok(found),
    }
}

fn refused(option: &str, why: &str) -> CliError {
    CliError::Failed {
        message: format!("{option} {why}"),
        hint: Some("docs/access.md describes the sign-in at an OpenID provider.".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        oidc: OidcArgs,
    }

    fn settings(line: &str) -> Result<Option<Settings>, String> {
        let words = ["x"].into_iter().chain(line.split_whitespace());
        let line = Line::try_parse_from(words).map_err(|error| error.to_string())?;
        line.oidc
            .settings(Some("http://127.0.0.1:7420"))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn without_an_issuer_nobody_signs_in_at_a_provider() {
        assert!(settings("").unwrap().is_none());
    }

    #[test]
    fn an_installation_that_was_not_told_more_takes_the_invited_alone() {
        let settings = settings("--oidc-issuer https://id.example --oidc-client-id entente")
            .unwrap()
            .unwrap();

        assert_eq!(
            (settings.admission, settings.redirect.as_str()),
            (Admission::Invited, "http://127.0.0.1:7420/v1/sign-in/oidc/callback")
        );
    }

    #[test]
    fn what_cannot_be_safe_is_refused_by_name() {
        let base = "--oidc-client-id entente --oidc-issuer";
        let first_line = |line: String| {
            settings(&line)
                .err()
                .unwrap()
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned()
        };

        assert_eq!(
            first_line(format!("{base} http://id.example")),
            "error: --oidc-issuer must begin with https:// (http:// is for 127.0.0.1 alone)"
        );
        assert_eq!(
            first_line(format!("{base} https://id.example --oidc-admit domains")),
            "error: --oidc-admit =domains takes everybody of some domains: name them with --oidc-email-domain"
        );
        assert_eq!(
            first_line(format!("{base} https://id.example --oidc-scopes email")),
            "error: --oidc-scopes must include openid"
        );
    }
}

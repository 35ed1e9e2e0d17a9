//! Asks the provider: its discovery document, its keys, and what a code is good for.
//!
//! What it says of itself is kept for an hour. Keys are read again as soon as a token names one that is not among them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entente_api::time::Time;
use entente_fabric::crypto::sha256;
use jsonwebtoken::jwk::Jwk;
use parking_lot::Mutex;
use reqwest::{RequestBuilder, StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::args::is_safe;
use super::token::{self, Expected, TokenError};
use super::{OidcError, Settings};
use crate::{trust, uri};

/// How long to wait for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// What the provider says of itself is read anew after this long,
const KEPT: Duration = Duration::from_secs(3600);
/// and keys not more often than this, whatever key a token names.
const PAUSE: Duration = Duration::from_secs(10);
const LARGEST_ANSWER: usize = 1 << 20;

/// An OpenID provider.
pub struct Provider {
    pub settings: Settings,
    http: reqwest::Client,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    metadata: Option<(Instant, Arc<Metadata>)>,
    keys: Option<(Instant, Arc<[Jwk]>)>,
}

/// The part of the discovery document that matters here (OpenID Connect Discovery 1.0 §3).
#[derive(Debug, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// What ties an answer of the provider to the browser that asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub state: String,
    pub nonce: String,
    /// Of PKCE (RFC 7636).
    pub verifier: String,
}

impl Provider {
    /// # Errors
    /// When there are no certificates to check the provider's with.
    pub fn new(mut settings: Settings) -> Result<Provider, reqwest::Error> {
        let mut builder = reqwest::Client::builder()
            .timeout(PATIENCE)
            // A redirect would lead the client's secret elsewhere.
            .redirect(reqwest::redirect::Policy::none());
        builder = match settings.roots.take() {
            Some(roots) => builder.tls_certs_only(roots),
            None => builder.tls_certs_merge(trust::roots()),
        };
        if settings.issuer.starts_with("http://") {
            builder = builder.no_proxy();
        }
        Ok(Provider {
            settings,
            http: builder.build()?,
            known: Mutex::default(),
        })
    }

    /// The address to send a browser to.
    ///
    /// # Errors
    /// When the provider does not say where that is.
    pub async fn authorization(&self, asked: &Asked) -> Result<String, OidcError> {
        let metadata = self.metadata().await?;
        let mut url = endpoint(&metadata.authorization_endpoint)?;
        let challenge = URL_SAFE_NO_PAD.encode(sha256(asked.verifier.as_bytes()));
        url.query_pairs_mut().extend_pairs([
            ("response_type", "code"),
            ("client_id", &self.settings.client_id),
            ("redirect_uri", &self.settings.redirect),
            ("scope", &self.settings.scopes),
            ("state", &asked.state),
            ("nonce", &asked.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        Ok(url.into())
    }

    /// What the provider says of whoever has brought this code. `issuer` is the `iss` that came with it (RFC 9207).
    ///
    /// # Errors
    /// When the provider does not answer, refuses the code, or its token is not good.
    pub async fn claims(
        &self,
        code: &str,
        issuer: Option<&str>,
        asked: &Asked,
    ) -> Result<Map<String, Value>, OidcError> {
        let metadata = self.metadata().await?;
        let is_foreign = match issuer {
            Some(issuer) => issuer != metadata.issuer,
            None => metadata.authorization_response_iss_parameter_supported,
        };
        if is_foreign {
            return Err(TokenError::Issuer.into());
        }
        let tokens = self.exchange(&metadata, code, &asked.verifier).await?;
        let mut claims = self.believed(&metadata, &tokens.id_token, &asked.nonce).await?;
        // Many keep what they know of people to this endpoint.
        if let (false, Some(url), Some(access)) = (
            claims.contains_key("email"),
            &metadata.userinfo_endpoint,
            &tokens.access_token,
        ) {
            let asked = self.http.get(endpoint(url)?).bearer_auth(access);
            let more: Map<String, Value> = self.ask(url, asked).await?;
            // Of somebody else it says nothing about this one (§5.3.2).
            if more.get("sub") != claims.get("sub") {
                return Err(TokenError::Subject.into());
            }
            for (name, value) in more {
                claims.entry(name).or_insert(value);
            }
        }
        Ok(claims)
    }

    async fn believed(&self, metadata: &Metadata, token: &str, nonce: &str) -> Result<Map<String, Value>, OidcError> {
        let check = |keys: &[Jwk]| {
            token::check(
                token,
                keys,
                Expected {
                    issuer: &self.settings.issuer,
                    client_id: &self.settings.client_id,
                    nonce,
                    now: Time::now().get().timestamp(),
                },
            )
        };
        match check(&self.keys(metadata, KEPT).await?) {
            // A new key under the name of an old one is told by the signature.
            Err(TokenError::UnknownKey | TokenError::Signature) => Ok(check(&self.keys(metadata, PAUSE).await?)?),
            checked => Ok(checked?),
        }
    }

    async fn metadata(&self) -> Result<Arc<Metadata>, OidcError> {
        let known = self.known.lock().metadata.clone();
        if let Some((_, metadata)) = known.filter(|(read, _)| read.elapsed() < KEPT) {
            return Ok(metadata);
        }
        let url = format!(
            "{}/.well-known/openid-configuration",
            self.settings.issuer.trim_end_matches('/')
        );
        let metadata: Metadata = self.ask(&url, self.http.get(&url)).await?;
        if metadata.issuer != self.settings.issuer {
            let why = format!("for the issuer {:?}", metadata.issuer);
            return Err(OidcError::Unusable { url, why });
        }
        let metadata = Arc::new(metadata);
        self.known.lock().metadata = Some((Instant::now(), metadata.clone()));
        Ok(metadata)
    }

    /// The provider's keys, as it published them at most so long ago.
    async fn keys(&self, metadata: &Metadata, at_most: Duration) -> Result<Arc<[Jwk]>, OidcError> {
        #[derive(Deserialize)]
        struct Published {
            keys: Vec<Value>,
        }
        let known = self.known.lock().keys.clone();
        if let Some((_, keys)) = known.filter(|(read, _)| read.elapsed() < at_most) {
            return Ok(keys);
        }
        let url = &metadata.jwks_uri;
        let published: Published = self.ask(url, self.http.get(endpoint(url)?)).await?;
        // Kinds of keys that are unknown here are for others.
        let keys = published
            .keys
            .into_iter()
            .filter_map(|key| serde_json::from_value(key).ok());
        let keys: Arc<[Jwk]> = keys.collect();
        self.known.lock().keys = Some((Instant::now(), keys.clone()));
        Ok(keys)
    }

    async fn exchange(&self, metadata: &Metadata, code: &str, verifier: &str) -> Result<Tokens, OidcError> {
        let settings = &self.settings;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &settings.redirect),
            ("code_verifier", verifier),
        ];
        let url = &metadata.token_endpoint;
        let mut request = self.http.post(endpoint(url)?);
        let methods = metadata.token_endpoint_auth_methods_supported.as_deref();
        let takes_basic = methods.is_none_or(|methods| methods.iter().any(|method| method == "client_secret_basic"));
        match &settings.client_secret {
            // Both are encoded first (RFC 6749 §2.3.1).
            Some(secret) if takes_basic => {
                request = request.basic_auth(uri::segment(&settings.client_id), Some(uri::segment(secret)));
            }
            Some(secret) => form.extend([("client_id", settings.client_id.as_str()), ("client_secret", secret)]),
            None => form.push(("client_id", &settings.client_id)),
        }
        let request = request
            .header("content-type", "application/x-www-form-urlencoded")
            .body(uri::query(form.into_iter().map(|(name, value)| (name, Some(value)))));
        self.ask(url, request).await
    }

    /// Sends a request and reads its answer.
    async fn ask<T: DeserializeOwned>(&self, url: &str, request: RequestBuilder) -> Result<T, OidcError> {
        let unreachable = |source: reqwest::Error| OidcError::Unreachable {
            url: url.to_owned(),
            source: source.without_url(),
        };
        let unusable = |why: String| OidcError::Unusable {
            url: url.to_owned(),
            why,
        };
        let mut answer = request
            .header("accept", "application/json")
            .send()
            .await
            .map_err(unreachable)?;
        let status = answer.status();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > LARGEST_ANSWER {
                return Err(unusable("more than one would read".to_owned()));
            }
            body.extend_from_slice(&chunk);
        }
        if matches!(status, StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED) {
            return Err(OidcError::Refused(reason(&body)));
        }
        if !status.is_success() {
            return Err(unusable(status.to_string()));
        }
        serde_json::from_slice(&body).map_err(|error| unusable(format!("what cannot be read: {error}")))
    }
}

/// What a code is good for (RFC 6749 §5.1).
#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    #[serde(default)]
    access_token: Option<String>,
}

/// Why a provider refuses, in its own words, cut down to what cannot forge anything (RFC 6749 §5.2).
fn reason(body: &[u8]) -> String {
    let said: Value = serde_json::from_slice(body).unwrap_or_default();
    let part = |name: &str| said[name].as_str().map(printable);
    match (part("error"), part("error_description")) {
        (Some(error), Some(description)) => format!("{error} ({description})"),
        (Some(error), None) => error,
        (None, _) => "it gives no reason".to_owned(),
    }
}

/// At most 200 printable characters of a text from outside.
pub fn printable(text: &str) -> String {
    text.chars().filter(|c| matches!(c, ' '..='~')).take(200).collect()
}

fn endpoint(url: &str) -> Result<Url, OidcError> {
    Url::parse(url).ok().filter(is_safe).ok_or_else(|| OidcError::Unusable {
        url: url.to_owned(),
        why: "to nobody safely: it is no https:// address".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_in_the_providers_words_and_nothing_else() {
        let said = br#"{"error": "invalid_grant", "error_description": "grant\nis \u001b[31m gone"}"#;

        assert_eq!(reason(said), "invalid_grant (grantis [31m gone)");
        assert_eq!(reason(b"<html>"), "it gives no reason");
    }
}

//! One request, read: which authority it is for, and who sent it.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{OriginalUri, Path, Query, Request};
use axum::http::{Method, header};
use axum::{RequestExt as _, body as axum_body};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Directory, TLS_SUFFIX, body};
use crate::attribute;
use crate::authority::{CertificateAuthority, Face};
use crate::certificate::Facts;
use crate::identity::Identity;
use crate::refusal::{Refusal, code};
use crate::token::{self, Signed};

/// A signing request, some attributes and a few hosts fit many times.
const LARGEST_BODY: usize = 256 << 10;

pub struct Call {
    pub ca: Arc<CertificateAuthority>,
    pub face: Face,
    pub method: Method,
    /// The last part of the path, decoded; empty when the path names a collection.
    pub id: String,
    query: HashMap<String, String>,
    /// Path and query as they stood in the request: part of what a token signs.
    uri: String,
    authorization: Option<String>,
    bytes: Vec<u8>,
    body: Option<Value>,
}

impl Call {
    pub async fn read(directory: &dyn Directory, mut request: Request) -> Result<Call, Refusal> {
        let method = request.method().clone();
        let original = request.extensions().get::<OriginalUri>().map(|uri| uri.0.clone());
        let original = original.unwrap_or_else(|| request.uri().clone());
        let uri = original.path_and_query().map(|uri| uri.as_str().to_owned());
        let Query(query) = request
            .extract_parts::<Query<HashMap<String, String>>>()
            .await
            .map_err(|error| Refusal::new(400, code::BAD_BODY, error.body_text()))?;
        let path = request.extract_parts::<Path<HashMap<String, String>>>().await;
        let id = path.ok().and_then(|Path(mut parts)| parts.remove("id"));
        let authorization = request
            .headers()
            .get(header::AUTHORIZATION)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let bytes = axum_body::to_bytes(request.into_body(), LARGEST_BODY)
            .await
            .map_err(|_| {
                let message = format!("the body cannot be read, or has more than {LARGEST_BODY} bytes");
                Refusal::new(413, code::READING_BODY, message)
            })?;
        let body = body::parse(&bytes)?;
        let named = |value: Option<&str>| value.filter(|name| !name.is_empty()).map(str::to_owned);
        let name = named(query.get("ca").map(String::as_str))
            .or_else(|| named(body.as_ref().and_then(|body| body.get("caname")?.as_str())));
        let shown = authorization
            .as_deref()
            .and_then(token::issuer)
            .filter(|_| name.is_none());
        let (ca, face) = match shown {
            Some(aki) => (
                directory.find_by_issuer(&aki).await?.ok_or_else(|| unknown(None))?,
                Face::Identity,
            ),
            None => find(directory, name.as_deref()).await?,
        };
        Ok(Call {
            ca,
            face,
            method,
            id: id.unwrap_or_default(),
            query,
            uri: uri.unwrap_or_default(),
            authorization,
            bytes: bytes.to_vec(),
            body,
        })
    }

    /// The name that the client knows the authority by.
    pub fn name(&self) -> String {
        let suffix = match self.face {
            Face::Identity => "",
            Face::Tls => TLS_SUFFIX,
        };
        format!("{}{suffix}", self.ca.settings().name)
    }

    pub fn body<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        body::read(self.body.as_ref())
    }

    /// A parameter of the query; empty when it is absent.
    pub fn parameter(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }

    pub fn switch(&self, name: &str) -> Result<bool, Refusal> {
        match self.parameter(name) {
            "" => Ok(false),
            value => attribute::parse_bool(&value.to_lowercase()).ok_or_else(|| {
                let message = format!("Failed to correctly parse value of '{name}' query parameter");
                Refusal::new(400, code::REMOVE_AFFILIATION, message)
            }),
        }
    }

    /// Who sent id and secret (HTTP Basic).
    pub async fn basic(&self) -> Result<Identity, Refusal> {
        let header = self.authorization()?;
        let (id, secret) = basic(header).ok_or_else(|| {
            Refusal::authentication(code::NO_USER_AND_SECRET, "No user/pass in authorization header")
        })?;
        self.ca.authenticate(&id, &secret).await
    }

    /// Who signed the request.
    pub async fn caller(&self) -> Result<(Identity, Facts), Refusal> {
        self.signed_by(false).await
    }

    /// Who signed the request, to renew the certificate that it was signed with.
    pub async fn renewing(&self) -> Result<(Identity, Facts), Refusal> {
        self.signed_by(true).await
    }

    async fn signed_by(&self, renews: bool) -> Result<(Identity, Facts), Refusal> {
        let token = self.authorization()?;
        if token.starts_with("idemix.") {
            let message = "Idemix credentials are not supported; use an X.509 certificate";
            return Err(Refusal::new(400, code::UNKNOWN, message));
        }
        let signed = Signed {
            method: self.method.as_str(),
            uri: &self.uri,
            body: &self.bytes,
        };
        self.ca.recognize(token, signed, renews).await
    }

    fn authorization(&self) -> Result<&str, Refusal> {
        let header = self.authorization.as_deref().filter(|header| !header.is_empty());
        header.ok_or_else(|| Refusal::new(401, code::NO_AUTHORIZATION, "No authorization header"))
    }
}

async fn find(directory: &dyn Directory, name: Option<&str>) -> Result<(Arc<CertificateAuthority>, Face), Refusal> {
    let (plain, face) = match name.and_then(|name| name.strip_suffix(TLS_SUFFIX)) {
        Some(plain) => (Some(plain), Face::Tls),
        None => (name, Face::Identity),
    };
    let found = directory.find(plain.filter(|name| !name.is_empty())).await?;
    Ok((found.ok_or_else(|| unknown(name))?, face))
}

fn unknown(name: Option<&str>) -> Refusal {
    let message = match name {
        Some(name) => format!("CA '{name}' does not exist"),
        None => "name the CA: several are served here".to_owned(),
    };
    Refusal::new(404, code::CA_NOT_FOUND, message)
}

fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, credentials) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

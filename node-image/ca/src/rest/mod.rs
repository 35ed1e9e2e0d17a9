//! Fabric CA's REST API, at `/api/v1/…` and at `/…`.
//!
//! One [`Endpoint`] a path, one file a kind of object. Every answer is Fabric CA's envelope, see [`envelope`].

mod affiliations;
mod body;
mod call;
mod certificates;
mod enroll;
mod envelope;
mod identities;
mod info;
mod register;
mod revoke;
mod when;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::response::Response;
use axum::routing::any;
use tracing::{debug, info, warn};

use self::call::Call;
use self::envelope::Answer;
use crate::authority::CertificateAuthority;
use crate::identity::Identity;
use crate::refusal::{Refusal, code};

/// Ends the name of the authority's other face; see [`crate::authority::Face`].
const TLS_SUFFIX: &str = "/tls";

/// Finds authorities by the names that clients use.
#[async_trait]
pub trait Directory: Send + Sync {
    /// `None` for the name: the authority that a client means who names none. `Ok(None)`: there is no such authority.
    async fn find(&self, name: Option<&str>) -> Result<Option<Arc<CertificateAuthority>>, Refusal>;

    /// The authority whose issuer has this key identifier, for clients that name none and show a certificate: the
    /// official client for Node.js names an authority only in what it posts. Nothing is believed by it; the authority
    /// checks the certificate itself.
    async fn find_by_issuer(&self, _aki: &str) -> Result<Option<Arc<CertificateAuthority>>, Refusal> {
        self.find(None).await
    }
}

/// A single authority answers to its own name and to none.
#[async_trait]
impl Directory for Arc<CertificateAuthority> {
    async fn find(&self, name: Option<&str>) -> Result<Option<Arc<CertificateAuthority>>, Refusal> {
        let is_meant = name.is_none_or(|name| name == self.settings().name);
        Ok(is_meant.then(|| self.clone()))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Endpoint {
    CaInfo,
    Enroll,
    Reenroll,
    Register,
    Revoke,
    GenCrl,
    Identities,
    Identity,
    Affiliations,
    Affiliation,
    Certificates,
    Idemix,
}

impl Endpoint {
    const ALL: [(Endpoint, &str); 13] = [
        (Endpoint::CaInfo, "cainfo"),
        (Endpoint::Enroll, "enroll"),
        (Endpoint::Reenroll, "reenroll"),
        (Endpoint::Register, "register"),
        (Endpoint::Revoke, "revoke"),
        (Endpoint::GenCrl, "gencrl"),
        (Endpoint::Identities, "identities"),
        (Endpoint::Identity, "identities/{id}"),
        (Endpoint::Affiliations, "affiliations"),
        (Endpoint::Affiliation, "affiliations/{id}"),
        (Endpoint::Certificates, "certificates"),
        (Endpoint::Idemix, "idemix/credential"),
        (Endpoint::Idemix, "idemix/cri"),
    ];

    fn methods(self) -> &'static [Method] {
        match self {
            Endpoint::CaInfo => &[Method::GET, Method::POST, Method::HEAD],
            Endpoint::Identities | Endpoint::Affiliations => &[Method::GET, Method::POST],
            Endpoint::Identity | Endpoint::Affiliation => &[Method::GET, Method::PUT, Method::DELETE],
            Endpoint::Certificates => &[Method::GET],
            _ => &[Method::POST],
        }
    }
}

/// The API over the authorities of a directory.
pub fn router(directory: Arc<dyn Directory>) -> Router {
    let mut router = Router::new();
    for prefix in ["/", "/api/v1/"] {
        for (endpoint, path) in Endpoint::ALL {
            let handler = move |State(directory): State<Arc<dyn Directory>>, request: Request| async move {
                respond(&*directory, endpoint, request).await
            };
            router = router.route(&format!("{prefix}{path}"), any(handler));
        }
    }
    router.fallback(no_such_path).with_state(directory)
}

async fn respond(directory: &dyn Directory, endpoint: Endpoint, request: Request) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let mut served = None;
    let outcome = answer(directory, endpoint, request, &mut served).await;
    let status = outcome
        .as_ref()
        .map_or_else(|refusal| refusal.status, |answer| answer.status);
    if let Some(ca) = &served {
        ca.metrics().answered(&format!("{endpoint:?}"), status);
    }
    match &outcome {
        Ok(_) => debug!(%method, path, status, "answered"),
        Err(refusal) if status >= 500 => warn!(%method, path, status, code = refusal.code, %refusal, "failed"),
        Err(refusal) => info!(%method, path, status, code = refusal.code, %refusal, "refused"),
    }
    envelope::response(outcome)
}

async fn answer(
    directory: &dyn Directory,
    endpoint: Endpoint,
    request: Request,
    served: &mut Option<Arc<CertificateAuthority>>,
) -> Result<Answer, Refusal> {
    if !endpoint.methods().contains(request.method()) {
        let message = format!("Method {} is not allowed", request.method());
        return Err(Refusal::new(405, code::METHOD_NOT_ALLOWED, message));
    }
    let call = Call::read(directory, request).await?;
    *served = Some(call.ca.clone());
    match endpoint {
        Endpoint::CaInfo => info::show(&call),
        Endpoint::Enroll => enroll::enroll(&call).await,
        Endpoint::Idemix => Err(Refusal::new(
            400,
            code::UNKNOWN,
            "Idemix credentials are not supported; enroll with the type x509",
        )),
        Endpoint::Reenroll => enroll::reenroll(&call).await,
        Endpoint::Register => register::register(&call).await,
        Endpoint::Revoke => revoke::revoke(&call).await,
        Endpoint::GenCrl => revoke::crl(&call).await,
        Endpoint::Identities | Endpoint::Identity => identities::serve(&call).await,
        Endpoint::Affiliations | Endpoint::Affiliation => affiliations::serve(&call).await,
        Endpoint::Certificates => certificates::list(&call).await,
    }
}

async fn no_such_path(request: Request) -> Response {
    let message = format!("there is nothing at {}", request.uri().path());
    envelope::response(Err(Refusal::new(404, code::UNKNOWN, message)))
}

/// Whether a caller may see others: a registrar, or one who revokes.
fn is_trusted(caller: &Identity) -> bool {
    caller.manages().is_some() || caller.has_role(crate::attribute::REVOKER).is_ok()
}

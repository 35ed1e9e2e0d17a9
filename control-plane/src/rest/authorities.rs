//! `/v1/organizations/{name}/certificate-authority`: where an organization's applications and registrars find its
//! certificate authority.

use std::sync::Arc;

use axum::extract::State;
use entente_api::Organization;
use entente_ca::{CertificateAuthority, Face};
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::codes::Code;
use super::extract::Path;
use super::idempotency::HoldsSecret;
use super::problem::{Problem, ProblemBody};
use super::resources;
use crate::access::{Action, Caller, TenantScope};
use crate::ca::{Authorities, REGISTRAR};

/// How clients of Fabric CA reach an organization's authority.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CertificateAuthorityView {
    /// What clients call it, `caname`.
    #[schema(example = "bank")]
    pub name: String,
    /// What clients call it to get certificates and the chain of its TLS CA.
    #[schema(example = "bank/tls")]
    pub tls_name: String,
    /// Where clients reach it.
    #[schema(example = "https://127.0.0.1:7421")]
    pub url: String,
    /// The root that clients have to trust for `url`, PEM.
    pub tls_root_certificate: String,
    /// Chain of the identity CA, PEM.
    pub ca_chain: String,
    /// Chain of the TLS CA, PEM.
    pub tls_ca_chain: String,
}

/// Who may do everything at an organization's authority.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegistrarView {
    /// Enrollment id.
    #[schema(example = "registrar")]
    pub id: String,
    /// Enrollment secret. Shown this once and kept nowhere.
    #[schema(format = Password)]
    pub secret: String,
}

/// Read how to reach an organization's certificate authority.
///
/// It speaks Fabric CA's REST API: the official clients enrol and register with it unchanged.
#[utoipa::path(
    get, path = "/v1/organizations/{name}/certificate-authority", tag = "organizations",
    params(("name" = String, Path, description = "The organization's name")),
    responses((status = OK, body = CertificateAuthorityView), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn certificate_authority_get(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<axum::Json<CertificateAuthorityView>, Problem> {
    let scope = caller.may(Action::ReadOrganizations)?;
    let (authorities, authority) = find(&app, &scope, &name).await?;
    let called = authority.settings().name.clone();
    Ok(axum::Json(CertificateAuthorityView {
        tls_name: format!("{called}/tls"),
        name: called,
        url: authorities.url.clone(),
        tls_root_certificate: authorities.trust.clone(),
        ca_chain: authority.issuer(Face::Identity).chain_pem().to_owned(),
        tls_ca_chain: authority.issuer(Face::Tls).chain_pem().to_owned(),
    }))
}

/// Give the registrar of an organization's certificate authority a new secret.
///
/// The registrar may register, revoke and remove everybody there. The secret until now ends at once.
#[utoipa::path(
    post, path = "/v1/organizations/{name}/certificate-authority:reset", tag = "organizations",
    params(("name" = String, Path, description = "The organization's name")),
    responses((status = OK, body = RegistrarView), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn certificate_authority_reset(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<(axum::Extension<HoldsSecret>, axum::Json<RegistrarView>), Problem> {
    let scope = caller.may(Action::WriteOrganizations)?;
    let (_, authority) = find(&app, &scope, &name).await?;
    let secret = authority.reset(REGISTRAR).await.map_err(Problem::internal)?;
    let view = RegistrarView {
        id: REGISTRAR.to_owned(),
        secret,
    };
    Ok((axum::Extension(HoldsSecret), axum::Json(view)))
}

async fn find(
    app: &App,
    scope: &TenantScope,
    name: &str,
) -> Result<(Arc<Authorities>, Arc<CertificateAuthority>), Problem> {
    resources::find::<Organization>(app, scope, name).await?;
    let authorities = app.authorities.clone().ok_or_else(|| {
        let detail = "This installation does not serve certificate authorities; run `entente-node ca` for one.";
        Problem::new(Code::NotFound, detail)
    })?;
    let found = authorities
        .of(scope.namespace(), name)
        .await
        .map_err(Problem::internal)?;
    match found {
        Some(authority) => Ok((authorities, authority)),
        None => Err(Problem::not_found("organization", name)),
    }
}

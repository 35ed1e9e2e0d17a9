//! What becomes of an identity after it was issued: `:renew`, `:suspend`, `:resume`, `:revoke`.
//!
//! Each is a change of its spec, which can be written as well; the operator does the rest.

use axum::extract::State;
use axum::http::HeaderMap;
use entente_api::Identity;
use entente_api::identity::{IdentitySpec, IdentityStatus, RevocationReason};
use entente_api::time::Time;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::App;
use super::extract::{Json, Path, Query};
use super::problem::{Problem, ProblemBody};
use super::resources::{self, WriteQuery};
use super::view::{Accepted, Resource};
use crate::access::Caller;

type View = Resource<IdentitySpec, IdentityStatus>;

/// Why an identity is revoked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IdentityRevocation {
    /// RFC 5280's reason.
    #[schema(example = "keyCompromise")]
    pub reason: RevocationReason,
}

/// Renew an identity's certificate.
///
/// A new one is issued for the same key. Those before stay good until they expire; nothing has to be changed over at once.
#[utoipa::path(
    post, path = "/v1/identities/{name}:renew", tag = "identities",
    params(("name" = String, Path, description = "Its name"), WriteQuery),
    responses((status = ACCEPTED, body = Accepted<Resource<IdentitySpec, IdentityStatus>>),
        (status = OK, body = Accepted<Resource<IdentitySpec, IdentityStatus>>, description = "Checked only"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn identity_renew(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<WriteQuery>,
) -> Result<Accepted<View>, Problem> {
    change(&app, &caller, &query, &name, json!({ "renewTime": Time::now() })).await
}

/// Suspend an identity.
///
/// Nothing that it signs is taken on any channel, until it is resumed.
#[utoipa::path(
    post, path = "/v1/identities/{name}:suspend", tag = "identities",
    params(("name" = String, Path, description = "Its name"), WriteQuery),
    responses((status = ACCEPTED, body = Accepted<Resource<IdentitySpec, IdentityStatus>>),
        (status = OK, body = Accepted<Resource<IdentitySpec, IdentityStatus>>, description = "Nothing had to be changed, or checked only"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn identity_suspend(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<WriteQuery>,
) -> Result<Accepted<View>, Problem> {
    let spec = json!({ "standing": "suspended", "revocationReason": "certificateHold" });
    change(&app, &caller, &query, &name, spec).await
}

/// Take a suspended identity back.
#[utoipa::path(
    post, path = "/v1/identities/{name}:resume", tag = "identities",
    params(("name" = String, Path, description = "Its name"), WriteQuery),
    responses((status = ACCEPTED, body = Accepted<Resource<IdentitySpec, IdentityStatus>>),
        (status = OK, body = Accepted<Resource<IdentitySpec, IdentityStatus>>, description = "Nothing had to be changed, or checked only"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn identity_resume(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<WriteQuery>,
) -> Result<Accepted<View>, Problem> {
    let spec = json!({ "standing": "good", "revocationReason": null });
    change(&app, &caller, &query, &name, spec).await
}

/// Revoke an identity.
///
/// Everything that was issued to it reaches every channel of its organization as a revocation list. It cannot be taken back.
#[utoipa::path(
    post, path = "/v1/identities/{name}:revoke", tag = "identities",
    params(("name" = String, Path, description = "Its name"), WriteQuery),
    request_body = IdentityRevocation,
    responses((status = ACCEPTED, body = Accepted<Resource<IdentitySpec, IdentityStatus>>),
        (status = OK, body = Accepted<Resource<IdentitySpec, IdentityStatus>>, description = "Nothing had to be changed, or checked only"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn identity_revoke(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<WriteQuery>,
    Json(body): Json<IdentityRevocation>,
) -> Result<Accepted<View>, Problem> {
    let spec = json!({ "standing": "revoked", "revocationReason": body.reason });
    change(&app, &caller, &query, &name, spec).await
}

async fn change(
    app: &App,
    caller: &Caller,
    query: &WriteQuery,
    name: &str,
    spec: Value,
) -> Result<Accepted<View>, Problem> {
    let patch = json!({ "spec": spec });
    resources::patch::<Identity>(app, caller, &HeaderMap::new(), query, name, patch).await
}

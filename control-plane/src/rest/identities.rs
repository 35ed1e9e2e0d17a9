//! `/v1/identities`.

use axum::extract::State;
use axum::http::HeaderMap;
use entente_api::Identity;
use entente_api::identity::{IdentitySpec, IdentityStatus};
use serde_json::Value;

use super::App;
use super::extract::{Json, Path, Query};
use super::page::{Page, PageQuery};
use super::problem::{Problem, ProblemBody};
use super::resources::{self, Tagged, WriteQuery};
use super::view::{Accepted, Desired, MergePatch, NewResource, Resource};
use crate::access::Caller;

// Written out in the annotations: the document names a generic type by its arguments, and cannot see through this.
type View = Resource<IdentitySpec, IdentityStatus>;

/// List identities.
#[utoipa::path(
    get, path = "/v1/identities", tag = "identities", params(PageQuery),
    responses((status = OK, body = Page<Resource<IdentitySpec, IdentityStatus>>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn identity_list(
    State(app): State<App>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<Page<View>>, Problem> {
    resources::list::<Identity>(&app, &caller, &page).await.map(axum::Json)
}

/// Create an identity.
///
/// Answers at once, with the operation that tracks it.
#[utoipa::path(
    post, path = "/v1/identities", tag = "identities", params(WriteQuery), request_body = NewResource<IdentitySpec>,
    responses(
        (status = ACCEPTED, body = Accepted<Resource<IdentitySpec, IdentityStatus>>),
        (status = OK, body = Accepted<Resource<IdentitySpec, IdentityStatus>>, description = "Checked only"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn identity_create(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<WriteQuery>,
    Json(body): Json<Value>,
) -> Result<Accepted<View>, Problem> {
    resources::create::<Identity>(&app, &caller, &query, body).await
}

/// Read an identity.
#[utoipa::path(
    get, path = "/v1/identities/{name}", tag = "identities", params(("name" = String, Path, description = "Its name")),
    responses((status = OK, body = Resource<IdentitySpec, IdentityStatus>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn identity_get(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Tagged<View>, Problem> {
    resources::get::<Identity>(&app, &caller, &name).await
}

/// Make an identity what the body says, creating it when there is none.
#[utoipa::path(
    put, path = "/v1/identities/{name}", tag = "identities",
    params(("name" = String, Path, description = "Its name"), WriteQuery,
        ("If-Match" = Option<String>, Header, description = "Only when its etag is this one")),
    request_body = Desired<IdentitySpec>,
    responses(
        (status = ACCEPTED, body = Accepted<Resource<IdentitySpec, IdentityStatus>>),
        (status = OK, body = Accepted<Resource<IdentitySpec, IdentityStatus>>, description = "Nothing had to be changed, or checked only"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn identity_put(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<WriteQuery>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Result<Accepted<View>, Problem> {
    resources::put::<Identity>(&app, &caller, &headers, &query, &name, body).await
}

/// Change an identity by a JSON Merge Patch.
#[utoipa::path(
    patch, path = "/v1/identities/{name}", tag = "identities",
    params(("name" = String, Path, description = "Its name"), WriteQuery,
        ("If-Match" = Option<String>, Header, description = "Only when its etag is this one")),
    request_body(content = MergePatch, content_type = "application/merge-patch+json"),
    responses(
        (status = ACCEPTED, body = Accepted<Resource<IdentitySpec, IdentityStatus>>),
        (status = OK, body = Accepted<Resource<IdentitySpec, IdentityStatus>>, description = "Nothing had to be changed, or checked only"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn identity_patch(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<WriteQuery>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Result<Accepted<View>, Problem> {
    resources::patch::<Identity>(&app, &caller, &headers, &query, &name, body).await
}

/// Delete an identity.
#[utoipa::path(
    delete, path = "/v1/identities/{name}", tag = "identities",
    params(("name" = String, Path, description = "Its name"), WriteQuery,
        ("If-Match" = Option<String>, Header, description = "Only when its etag is this one")),
    responses(
        (status = ACCEPTED, body = Accepted<Resource<IdentitySpec, IdentityStatus>>),
        (status = OK, body = Accepted<Resource<IdentitySpec, IdentityStatus>>, description = "Checked only"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn identity_delete(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<WriteQuery>,
    headers: HeaderMap,
) -> Result<Accepted<View>, Problem> {
    resources::delete::<Identity>(&app, &caller, &headers, &query, &name).await
}

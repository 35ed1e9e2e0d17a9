//! `/v1/organizations`.

use axum::extract::State;
use axum::http::HeaderMap;
use entente_api::Organization;
use entente_api::organization::{OrganizationSpec, OrganizationStatus};
use serde_json::Value;

use super::App;
use super::extract::{Json, Path, Query};
use super::guards::refuse_while_member;
use super::page::{Page, PageQuery};
use super::problem::{Problem, ProblemBody};
use super::resources::{self, Tagged, WriteQuery};
use super::view::{Accepted, Desired, MergePatch, NewResource, Resource};
use crate::access::{Action, Caller};

// Written out in the annotations: the document names a generic type by its arguments, and cannot see through this.
type View = Resource<OrganizationSpec, OrganizationStatus>;

/// List organizations.
#[utoipa::path(
    get, path = "/v1/organizations", tag = "organizations", params(PageQuery),
    responses((status = OK, body = Page<Resource<OrganizationSpec, OrganizationStatus>>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn organization_list(
    State(app): State<App>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<Page<View>>, Problem> {
    resources::list::<Organization>(&app, &caller, &page)
        .await
        .map(axum::Json)
}

/// Create an organization.
///
/// Answers at once, with the operation that tracks it.
#[utoipa::path(
    post, path = "/v1/organizations", tag = "organizations", params(WriteQuery), request_body = NewResource<OrganizationSpec>,
    responses(
        (status = ACCEPTED, body = Accepted<Resource<OrganizationSpec, OrganizationStatus>>),
        (status = OK, body = Accepted<Resource<OrganizationSpec, OrganizationStatus>>, description = "Checked only"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn organization_create(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<WriteQuery>,
    Json(body): Json<Value>,
) -> Result<Accepted<View>, Problem> {
    resources::create::<Organization>(&app, &caller, &query, body).await
}

/// Read an organization.
#[utoipa::path(
    get, path = "/v1/organizations/{name}", tag = "organizations", params(("name" = String, Path, description = "Its name")),
    responses((status = OK, body = Resource<OrganizationSpec, OrganizationStatus>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn organization_get(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Tagged<View>, Problem> {
    resources::get::<Organization>(&app, &caller, &name).await
}

/// Make an organization what the body says, creating it when there is none.
#[utoipa::path(
    put, path = "/v1/organizations/{name}", tag = "organizations",
    params(("name" = String, Path, description = "Its name"), WriteQuery,
        ("If-Match" = Option<String>, Header, description = "Only when its etag is this one")),
    request_body = Desired<OrganizationSpec>,
    responses(
        (status = ACCEPTED, body = Accepted<Resource<OrganizationSpec, OrganizationStatus>>),
        (status = OK, body = Accepted<Resource<OrganizationSpec, OrganizationStatus>>, description = "Nothing had to be changed, or checked only"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn organization_put(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<WriteQuery>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Result<Accepted<View>, Problem> {
    resources::put::<Organization>(&app, &caller, &headers, &query, &name, body).await
}

/// Change an organization by a JSON Merge Patch.
#[utoipa::path(
    patch, path = "/v1/organizations/{name}", tag = "organizations",
    params(("name" = String, Path, description = "Its name"), WriteQuery,
        ("If-Match" = Option<String>, Header, description = "Only when its etag is this one")),
    request_body(content = MergePatch, content_type = "application/merge-patch+json"),
    responses(
        (status = ACCEPTED, body = Accepted<Resource<OrganizationSpec, OrganizationStatus>>),
        (status = OK, body = Accepted<Resource<OrganizationSpec, OrganizationStatus>>, description = "Nothing had to be changed, or checked only"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn organization_patch(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<WriteQuery>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Result<Accepted<View>, Problem> {
    resources::patch::<Organization>(&app, &caller, &headers, &query, &name, body).await
}

/// Delete an organization.
#[utoipa::path(
    delete, path = "/v1/organizations/{name}", tag = "organizations",
    params(("name" = String, Path, description = "Its name"), WriteQuery,
        ("If-Match" = Option<String>, Header, description = "Only when its etag is this one")),
    responses(
        (status = ACCEPTED, body = Accepted<Resource<OrganizationSpec, OrganizationStatus>>),
        (status = OK, body = Accepted<Resource<OrganizationSpec, OrganizationStatus>>, description = "Checked only"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn organization_delete(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<WriteQuery>,
    headers: HeaderMap,
) -> Result<Accepted<View>, Problem> {
    refuse_while_member(&app, &caller.may(Action::WriteOrganizations)?, &name).await?;
    resources::delete::<Organization>(&app, &caller, &headers, &query, &name).await
}

//! `/v1/organizations`.

use axum::extract::State;
use axum::http::HeaderMap;
use entente_api::Organization;
use entente_api::organization::{OrganizationSpec, OrganizationStatus};

use super::App;
use super::crud::crud;
use super::extract::{Path, Query};
use super::guards::refuse_while_member;
use super::problem::{Problem, ProblemBody};
use super::resources::{self, WriteQuery};
use super::view::{Accepted, Resource};
use crate::access::{Action, Caller};

type View = Resource<OrganizationSpec, OrganizationStatus>;

crud! {
    Organization(OrganizationSpec, OrganizationStatus) at "/v1/organizations", "/v1/organizations/{name}" as "organizations";
    /// List organizations.
    list organization_list;
    /// Create an organization.
    ///
    /// Answers at once, with the operation that tracks it.
    create organization_create;
    /// Read an organization.
    get organization_get;
    /// Make an organization what the body says, creating it when there is none.
    put organization_put;
    /// Change an organization by a JSON Merge Patch.
    patch organization_patch;
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

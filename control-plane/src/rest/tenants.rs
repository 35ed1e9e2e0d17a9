//! `/v1/admin/tenants`: the customers, for the platform's operators.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use entente_api::Tenant;
use entente_api::tenant::{TenantSpec, TenantStatus};
use serde_json::Value;

use super::App;
use super::extract::{Json, Path, Query};
use super::idempotency::HoldsSecret;
use super::invitations::{self, InvitationView, NewInvitation};
use super::page::{Page, PageQuery};
use super::problem::{Problem, ProblemBody};
use super::resources::{self, Tagged, WriteQuery};
use super::view::{Accepted, Desired, MergePatch, NewResource, Resource};
use crate::access::{Action, Caller, TenantScope};

// Written out in the annotations: the document names a generic type by its arguments, and cannot see through this.
type View = Resource<TenantSpec, TenantStatus>;

/// List tenants.
#[utoipa::path(
    get, path = "/v1/admin/tenants", tag = "tenants", params(PageQuery),
    responses((status = OK, body = Page<Resource<TenantSpec, TenantStatus>>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn tenant_list(
    State(app): State<App>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<Page<View>>, Problem> {
    resources::list::<Tenant>(&app, &caller, &page).await.map(axum::Json)
}

/// Create a tenant.
///
/// Its first owner comes in by an invitation.
#[utoipa::path(
    post, path = "/v1/admin/tenants", tag = "tenants", params(WriteQuery), request_body = NewResource<TenantSpec>,
    responses(
        (status = ACCEPTED, body = Accepted<Resource<TenantSpec, TenantStatus>>),
        (status = OK, body = Accepted<Resource<TenantSpec, TenantStatus>>, description = "Checked only"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn tenant_create(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<WriteQuery>,
    Json(body): Json<Value>,
) -> Result<Accepted<View>, Problem> {
    resources::create::<Tenant>(&app, &caller, &query, body).await
}

/// Read a tenant.
#[utoipa::path(
    get, path = "/v1/admin/tenants/{name}", tag = "tenants", params(("name" = String, Path, description = "Its name")),
    responses((status = OK, body = Resource<TenantSpec, TenantStatus>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn tenant_get(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Tagged<View>, Problem> {
    resources::get::<Tenant>(&app, &caller, &name).await
}

/// Make a tenant what the body says, creating it when there is none.
#[utoipa::path(
    put, path = "/v1/admin/tenants/{name}", tag = "tenants",
    params(("name" = String, Path, description = "Its name"), WriteQuery,
        ("If-Match" = Option<String>, Header, description = "Only when its etag is this one")),
    request_body = Desired<TenantSpec>,
    responses(
        (status = ACCEPTED, body = Accepted<Resource<TenantSpec, TenantStatus>>),
        (status = OK, body = Accepted<Resource<TenantSpec, TenantStatus>>, description = "Nothing had to be changed, or checked only"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn tenant_put(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<WriteQuery>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Result<Accepted<View>, Problem> {
    resources::put::<Tenant>(&app, &caller, &headers, &query, &name, body).await
}

/// Change a tenant by a JSON Merge Patch.
///
/// `{"spec": {"suspended": true}}` keeps its users and keys out; its chains run on.
#[utoipa::path(
    patch, path = "/v1/admin/tenants/{name}", tag = "tenants",
    params(("name" = String, Path, description = "Its name"), WriteQuery,
        ("If-Match" = Option<String>, Header, description = "Only when its etag is this one")),
    request_body(content = MergePatch, content_type = "application/merge-patch+json"),
    responses(
        (status = ACCEPTED, body = Accepted<Resource<TenantSpec, TenantStatus>>),
        (status = OK, body = Accepted<Resource<TenantSpec, TenantStatus>>, description = "Nothing had to be changed, or checked only"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn tenant_patch(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<WriteQuery>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Result<Accepted<View>, Problem> {
    resources::patch::<Tenant>(&app, &caller, &headers, &query, &name, body).await
}

/// Delete a tenant.
///
/// It goes once it has no chains and organizations left.
#[utoipa::path(
    delete, path = "/v1/admin/tenants/{name}", tag = "tenants",
    params(("name" = String, Path, description = "Its name"), WriteQuery,
        ("If-Match" = Option<String>, Header, description = "Only when its etag is this one")),
    responses(
        (status = ACCEPTED, body = Accepted<Resource<TenantSpec, TenantStatus>>),
        (status = OK, body = Accepted<Resource<TenantSpec, TenantStatus>>, description = "Checked only"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn tenant_delete(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<WriteQuery>,
    headers: HeaderMap,
) -> Result<Accepted<View>, Problem> {
    resources::delete::<Tenant>(&app, &caller, &headers, &query, &name).await
}

/// Invite somebody into a tenant, such as its first owner.
///
/// The answer holds the token to send to them; it is not kept.
#[utoipa::path(
    post, path = "/v1/admin/tenants/{name}/invitations", tag = "tenants",
    params(("name" = String, Path, description = "Name of the tenant")), request_body = NewInvitation,
    responses((status = CREATED, body = InvitationView), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn tenant_invite(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Json(body): Json<NewInvitation>,
) -> Result<(StatusCode, axum::Extension<HoldsSecret>, axum::Json<InvitationView>), Problem> {
    caller.may_on_the_platform(Action::ManageTenants)?;
    app.gate
        .tenant(&name)
        .await?
        .ok_or_else(|| Problem::not_found("tenant", &name))?;
    let scope = TenantScope::for_background_task("an invitation by the platform's operators", &name);
    invitations::invite(&app, &scope, &caller, body).await
}

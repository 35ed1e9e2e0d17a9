//! `/v1/admin/tenants`: the customers, for the platform's operators.

use axum::extract::State;
use axum::http::StatusCode;
use entente_api::Tenant;
use entente_api::tenant::{TenantSpec, TenantStatus};

use super::App;
use super::crud::crud;
use super::extract::{Json, Path};
use super::idempotency::HoldsSecret;
use super::invitations::{self, InvitationView, NewInvitation};
use super::problem::{Problem, ProblemBody};
use super::view::{self, Resource, View};
use crate::access::{Action, Caller, TenantScope};

crud! {
    Tenant(TenantSpec, TenantStatus) at "/v1/admin/tenants", "/v1/admin/tenants/{name}" as "tenants";
    /// List tenants.
    list tenant_list;
    /// Create a tenant.
    ///
    /// Its first owner comes in by an invitation.
    create tenant_create;
    /// Read a tenant.
    get tenant_get;
    /// Make a tenant what the body says, creating it when there is none.
    put tenant_put;
    /// Change a tenant by a JSON Merge Patch.
    ///
    /// `{"spec": {"suspended": true}}` keeps its users and keys out; its chains run on.
    patch tenant_patch;
    /// Look whether a tenant can be deleted.
    ///
    /// Lists what stands in the way; changes nothing.
    deletable tenant_deletable at "/v1/admin/tenants/{name}:deletable";
    /// Delete a tenant.
    ///
    /// It goes once it has no chains and organizations left.
    delete tenant_delete;
}

/// Read the tenant that one works in.
///
/// With its quotas, and how much of each is used. Everybody in a tenant may know what they share.
#[utoipa::path(
    get, path = "/v1/tenant", tag = "session",
    responses((status = OK, body = Resource<TenantSpec, TenantStatus>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn tenant_current(State(app): State<App>, caller: Caller) -> Result<axum::Json<View<Tenant>>, Problem> {
    let scope = caller.own_scope();
    let tenant = app.gate.tenant(scope.namespace()).await?;
    let tenant = tenant.ok_or_else(|| Problem::not_found("tenant", scope.namespace()))?;
    Ok(axum::Json(view::view(&tenant)))
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

//! `/v1/users`: who works in the tenant, and as what.

use axum::extract::State;
use axum::http::StatusCode;
use entente_api::Organization;
use entente_api::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::App;
use super::codes::Code;
use super::extract::{Json, Path, Query};
use super::page::{Page, PageQuery};
use super::problem::{FieldError, Problem, ProblemBody};
use super::request_id;
use crate::access::{Action, Actor, Caller, Role, TenantScope};
use crate::store::access::memberships::{self, Change, TenantUser};

/// A user of the tenant.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserView {
    /// Id of the user; never given to another one.
    #[schema(example = "01939b2e-6f3a-7c11-a3c5-0d1f5a2b7c9e")]
    pub id: String,
    /// E-mail address.
    #[schema(example = "li@bank.example")]
    pub email: String,
    /// Name for people.
    #[schema(example = "Li Wei")]
    pub display_name: String,
    /// What the user is in this tenant.
    pub role: Role,
    /// The organization that the role is on, where it is on one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "bank")]
    pub organization: Option<String>,
    /// Whether the user is kept out of this tenant for the time being.
    pub suspended: bool,
    /// Whether the user has a second factor.
    pub second_factor: bool,
    /// When the account was made.
    pub create_time: Time,
    /// When the user last signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign_in_time: Option<Time>,
}

fn view(found: TenantUser) -> UserView {
    let TenantUser {
        user,
        role,
        organization,
        is_suspended,
    } = found;
    UserView {
        id: user.id,
        email: user.email,
        display_name: user.display_name,
        role,
        organization,
        suspended: is_suspended,
        second_factor: user.totp_secret.is_some(),
        create_time: user.create_time,
        sign_in_time: user.sign_in_time,
    }
}

/// List the users of the tenant, by e-mail address.
#[utoipa::path(
    get, path = "/v1/users", tag = "users", params(PageQuery),
    responses((status = OK, body = Page<UserView>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn user_list(
    State(app): State<App>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<Page<UserView>>, Problem> {
    let scope = caller.may(Action::ReadUsers)?;
    let window = page.window("users")?;
    let mut found = memberships::list(&app.db, &scope, window.after.as_deref(), window.size + 1).await?;
    let page = window.close(&mut found, |found| found.user.email.clone());
    Ok(axum::Json(page.map(view)))
}

/// Read a user of the tenant.
#[utoipa::path(
    get, path = "/v1/users/{id}", tag = "users", params(("id" = String, Path, description = "The user's id")),
    responses((status = OK, body = UserView), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn user_get(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::Json<UserView>, Problem> {
    let scope = caller.may(Action::ReadUsers)?;
    let found = memberships::get(&app.db, &scope, &id).await?;
    found
        .map(|found| axum::Json(view(found)))
        .ok_or_else(|| no_such_user(&id))
}

fn no_such_user(id: &str) -> Problem {
    Problem::not_found("user", id)
}

/// What can be changed of a user.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserPatch {
    /// What the user is in this tenant from now on.
    #[serde(default)]
    pub role: Option<Role>,
    /// The organization that a signer votes for; goes with the role.
    #[serde(default)]
    #[schema(example = "bank")]
    pub organization: Option<String>,
    /// Whether the user is kept out of this tenant from now on. They stay what they are, for the day they come back.
    #[serde(default)]
    #[schema(example = true)]
    pub suspended: Option<bool>,
}

/// Change what a user is in the tenant, or keep them out of it.
#[utoipa::path(
    patch, path = "/v1/users/{id}", tag = "users", params(("id" = String, Path, description = "The user's id")),
    request_body(content = UserPatch, content_type = "application/merge-patch+json"),
    responses((status = OK, body = UserView), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn user_patch(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<UserPatch>,
) -> Result<axum::Json<UserView>, Problem> {
    let scope = caller.may(Action::ManageUsers)?;
    let found = memberships::get(&app.db, &scope, &id).await?;
    let mut found = found.ok_or_else(|| no_such_user(&id))?;
    outranks(&caller, found.role)?;
    let note = request_id::current().note;
    note.before(&noted(&found));
    if body.role.is_some() || body.organization.is_some() {
        let role = body.role.unwrap_or(found.role);
        outranks(&caller, role)?;
        check_organization(&app, &scope, role, body.organization.as_deref()).await?;
        changed(&app, &scope, &id, Change::Role(role, body.organization.clone())).await?;
        (found.role, found.organization) = (role, body.organization);
    }
    if let Some(suspended) = body.suspended.filter(|suspended| *suspended != found.is_suspended) {
        let change = if suspended { Change::Suspend } else { Change::Resume };
        changed(&app, &scope, &id, change).await?;
        found.is_suspended = suspended;
    }
    memberships::decided(&app.db, &scope, &id).await?;
    note.after(&noted(&found));
    Ok(axum::Json(view(found)))
}

async fn changed(app: &App, scope: &TenantScope, id: &str, change: Change) -> Result<(), Problem> {
    match memberships::change(&app.db, scope, id, change).await? {
        true => Ok(()),
        false => Err(Problem::new(Code::LastOwner, "This is the tenant's only owner.")),
    }
}

/// What an audit's row says of a user.
fn noted(found: &TenantUser) -> Value {
    let TenantUser { role, organization, .. } = found;
    json!({"email": found.user.email, "role": role, "organization": organization, "suspended": found.is_suspended})
}

/// Take a user out of the tenant.
///
/// The account stays: it may belong to other tenants.
#[utoipa::path(
    delete, path = "/v1/users/{id}", tag = "users", params(("id" = String, Path, description = "The user's id")),
    responses((status = NO_CONTENT), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn user_delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let scope = caller.may(Action::ManageUsers)?;
    let found = memberships::get(&app.db, &scope, &id).await?;
    let found = found.ok_or_else(|| no_such_user(&id))?;
    outranks(&caller, found.role)?;
    request_id::current().note.before(&noted(&found));
    changed(&app, &scope, &id, Change::End).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// That a role comes with an organization of the tenant where it is a role on one, and alone where it is not.
pub(super) async fn check_organization(
    app: &App,
    scope: &TenantScope,
    role: Role,
    organization: Option<&str>,
) -> Result<(), Problem> {
    let error = match organization {
        Some(_) if !role.is_on_an_organization() => {
            let detail = format!("goes with the role signer, not with {}", role.as_str());
            FieldError::invalid("/organization", detail)
        }
        None if role.is_on_an_organization() => FieldError::new(
            "/organization",
            "required",
            "says which organization a signer votes for",
        ),
        Some(name) if app.resources.get::<Organization>(scope, name).await?.is_none() => {
            FieldError::invalid("/organization", format!("the tenant has no organization \"{name}\""))
        }
        _ => return Ok(()),
    };
    Err(Problem::invalid(vec![error]))
}

/// Owners are made and unmade by owners: an administrator must not become one by themself.
pub(super) fn outranks(caller: &Caller, role: Role) -> Result<(), Problem> {
    let is_owner = match &caller.actor {
        Actor::Installation => true,
        Actor::Key { .. } | Actor::ServiceAccount { .. } => false,
        Actor::User { .. } => caller
            .tenant
            .as_ref()
            .is_some_and(|membership| membership.role == Role::Owner),
    };
    if role != Role::Owner || is_owner {
        return Ok(());
    }
    Err(Problem::new(Code::Forbidden, "Only an owner may decide on owners."))
}

//! `/v1/users`: who works in the tenant, and as what.

use axum::extract::State;
use axum::http::StatusCode;
use entente_api::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::App;
use super::codes::Code;
use super::extract::{Json, Path, Query};
use super::page::{Page, PageQuery};
use super::problem::{Problem, ProblemBody};
use super::request_id;
use crate::access::{Action, Actor, Caller, Role};
use crate::store::access::memberships;
use crate::store::access::users::User;

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
    /// Whether the user has a second factor.
    pub second_factor: bool,
    /// When the account was made.
    pub create_time: Time,
    /// When the user last signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign_in_time: Option<Time>,
}

fn view((user, role): (User, Role)) -> UserView {
    UserView {
        id: user.id,
        email: user.email,
        display_name: user.display_name,
        role,
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
    let page = window.close(&mut found, |(user, _)| user.email.clone());
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
    pub role: Role,
}

/// Change what a user is in the tenant.
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
    let (user, role) = found.ok_or_else(|| no_such_user(&id))?;
    outranks(&caller, role)?;
    outranks(&caller, body.role)?;
    let note = request_id::current().note;
    note.before(&json!({"email": user.email, "role": role}));
    note.after(&json!({"email": user.email, "role": body.role}));
    if !memberships::change(&app.db, &scope, &id, Some(body.role)).await? {
        return Err(last_owner());
    }
    Ok(axum::Json(view((user, body.role))))
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
    let (user, role) = found.ok_or_else(|| no_such_user(&id))?;
    outranks(&caller, role)?;
    request_id::current()
        .note
        .before(&json!({"email": user.email, "role": role}));
    if !memberships::change(&app.db, &scope, &id, None).await? {
        return Err(last_owner());
    }
    Ok(StatusCode::NO_CONTENT)
}

fn last_owner() -> Problem {
    Problem::new(Code::LastOwner, "This is the tenant's only owner.")
}

/// Owners are made and unmade by owners: an administrator must not become one by themself.
pub(super) fn outranks(caller: &Caller, role: Role) -> Result<(), Problem> {
    let is_owner = match &caller.actor {
        Actor::Installation => true,
        Actor::Key { .. } => false,
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

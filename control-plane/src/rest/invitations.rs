//! `/v1/invitations`: how people come into a tenant.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use entente_api::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::App;
use super::auth::Anybody;
use super::codes::Code;
use super::extract::{Json, Path, Query};
use super::idempotency::HoldsSecret;
use super::page::{Page, PageQuery};
use super::problem::{FieldError, Problem, ProblemBody};
use super::request_id;
use super::session::{new_password, user_of};
use super::users::{check_organization, outranks};
use crate::access::{Action, Caller, Role, TenantScope, secret};
use crate::store::access::invitations::{self, Invitation};
use crate::store::access::users::{self, User};

const DEFAULT_HOURS: u32 = 72;
const MOST_HOURS: u32 = 30 * 24;

/// Whom to invite.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewInvitation {
    /// Only for whoever has this address; absent: for whoever has the token.
    #[serde(default)]
    #[schema(example = "li@bank.example")]
    pub email: Option<String>,
    /// What they will be in the tenant.
    pub role: Role,
    /// The organization of the tenant that a signer votes for; absent for every other role.
    #[serde(default)]
    #[schema(example = "bank")]
    pub organization: Option<String>,
    /// How long the invitation is good for, 72 hours when absent, 720 at most.
    #[serde(default)]
    #[schema(example = 72)]
    pub valid_hours: Option<u32>,
}

/// An invitation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InvitationView {
    /// Id of the invitation.
    #[schema(example = "01939b2e-6f3a-7c11-a3c5-0d1f5a2b7c9e")]
    pub id: String,
    /// Only for whoever has this address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "li@bank.example")]
    pub email: Option<String>,
    /// What they will be in the tenant.
    pub role: Role,
    /// The organization that the role is on, where it is on one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "bank")]
    pub organization: Option<String>,
    /// Who has invited.
    #[schema(example = "wang@bank.example")]
    pub invited_by: String,
    /// When the invitation was made.
    pub create_time: Time,
    /// Until when it can be accepted.
    pub expire_time: Time,
    /// What it is accepted with; shown when it is made, and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Password, example = "kQ9b1Yl0o2mUeS7hWm3q8Zt4v5x6y7A8B9c0D1e2F3g")]
    pub token: Option<String>,
}

fn view(invitation: Invitation, token: Option<String>) -> InvitationView {
    InvitationView {
        id: invitation.id,
        email: invitation.email,
        role: invitation.role,
        organization: invitation.organization,
        invited_by: invitation.invited_by,
        create_time: invitation.create_time,
        expire_time: invitation.expire_time,
        token,
    }
}

/// An answer that is given once.
type Once<T> = (StatusCode, axum::Extension<HoldsSecret>, axum::Json<T>);

/// Invite somebody into the tenant.
///
/// The answer holds the token to send to them; it is not kept.
#[utoipa::path(
    post, path = "/v1/invitations", tag = "users", request_body = NewInvitation,
    responses((status = CREATED, body = InvitationView), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn invitation_create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<NewInvitation>,
) -> Result<Once<InvitationView>, Problem> {
    let scope = caller.may(Action::ManageUsers)?;
    outranks(&caller, body.role)?;
    invite(&app, &scope, &caller, body).await
}

pub(super) async fn invite(
    app: &App,
    scope: &TenantScope,
    caller: &Caller,
    body: NewInvitation,
) -> Result<Once<InvitationView>, Problem> {
    let email = body.email.as_deref().map(checked_email).transpose()?;
    let hours = body.valid_hours.unwrap_or(DEFAULT_HOURS);
    if !(1..=MOST_HOURS).contains(&hours) {
        let error = FieldError::invalid("/validHours", format!("must be 1 to {MOST_HOURS}"));
        return Err(Problem::invalid(vec![error]));
    }
    check_organization(app, scope, body.role, body.organization.as_deref()).await?;
    let (now, token) = (Time::now(), secret::random());
    let invitation = Invitation {
        id: uuid::Uuid::now_v7().to_string(),
        tenant: scope.namespace().to_owned(),
        email,
        role: body.role,
        organization: body.organization,
        invited_by: caller.actor.to_string(),
        create_time: now,
        expire_time: Time::from(now.get() + Duration::from_secs(u64::from(hours) * 3600)),
    };
    invitations::insert(&app.db, scope, &invitation, &token).await?;
    let note = request_id::current().note;
    note.object(format!("invitations/{}", invitation.id));
    note.after(&json!({"email": invitation.email, "role": invitation.role, "organization": invitation.organization}));
    let view = view(invitation, Some(token));
    Ok((StatusCode::CREATED, axum::Extension(HoldsSecret), axum::Json(view)))
}

/// One `@` with something around it: whether it is somebody's is found out by writing to it.
fn checked_email(email: &str) -> Result<String, Problem> {
    let email = users::normal(email);
    let is_address = email
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
    if is_address && email.len() <= 254 && !email.contains(char::is_whitespace) {
        return Ok(email);
    }
    Err(Problem::invalid(vec![FieldError::invalid(
        "/email",
        "is not an e-mail address",
    )]))
}

/// List the invitations that can still be accepted, oldest first.
#[utoipa::path(
    get, path = "/v1/invitations", tag = "users", params(PageQuery),
    responses((status = OK, body = Page<InvitationView>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn invitation_list(
    State(app): State<App>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<Page<InvitationView>>, Problem> {
    let scope = caller.may(Action::ReadUsers)?;
    let window = page.window("invitations")?;
    let after = window.after.as_deref();
    let mut found = invitations::list(&app.db, &scope, Time::now(), after, window.size + 1).await?;
    let page = window.close(&mut found, |invitation| invitation.id.clone());
    Ok(axum::Json(page.map(|invitation| view(invitation, None))))
}

/// Withdraw an invitation.
#[utoipa::path(
    delete, path = "/v1/invitations/{id}", tag = "users", params(("id" = String, Path, description = "Its id")),
    responses((status = NO_CONTENT), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn invitation_delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let scope = caller.may(Action::ManageUsers)?;
    match invitations::delete(&app.db, &scope, &id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::not_found("invitation", &id)),
    }
}

/// What an invitation is accepted with. Somebody who has signed in sends the token alone.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Acceptance {
    /// The token of the invitation.
    #[schema(example = "kQ9b1Yl0o2mUeS7hWm3q8Zt4v5x6y7A8B9c0D1e2F3g")]
    pub token: String,
    /// E-mail address of the new account.
    #[serde(default)]
    #[schema(example = "li@bank.example")]
    pub email: Option<String>,
    /// Name of the new account, for people.
    #[serde(default)]
    #[schema(example = "Li Wei")]
    pub display_name: Option<String>,
    /// Password of the new account: 12 characters or more.
    #[serde(default)]
    #[schema(format = Password, example = "correct horse battery")]
    pub password: Option<String>,
}

/// What became of an invitation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Accepted {
    /// The tenant that the user belongs to now.
    #[schema(example = "hebei-finance")]
    pub tenant: String,
    /// What the user is there.
    pub role: Role,
    /// E-mail address of the user, to sign in with.
    #[schema(example = "li@bank.example")]
    pub email: String,
}

/// Accept an invitation.
///
/// Makes an account, or makes the account that has signed in part of one more tenant.
#[utoipa::path(
    post, path = "/v1/invitations:accept", tag = "users", request_body = Acceptance, security(()),
    responses((status = OK, body = Accepted), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn invitation_accept(
    State(app): State<App>,
    Anybody(caller): Anybody,
    Json(body): Json<Acceptance>,
) -> Result<axum::Json<Accepted>, Problem> {
    let now = Time::now();
    let gone = || Problem::new(Code::InvitationInvalid, "There is no such invitation any more.");
    let invitation = invitations::find(&app.db, &body.token, now).await?.ok_or_else(gone)?;
    let user = match &caller {
        Some(caller) => user_of(&app, caller).await?,
        None => made(&app, &invitation, body, now).await?,
    };
    if invitation.email.as_ref().is_some_and(|email| *email != user.email) {
        let detail = "The invitation is for another address than the account's.";
        return Err(Problem::new(Code::InvitationInvalid, detail));
    }
    if !invitations::accept(&app.db, &invitation, &user.id, now).await? {
        return Err(gone());
    }
    let note = request_id::current().note;
    note.object(format!("users/{}", user.id));
    note.after(&json!({"email": user.email, "tenant": invitation.tenant, "role": invitation.role}));
    Ok(axum::Json(Accepted {
        tenant: invitation.tenant,
        role: invitation.role,
        email: user.email,
    }))
}

async fn made(app: &App, invitation: &Invitation, body: Acceptance, now: Time) -> Result<User, Problem> {
    let required = |pointer: &str| {
        Problem::invalid(vec![FieldError::new(
            pointer,
            "required",
            "is needed for a new account",
        )])
    };
    let email = match (body.email, &invitation.email) {
        (Some(email), Some(invited)) if users::normal(&email) != *invited => {
            let detail = "The invitation is for another address than this one.";
            return Err(Problem::new(Code::InvitationInvalid, detail));
        }
        (Some(email), _) => checked_email(&email)?,
        (None, Some(invited)) => invited.clone(),
        (None, None) => return Err(required("/email")),
    };
    let password = body.password.ok_or_else(|| required("/password"))?;
    let hash = new_password(&password, &email, "/password").await?;
    let name = body.display_name.unwrap_or_else(|| email.clone());
    let user = User::new(&email, name.trim(), Some(hash), now);
    if users::insert(&app.db, &user).await? {
        return Ok(user);
    }
    let detail = "There is an account with this address already.";
    Err(Problem::new(Code::AlreadyExists, detail).with_hint("Sign in, then accept the invitation."))
}

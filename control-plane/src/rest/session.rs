//! `/v1/session`: people sign in, and out.

use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Response};
use entente_api::time::Time;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::codes::Code;
use super::extract::Json;
use super::idempotency::HoldsSecret;
use super::problem::{FieldError, Problem, ProblemBody};
use super::request_id;
use crate::access::gate::COOKIE_NAME;
use crate::access::{Action, Actor, Caller, Role, password, second_factor};
use crate::store::access::sessions::{self, Session};
use crate::store::access::users::{self, User};
use crate::store::access::{attempts, memberships, recovery_codes};

/// What a person signs in with.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignIn {
    /// E-mail address.
    #[schema(example = "li@bank.example")]
    pub email: String,
    /// Password.
    #[schema(format = Password, example = "correct horse battery")]
    pub password: String,
    /// Code of the second factor, or a recovery code, where there is one.
    #[serde(default)]
    #[schema(example = "492039")]
    pub code: Option<String>,
}

/// Who makes the request, and what they may do.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionView {
    /// What the caller is: `user`, `key`, `serviceAccount` or `installation`.
    #[schema(example = "user")]
    pub actor: &'static str,
    /// Id of the user or key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// E-mail address of the user, or name of the key or ServiceAccount.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "li@bank.example")]
    pub name: Option<String>,
    /// The tenant that requests are for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "hebei-finance")]
    pub tenant: Option<String>,
    /// What the user is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Every tenant of the user.
    pub tenants: Vec<TenantOfUser>,
    /// Whether the caller is an operator of the platform.
    pub platform_operator: bool,
    /// What the caller may do: the scopes of the table of roles.
    pub scopes: Vec<&'static str>,
    /// The chains that a key is limited to; absent: none in particular.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chains: Option<Vec<String>>,
    /// Goes into the header `X-CSRF-Token` of every change that is made with the session's cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Password)]
    pub csrf_token: Option<String>,
    /// Whether the user must choose a password before anything else.
    pub must_change_password: bool,
    /// Whether the user has a second factor.
    pub second_factor: bool,
    /// When the session ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expire_time: Option<Time>,
}

/// A tenant, and what the user is there.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TenantOfUser {
    /// Name of the tenant.
    #[schema(example = "hebei-finance")]
    pub name: String,
    /// What the user is there.
    pub role: Role,
}

/// Sign in.
///
/// The answer sets a cookie that a browser sends along from now on. An account that is tried too often without success
/// has to wait, longer each time.
#[utoipa::path(
    post, path = "/v1/session", tag = "session", request_body = SignIn, security(()),
    responses((status = OK, body = SessionView), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn session_create(State(app): State<App>, Json(body): Json<SignIn>) -> Result<Response, Problem> {
    let now = Time::now();
    let subject = users::normal(&body.email);
    if subject.len() > 254 {
        return Err(Problem::invalid(vec![FieldError::invalid(
            "/email",
            "is too long to be an address",
        )]));
    }
    request_id::current().note.object(format!("session of {subject}"));
    refuse_locked(&app, &subject, now).await?;
    let user = users::by_email(&app.db, &subject).await?;
    let hash = user.as_ref().and_then(|user| user.password_hash.as_deref());
    let is_right = password::verify(&body.password, hash)
        .await
        .map_err(Problem::internal)?;
    let Some(user) = user.filter(|_| is_right) else {
        attempts::failed(&app.db, &subject, now).await?;
        return Err(wrong("E-mail address or password is wrong."));
    };
    check_second_factor(&app, &user, body.code.as_deref(), now).await?;
    attempts::succeeded(&app.db, &subject).await?;
    let (cookie, view) = begin(&app, user, now).await?;
    Ok((
        AppendHeaders([(SET_COOKIE, cookie)]),
        axum::Extension(HoldsSecret),
        axum::Json(view),
    )
        .into_response())
}

/// Begins the session of somebody who has shown who they are; gives its cookie.
pub(super) async fn begin(app: &App, user: User, now: Time) -> Result<(HeaderValue, SessionView), Problem> {
    if !user.is_platform_operator && memberships::is_suspended(&app.db, &user.id).await? {
        let detail = format!("The access of {} is suspended.", user.email);
        return Err(Problem::new(Code::UserSuspended, detail));
    }
    users::signed_in(&app.db, &user.id, now).await?;
    let tenants = memberships::of_user(&app.db, &user.id).await?;
    let tenant = tenants.first().map(|(name, _)| name.as_str());
    let (session, cookie) = sessions::begin(&app.db, &user.id, tenant, now).await?;
    let view = of_user(app, user, &session).await?;
    let cookie = set_cookie(&cookie, session.expire_time, app.gate.has_secure_cookies)?;
    Ok((cookie, view))
}

async fn refuse_locked(app: &App, subject: &str, now: Time) -> Result<(), Problem> {
    let Some(until) = attempts::locked_until(&app.db, subject, now).await? else {
        return Ok(());
    };
    let seconds = u32::try_from((until.get() - now.get()).num_seconds()).unwrap_or_default() + 1;
    let detail = format!("Signing in with this address is possible again in {seconds} seconds.");
    Err(Problem::new(Code::SignInLocked, detail).with_retry_after(seconds))
}

fn wrong(detail: &str) -> Problem {
    Problem::new(Code::SignInFailed, detail)
}

async fn check_second_factor(app: &App, user: &User, code: Option<&str>, now: Time) -> Result<(), Problem> {
    let Some(secret) = &user.totp_secret else {
        return Ok(());
    };
    let Some(code) = code else {
        let detail = "The account has a second factor.";
        return Err(Problem::new(Code::SecondFactorRequired, detail));
    };
    let is_right = match step(secret, code, user.totp_step, now) {
        Some(step) => users::use_step(&app.db, &user.id, step).await?,
        None => recovery_codes::take(&app.db, &user.id, code).await?,
    };
    if !is_right {
        attempts::failed(&app.db, &user.email, now).await?;
        return Err(wrong("The code is wrong, or has been used."));
    }
    Ok(())
}

/// The time step of a code that was not used before.
pub(super) fn step(secret: &str, code: &str, used: i64, now: Time) -> Option<i64> {
    let time = u64::try_from(now.get().timestamp()).ok()?;
    let used = u64::try_from(used).ok()?;
    i64::try_from(second_factor::step(secret, code, time, used)?).ok()
}

/// `HttpOnly`: no script reads it. `SameSite=Strict`: no other site's page makes a browser send it.
fn set_cookie(value: &str, until: Time, is_secure: bool) -> Result<HeaderValue, Problem> {
    let seconds = (until.get() - Time::now().get()).num_seconds().max(0);
    let secure = if is_secure { "; Secure" } else { "" };
    let text = format!("{COOKIE_NAME}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::from_str(&text).map_err(Problem::internal)
}

/// Say who makes the request.
#[utoipa::path(
    get, path = "/v1/session", tag = "session",
    responses((status = OK, body = SessionView), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn session_get(State(app): State<App>, caller: Caller) -> Result<axum::Json<SessionView>, Problem> {
    if let Actor::User { session, .. } = &caller.actor {
        let (user, session) = (user_of(&app, &caller).await?, sessions::get(&app.db, session).await?);
        let session = session.ok_or_else(|| Problem::new(Code::Unauthenticated, "The session has ended."))?;
        return of_user(&app, user, &session).await.map(axum::Json);
    }
    let (actor, id, name) = match &caller.actor {
        Actor::Key { id, name } => ("key", Some(id.clone()), Some(name.clone())),
        Actor::ServiceAccount { user } => ("serviceAccount", None, Some(user.clone())),
        _ => ("installation", None, None),
    };
    Ok(axum::Json(SessionView {
        actor,
        id,
        name,
        tenants: Vec::new(),
        csrf_token: None,
        must_change_password: false,
        second_factor: false,
        expire_time: None,
        ..of_caller(&caller)
    }))
}

fn of_caller(caller: &Caller) -> SessionView {
    let scopes = Action::ALL.iter().filter(|action| caller.is_allowed(**action));
    let limits = caller.limits.as_ref();
    SessionView {
        actor: "user",
        id: None,
        name: None,
        tenant: caller.tenant.as_ref().map(|membership| membership.tenant.to_string()),
        role: caller
            .tenant
            .as_ref()
            .filter(|_| limits.is_none())
            .map(|membership| membership.role),
        tenants: Vec::new(),
        platform_operator: caller.is_platform_operator,
        scopes: scopes.map(|action| action.scope()).collect(),
        chains: limits
            .and_then(|limits| limits.chains.as_ref())
            .map(|chains| chains.to_vec()),
        csrf_token: None,
        must_change_password: false,
        second_factor: false,
        expire_time: None,
    }
}

async fn of_user(app: &App, user: User, session: &Session) -> Result<SessionView, Problem> {
    let tenants = memberships::of_user(&app.db, &user.id).await?;
    let caller = Caller::of_user(&user, session, &tenants, None);
    Ok(SessionView {
        id: Some(user.id),
        name: Some(user.email),
        tenants: tenants
            .into_iter()
            .map(|(name, role)| TenantOfUser { name, role })
            .collect(),
        csrf_token: Some(session.csrf_token.clone()),
        must_change_password: user.must_change_password,
        second_factor: user.totp_secret.is_some(),
        expire_time: Some(session.expire_time),
        ..of_caller(&caller)
    })
}

/// The user who makes a request.
pub(super) async fn user_of(app: &App, caller: &Caller) -> Result<User, Problem> {
    let Actor::User { id, .. } = &caller.actor else {
        let detail = "Only a person who has signed in has a session to change.";
        return Err(Problem::new(Code::Forbidden, detail));
    };
    let user = users::get(&app.db, id).await?;
    user.ok_or_else(|| Problem::new(Code::Unauthenticated, "The session has ended."))
}

/// Sign out.
#[utoipa::path(
    delete, path = "/v1/session", tag = "session",
    responses((status = NO_CONTENT), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn session_delete(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    user_of(&app, &caller).await?;
    if let Actor::User { session, .. } = &caller.actor {
        sessions::end(&app.db, session).await?;
    }
    signed_out(&app)
}

fn signed_out(app: &App) -> Result<Response, Problem> {
    let cookie = set_cookie("", Time::now(), app.gate.has_secure_cookies)?;
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(SET_COOKIE, cookie)])).into_response())
}

/// Sign out everywhere.
///
/// Ends every session of the user, this one included.
#[utoipa::path(
    post, path = "/v1/session:signOutEverywhere", tag = "session",
    responses((status = NO_CONTENT), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn session_sign_out_everywhere(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let user = user_of(&app, &caller).await?;
    sessions::end_all(&app.db, &user.id, None).await?;
    signed_out(&app)
}

/// Which tenant to work in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Switch {
    /// Name of a tenant of the user.
    #[schema(example = "hebei-finance")]
    pub tenant: String,
}

/// Work in another tenant.
#[utoipa::path(
    post, path = "/v1/session:switch", tag = "session", request_body = Switch,
    responses((status = OK, body = SessionView), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn session_switch(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<Switch>,
) -> Result<axum::Json<SessionView>, Problem> {
    let user = user_of(&app, &caller).await?;
    let tenants = memberships::of_user(&app.db, &user.id).await?;
    if !tenants.iter().any(|(name, _)| *name == body.tenant) {
        return Err(Problem::not_found("tenant", &body.tenant));
    }
    if let Actor::User { session, .. } = &caller.actor {
        sessions::choose(&app.db, session, &body.tenant).await?;
    }
    session_get(State(app), caller).await
}

/// The password of before, and the one from now on.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangePassword {
    /// The password until now.
    #[schema(format = Password, example = "correct horse battery")]
    pub current: String,
    /// The password from now on: 12 characters or more.
    #[schema(format = Password, example = "another staple entirely")]
    pub new: String,
}

/// Change the user's password.
///
/// Ends the user's other sessions.
#[utoipa::path(
    post, path = "/v1/session:changePassword", tag = "session", request_body = ChangePassword,
    responses((status = NO_CONTENT), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn session_change_password(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<ChangePassword>,
) -> Result<StatusCode, Problem> {
    let user = user_of(&app, &caller).await?;
    require_password(&app, &user, &body.current, "/current").await?;
    let hash = new_password(&body.new, &user.email, "/new").await?;
    if body.new == body.current {
        let error = FieldError::invalid("/new", "must differ from the password until now");
        return Err(Problem::invalid(vec![error]));
    }
    users::set_password(&app.db, &user.id, &hash).await?;
    if let Actor::User { session, .. } = &caller.actor {
        sessions::end_all(&app.db, &user.id, Some(session)).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// That a signed-in user knows their password. Failures count as those of a sign-in do.
pub(super) async fn require_password(app: &App, user: &User, given: &str, pointer: &str) -> Result<(), Problem> {
    let now = Time::now();
    refuse_locked(app, &user.email, now).await?;
    let is_right = password::verify(given, user.password_hash.as_deref())
        .await
        .map_err(Problem::internal)?;
    if is_right {
        return Ok(());
    }
    attempts::failed(&app.db, &user.email, now).await?;
    Err(Problem::invalid(vec![FieldError::invalid(
        pointer,
        "is not the password",
    )]))
}

/// The hash of a password that is good enough.
pub(super) async fn new_password(new: &str, email: &str, pointer: &str) -> Result<String, Problem> {
    if let Some(reason) = password::weakness(new, email) {
        return Err(Problem::invalid(vec![FieldError::invalid(pointer, reason)]));
    }
    password::hash(new).await.map_err(Problem::internal)
}

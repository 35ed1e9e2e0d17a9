//! `/v1/api-keys` and `/v1/token`: what programs come in with.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use entente_api::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::App;
use super::codes::Code;
use super::extract::{Json, Path, Query};
use super::idempotency::HoldsSecret;
use super::page::{Page, PageQuery};
use super::problem::{FieldError, Problem, ProblemBody};
use super::request_id;
use crate::access::gate::KEY_PREFIX;
use crate::access::{Action, Actor, Caller, secret};
use crate::store::access::api_keys::{self, ApiKey};

const MOST_DAYS: u32 = 366;
const MOST_HOURS: u32 = 7 * 24;
const LONGEST_NAME: usize = 100;
const FASTEST: u32 = 10_000;

/// A key to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewApiKey {
    /// What it is for.
    #[schema(example = "reconciliation job")]
    pub name: String,
    /// What it may do: scopes of the table of roles, none that its maker does not have.
    #[schema(example = json!(["chains:read", "ledger:submit"]))]
    pub scopes: Vec<String>,
    /// The chains that it is limited to; absent: to none in particular.
    #[serde(default)]
    #[schema(example = json!(["ledger"]))]
    pub chains: Option<Vec<String>>,
    /// How many requests it may make in a second, of those that its tenant may; absent: all of them.
    #[serde(default)]
    #[schema(example = 10)]
    pub requests_per_second: Option<u32>,
    /// How long it is good for, 366 days at most.
    #[schema(example = 90)]
    pub valid_days: u32,
}

/// A key.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiKeyView {
    /// Its id, which is a part of it.
    #[schema(example = "q7Zr3kT0b1")]
    pub id: String,
    /// What it is for.
    #[schema(example = "reconciliation job")]
    pub name: String,
    /// What it may do.
    #[schema(example = json!(["chains:read", "ledger:submit"]))]
    pub scopes: Vec<String>,
    /// The chains that it is limited to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(["ledger"]))]
    pub chains: Option<Vec<String>>,
    /// How many requests it may make in a second; absent: as many as its tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 10)]
    pub requests_per_second: Option<u32>,
    /// Who has made it.
    #[schema(example = "wang@bank.example")]
    pub created_by: String,
    /// When it was made.
    pub create_time: Time,
    /// Until when it is good.
    pub expire_time: Time,
    /// When it was last used, to the minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_time: Option<Time>,
    /// Until when the key before the last rotation is good, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_expire_time: Option<Time>,
    /// The key itself; shown when it is made, and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Password, example = "ent_q7Zr3kT0b1_kQ9b1Yl0o2mUeS7hWm3q8Zt4v5x6y7A8B9c0D1e2F3g")]
    pub key: Option<String>,
}

fn view(key: ApiKey, secret: Option<String>) -> ApiKeyView {
    ApiKeyView {
        key: secret.map(|secret| format!("{KEY_PREFIX}{}_{secret}", key.id)),
        id: key.id,
        name: key.name,
        scopes: key.scopes,
        chains: key.chains,
        requests_per_second: key.requests_per_second,
        created_by: key.created_by,
        create_time: key.create_time,
        expire_time: key.expire_time,
        use_time: key.use_time,
        old_expire_time: key.old_expire_time,
    }
}

/// An answer that is given once.
type Once<T> = (axum::Extension<HoldsSecret>, axum::Json<T>);

/// Make an API key.
///
/// The answer holds the key; it is not kept.
#[utoipa::path(
    post, path = "/v1/api-keys", tag = "api keys", request_body = NewApiKey,
    responses((status = CREATED, body = ApiKeyView), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn api_key_create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<NewApiKey>,
) -> Result<(StatusCode, Once<ApiKeyView>), Problem> {
    let scope = caller.may(Action::ManageKeys)?;
    Problem::unless_valid(wrong(&caller, &body))?;
    let (now, secret) = (Time::now(), secret::random());
    let key = ApiKey {
        id: id(),
        tenant: scope.namespace().to_owned(),
        name: body.name.trim().to_owned(),
        scopes: body.scopes,
        chains: body.chains,
        requests_per_second: body.requests_per_second,
        created_by: caller.actor.to_string(),
        create_time: now,
        expire_time: Time::from(now.get() + Duration::from_secs(u64::from(body.valid_days) * 24 * 3600)),
        use_time: None,
        old_expire_time: None,
    };
    api_keys::insert(&app.db, &scope, &key, &secret).await?;
    let note = request_id::current().note;
    note.object(format!("api-keys/{}", key.id));
    note.after(&json!({"name": key.name, "scopes": key.scopes, "chains": key.chains, "expireTime": key.expire_time}));
    let view = view(key, Some(secret));
    Ok((StatusCode::CREATED, (axum::Extension(HoldsSecret), axum::Json(view))))
}

/// Short, without what separates the parts of a key, and in the order of time.
fn id() -> String {
    uuid::Uuid::now_v7().simple().to_string()
}

fn wrong(caller: &Caller, body: &NewApiKey) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let name = body.name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        errors.push(FieldError::invalid(
            "/name",
            format!("must have 1 to {LONGEST_NAME} characters"),
        ));
    }
    if !(1..=MOST_DAYS).contains(&body.valid_days) {
        errors.push(FieldError::invalid("/validDays", format!("must be 1 to {MOST_DAYS}")));
    }
    if body
        .requests_per_second
        .is_some_and(|rate| !(1..=FASTEST).contains(&rate))
    {
        errors.push(FieldError::invalid(
            "/requestsPerSecond",
            format!("must be 1 to {FASTEST}"),
        ));
    }
    if body.scopes.is_empty() {
        errors.push(FieldError::invalid("/scopes", "must name what the key may do"));
    }
    for (index, scope) in body.scopes.iter().enumerate() {
        let detail = match Action::of_scope(scope) {
            None => "is no scope; docs/roles.md lists them",
            Some(action) if action.is_of_the_platform() => "is for operators of the platform alone",
            Some(action) if !caller.is_allowed(action) => "is more than you may do yourself",
            Some(_) => continue,
        };
        errors.push(FieldError::invalid(format!("/scopes/{index}"), detail));
    }
    let own = caller.limits.as_ref().and_then(|limits| limits.chains.as_ref());
    let reached = |chain: &String| own.is_none_or(|own| own.contains(chain));
    match &body.chains {
        Some(chains) if chains.is_empty() => {
            errors.push(FieldError::invalid("/chains", "must name a chain, or be left out"));
        }
        Some(chains) if chains.iter().all(reached) => {}
        None if own.is_none() => {}
        _ => errors.push(FieldError::invalid(
            "/chains",
            "reaches further than the key that makes it",
        )),
    }
    errors
}

/// List API keys, oldest first.
#[utoipa::path(
    get, path = "/v1/api-keys", tag = "api keys", params(PageQuery),
    responses((status = OK, body = Page<ApiKeyView>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn api_key_list(
    State(app): State<App>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<Page<ApiKeyView>>, Problem> {
    let scope = caller.may(Action::ManageKeys)?;
    let window = page.window("api-keys")?;
    let mut found = api_keys::list(&app.db, &scope, window.after.as_deref(), window.size + 1).await?;
    let page = window.close(&mut found, |key| key.id.clone());
    Ok(axum::Json(page.map(|key| view(key, None))))
}

/// Read an API key, without the key itself.
#[utoipa::path(
    get, path = "/v1/api-keys/{id}", tag = "api keys", params(("id" = String, Path, description = "Its id")),
    responses((status = OK, body = ApiKeyView), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn api_key_get(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::Json<ApiKeyView>, Problem> {
    let scope = caller.may(Action::ManageKeys)?;
    let found = api_keys::get(&app.db, &scope, &id).await?;
    found
        .map(|key| axum::Json(view(key, None)))
        .ok_or_else(|| no_such_key(&id))
}

fn no_such_key(id: &str) -> Problem {
    Problem::not_found("API key", id)
}

/// Withdraw an API key.
///
/// Tokens that it was exchanged for stay good until they expire, an hour at most.
#[utoipa::path(
    delete, path = "/v1/api-keys/{id}", tag = "api keys", params(("id" = String, Path, description = "Its id")),
    responses((status = NO_CONTENT), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn api_key_delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let scope = caller.may(Action::ManageKeys)?;
    match api_keys::delete(&app.db, &scope, &id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(no_such_key(&id)),
    }
}

/// How a key is rotated.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rotation {
    /// How long the key until now is good beside the new one, 168 hours at most; 0 ends it at once.
    #[schema(example = 24)]
    pub overlap_hours: u32,
}

/// Replace an API key by a new one of the same id.
///
/// The key until now is good for a while, so that its users can be changed over without a gap.
#[utoipa::path(
    post, path = "/v1/api-keys/{id}:rotate", tag = "api keys", params(("id" = String, Path, description = "Its id")),
    request_body = Rotation,
    responses((status = OK, body = ApiKeyView), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn api_key_rotate(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<Rotation>,
) -> Result<Once<ApiKeyView>, Problem> {
    let scope = caller.may(Action::ManageKeys)?;
    if body.overlap_hours > MOST_HOURS {
        let error = FieldError::invalid("/overlapHours", format!("must be 0 to {MOST_HOURS}"));
        return Err(Problem::invalid(vec![error]));
    }
    let until = Time::now().get() + Duration::from_secs(u64::from(body.overlap_hours) * 3600);
    let secret = secret::random();
    api_keys::rotate(&app.db, &scope, &id, &secret, Time::from(until)).await?;
    let found = api_keys::get(&app.db, &scope, &id).await?;
    let view = view(found.ok_or_else(|| no_such_key(&id))?, Some(secret));
    Ok((axum::Extension(HoldsSecret), axum::Json(view)))
}

/// A token in place of a key.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenView {
    /// A JSON Web Token; goes into the header `Authorization: Bearer …`.
    #[schema(format = Password)]
    pub token: String,
    /// Until when it is good.
    pub expire_time: Time,
}

/// Exchange an API key for a token.
///
/// The token may what the key may, for an hour. Others can check it with the keys of `/.well-known/jwks.json`.
#[utoipa::path(
    post, path = "/v1/token", tag = "api keys",
    responses((status = OK, body = TokenView), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn token_create(State(app): State<App>, caller: Caller) -> Result<Once<TokenView>, Problem> {
    let Actor::Key { id, .. } = &caller.actor else {
        let detail = "Only an API key is exchanged for a token.";
        return Err(Problem::new(Code::Forbidden, detail));
    };
    // A token is not exchanged for another one: it would never end.
    let found = api_keys::get(&app.db, &caller.own_scope(), id).await?;
    let key = found.filter(|_| !caller.is_by_token);
    let key = key.ok_or_else(|| Problem::new(Code::Forbidden, "Only an API key is exchanged for a token."))?;
    let issued = app.gate.tokens.issue(&key, Time::now()).await;
    let (token, expire_time) = issued.map_err(Problem::internal)?;
    Ok((
        axum::Extension(HoldsSecret),
        axum::Json(TokenView { token, expire_time }),
    ))
}

/// Read the public keys that tokens are checked with.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "api keys", security(()),
    responses((status = OK, body = Object), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn jwks_get(State(app): State<App>) -> Result<axum::Json<Value>, Problem> {
    let keys = app
        .gate
        .tokens
        .published(Time::now())
        .await
        .map_err(Problem::internal)?;
    serde_json::to_value(keys).map(axum::Json).map_err(Problem::internal)
}

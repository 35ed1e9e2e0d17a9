//! `/v1/webhooks`: where a tenant wants to be told what happens.

use axum::extract::State;
use axum::http::StatusCode;
use entente_api::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Array, ArrayBuilder, ObjectBuilder, Type};

use super::App;
use super::codes::Code;
use super::extract::{Json, Path, Query};
use super::idempotency::HoldsSecret;
use super::page::{Page, PageQuery};
use super::problem::{FieldError, Problem, ProblemBody};
use super::request_id;
use crate::access::{Action, Caller, TenantScope};
use crate::store::webhooks::{self, Webhook};
use crate::webhook::{self, address, signature};

/// Webhooks of one tenant.
const MOST: i64 = 20;
const LONGEST_DESCRIPTION: usize = 200;

/// A webhook to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewWebhook {
    /// Where deliveries are posted; `https`, and no private address unless the installation allows them.
    #[schema(example = "https://ledger.bank.example/hooks/entente")]
    pub url: String,
    /// What to be told about.
    #[schema(schema_with = events_schema)]
    pub events: Vec<String>,
    /// What it is for, in at most 200 characters.
    #[serde(default)]
    #[schema(example = "Tells the settlement desk")]
    pub description: String,
}

/// Names every type of event, so that clients learn of new ones from the document.
#[expect(
    deprecated,
    reason = "every other field of the document has an `example`, as the derive writes it"
)]
fn events_schema() -> Array {
    let event = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(webhook::TYPES));
    ArrayBuilder::new()
        .items(event)
        .description(Some("What to be told about."))
        .example(Some(json!(["chain.ready", "operation.failed"])))
        .build()
}

/// What to change of a webhook. What is absent stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WebhookPatch {
    /// Where deliveries are posted.
    #[schema(example = "https://ledger.bank.example/hooks/entente")]
    pub url: Option<String>,
    /// What to be told about.
    #[schema(example = json!(["operation.failed"]))]
    pub events: Option<Vec<String>>,
    /// What it is for.
    #[schema(example = "Tells the settlement desk")]
    pub description: Option<String>,
    /// `false` keeps news from it; `true` begins anew, also when it was given up.
    #[schema(example = true)]
    pub enabled: Option<bool>,
}

/// A webhook.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookView {
    /// Its id.
    #[schema(example = "01939b2e-6f3a-7c11-a3c5-0d1f5a2b7c9e")]
    pub id: String,
    /// Where deliveries are posted.
    #[schema(example = "https://ledger.bank.example/hooks/entente")]
    pub url: String,
    /// What to be told about.
    #[schema(example = json!(["chain.ready", "operation.failed"]))]
    pub events: Vec<String>,
    /// What it is for.
    #[schema(example = "Tells the settlement desk")]
    pub description: String,
    /// Whether it is told anything.
    #[schema(example = true)]
    pub enabled: bool,
    /// Why it was given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "nothing could be delivered for three days")]
    pub disable_reason: Option<String>,
    /// Since when nothing could be delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Time>,
    /// Who has made it.
    #[schema(example = "wang@bank.example")]
    pub created_by: String,
    /// When it was made.
    pub create_time: Time,
    /// What deliveries are signed with; shown when it is made, and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Password, example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    pub secret: Option<String>,
}

fn view(webhook: Webhook, secret: Option<String>) -> WebhookView {
    WebhookView {
        id: webhook.id,
        url: webhook.url,
        events: webhook.events,
        description: webhook.description,
        enabled: webhook.is_enabled,
        disable_reason: webhook.disable_reason,
        failing_since: webhook.failing_since,
        created_by: webhook.created_by,
        create_time: webhook.create_time,
        secret,
    }
}

/// The scope for an action on webhooks. They tell of every chain: a key that is limited to some has none.
pub(super) fn may(caller: &Caller, action: Action) -> Result<TenantScope, Problem> {
    let scope = caller.may(action)?;
    if caller.limits.as_ref().is_some_and(|limits| limits.chains.is_some()) {
        let detail = "Webhooks tell of every chain of the tenant, and this API key is limited to some.";
        return Err(Problem::new(Code::Forbidden, detail));
    }
    Ok(scope)
}

pub(super) async fn find(app: &App, scope: &TenantScope, id: &str) -> Result<Webhook, Problem> {
    let found = webhooks::get(&app.db, scope, id).await?;
    found.ok_or_else(|| no_such_webhook(id))
}

fn no_such_webhook(id: &str) -> Problem {
    Problem::not_found("webhook", id)
}

/// Make a webhook.
///
/// The answer holds the secret that deliveries are signed with; it is not shown again.
#[utoipa::path(
    post, path = "/v1/webhooks", tag = "webhooks", request_body = NewWebhook,
    responses((status = CREATED, body = WebhookView), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn webhook_create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<NewWebhook>,
) -> Result<(StatusCode, axum::Extension<HoldsSecret>, axum::Json<WebhookView>), Problem> {
    let scope = may(&caller, Action::ManageWebhooks)?;
    let webhook = Webhook {
        id: uuid::Uuid::now_v7().to_string(),
        url: body.url,
        description: body.description,
        events: body.events,
        is_enabled: true,
        created_by: caller.actor.to_string(),
        create_time: Time::now(),
        failing_since: None,
        disable_reason: None,
    };
    check(&app, &webhook)?;
    let secret = signature::secret();
    if !webhooks::insert(&app.db, &scope, &webhook, &secret, MOST).await? {
        let detail = format!("A tenant may have {MOST} webhooks, and this one has them.");
        return Err(Problem::new(Code::QuotaExceeded, detail));
    }
    note(&webhook);
    let view = view(webhook, Some(secret));
    Ok((StatusCode::CREATED, axum::Extension(HoldsSecret), axum::Json(view)))
}

fn check(app: &App, webhook: &Webhook) -> Result<(), Problem> {
    let mut errors = Vec::new();
    if let Err(detail) = address::check(&webhook.url, app.webhook_addresses) {
        errors.push(FieldError::invalid("/url", detail));
    }
    if webhook.description.chars().count() > LONGEST_DESCRIPTION {
        let detail = format!("must have at most {LONGEST_DESCRIPTION} characters");
        errors.push(FieldError::invalid("/description", detail));
    }
    if webhook.events.is_empty() {
        errors.push(FieldError::invalid("/events", "must name what to be told about"));
    }
    for (index, event) in webhook.events.iter().enumerate() {
        if !webhook::TYPES.contains(&event.as_str()) || webhook.events[..index].contains(event) {
            let detail = format!("must be another one of {}", webhook::TYPES.join(", "));
            errors.push(FieldError::invalid(format!("/events/{index}"), detail));
            // One of a long list tells enough.
            break;
        }
    }
    Problem::unless_valid(errors)
}

fn note(webhook: &Webhook) {
    let note = request_id::current().note;
    note.object(format!("webhooks/{}", webhook.id));
    note.after(&json!({"url": webhook.url, "events": webhook.events, "enabled": webhook.is_enabled}));
}

/// List webhooks, oldest first.
#[utoipa::path(
    get, path = "/v1/webhooks", tag = "webhooks", params(PageQuery),
    responses((status = OK, body = Page<WebhookView>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn webhook_list(
    State(app): State<App>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<Page<WebhookView>>, Problem> {
    let scope = may(&caller, Action::ReadWebhooks)?;
    let window = page.window("webhooks")?;
    let mut found = webhooks::list(&app.db, &scope, window.after.as_deref(), window.size + 1).await?;
    let page = window.close(&mut found, |webhook| webhook.id.clone());
    Ok(axum::Json(page.map(|webhook| view(webhook, None))))
}

/// Read a webhook, without its secret.
#[utoipa::path(
    get, path = "/v1/webhooks/{id}", tag = "webhooks", params(("id" = String, Path, description = "Its id")),
    responses((status = OK, body = WebhookView), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn webhook_get(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::Json<WebhookView>, Problem> {
    let scope = may(&caller, Action::ReadWebhooks)?;
    Ok(axum::Json(view(find(&app, &scope, &id).await?, None)))
}

/// Change a webhook.
#[utoipa::path(
    patch, path = "/v1/webhooks/{id}", tag = "webhooks", params(("id" = String, Path, description = "Its id")),
    request_body(content = WebhookPatch, content_type = "application/merge-patch+json"),
    responses((status = OK, body = WebhookView), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn webhook_patch(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<WebhookPatch>,
) -> Result<axum::Json<WebhookView>, Problem> {
    let scope = may(&caller, Action::ManageWebhooks)?;
    let old = find(&app, &scope, &id).await?;
    let is_enabled = body.enabled.unwrap_or(old.is_enabled);
    let webhook = Webhook {
        url: body.url.unwrap_or(old.url),
        description: body.description.unwrap_or(old.description),
        events: body.events.unwrap_or(old.events),
        is_enabled,
        disable_reason: old.disable_reason.filter(|_| !is_enabled),
        failing_since: None,
        ..old
    };
    check(&app, &webhook)?;
    if !webhooks::update(&app.db, &scope, &webhook).await? {
        return Err(no_such_webhook(&id));
    }
    note(&webhook);
    Ok(axum::Json(view(webhook, None)))
}

/// Delete a webhook with its deliveries.
#[utoipa::path(
    delete, path = "/v1/webhooks/{id}", tag = "webhooks", params(("id" = String, Path, description = "Its id")),
    responses((status = NO_CONTENT), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn webhook_delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let scope = may(&caller, Action::ManageWebhooks)?;
    match webhooks::delete(&app.db, &scope, &id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(no_such_webhook(&id)),
    }
}

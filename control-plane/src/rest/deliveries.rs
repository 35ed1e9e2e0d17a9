//! `/v1/webhooks/{webhook}/deliveries`: what a webhook was told, and how that went.

use axum::extract::State;
use axum::http::StatusCode;
use entente_api::time::Time;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::App;
use super::codes::Code;
use super::extract::{Path, Query};
use super::page::{Page, PageQuery};
use super::problem::{Problem, ProblemBody};
use super::webhooks::{find, may};
use crate::access::{Action, Caller, TenantScope};
use crate::store::webhooks::{self, Delivery};
use crate::webhook::Event;

/// A delivery.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryView {
    /// Its id, which the receiver is told in `webhook-id`: what comes twice has the same.
    #[schema(example = "01939b2e-6f3a-7c11-a3c5-0d1f5a2b7c9e")]
    pub id: String,
    /// What happened.
    #[serde(rename = "type")]
    #[schema(example = "operation.failed")]
    pub kind: String,
    /// `pending`, `delivered` or `failed`.
    #[schema(example = "delivered")]
    pub state: String,
    /// How often it was tried.
    #[schema(example = 1)]
    pub attempts: i64,
    /// When it is tried next, while it is pending.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_time: Option<Time>,
    /// When it happened.
    pub create_time: Time,
    /// When it was taken, or given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_time: Option<Time>,
    /// The HTTP status of the last attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 200)]
    pub status: Option<i64>,
    /// Why the last attempt failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "the receiver answers 503")]
    pub error: Option<String>,
    /// What is sent.
    #[schema(value_type = Object)]
    pub body: Value,
}

fn view(delivery: Delivery) -> DeliveryView {
    let is_pending = delivery.state == "pending";
    DeliveryView {
        id: delivery.id,
        kind: delivery.kind,
        state: delivery.state,
        attempts: delivery.attempts,
        next_time: is_pending.then_some(delivery.next_time),
        create_time: delivery.create_time,
        end_time: delivery.end_time,
        status: delivery.status,
        error: delivery.error,
        body: serde_json::from_str(&delivery.body).unwrap_or_default(),
    }
}

/// List the deliveries of a webhook, newest first.
///
/// They are kept for thirty days.
#[utoipa::path(
    get, path = "/v1/webhooks/{webhook}/deliveries", tag = "webhooks",
    params(("webhook" = String, Path, description = "Id of the webhook"), PageQuery),
    responses((status = OK, body = Page<DeliveryView>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn delivery_list(
    State(app): State<App>,
    caller: Caller,
    Path(webhook): Path<String>,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<Page<DeliveryView>>, Problem> {
    let scope = may(&caller, Action::ReadWebhooks)?;
    find(&app, &scope, &webhook).await?;
    let window = page.window(&format!("deliveries {webhook}"))?;
    let (after, limit) = (window.after.as_deref(), window.size + 1);
    let mut found = webhooks::deliveries(&app.db, &scope, &webhook, after, limit).await?;
    let page = window.close(&mut found, |delivery| delivery.id.clone());
    Ok(axum::Json(page.map(view)))
}

/// Read a delivery.
#[utoipa::path(
    get, path = "/v1/webhooks/{webhook}/deliveries/{delivery}", tag = "webhooks",
    params(("webhook" = String, Path, description = "Id of the webhook"), ("delivery" = String, Path, description = "Its id")),
    responses((status = OK, body = DeliveryView), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn delivery_get(
    State(app): State<App>,
    caller: Caller,
    Path((webhook, id)): Path<(String, String)>,
) -> Result<axum::Json<DeliveryView>, Problem> {
    let scope = may(&caller, Action::ReadWebhooks)?;
    one(&app, &scope, &webhook, &id).await.map(axum::Json)
}

async fn one(app: &App, scope: &TenantScope, webhook: &str, id: &str) -> Result<DeliveryView, Problem> {
    let found = webhooks::delivery(&app.db, scope, webhook, id).await?;
    found.map(view).ok_or_else(|| Problem::not_found("delivery", id))
}

/// An answer to what will be delivered in a moment.
type Queued = (StatusCode, axum::Json<DeliveryView>);

/// Make a delivery once more.
///
/// With the same id and body, and a signature of now.
#[utoipa::path(
    post, path = "/v1/webhooks/{webhook}/deliveries/{delivery}:resend", tag = "webhooks",
    params(("webhook" = String, Path, description = "Id of the webhook"), ("delivery" = String, Path, description = "Its id")),
    responses((status = ACCEPTED, body = DeliveryView), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn delivery_resend(
    State(app): State<App>,
    caller: Caller,
    Path((webhook, id)): Path<(String, String)>,
) -> Result<Queued, Problem> {
    let scope = may(&caller, Action::ManageWebhooks)?;
    if !webhooks::resend(&app.db, &scope, &webhook, &id, Time::now()).await? {
        return Err(Problem::not_found("delivery", &id));
    }
    let view = one(&app, &scope, &webhook, &id).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(view)))
}

/// Send a test event to a webhook, whatever it wants to be told about.
#[utoipa::path(
    post, path = "/v1/webhooks/{webhook}:test", tag = "webhooks",
    params(("webhook" = String, Path, description = "Id of the webhook")),
    responses((status = ACCEPTED, body = DeliveryView), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn webhook_test(
    State(app): State<App>,
    caller: Caller,
    Path(webhook): Path<String>,
) -> Result<Queued, Problem> {
    let scope = may(&caller, Action::ManageWebhooks)?;
    find(&app, &scope, &webhook).await?;
    let sent = webhooks::send(&app.db, &scope, &webhook, &Event::test(Time::now())).await?;
    let id = sent.ok_or_else(|| {
        let detail = "Too many deliveries wait for this webhook already.";
        Problem::new(Code::QuotaExceeded, detail)
    })?;
    let view = one(&app, &scope, &webhook, &id).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(view)))
}

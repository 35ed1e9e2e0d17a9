//! The tables `webhooks` and `webhook_deliveries`: who wants to be told what, and what is still to be told.

use entente_api::time::Time;
use sqlx::AnyConnection;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::access::{flag, optional, optional_time, text, time};
use super::sealed::WEBHOOK;
use super::{Db, DbError};
use crate::access::{PlatformScope, TenantScope};
use crate::webhook::{Event, WebhookQueue};

/// What waits for one webhook; when it is more, news of what happens is not kept for it.
const MOST_PENDING: i64 = 1000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    pub id: String,
    pub url: String,
    pub description: String,
    pub events: Vec<String>,
    pub is_enabled: bool,
    pub created_by: String,
    pub create_time: Time,
    pub failing_since: Option<Time>,
    pub disable_reason: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub id: String,
    pub webhook: String,
    pub kind: String,
    pub body: String,
    pub state: String,
    pub attempts: i64,
    pub next_time: Time,
    pub create_time: Time,
    pub end_time: Option<Time>,
    pub status: Option<i64>,
    pub error: Option<String>,
}

/// A delivery that is to be made now, with what it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    pub delivery: Delivery,
    pub url: String,
    pub secret: String,
    pub failing_since: Option<Time>,
}

/// Keeps a new webhook. `false`: the tenant has as many as it may.
pub async fn insert(
    db: &Db,
    scope: &TenantScope,
    webhook: &Webhook,
    secret: &str,
    most: i64,
) -> Result<bool, DbError> {
    let done = sqlx::query(
        "INSERT INTO webhooks (id, tenant, url, description, events, secret, is_enabled, created_by, create_time)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9 WHERE (SELECT COUNT(*) FROM webhooks WHERE tenant = $2) < $10",
    )
    .bind(webhook.id.clone())
    .bind(scope.namespace().to_owned())
    .bind(webhook.url.clone())
    .bind(webhook.description.clone())
    .bind(serde_json::to_string(&webhook.events)?)
    .bind(db.seal(WEBHOOK, &webhook.id, secret)?)
    .bind(i64::from(webhook.is_enabled))
    .bind(webhook.created_by.clone())
    .bind(webhook.create_time.to_string())
    .bind(most)
    .execute(&db.pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Oldest first, beginning after `after`.
pub async fn list(db: &Db, scope: &TenantScope, after: Option<&str>, limit: usize) -> Result<Vec<Webhook>, DbError> {
    let rows = sqlx::query("SELECT * FROM webhooks WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3")
        .bind(scope.namespace().to_owned())
        .bind(after.unwrap_or_default().to_owned())
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(&db.pool)
        .await?;
    rows.iter().map(read).collect()
}

pub async fn get(db: &Db, scope: &TenantScope, id: &str) -> Result<Option<Webhook>, DbError> {
    let row = sqlx::query("SELECT * FROM webhooks WHERE tenant = $1 AND id = $2")
        .bind(scope.namespace().to_owned())
        .bind(id.to_owned())
        .fetch_optional(&db.pool)
        .await?;
    row.as_ref().map(read).transpose()
}

/// Changes what its owner may change. One that is enabled begins anew.
pub async fn update(db: &Db, scope: &TenantScope, webhook: &Webhook) -> Result<bool, DbError> {
    let done = sqlx::query(
        "UPDATE webhooks SET url = $1, description = $2, events = $3, is_enabled = $4, failing_since = NULL, disable_reason = $5
         WHERE tenant = $6 AND id = $7",
    )
    .bind(webhook.url.clone())
    .bind(webhook.description.clone())
    .bind(serde_json::to_string(&webhook.events)?)
    .bind(i64::from(webhook.is_enabled))
    .bind(webhook.disable_reason.clone())
    .bind(scope.namespace().to_owned())
    .bind(webhook.id.clone())
    .execute(&db.pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets a webhook with its deliveries. `false`: there is none.
pub async fn delete(db: &Db, scope: &TenantScope, id: &str) -> Result<bool, DbError> {
    let mut transaction = db.pool.begin().await?;
    let done = sqlx::query("DELETE FROM webhooks WHERE tenant = $1 AND id = $2")
        .bind(scope.namespace().to_owned())
        .bind(id.to_owned())
        .execute(&mut *transaction)
        .await?;
    sqlx::query("DELETE FROM webhook_deliveries WHERE tenant = $1 AND webhook = $2")
        .bind(scope.namespace().to_owned())
        .bind(id.to_owned())
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(done.rows_affected() == 1)
}

/// The tenants that have a webhook which is told of anything.
pub async fn tenants(db: &Db, _: &PlatformScope) -> Result<Vec<String>, DbError> {
    let rows = sqlx::query("SELECT DISTINCT tenant FROM webhooks WHERE is_enabled = 1 ORDER BY tenant")
        .fetch_all(&db.pool)
        .await?;
    rows.iter().map(|row| text(row, "tenant")).collect()
}

/// What webhooks of all tenants are still to be told.
pub async fn queue(db: &Db, _: &PlatformScope) -> Result<WebhookQueue, DbError> {
    let row = sqlx::query(
        "SELECT COUNT(*) AS pending, MIN(create_time) AS oldest,
           (SELECT COUNT(*) FROM webhooks WHERE is_enabled = 1 AND failing_since IS NOT NULL) AS failing,
           (SELECT COUNT(*) FROM webhooks WHERE is_enabled = 0 AND disable_reason IS NOT NULL) AS disabled
         FROM webhook_deliveries WHERE state = 'pending'",
    )
    .fetch_one(&db.pool)
    .await?;
    let count = |column| row.try_get::<i64, _>(column).map(i64::unsigned_abs);
    Ok(WebhookQueue {
        pending: count("pending")?,
        oldest_time: optional_time(&row, "oldest")?,
        failing: count("failing")?,
        disabled: count("disabled")?,
    })
}

/// Puts an event on the way to every webhook of a tenant that wants it; part of the transaction in which it happened.
pub async fn announce(connection: &mut AnyConnection, tenant: &str, event: &Event) -> Result<(), DbError> {
    let rows = sqlx::query("SELECT * FROM webhooks WHERE tenant = $1 AND is_enabled = 1")
        .bind(tenant.to_owned())
        .fetch_all(&mut *connection)
        .await?;
    for row in &rows {
        let webhook = read(row)?;
        if webhook.events.iter().any(|wanted| wanted == event.kind) {
            enqueue(connection, tenant, &webhook.id, event).await?;
        }
    }
    Ok(())
}

/// Puts an event on the way to one webhook, whatever it wants. Gives the delivery's id; `None` when too much waits for it.
pub async fn send(db: &Db, scope: &TenantScope, webhook: &str, event: &Event) -> Result<Option<String>, DbError> {
    let mut connection = db.pool.acquire().await?;
    enqueue(&mut connection, scope.namespace(), webhook, event).await
}

async fn enqueue(
    connection: &mut AnyConnection,
    tenant: &str,
    webhook: &str,
    event: &Event,
) -> Result<Option<String>, DbError> {
    let id = uuid::Uuid::now_v7().to_string();
    let now = Time::now().to_string();
    let done = sqlx::query(
        "INSERT INTO webhook_deliveries (id, tenant, webhook, type, body, state, attempts, next_time, create_time)
         SELECT $1, $2, $3, $4, $5, 'pending', 0, $6, $7
         WHERE (SELECT COUNT(*) FROM webhook_deliveries WHERE webhook = $3 AND state = 'pending') < $8",
    )
    .bind(id.clone())
    .bind(tenant.to_owned())
    .bind(webhook.to_owned())
    .bind(event.kind.to_owned())
    .bind(event.body(&id, tenant))
    .bind(now.clone())
    .bind(now)
    .bind(MOST_PENDING)
    .execute(connection)
    .await?;
    Ok((done.rows_affected() == 1).then_some(id))
}

/// What became of the deliveries of a webhook, newest first, beginning after `after`.
pub async fn deliveries(
    db: &Db,
    scope: &TenantScope,
    webhook: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<Delivery>, DbError> {
    let rows = sqlx::query(
        "SELECT * FROM webhook_deliveries WHERE tenant = $1 AND webhook = $2 AND ($3 = '' OR id < $3)
         ORDER BY id DESC LIMIT $4",
    )
    .bind(scope.namespace().to_owned())
    .bind(webhook.to_owned())
    .bind(after.unwrap_or_default().to_owned())
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(&db.pool)
    .await?;
    rows.iter().map(read_delivery).collect()
}

pub async fn delivery(db: &Db, scope: &TenantScope, webhook: &str, id: &str) -> Result<Option<Delivery>, DbError> {
    let row = sqlx::query("SELECT * FROM webhook_deliveries WHERE tenant = $1 AND webhook = $2 AND id = $3")
        .bind(scope.namespace().to_owned())
        .bind(webhook.to_owned())
        .bind(id.to_owned())
        .fetch_optional(&db.pool)
        .await?;
    row.as_ref().map(read_delivery).transpose()
}

/// Makes a delivery once more, from the first attempt on. `false`: there is none.
pub async fn resend(db: &Db, scope: &TenantScope, webhook: &str, id: &str, now: Time) -> Result<bool, DbError> {
    let done = sqlx::query(
        "UPDATE webhook_deliveries SET state = 'pending', attempts = 0, next_time = $1, end_time = NULL
         WHERE tenant = $2 AND webhook = $3 AND id = $4",
    )
    .bind(now.to_string())
    .bind(scope.namespace().to_owned())
    .bind(webhook.to_owned())
    .bind(id.to_owned())
    .execute(&db.pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What is to be delivered now: of each webhook the oldest one only, so that one that does not answer holds up no other.
pub async fn due(db: &Db, _: &PlatformScope, now: Time, limit: i64) -> Result<Vec<Due>, DbError> {
    let rows = sqlx::query(
        "SELECT d.*, w.url, w.secret, w.failing_since FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook
         WHERE d.state = 'pending' AND d.next_time <= $1 AND w.is_enabled = 1
           AND NOT EXISTS (SELECT 1 FROM webhook_deliveries e WHERE e.webhook = d.webhook AND e.state = 'pending'
                           AND e.next_time <= $1 AND e.id < d.id)
         ORDER BY d.next_time LIMIT $2",
    )
    .bind(now.to_string())
    .bind(limit)
    .fetch_all(&db.pool)
    .await?;
    rows.iter()
        .map(|row| {
            let delivery = read_delivery(row)?;
            Ok(Due {
                secret: db.unseal(WEBHOOK, &delivery.webhook, text(row, "secret")?)?,
                delivery,
                url: text(row, "url")?,
                failing_since: optional_time(row, "failing_since")?,
            })
        })
        .collect()
}

/// Takes a delivery until `until`, then somebody else may. `false`: another replica was faster.
pub async fn claim(db: &Db, _: &PlatformScope, delivery: &Delivery, until: Time) -> Result<bool, DbError> {
    let done = sqlx::query(
        "UPDATE webhook_deliveries SET next_time = $1, attempts = attempts + 1
         WHERE id = $2 AND state = 'pending' AND next_time = $3",
    )
    .bind(until.to_string())
    .bind(delivery.id.clone())
    .bind(delivery.next_time.to_string())
    .execute(&db.pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// How an attempt went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    Delivered {
        status: i64,
    },
    /// To be tried again at that time; never when `None`.
    Failed {
        status: Option<i64>,
        error: String,
        next: Option<Time>,
    },
}

/// Writes down how an attempt went. `disable` says why the webhook is given up, if it is.
pub async fn settle(
    db: &Db,
    _: &PlatformScope,
    delivery: &Delivery,
    attempt: &Attempt,
    disable: Option<&str>,
    now: Time,
) -> Result<(), DbError> {
    let (state, next, status, error, is_taken) = match attempt {
        Attempt::Delivered { status } => ("delivered", None, Some(*status), None, true),
        Attempt::Failed {
            status,
            error,
            next: Some(next),
        } => ("pending", Some(*next), *status, Some(error), false),
        Attempt::Failed {
            status,
            error,
            next: None,
        } => ("failed", None, *status, Some(error), false),
    };
    let mut transaction = db.pool.begin().await?;
    sqlx::query(
        "UPDATE webhook_deliveries SET state = $1, next_time = $2, status = $3, error = $4, end_time = $5 WHERE id = $6",
    )
    .bind(state.to_owned())
    .bind(next.unwrap_or(now).to_string())
    .bind(status)
    .bind(error.cloned())
    .bind(next.is_none().then(|| now.to_string()))
    .bind(delivery.id.clone())
    .execute(&mut *transaction)
    .await?;
    let health = match is_taken {
        true => "UPDATE webhooks SET failing_since = NULL WHERE id = $1 AND $2 <> ''",
        false => "UPDATE webhooks SET failing_since = COALESCE(failing_since, $2) WHERE id = $1",
    };
    sqlx::query(health)
        .bind(delivery.webhook.clone())
        .bind(now.to_string())
        .execute(&mut *transaction)
        .await?;
    if let Some(reason) = disable {
        sqlx::query("UPDATE webhooks SET is_enabled = 0, disable_reason = $1 WHERE id = $2")
            .bind(reason.to_owned())
            .bind(delivery.webhook.clone())
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// Forgets deliveries that ended, or were given up waiting, before a time.
pub async fn forget(db: &Db, before: Time) -> Result<(), DbError> {
    sqlx::query("DELETE FROM webhook_deliveries WHERE create_time < $1")
        .bind(before.to_string())
        .execute(&db.pool)
        .await?;
    Ok(())
}

fn read(row: &AnyRow) -> Result<Webhook, DbError> {
    Ok(Webhook {
        id: text(row, "id")?,
        url: text(row, "url")?,
        description: text(row, "description")?,
        events: serde_json::from_str(&text(row, "events")?)?,
        is_enabled: flag(row, "is_enabled")?,
        created_by: text(row, "created_by")?,
        create_time: time(row, "create_time")?,
        failing_since: optional_time(row, "failing_since")?,
        disable_reason: optional(row, "disable_reason")?,
    })
}

fn read_delivery(row: &AnyRow) -> Result<Delivery, DbError> {
    Ok(Delivery {
        id: text(row, "id")?,
        webhook: text(row, "webhook")?,
        kind: text(row, "type")?,
        body: text(row, "body")?,
        state: text(row, "state")?,
        attempts: row.try_get("attempts")?,
        next_time: time(row, "next_time")?,
        create_time: time(row, "create_time")?,
        end_time: optional_time(row, "end_time")?,
        status: row.try_get("status")?,
        error: optional(row, "error")?,
    })
}

//! `/v1/admin/health`: how the platform itself is.
//!
//! Facts are gathered from the database, the operator and the replicas; [`troubles`] says which of them need somebody.

use std::time::Instant;

use axum::extract::State;
use entente_api::time::Time;
use serde::Serialize;
use utoipa::ToSchema;

use super::survey::{self, ExpiringCertificates, IndexLag};
use super::troubles::{self, Trouble};
use crate::access::{Action, Caller, PlatformScope};
use crate::rest::App;
use crate::rest::openapi::Version;
use crate::rest::problem::{Problem, ProblemBody, chain_of};
use crate::store::{audit_anchors, replicas, webhooks};
use crate::webhook::WebhookQueue;

/// How the platform is.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlatformHealth {
    /// When this was so.
    pub time: Time,
    /// What needs somebody; empty when all is well.
    pub troubles: Vec<Trouble>,
    /// What answers.
    pub version: Version,
    /// Where users, operations and the audit are kept.
    pub database: DatabaseHealth,
    /// What converges resources.
    pub operator: OperatorHealth,
    /// What answers requests, by name.
    pub replicas: Vec<ReplicaHealth>,
    /// What webhooks are still to be told.
    pub webhooks: WebhookQueue,
    /// The indexes of ledgers.
    pub indexes: IndexLag,
    /// Certificates that expire.
    pub certificates: ExpiringCertificates,
    /// The audit's heads on a chain.
    pub audit_anchor: AnchorHealth,
}

/// How the database is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseHealth {
    /// `sqlite` or `postgresql`.
    #[schema(example = "postgresql")]
    pub engine: String,
    /// The last migration of its tables.
    #[schema(example = 19)]
    pub migration: i64,
    /// How long it took to say so, in milliseconds.
    #[schema(example = 1)]
    pub latency_millis: u64,
}

/// How the operator is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OperatorHealth {
    /// The operator that leads; absent when none does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "entente-operator-7c9d_5f1c7a9b")]
    pub leader: Option<String>,
    /// Since when it leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lead_time: Option<Time>,
    /// When it last said that it leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renew_time: Option<Time>,
    /// When it last ended a pass over a resource. One that has nothing to do makes none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_pass_time: Option<Time>,
}

/// How a replica of the API is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReplicaHealth {
    /// Its name, unique among all.
    #[schema(example = "entente-api-5d8f_0b1c2d3e")]
    pub name: String,
    /// Version of the platform that it is.
    #[schema(example = "0.1.0")]
    pub version: String,
    /// When it started.
    pub start_time: Time,
    /// When it last said that it is there.
    pub seen_time: Time,
}

/// How the anchoring of the audit is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AnchorHealth {
    /// Chain, channel and contract; absent where the installation anchors nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "platform/main/evidence")]
    pub place: Option<String>,
    /// When a head was last anchored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_time: Option<Time>,
    /// How many tenants have rows since their last anchor.
    pub unanchored_tenants: u64,
}

/// Read how the platform is.
#[utoipa::path(
    get, path = "/v1/admin/health", tag = "admin",
    responses((status = OK, body = PlatformHealth), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn platform_health(State(app): State<App>, caller: Caller) -> Result<axum::Json<PlatformHealth>, Problem> {
    let platform = caller.may_on_the_platform(Action::ReadPlatform)?;
    let now = Time::now();
    let survey = survey::recent(&app, &platform, now).await?;
    let mut health = PlatformHealth {
        time: now,
        troubles: Vec::new(),
        version: Version::running(),
        database: database(&app, &platform).await?,
        operator: operator(&app, now).await,
        replicas: replicas(&app, &platform, now).await?,
        webhooks: webhooks::queue(&app.db, &platform).await?,
        indexes: survey.indexes,
        certificates: survey.certificates,
        audit_anchor: anchor(&app, &platform).await?,
    };
    health.troubles = troubles::of(&health, app.audit.audit_anchor_every);
    Ok(axum::Json(health))
}

async fn database(app: &App, platform: &PlatformScope) -> Result<DatabaseHealth, Problem> {
    let asked = Instant::now();
    let migration = app.db.last_migration(platform).await?;
    Ok(DatabaseHealth {
        engine: if app.db.is_shared() { "postgresql" } else { "sqlite" }.to_owned(),
        migration,
        latency_millis: u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX),
    })
}

/// An operator that cannot be asked about is one that is not heard of.
async fn operator(app: &App, now: Time) -> OperatorHealth {
    let Some(sight) = &app.operator else {
        return OperatorHealth::default();
    };
    let lead = sight.look(now).await.unwrap_or_else(|error| {
        tracing::warn!(error = %chain_of(&error), "the operator's lease cannot be read");
        None
    });
    lead.map_or_else(OperatorHealth::default, |lead| OperatorHealth {
        leader: Some(lead.holder),
        lead_time: lead.since,
        renew_time: lead.renew_time,
        last_pass_time: lead.last_pass_time,
    })
}

async fn replicas(app: &App, platform: &PlatformScope, now: Time) -> Result<Vec<ReplicaHealth>, Problem> {
    let mut known = replicas::list(&app.db, platform).await?;
    // This one is there, whether or not it has found the time to say so.
    known.retain(|replica| replica.name != app.replica.name);
    known.push(app.replica.seen(now));
    known.sort_by(|a, b| a.name.cmp(&b.name));
    let shown = known.into_iter().map(|replica| ReplicaHealth {
        name: replica.name,
        version: replica.version,
        start_time: replica.start_time,
        seen_time: replica.seen_time,
    });
    Ok(shown.collect())
}

async fn anchor(app: &App, platform: &PlatformScope) -> Result<AnchorHealth, Problem> {
    let Some(place) = &app.audit.audit_anchor else {
        return Ok(AnchorHealth::default());
    };
    let (last_time, unanchored_tenants) = audit_anchors::standing(&app.db, platform).await?;
    Ok(AnchorHealth {
        place: Some(place.to_string()),
        last_time,
        unanchored_tenants,
    })
}

//! `/v1/usage` and `/v1/admin/usage`: how much of its quotas a tenant has used.
//!
//! Counted when somebody asks, by what admits a request ([`quota`]): who is refused finds the same numbers here.

use axum::extract::State;
use entente_api::Tenant;
use entente_api::time::Time;
use entente_operator::registry::Sought;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::access::{Action, Caller, TenantScope};
use crate::rest::App;
use crate::rest::extract::Query;
use crate::rest::filter;
use crate::rest::page::{Page, PageQuery};
use crate::rest::problem::{Problem, ProblemBody};
use crate::rest::quota;

/// How much of its quotas a tenant has used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TenantUsage {
    /// Name of the tenant.
    pub tenant: String,
    /// Its name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Whether its users are kept out.
    pub suspended: bool,
    /// Each of its quotas, limited or not.
    pub quotas: Vec<QuotaUse>,
}

/// How much of one quota is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QuotaUse {
    /// Which quota, as `Problem.quota` names it.
    #[schema(example = "peers")]
    pub quota: String,
    /// How much the tenant may have; not limited when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 20)]
    pub limit: Option<u64>,
    /// How much it has. Of `requestsPerSecond`: what is used of a minute's worth, for each second of it.
    #[schema(example = 4)]
    pub used: u64,
}

/// Read how much of its quotas the tenant that one works in has used.
///
/// Everybody in a tenant may know what they share.
#[utoipa::path(
    get, path = "/v1/usage", tag = "session",
    responses((status = OK, body = TenantUsage), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn usage_get(State(app): State<App>, caller: Caller) -> Result<axum::Json<TenantUsage>, Problem> {
    let scope = caller.own_scope();
    let tenant = app.gate.tenant(scope.namespace()).await?;
    let tenant = tenant.ok_or_else(|| Problem::not_found("tenant", scope.namespace()))?;
    Ok(axum::Json(TenantUsage::of(&app, &tenant, Time::now()).await?))
}

/// Which tenants to list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct UsageQuery {
    /// Only with this in the name, the display name or the value of a label, in any case.
    #[param(example = "finance", max_length = 253)]
    pub q: Option<String>,
}

/// List how much of their quotas all tenants have used, by tenant.
#[utoipa::path(
    get, path = "/v1/admin/usage", tag = "admin", params(UsageQuery, PageQuery),
    responses((status = OK, body = Page<TenantUsage>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn usage_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<UsageQuery>,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<Page<TenantUsage>>, Problem> {
    caller.may_on_the_platform(Action::ReadPlatform)?;
    filter::check([("q", &query.q)])?;
    let text = filter::words(&query.q);
    let window = page.window(&format!("usage {text:?}"))?;
    let sought = Sought::new(text, None, None);
    let scope = caller.own_scope();
    let part = app
        .resources
        .part(&scope, window.after.as_deref(), window.size + 1, &sought, |_| true);
    let mut found: Vec<Tenant> = part.await?;
    let tenants = window.close(&mut found, |tenant| tenant.metadata.name.clone().unwrap_or_default());
    let (now, mut items) = (Time::now(), Vec::new());
    for tenant in &tenants.items {
        items.push(TenantUsage::of(&app, tenant, now).await?);
    }
    Ok(axum::Json(Page {
        items,
        next_page_token: tenants.next_page_token,
    }))
}

impl TenantUsage {
    async fn of(app: &App, tenant: &Tenant, now: Time) -> Result<TenantUsage, Problem> {
        let name = tenant.metadata.name.clone().unwrap_or_default();
        let scope = TenantScope::for_background_task("what a tenant has", &name);
        let limits = &tenant.spec.quotas;
        let has = quota::used(app, &scope).await?;
        let mut quotas: Vec<QuotaUse> = has
            .beside(limits)
            .into_iter()
            .map(|(quota, limit, used)| QuotaUse {
                quota: quota.to_owned(),
                limit,
                used,
            })
            .collect();
        let (limit, used) = app.buckets.used(&scope, limits.requests_per_second, now).await?;
        quotas.push(QuotaUse {
            quota: "requestsPerSecond".to_owned(),
            limit: Some(limit.into()),
            used: used.into(),
        });
        Ok(TenantUsage {
            tenant: name,
            display_name: tenant.spec.display_name.clone(),
            suspended: tenant.spec.suspended,
            quotas,
        })
    }
}

//! `/v1/admin/security`: whether the installation is as safe as it can be. Facts are gathered here, [`posture`] judges them.

use axum::extract::State;
use axum::http::HeaderMap;
use chrono::TimeDelta;
use entente_api::time::Time;
use serde::Serialize;
use utoipa::ToSchema;

use super::posture::{self, CheckState, Facts, SecurityCheck, UNUSED_DAYS};
use super::survey;
use crate::access::{Action, Caller};
use crate::rest::App;
use crate::rest::problem::{Problem, ProblemBody};
use crate::rest::request_id;
use crate::store::access::{api_keys, users};

/// How safe the installation is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlatformSecurity {
    /// When it was looked at.
    pub time: Time,
    /// The worst that was found.
    pub state: CheckState,
    /// Everything that was looked at, in a fixed order.
    pub checks: Vec<SecurityCheck>,
}

/// Check how safe the installation is.
///
/// Each check says what was found and what to do about it.
#[utoipa::path(
    get, path = "/v1/admin/security", tag = "admin",
    params(("Accept-Language" = Option<String>, Header, description = "en, or zh-CN")),
    responses((status = OK, body = PlatformSecurity), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn platform_security(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<axum::Json<PlatformSecurity>, Problem> {
    let platform = caller.may_on_the_platform(Action::ReadPlatform)?;
    let now = Time::now();
    let certificates = survey::recent(&app, &platform, now).await?.certificates;
    let idle = now.get() - TimeDelta::days(UNUSED_DAYS);
    let facts = Facts {
        is_behind_tls: app.gate.has_secure_cookies && !came_in_plain(&headers),
        is_on_loopback: app.is_on_loopback,
        is_database_private: app.db.is_private(&platform).await?,
        operators: users::operators(&app.db, &platform).await?,
        has_master_key: app.db.is_sealed(),
        unused_keys: api_keys::unused(&app.db, &platform, idle.into(), now).await?,
        requires_real_names: app.requires_real_names,
        anchors_audit: app.audit.audit_anchor.is_some(),
        allows_private_webhooks: app.webhook_addresses.allows_private,
        ended_certificates: certificates.expired + certificates.overdue,
    };
    let checks = posture::of(&facts, request_id::current().language);
    Ok(axum::Json(PlatformSecurity {
        time: now,
        state: checks
            .iter()
            .map(|check| check.state)
            .max()
            .unwrap_or(CheckState::Passed),
        checks,
    }))
}

/// Whether whoever stands before the API says that this very request reached it without TLS.
fn came_in_plain(headers: &HeaderMap) -> bool {
    let scheme = headers.get("x-forwarded-proto").and_then(|scheme| scheme.to_str().ok());
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("http"))
}

//! Forgets rows that were kept long enough, so that what is left can still be verified.
//!
//! The row that tells of it has the number and hash of the last row that is gone. It is a link of the chain itself: whoever
//! changes what it says breaks the chain, and a beginning that no row tells of was cut off by somebody else.

use std::time::Duration;

use entente_api::time::Time;
use serde_json::json;

use super::AuditEvent;
use crate::access::{PlatformScope, TenantScope};
use crate::rest::App;
use crate::rest::problem::Problem;
use crate::store::{audit, audit_pruning};

const ACTOR: &str = "retention";
const ACTION: &str = "audit_prune";
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The row that tells that the rows up to `seq` are gone.
pub fn row(seq: i64, hash: &str, rows: i64, days: u32, now: Time) -> AuditEvent {
    let after = json!({"seq": seq, "hash": hash, "rows": rows, "retentionDays": days});
    AuditEvent::unasked(
        now,
        ACTOR.to_owned(),
        ACTION.to_owned(),
        "audit-events".to_owned(),
        after,
    )
}

/// What a row of the retention says of where the chain begins: the last row that is gone, and its hash.
pub fn checkpoint(event: &AuditEvent) -> Option<(i64, String)> {
    let after = event.after.as_ref()?;
    let is_ours = event.actor == ACTOR && event.action == ACTION;
    is_ours
        .then(|| Some((after["seq"].as_i64()?, after["hash"].as_str()?.to_owned())))
        .flatten()
}

/// Forgets what each tenant no longer has to keep.
pub async fn round(app: &App, usual: Option<u32>, now: Time) -> Result<(), Problem> {
    let platform = PlatformScope::for_background_task("rows of the audit that were kept long enough");
    for head in audit::heads(&app.db, &platform).await? {
        let own = match head.tenant.is_empty() {
            true => None,
            false => app.gate.tenant(&head.tenant).await?,
        };
        let own = own.and_then(|tenant| tenant.spec.audit_retention_days);
        // Zero would be refused where it is written; what else may stand there keeps a day.
        let Some(days) = own.or(usual).map(|days| days.max(1)) else {
            continue;
        };
        let scope = TenantScope::for_background_task("rows that were kept long enough", &head.tenant);
        let cutoff = Time::from(now.get() - DAY * days);
        if let Some(rows) = audit_pruning::prune(&app.db, &scope, cutoff, days, now).await? {
            tracing::info!(
                tenant = head.tenant,
                rows,
                days,
                "rows of the audit were kept long enough"
            );
        }
    }
    Ok(())
}

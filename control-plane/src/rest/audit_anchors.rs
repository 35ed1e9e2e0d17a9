//! `/v1/audit-anchors`: the heads of the tenant's audit that are on a chain.

use axum::extract::State;
use entente_api::time::Time;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::extract::{Path, Query};
use super::page::{Page, PageQuery};
use super::problem::{Problem, ProblemBody};
use super::verify::{Verdict, of_document};
use crate::access::{Action, Caller, TenantScope};
use crate::audit::anchor;
use crate::store::audit_anchors::{self, Anchor};

/// A head of the audit that is on a chain.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditAnchorView {
    /// Name of the tenant, as it stands in the digest.
    #[schema(example = "hebei-finance")]
    pub tenant: String,
    /// Number of the row.
    #[schema(example = 42)]
    pub seq: i64,
    /// Its hash.
    pub hash: String,
    /// What stands on the chain: SHA-256 of `{"hash": …, "seq": …, "tenant": …}` in the canonical form of RFC 8785.
    #[schema(example = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    pub digest: String,
    /// The platform's chain that it is on.
    #[schema(example = "platform")]
    pub chain: String,
    /// Its channel.
    #[schema(example = "main")]
    pub channel: String,
    /// The contract that certified it.
    #[schema(example = "evidence")]
    pub contract: String,
    /// The transaction that did.
    pub transaction_id: String,
    /// When the platform anchored it.
    pub time: Time,
    /// What the chain says of it now; only where one anchor is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_chain: Option<Verdict>,
}

fn view(scope: &TenantScope, anchor: Anchor, on_chain: Option<Verdict>) -> AuditAnchorView {
    AuditAnchorView {
        tenant: scope.namespace().to_owned(),
        seq: anchor.seq,
        hash: anchor.hash,
        digest: anchor.digest,
        chain: anchor.place.chain,
        channel: anchor.place.channel,
        contract: anchor.place.contract,
        transaction_id: anchor.transaction_id,
        time: anchor.time,
        on_chain,
    }
}

/// List the heads of the audit that are on a chain.
///
/// In the order of their rows. There are none where the installation anchors nothing.
#[utoipa::path(
    get, path = "/v1/audit-anchors", tag = "audit", params(PageQuery),
    responses((status = OK, body = Page<AuditAnchorView>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn audit_anchor_list(
    State(app): State<App>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<Page<AuditAnchorView>>, Problem> {
    let scope = caller.may(Action::ReadAudit)?;
    let window = page.window("audit-anchors")?;
    let after = window.after.as_deref().map_or(Ok(0), str::parse);
    let after = after.map_err(|_| Problem::parameter("pageToken", "is not a token of this list"))?;
    let mut found = audit_anchors::list(&app.db, &scope, after, window.size + 1).await?;
    let page = window.close(&mut found, |anchor| anchor.seq.to_string());
    Ok(axum::Json(page.map(|anchor| view(&scope, anchor, None))))
}

/// Read an anchor, and what the chain says of it.
#[utoipa::path(
    get, path = "/v1/audit-anchors/{seq}", tag = "audit", params(("seq" = i64, Path, description = "Number of the row", example = 42)),
    responses((status = OK, body = AuditAnchorView), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn audit_anchor_get(
    State(app): State<App>,
    caller: Caller,
    Path(seq): Path<i64>,
) -> Result<axum::Json<AuditAnchorView>, Problem> {
    let scope = caller.may(Action::ReadAudit)?;
    let found = audit_anchors::get(&app.db, &scope, seq).await?;
    let found = found.ok_or_else(|| Problem::not_found("audit anchor", &seq.to_string()))?;
    let ledger = anchor::open(&app.ledger, &app.namespace, &found.place, false).await?;
    let verdict = of_document(&ledger, found.place.contract.clone(), found.digest.clone()).await?;
    Ok(axum::Json(view(&scope, found, Some(verdict))))
}

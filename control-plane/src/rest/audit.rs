//! `/v1/audit-events`: what was done and what was refused.

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use entente_api::time::Time;
use futures::Stream;
use serde::Deserialize;
use utoipa::IntoParams;

use super::App;
use super::extract::Query;
use super::page::{Page, PageQuery};
use super::problem::{Problem, ProblemBody};
use crate::access::{Action, Caller, TenantScope};
use crate::audit::AuditEvent;
use crate::store::audit::{self, Filter, Order};

/// Rows that are read at once for an export.
const BATCH: usize = 500;

/// Which rows to list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Only what was asked by this one, for example `li@bank.example`.
    pub actor: Option<String>,
    /// Only this operation, for example `chain_create`.
    pub action: Option<String>,
    /// Only of this object and its parts, for example `chains/ledger`.
    pub object: Option<String>,
    /// Only what ended so: `done`, `refused`, `failed` or `interrupted`.
    pub outcome: Option<String>,
    /// Only from this time on.
    #[param(value_type = Option<String>, format = DateTime)]
    pub from: Option<Time>,
    /// Only before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    pub to: Option<Time>,
}

impl AuditQuery {
    fn filter(&self) -> Filter<'_> {
        Filter {
            actor: self.actor.as_deref(),
            action: self.action.as_deref(),
            object: self.object.as_deref(),
            outcome: self.outcome.as_deref(),
            from: self.from,
            to: self.to,
        }
    }
}

/// From which end to list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct OrderQuery {
    /// Whether the newest row comes first; otherwise the oldest does.
    #[param(example = true)]
    pub newest_first: Option<bool>,
}

impl OrderQuery {
    fn order(&self) -> Order {
        match self.newest_first {
            Some(true) => Order::NewestFirst,
            _ => Order::OldestFirst,
        }
    }
}

/// List what was done and what was refused, in the order of its rows or from its end.
#[utoipa::path(
    get, path = "/v1/audit-events", tag = "audit", params(AuditQuery, OrderQuery, PageQuery),
    responses((status = OK, body = Page<AuditEvent>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn audit_event_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<AuditQuery>,
    Query(order): Query<OrderQuery>,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<Page<AuditEvent>>, Problem> {
    let scope = caller.may(Action::ReadAudit)?;
    let order = order.order();
    let window = page.window(&format!("audit-events {query:?} {order:?}"))?;
    let after = window.after.as_deref().map_or(Ok(order.start()), str::parse);
    let after = after.map_err(|_| Problem::parameter("pageToken", "is not a token of this list"))?;
    let mut rows = audit::ordered(&app.db, &scope, &query.filter(), order, after, window.size + 1).await?;
    Ok(axum::Json(window.close(&mut rows, |row| row.seq.to_string())))
}

/// In which form to export.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// `jsonl` (one JSON document a line, the default) or `csv`.
    pub format: Option<String>,
}

/// Export what was done and what was refused.
///
/// JSON lines hold whole rows, which `entente audit verify --file` checks; CSV is for spreadsheets.
#[utoipa::path(
    get, path = "/v1/audit-events:export", tag = "audit", params(AuditQuery, ExportQuery),
    responses((status = OK, body = String, content_type = "application/jsonl"), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn audit_event_export(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<AuditQuery>,
    Query(export): Query<ExportQuery>,
) -> Result<Response, Problem> {
    let scope = caller.may(Action::ReadAudit)?;
    let (media_type, line, head): (_, fn(&AuditEvent) -> String, _) = match export.format.as_deref() {
        None | Some("jsonl") => ("application/jsonl", json_line, ""),
        Some("csv") => ("text/csv; charset=utf-8", csv_line, CSV_HEAD),
        Some(_) => return Err(Problem::parameter("format", "must be jsonl or csv")),
    };
    let name = if head.is_empty() { "audit.jsonl" } else { "audit.csv" };
    let headers = [
        (CONTENT_TYPE, media_type.to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    let body = Body::from_stream(lines(app, scope, query, line, head));
    Ok((headers, body).into_response())
}

fn lines(
    app: App,
    scope: TenantScope,
    query: AuditQuery,
    line: fn(&AuditEvent) -> String,
    head: &'static str,
) -> impl Stream<Item = Result<String, Problem>> {
    async_stream::try_stream! {
        yield head.to_owned();
        let mut after = 0;
        loop {
            let rows = audit::list(&app.db, &scope, &query.filter(), after, BATCH).await?;
            let Some(last) = rows.last() else { return };
            after = last.seq;
            yield rows.iter().map(line).collect::<String>();
        }
    }
}

fn json_line(event: &AuditEvent) -> String {
    serde_json::to_string(event).map_or_else(|_| String::new(), |line| line + "\n")
}

const CSV_HEAD: &str =
    "seq,time,actor,actorId,action,object,outcome,status,code,requestId,address,before,after,previous,hash\r\n";

fn csv_line(event: &AuditEvent) -> String {
    let json = |value: &Option<serde_json::Value>| value.as_ref().map(ToString::to_string).unwrap_or_default();
    let fields = [
        event.seq.to_string(),
        event.time.to_string(),
        event.actor.clone(),
        event.actor_id.clone(),
        event.action.clone(),
        event.object.clone(),
        event.outcome.as_str().to_owned(),
        event.status.to_string(),
        event.code.clone().unwrap_or_default(),
        event.request_id.clone(),
        event.address.clone(),
        json(&event.before),
        json(&event.after),
        event.previous.clone(),
        event.hash.clone(),
    ];
    fields.map(|field| csv_field(&field)).join(",") + "\r\n"
}

/// RFC 4180. What a spreadsheet would take for a formula is made a text: names come from whoever is written about.
fn csv_field(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        "'"
    } else {
        ""
    };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_a_table_is_no_formula_and_ends_where_it_should() {
        assert_eq!(csv_field("=cmd|' /C calc'!A0"), "\"'=cmd|' /C calc'!A0\"");
        assert_eq!(csv_field("a \"b\", c"), "\"a \"\"b\"\", c\"");
    }
}

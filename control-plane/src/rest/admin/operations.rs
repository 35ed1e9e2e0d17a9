//! `/v1/admin/operations`: what all tenants have asked for, and how it goes.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::access::{Action, Caller};
use crate::operation::{Operation, OperationState};
use crate::rest::App;
use crate::rest::extract::Query;
use crate::rest::page::{Page, PageQuery};
use crate::rest::problem::{Problem, ProblemBody};
use crate::store;
use crate::store::operation::FilterOfAll;

/// Which operations to list: those that all of this fits.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct AllOperationsQuery {
    /// Only of this tenant.
    #[param(example = "hebei-finance")]
    pub tenant: Option<String>,
    /// Only in this state.
    #[param(example = "failed", inline)]
    pub state: Option<OperationState>,
    /// Only those on resources of this kind.
    #[param(example = "Chain")]
    pub target_kind: Option<String>,
}

/// An operation of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TenantOperation {
    /// Whose it is; empty: an operator's of the platform who works for no tenant.
    pub tenant: String,
    #[serde(flatten)]
    pub operation: Operation,
}

/// List the operations of all tenants, newest first.
#[utoipa::path(
    get, path = "/v1/admin/operations", tag = "admin", params(AllOperationsQuery, PageQuery),
    responses((status = OK, body = Page<TenantOperation>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn admin_operation_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<AllOperationsQuery>,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<Page<TenantOperation>>, Problem> {
    let platform = caller.may_on_the_platform(Action::ReadPlatform)?;
    let window = page.window(&format!("operations of all {query:?}"))?;
    let filter = FilterOfAll {
        tenant: query.tenant.as_deref(),
        state: query.state,
        target_kind: query.target_kind.as_deref(),
    };
    let after = window.after.as_deref();
    let mut found = store::operation::list_of_all(&app.db, &platform, &filter, after, window.size + 1).await?;
    let page = window.close(&mut found, |(_, operation)| operation.id.clone());
    Ok(axum::Json(
        page.map(|(tenant, operation)| TenantOperation { tenant, operation }),
    ))
}

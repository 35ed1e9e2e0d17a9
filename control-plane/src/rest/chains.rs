//! `/v1/chains`.

use axum::extract::State;
use axum::http::HeaderMap;
use entente_api::Chain;
use entente_api::chain::{ChainSpec, ChainStatus, DeletionPolicy};
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;

use super::App;
use super::extract::{Json, Path, Query};
use super::guards::require_match;
use super::page::{Page, PageQuery};
use super::problem::{Problem, ProblemBody};
use super::resources::{self, Tagged, WriteQuery};
use super::view::{Accepted, Desired, MergePatch, NewResource, Resource};
use crate::access::{Action, Caller};

// Written out in the annotations: the document names a generic type by its arguments, and cannot see through this.
type View = Resource<ChainSpec, ChainStatus>;

/// List chains.
#[utoipa::path(
    get, path = "/v1/chains", tag = "chains", params(PageQuery),
    responses((status = OK, body = Page<Resource<ChainSpec, ChainStatus>>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn chain_list(
    State(app): State<App>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<Page<View>>, Problem> {
    resources::list::<Chain>(&app, &caller, &page).await.map(axum::Json)
}

/// Create a chain.
///
/// Answers at once, with the operation that tracks it.
#[utoipa::path(
    post, path = "/v1/chains", tag = "chains", params(WriteQuery), request_body = NewResource<ChainSpec>,
    responses(
        (status = ACCEPTED, body = Accepted<Resource<ChainSpec, ChainStatus>>),
        (status = OK, body = Accepted<Resource<ChainSpec, ChainStatus>>, description = "Checked only"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn chain_create(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<WriteQuery>,
    Json(body): Json<Value>,
) -> Result<Accepted<View>, Problem> {
    resources::create::<Chain>(&app, &caller, &query, body).await
}

/// Read a chain.
#[utoipa::path(
    get, path = "/v1/chains/{name}", tag = "chains", params(("name" = String, Path, description = "Its name")),
    responses((status = OK, body = Resource<ChainSpec, ChainStatus>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn chain_get(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Tagged<View>, Problem> {
    resources::get::<Chain>(&app, &caller, &name).await
}

/// Make a chain what the body says, creating it when there is none.
#[utoipa::path(
    put, path = "/v1/chains/{name}", tag = "chains",
    params(("name" = String, Path, description = "Its name"), WriteQuery,
        ("If-Match" = Option<String>, Header, description = "Only when its etag is this one")),
    request_body = Desired<ChainSpec>,
    responses(
        (status = ACCEPTED, body = Accepted<Resource<ChainSpec, ChainStatus>>),
        (status = OK, body = Accepted<Resource<ChainSpec, ChainStatus>>, description = "Nothing had to be changed, or checked only"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn chain_put(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<WriteQuery>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Result<Accepted<View>, Problem> {
    resources::put::<Chain>(&app, &caller, &headers, &query, &name, body).await
}

/// Change a chain by a JSON Merge Patch.
#[utoipa::path(
    patch, path = "/v1/chains/{name}", tag = "chains",
    params(("name" = String, Path, description = "Its name"), WriteQuery,
        ("If-Match" = Option<String>, Header, description = "Only when its etag is this one")),
    request_body(content = MergePatch, content_type = "application/merge-patch+json"),
    responses(
        (status = ACCEPTED, body = Accepted<Resource<ChainSpec, ChainStatus>>),
        (status = OK, body = Accepted<Resource<ChainSpec, ChainStatus>>, description = "Nothing had to be changed, or checked only"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn chain_patch(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<WriteQuery>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Result<Accepted<View>, Problem> {
    resources::patch::<Chain>(&app, &caller, &headers, &query, &name, body).await
}

/// How a chain is deleted.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ChainDeleteQuery {
    /// Check everything, change nothing.
    #[serde(default)]
    pub validate_only: bool,
    /// Destroy its ledgers and keys too, whatever its `deletionPolicy` retains.
    #[serde(default)]
    pub purge: bool,
}

/// Delete a chain.
#[utoipa::path(
    delete, path = "/v1/chains/{name}", tag = "chains",
    params(("name" = String, Path, description = "Its name"), ChainDeleteQuery,
        ("If-Match" = Option<String>, Header, description = "Only when its etag is this one")),
    responses(
        (status = ACCEPTED, body = Accepted<Resource<ChainSpec, ChainStatus>>),
        (status = OK, body = Accepted<Resource<ChainSpec, ChainStatus>>, description = "Checked only"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn chain_delete(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<ChainDeleteQuery>,
    headers: HeaderMap,
) -> Result<Accepted<View>, Problem> {
    let write = WriteQuery {
        validate_only: query.validate_only,
    };
    if !query.purge || query.validate_only {
        return resources::delete::<Chain>(&app, &caller, &headers, &write, &name).await;
    }
    let scope = caller.may(Action::DeleteChains)?;
    let mut chain: Chain = resources::find(&app, &scope, &name).await?;
    require_match(&headers, Some(&chain))?;
    chain.spec.deletion_policy = DeletionPolicy::Delete;
    // Compared above; what the operator writes down meanwhile is no reason to refuse.
    chain.metadata.resource_version = None;
    app.resources.replace(&scope, &chain).await?;
    resources::delete::<Chain>(&app, &caller, &HeaderMap::new(), &write, &name).await
}

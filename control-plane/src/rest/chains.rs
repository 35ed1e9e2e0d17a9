//! `/v1/chains`.

use axum::extract::State;
use axum::http::HeaderMap;
use entente_api::Chain;
use entente_api::chain::{ChainSpec, ChainStatus, DeletionPolicy};
use serde::Deserialize;
use utoipa::IntoParams;

use super::App;
use super::crud::crud;
use super::extract::{Path, Query};
use super::guards::require_match;
use super::problem::{Problem, ProblemBody};
use super::resources::{self, WriteQuery};
use super::view::{Accepted, Resource};
use crate::access::{Action, Caller};

type View = Resource<ChainSpec, ChainStatus>;

crud! {
    Chain(ChainSpec, ChainStatus) at "/v1/chains", "/v1/chains/{name}" as "chains";
    /// List chains.
    list chain_list;
    /// Create a chain.
    ///
    /// Answers at once, with the operation that tracks it.
    create chain_create;
    /// Read a chain.
    get chain_get;
    /// Make a chain what the body says, creating it when there is none.
    put chain_put;
    /// Change a chain by a JSON Merge Patch.
    patch chain_patch;
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

//! `/v1/chains`.

use axum::extract::State;
use axum::http::HeaderMap;
use chrono::Days;
use entente_api::Chain;
use entente_api::chain::{ChainSpec, ChainStatus, DeletionPolicy, Recycled};
use entente_api::time::Time;
use serde::Deserialize;
use utoipa::IntoParams;

use super::App;
use super::codes::Code;
use super::crud::crud;
use super::extract::{Path, Query};
use super::guards::require_match;
use super::kind::Kind as _;
use super::problem::{Problem, ProblemBody};
use super::resources::{self, WriteQuery};
use super::view::{Accepted, Resource};
use crate::access::{Action, Caller, TenantScope};
use crate::operation::OperationKind;

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
    /// Look whether a chain can be deleted.
    ///
    /// Lists what stands in the way; changes nothing.
    deletable chain_deletable at "/v1/chains/{name}:deletable";
}

/// How long a chain lies in the recycle bin.
const RECYCLED_FOR: Days = Days::new(7);

/// How a chain is deleted.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ChainDeleteQuery {
    /// Check everything, change nothing.
    #[serde(default)]
    pub validate_only: bool,
    /// Delete it now, past the recycle bin. What becomes of ledgers and keys is for its `deletionPolicy`.
    #[serde(default)]
    pub force: bool,
    /// Delete it now, and destroy its ledgers and keys too, whatever its `deletionPolicy` retains.
    #[serde(default)]
    pub purge: bool,
}

/// Delete a chain.
///
/// It rests in the recycle bin for seven days, its ledgers and keys kept, and can be brought back by `:undelete`; its
/// `purgeTime` tells when it is deleted for good.
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
    let scope = caller.may(Action::DeleteChains)?;
    let chain: Chain = resources::find(&app, &scope, &name).await?;
    if !query.force && !query.purge && chain.metadata.deletion_timestamp.is_none() {
        chain.may_go(&app, &scope).await?;
        let recycle = |chain: &mut Chain| {
            let delete_time = Time::now();
            chain.spec.recycled.get_or_insert(Recycled {
                delete_time,
                purge_time: Time::from(delete_time.get() + RECYCLED_FOR),
            });
            Ok(())
        };
        return resources::change(&app, &scope, &headers, &write, &name, OperationKind::Recycle, recycle).await;
    }
    if query.purge && !query.validate_only {
        chain.may_go(&app, &scope).await?;
        require_match(&headers, Some(&chain))?;
        destroy(&app, &scope, chain).await?;
        return resources::delete::<Chain>(&app, &caller, &HeaderMap::new(), &write, &name).await;
    }
    resources::delete::<Chain>(&app, &caller, &headers, &write, &name).await
}

/// Lets nothing be retained of a chain that is about to be deleted.
async fn destroy(app: &App, scope: &TenantScope, mut chain: Chain) -> Result<(), Problem> {
    chain.spec.deletion_policy = DeletionPolicy::Delete;
    // Compared before; what the operator writes down meanwhile is no reason to refuse.
    chain.metadata.resource_version = None;
    app.resources.replace(scope, &chain).await?;
    Ok(())
}

/// Bring a chain back from the recycle bin.
///
/// It goes on where it was when it was deleted.
#[utoipa::path(
    post, path = "/v1/chains/{name}:undelete", tag = "chains",
    params(("name" = String, Path, description = "Its name"), WriteQuery,
        ("If-Match" = Option<String>, Header, description = "Only when its etag is this one")),
    responses(
        (status = ACCEPTED, body = Accepted<Resource<ChainSpec, ChainStatus>>),
        (status = OK, body = Accepted<Resource<ChainSpec, ChainStatus>>, description = "Checked only"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn chain_undelete(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<WriteQuery>,
    headers: HeaderMap,
) -> Result<Accepted<View>, Problem> {
    let scope = caller.may(Action::DeleteChains)?;
    let undelete = |chain: &mut Chain| match chain.spec.recycled.take() {
        Some(_) if chain.metadata.deletion_timestamp.is_none() => Ok(()),
        _ => {
            let detail = format!("The chain \"{name}\" is not in the recycle bin.");
            Err(Problem::new(Code::NotRecycled, detail))
        }
    };
    resources::change(&app, &scope, &headers, &query, &name, OperationKind::Undelete, undelete).await
}

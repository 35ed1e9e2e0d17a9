//! `/v1/node-releases`.

use axum::extract::State;
use axum::http::HeaderMap;
use entente_api::NodeRelease;
use entente_api::node_release::{NodeReleaseSpec, NodeReleaseStatus};
use serde_json::Value;

use super::App;
use super::extract::{Json, Path, Query};
use super::page::{Page, PageQuery};
use super::problem::{Problem, ProblemBody};
use super::resources::{self, Tagged, WriteQuery};
use super::view::{Accepted, Desired, MergePatch, NewResource, Resource};
use crate::access::Caller;

// Written out in the annotations: the document names a generic type by its arguments, and cannot see through this.
type View = Resource<NodeReleaseSpec, NodeReleaseStatus>;

/// List node releases.
#[utoipa::path(
    get, path = "/v1/node-releases", tag = "node-releases", params(PageQuery),
    responses((status = OK, body = Page<Resource<NodeReleaseSpec, NodeReleaseStatus>>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn node_release_list(
    State(app): State<App>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<Page<View>>, Problem> {
    resources::list::<NodeRelease>(&app, &caller, &page)
        .await
        .map(axum::Json)
}

/// Create a node release.
///
/// Answers at once, with the operation that tracks it.
#[utoipa::path(
    post, path = "/v1/node-releases", tag = "node-releases", params(WriteQuery), request_body = NewResource<NodeReleaseSpec>,
    responses(
        (status = ACCEPTED, body = Accepted<Resource<NodeReleaseSpec, NodeReleaseStatus>>),
        (status = OK, body = Accepted<Resource<NodeReleaseSpec, NodeReleaseStatus>>, description = "Checked only"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn node_release_create(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<WriteQuery>,
    Json(body): Json<Value>,
) -> Result<Accepted<View>, Problem> {
    resources::create::<NodeRelease>(&app, &caller, &query, body).await
}

/// Read a node release.
#[utoipa::path(
    get, path = "/v1/node-releases/{name}", tag = "node-releases", params(("name" = String, Path, description = "Its name")),
    responses((status = OK, body = Resource<NodeReleaseSpec, NodeReleaseStatus>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn node_release_get(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Tagged<View>, Problem> {
    resources::get::<NodeRelease>(&app, &caller, &name).await
}

/// Make a node release what the body says, creating it when there is none.
#[utoipa::path(
    put, path = "/v1/node-releases/{name}", tag = "node-releases",
    params(("name" = String, Path, description = "Its name"), WriteQuery,
        ("If-Match" = Option<String>, Header, description = "Only when its etag is this one")),
    request_body = Desired<NodeReleaseSpec>,
    responses(
        (status = ACCEPTED, body = Accepted<Resource<NodeReleaseSpec, NodeReleaseStatus>>),
        (status = OK, body = Accepted<Resource<NodeReleaseSpec, NodeReleaseStatus>>, description = "Nothing had to be changed, or checked only"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn node_release_put(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<WriteQuery>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Result<Accepted<View>, Problem> {
    resources::put::<NodeRelease>(&app, &caller, &headers, &query, &name, body).await
}

/// Change a node release by a JSON Merge Patch.
#[utoipa::path(
    patch, path = "/v1/node-releases/{name}", tag = "node-releases",
    params(("name" = String, Path, description = "Its name"), WriteQuery,
        ("If-Match" = Option<String>, Header, description = "Only when its etag is this one")),
    request_body(content = MergePatch, content_type = "application/merge-patch+json"),
    responses(
        (status = ACCEPTED, body = Accepted<Resource<NodeReleaseSpec, NodeReleaseStatus>>),
        (status = OK, body = Accepted<Resource<NodeReleaseSpec, NodeReleaseStatus>>, description = "Nothing had to be changed, or checked only"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn node_release_patch(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<WriteQuery>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Result<Accepted<View>, Problem> {
    resources::patch::<NodeRelease>(&app, &caller, &headers, &query, &name, body).await
}

/// Delete a node release.
#[utoipa::path(
    delete, path = "/v1/node-releases/{name}", tag = "node-releases",
    params(("name" = String, Path, description = "Its name"), WriteQuery,
        ("If-Match" = Option<String>, Header, description = "Only when its etag is this one")),
    responses(
        (status = ACCEPTED, body = Accepted<Resource<NodeReleaseSpec, NodeReleaseStatus>>),
        (status = OK, body = Accepted<Resource<NodeReleaseSpec, NodeReleaseStatus>>, description = "Checked only"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn node_release_delete(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<WriteQuery>,
    headers: HeaderMap,
) -> Result<Accepted<View>, Problem> {
    resources::delete::<NodeRelease>(&app, &caller, &headers, &query, &name).await
}

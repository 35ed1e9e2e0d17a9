//! `/v1/contracts`.

use axum::extract::State;
use axum::http::HeaderMap;
use entente_api::Contract;
use entente_api::contract::{ContractSpec, ContractStatus};
use serde_json::Value;

use super::App;
use super::extract::{Json, Path, Query};
use super::page::{Page, PageQuery};
use super::problem::{Problem, ProblemBody};
use super::resources::{self, Tagged, WriteQuery};
use super::view::{Accepted, Desired, MergePatch, NewResource, Resource};
use crate::access::Caller;

// Written out in the annotations: the document names a generic type by its arguments, and cannot see through this.
type View = Resource<ContractSpec, ContractStatus>;

/// List contracts.
#[utoipa::path(
    get, path = "/v1/contracts", tag = "contracts", params(PageQuery),
    responses((status = OK, body = Page<Resource<ContractSpec, ContractStatus>>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn contract_list(
    State(app): State<App>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<Page<View>>, Problem> {
    resources::list::<Contract>(&app, &caller, &page).await.map(axum::Json)
}

/// Create a contract.
///
/// Answers at once, with the operation that tracks it.
#[utoipa::path(
    post, path = "/v1/contracts", tag = "contracts", params(WriteQuery), request_body = NewResource<ContractSpec>,
    responses(
        (status = ACCEPTED, body = Accepted<Resource<ContractSpec, ContractStatus>>),
        (status = OK, body = Accepted<Resource<ContractSpec, ContractStatus>>, description = "Checked only"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn contract_create(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<WriteQuery>,
    Json(body): Json<Value>,
) -> Result<Accepted<View>, Problem> {
    resources::create::<Contract>(&app, &caller, &query, body).await
}

/// Read a contract.
#[utoipa::path(
    get, path = "/v1/contracts/{name}", tag = "contracts", params(("name" = String, Path, description = "Its name")),
    responses((status = OK, body = Resource<ContractSpec, ContractStatus>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn contract_get(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Tagged<View>, Problem> {
    resources::get::<Contract>(&app, &caller, &name).await
}

/// Make a contract what the body says, creating it when there is none.
#[utoipa::path(
    put, path = "/v1/contracts/{name}", tag = "contracts",
    params(("name" = String, Path, description = "Its name"), WriteQuery,
        ("If-Match" = Option<String>, Header, description = "Only when its etag is this one")),
    request_body = Desired<ContractSpec>,
    responses(
        (status = ACCEPTED, body = Accepted<Resource<ContractSpec, ContractStatus>>),
        (status = OK, body = Accepted<Resource<ContractSpec, ContractStatus>>, description = "Nothing had to be changed, or checked only"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn contract_put(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<WriteQuery>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Result<Accepted<View>, Problem> {
    resources::put::<Contract>(&app, &caller, &headers, &query, &name, body).await
}

/// Change a contract by a JSON Merge Patch.
#[utoipa::path(
    patch, path = "/v1/contracts/{name}", tag = "contracts",
    params(("name" = String, Path, description = "Its name"), WriteQuery,
        ("If-Match" = Option<String>, Header, description = "Only when its etag is this one")),
    request_body(content = MergePatch, content_type = "application/merge-patch+json"),
    responses(
        (status = ACCEPTED, body = Accepted<Resource<ContractSpec, ContractStatus>>),
        (status = OK, body = Accepted<Resource<ContractSpec, ContractStatus>>, description = "Nothing had to be changed, or checked only"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn contract_patch(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<WriteQuery>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Result<Accepted<View>, Problem> {
    resources::patch::<Contract>(&app, &caller, &headers, &query, &name, body).await
}

/// Delete a contract.
#[utoipa::path(
    delete, path = "/v1/contracts/{name}", tag = "contracts",
    params(("name" = String, Path, description = "Its name"), WriteQuery,
        ("If-Match" = Option<String>, Header, description = "Only when its etag is this one")),
    responses(
        (status = ACCEPTED, body = Accepted<Resource<ContractSpec, ContractStatus>>),
        (status = OK, body = Accepted<Resource<ContractSpec, ContractStatus>>, description = "Checked only"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn contract_delete(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<WriteQuery>,
    headers: HeaderMap,
) -> Result<Accepted<View>, Problem> {
    resources::delete::<Contract>(&app, &caller, &headers, &query, &name).await
}

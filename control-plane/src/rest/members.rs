//! `/v1/members`.

use axum::extract::State;
use axum::http::HeaderMap;
use entente_api::Member;
use entente_api::member::{MemberSpec, MemberStatus};
use serde_json::Value;

use super::App;
use super::extract::{Json, Path, Query};
use super::page::{Page, PageQuery};
use super::problem::{Problem, ProblemBody};
use super::resources::{self, Tagged, WriteQuery};
use super::view::{Accepted, Desired, MergePatch, NewResource, Resource};
use crate::access::Caller;

// Written out in the annotations: the document names a generic type by its arguments, and cannot see through this.
type View = Resource<MemberSpec, MemberStatus>;

/// List members.
#[utoipa::path(
    get, path = "/v1/members", tag = "members", params(PageQuery),
    responses((status = OK, body = Page<Resource<MemberSpec, MemberStatus>>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn member_list(
    State(app): State<App>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<Page<View>>, Problem> {
    resources::list::<Member>(&app, &caller, &page).await.map(axum::Json)
}

/// Create a member.
///
/// Answers at once, with the operation that tracks it.
#[utoipa::path(
    post, path = "/v1/members", tag = "members", params(WriteQuery), request_body = NewResource<MemberSpec>,
    responses(
        (status = ACCEPTED, body = Accepted<Resource<MemberSpec, MemberStatus>>),
        (status = OK, body = Accepted<Resource<MemberSpec, MemberStatus>>, description = "Checked only"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn member_create(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<WriteQuery>,
    Json(body): Json<Value>,
) -> Result<Accepted<View>, Problem> {
    resources::create::<Member>(&app, &caller, &query, body).await
}

/// Read a member.
#[utoipa::path(
    get, path = "/v1/members/{name}", tag = "members", params(("name" = String, Path, description = "Its name")),
    responses((status = OK, body = Resource<MemberSpec, MemberStatus>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn member_get(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Tagged<View>, Problem> {
    resources::get::<Member>(&app, &caller, &name).await
}

/// Make a member what the body says, creating it when there is none.
#[utoipa::path(
    put, path = "/v1/members/{name}", tag = "members",
    params(("name" = String, Path, description = "Its name"), WriteQuery,
        ("If-Match" = Option<String>, Header, description = "Only when its etag is this one")),
    request_body = Desired<MemberSpec>,
    responses(
        (status = ACCEPTED, body = Accepted<Resource<MemberSpec, MemberStatus>>),
        (status = OK, body = Accepted<Resource<MemberSpec, MemberStatus>>, description = "Nothing had to be changed, or checked only"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn member_put(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<WriteQuery>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Result<Accepted<View>, Problem> {
    resources::put::<Member>(&app, &caller, &headers, &query, &name, body).await
}

/// Change a member by a JSON Merge Patch.
#[utoipa::path(
    patch, path = "/v1/members/{name}", tag = "members",
    params(("name" = String, Path, description = "Its name"), WriteQuery,
        ("If-Match" = Option<String>, Header, description = "Only when its etag is this one")),
    request_body(content = MergePatch, content_type = "application/merge-patch+json"),
    responses(
        (status = ACCEPTED, body = Accepted<Resource<MemberSpec, MemberStatus>>),
        (status = OK, body = Accepted<Resource<MemberSpec, MemberStatus>>, description = "Nothing had to be changed, or checked only"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn member_patch(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<WriteQuery>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Result<Accepted<View>, Problem> {
    resources::patch::<Member>(&app, &caller, &headers, &query, &name, body).await
}

/// Delete a member.
#[utoipa::path(
    delete, path = "/v1/members/{name}", tag = "members",
    params(("name" = String, Path, description = "Its name"), WriteQuery,
        ("If-Match" = Option<String>, Header, description = "Only when its etag is this one")),
    responses(
        (status = ACCEPTED, body = Accepted<Resource<MemberSpec, MemberStatus>>),
        (status = OK, body = Accepted<Resource<MemberSpec, MemberStatus>>, description = "Checked only"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn member_delete(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<WriteQuery>,
    headers: HeaderMap,
) -> Result<Accepted<View>, Problem> {
    resources::delete::<Member>(&app, &caller, &headers, &query, &name).await
}

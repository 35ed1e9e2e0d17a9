//! The handlers that every kind of resource has. A macro, because the OpenAPI document names each handler, and the types in
//! its bodies, one by one.

/// Handlers for one kind: its type with those of its spec and status, the paths of the collection and of one of them, the tag
/// in the document; then the names of the handlers, as the table of permissions knows them, with what the document says of
/// each. What a list can be narrowed down by beside what all lists can stands behind `by`. A kind whose deletion is a matter
/// of its own leaves `delete` out.
macro_rules! crud {
    (@narrowed) => { crate::rest::filter::All };
    (@narrowed $position:ident) => { $position };
    (
        $kind:ident($spec:ident, $status:ident) at $collection:tt, $item:tt as $tag:tt;
        $(#[$about_list:meta])* list $list:ident $(by $position:ident)?;
        $(#[$about_create:meta])* create $create:ident;
        $(#[$about_get:meta])* get $get:ident;
        $(#[$about_put:meta])* put $put:ident;
        $(#[$about_patch:meta])* patch $patch:ident;
        $(#[$about_deletable:meta])* deletable $deletable:ident at $deletable_path:tt;
        $($(#[$about_delete:meta])* delete $delete:ident;)?
    ) => {
        mod crud {
            use axum::extract::State;
            use axum::http::HeaderMap;
            use serde_json::Value;

            use super::{$kind, $spec, $status $(, $position)?};
            use crate::access::Caller;
            use crate::rest::App;
            use crate::rest::deletable::{self, Deletable};
            use crate::rest::extract::{Json, Path, Query};
            use crate::rest::filter::FilterQuery;
            use crate::rest::page::{Page, PageQuery};
            use crate::rest::problem::{Problem, ProblemBody};
            use crate::rest::resources::{self, Tagged, WriteQuery};
            use crate::rest::view::{Accepted, Desired, DetailQuery, MergePatch, NewResource, Resource};

            // Written out in the annotations: the document names a generic type by its arguments, and cannot see through this.
            type View = Resource<$spec, $status>;
            type Narrowed = crate::rest::crud::crud!(@narrowed $($position)?);

            $(#[$about_list])*
            #[utoipa::path(
                get, path = $collection, tag = $tag, params($($position,)? FilterQuery, DetailQuery, PageQuery),
                responses(
                    (status = OK, body = Page<Resource<$spec, $status>>),
                    (status = "default", body = ProblemBody, content_type = "application/problem+json"),
                ),
            )]
            pub async fn $list(
                State(app): State<App>,
                caller: Caller,
                Query(narrowed): Query<Narrowed>,
                Query(filter): Query<FilterQuery>,
                Query(detail): Query<DetailQuery>,
                Query(page): Query<PageQuery>,
            ) -> Result<axum::Json<Page<View>>, Problem> {
                resources::list::<$kind>(&app, &caller, &page, &filter, &narrowed, &detail).await.map(axum::Json)
            }

            $(#[$about_create])*
            #[utoipa::path(
                post, path = $collection, tag = $tag, params(WriteQuery), request_body = NewResource<$spec>,
                responses(
                    (status = ACCEPTED, body = Accepted<Resource<$spec, $status>>),
                    (status = OK, body = Accepted<Resource<$spec, $status>>, description = "Checked only"),
                    (status = "default", body = ProblemBody, content_type = "application/problem+json"),
                ),
            )]
            pub async fn $create(
                State(app): State<App>,
                caller: Caller,
                Query(query): Query<WriteQuery>,
                Json(body): Json<Value>,
            ) -> Result<Accepted<View>, Problem> {
                resources::create::<$kind>(&app, &caller, &query, body).await
            }

            $(#[$about_get])*
            #[utoipa::path(
                get, path = $item, tag = $tag, params(("name" = String, Path, description = "Its name")),
                responses(
                    (status = OK, body = Resource<$spec, $status>),
                    (status = "default", body = ProblemBody, content_type = "application/problem+json"),
                ),
            )]
            pub async fn $get(
                State(app): State<App>,
                caller: Caller,
                Path(name): Path<String>,
            ) -> Result<Tagged<View>, Problem> {
                resources::get::<$kind>(&app, &caller, &name).await
            }

            $(#[$about_put])*
            #[utoipa::path(
                put, path = $item, tag = $tag,
                params(("name" = String, Path, description = "Its name"), WriteQuery,
                    ("If-Match" = Option<String>, Header, description = "Only when its etag is this one")),
                request_body = Desired<$spec>,
                responses(
                    (status = ACCEPTED, body = Accepted<Resource<$spec, $status>>),
                    (status = OK, body = Accepted<Resource<$spec, $status>>,
                        description = "Nothing had to be changed, or checked only"),
                    (status = "default", body = ProblemBody, content_type = "application/problem+json"),
                ),
            )]
            pub async fn $put(
                State(app): State<App>,
                caller: Caller,
                Path(name): Path<String>,
                Query(query): Query<WriteQuery>,
                headers: HeaderMap,
                Json(body): Json<Value>,
            ) -> Result<Accepted<View>, Problem> {
                resources::put::<$kind>(&app, &caller, &headers, &query, &name, body).await
            }

            $(#[$about_patch])*
            #[utoipa::path(
                patch, path = $item, tag = $tag,
                params(("name" = String, Path, description = "Its name"), WriteQuery,
                    ("If-Match" = Option<String>, Header, description = "Only when its etag is this one")),
                request_body(content = MergePatch, content_type = "application/merge-patch+json"),
                responses(
                    (status = ACCEPTED, body = Accepted<Resource<$spec, $status>>),
                    (status = OK, body = Accepted<Resource<$spec, $status>>,
                        description = "Nothing had to be changed, or checked only"),
                    (status = "default", body = ProblemBody, content_type = "application/problem+json"),
                ),
            )]
            pub async fn $patch(
                State(app): State<App>,
                caller: Caller,
                Path(name): Path<String>,
                Query(query): Query<WriteQuery>,
                headers: HeaderMap,
                Json(body): Json<Value>,
            ) -> Result<Accepted<View>, Problem> {
                resources::patch::<$kind>(&app, &caller, &headers, &query, &name, body).await
            }

            $(#[$about_deletable])*
            #[utoipa::path(
                get, path = $deletable_path, tag = $tag, params(("name" = String, Path, description = "Its name")),
                responses(
                    (status = OK, body = Deletable),
                    (status = "default", body = ProblemBody, content_type = "application/problem+json"),
                ),
            )]
            pub async fn $deletable(
                State(app): State<App>,
                caller: Caller,
                Path(name): Path<String>,
            ) -> Result<axum::Json<Deletable>, Problem> {
                deletable::deletable::<$kind>(&app, &caller, &name).await
            }

            $(
                $(#[$about_delete])*
                #[utoipa::path(
                    delete, path = $item, tag = $tag,
                    params(("name" = String, Path, description = "Its name"), WriteQuery,
                        ("If-Match" = Option<String>, Header, description = "Only when its etag is this one")),
                    responses(
                        (status = ACCEPTED, body = Accepted<Resource<$spec, $status>>),
                        (status = OK, body = Accepted<Resource<$spec, $status>>, description = "Checked only"),
                        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
                    ),
                )]
                pub async fn $delete(
                    State(app): State<App>,
                    caller: Caller,
                    Path(name): Path<String>,
                    Query(query): Query<WriteQuery>,
                    headers: HeaderMap,
                ) -> Result<Accepted<View>, Problem> {
                    resources::delete::<$kind>(&app, &caller, &headers, &query, &name).await
                }
            )?
        }
        pub use crud::*;
    };
}
pub(super) use crud;

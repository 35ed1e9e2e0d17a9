//! `/v1/service-accounts`: which ServiceAccounts of the cluster work in the tenant, and as what.

use axum::extract::State;
use axum::http::StatusCode;
use entente_api::names;
use entente_api::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::App;
use super::codes::Code;
use super::extract::{Json, Path, Query};
use super::page::{Page, PageQuery};
use super::problem::{FieldError, Problem, ProblemBody};
use super::request_id;
use super::users::{check_organization, outranks};
use crate::access::service_accounts::ServiceAccount;
use crate::access::{Action, Caller, Role};
use crate::store::access::service_accounts::{self, Bound};

/// A ServiceAccount to let in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewServiceAccount {
    /// Its namespace in the cluster; the tenant's own when absent.
    #[serde(default)]
    #[schema(example = "hebei-finance")]
    pub namespace: Option<String>,
    /// Its name there.
    #[schema(example = "reconciliation")]
    pub name: String,
    /// What it will be in the tenant.
    pub role: Role,
}

/// A ServiceAccount that works in the tenant.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceAccountView {
    /// Id of its place in the tenant.
    #[schema(example = "01939b2e-6f3a-7c11-a3c5-0d1f5a2b7c9e")]
    pub id: String,
    /// Its namespace in the cluster.
    #[schema(example = "hebei-finance")]
    pub namespace: String,
    /// Its name there.
    #[schema(example = "reconciliation")]
    pub name: String,
    /// What it is in the tenant.
    pub role: Role,
    /// Who has let it in.
    #[schema(example = "wang@bank.example")]
    pub created_by: String,
    /// When it was let in.
    pub create_time: Time,
    /// When it last came in, to the minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_time: Option<Time>,
}

impl From<Bound> for ServiceAccountView {
    fn from(bound: Bound) -> ServiceAccountView {
        ServiceAccountView {
            id: bound.id,
            namespace: bound.account.namespace,
            name: bound.account.name,
            role: bound.role,
            created_by: bound.created_by,
            create_time: bound.create_time,
            use_time: bound.use_time,
        }
    }
}

/// Let a ServiceAccount of the cluster into the tenant.
///
/// From then on its tokens, made for the installation's audience, are taken in `Authorization: Bearer`.
#[utoipa::path(
    post, path = "/v1/service-accounts", tag = "service accounts", request_body = NewServiceAccount,
    responses((status = CREATED, body = ServiceAccountView), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn service_account_create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<NewServiceAccount>,
) -> Result<(StatusCode, axum::Json<ServiceAccountView>), Problem> {
    let scope = caller.may(Action::ManageUsers)?;
    outranks(&caller, body.role)?;
    // A vote is a person's.
    check_organization(&app, &scope, body.role, None).await?;
    let account = ServiceAccount {
        namespace: body.namespace.unwrap_or_else(|| scope.namespace().to_owned()),
        name: body.name,
    };
    check(&account)?;
    if app.gate.service_accounts.is_none() {
        let detail = "This installation takes no tokens of ServiceAccounts: it does not run on Kubernetes, or without --token-audience.";
        return Err(Problem::invalid(vec![FieldError::invalid("", detail)]));
    }
    let bound = Bound {
        id: uuid::Uuid::now_v7().to_string(),
        account,
        role: body.role,
        created_by: caller.actor.to_string(),
        create_time: Time::now(),
        use_time: None,
    };
    if !service_accounts::insert(&app.db, &scope, &bound).await? {
        let detail = format!("{} works in the tenant already.", bound.account);
        return Err(Problem::new(Code::AlreadyExists, detail)
            .with_hint("Take it out first (DELETE /v1/service-accounts/{id}) to let it in with another role."));
    }
    let note = request_id::current().note;
    note.object(format!("service-accounts/{}", bound.id));
    note.after(&told(&bound));
    Ok((StatusCode::CREATED, axum::Json(bound.into())))
}

/// As the API server would check it.
fn check(account: &ServiceAccount) -> Result<(), Problem> {
    let namespace = names::check_label(&account.namespace);
    let name = names::check_subdomain(&account.name);
    let errors = [("/namespace", namespace), ("/name", name)];
    let errors = errors
        .into_iter()
        .filter_map(|(pointer, checked)| Some(FieldError::invalid(pointer, checked.err()?)));
    Problem::unless_valid(errors.collect())
}

fn told(bound: &Bound) -> serde_json::Value {
    json!({"namespace": bound.account.namespace, "name": bound.account.name, "role": bound.role})
}

/// List the ServiceAccounts that work in the tenant, oldest first.
#[utoipa::path(
    get, path = "/v1/service-accounts", tag = "service accounts", params(PageQuery),
    responses((status = OK, body = Page<ServiceAccountView>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn service_account_list(
    State(app): State<App>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<Page<ServiceAccountView>>, Problem> {
    let scope = caller.may(Action::ReadUsers)?;
    let window = page.window("service-accounts")?;
    let mut found = service_accounts::list(&app.db, &scope, window.after.as_deref(), window.size + 1).await?;
    let page = window.close(&mut found, |bound| bound.id.clone());
    Ok(axum::Json(page.map(ServiceAccountView::from)))
}

/// Read what a ServiceAccount is in the tenant.
#[utoipa::path(
    get, path = "/v1/service-accounts/{id}", tag = "service accounts", params(("id" = String, Path, description = "Id of its place in the tenant")),
    responses((status = OK, body = ServiceAccountView), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn service_account_get(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::Json<ServiceAccountView>, Problem> {
    let scope = caller.may(Action::ReadUsers)?;
    let found = service_accounts::get(&app.db, &scope, &id).await?;
    found.map(|bound| axum::Json(bound.into())).ok_or_else(|| no_such(&id))
}

/// Take a ServiceAccount out of the tenant.
///
/// Its tokens open nothing there from now on.
#[utoipa::path(
    delete, path = "/v1/service-accounts/{id}", tag = "service accounts", params(("id" = String, Path, description = "Id of its place in the tenant")),
    responses((status = NO_CONTENT), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn service_account_delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let scope = caller.may(Action::ManageUsers)?;
    let found = service_accounts::get(&app.db, &scope, &id).await?;
    let bound = found.ok_or_else(|| no_such(&id))?;
    outranks(&caller, bound.role)?;
    request_id::current().note.before(&told(&bound));
    match service_accounts::delete(&app.db, &scope, &id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(no_such(&id)),
    }
}

fn no_such(id: &str) -> Problem {
    Problem::not_found("ServiceAccount", id)
}

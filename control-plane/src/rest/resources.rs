//! Create, read, list, change and delete: the same for every kind of resource. The handlers of each kind name the
//! paths and types, and come here.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use entente_api::time::Time;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;

use super::App;
use super::bodies::{read_desired, read_new, read_patched};
use super::codes::Code;
use super::filter::{FilterQuery, Wanted};
use super::guards::{refuse_derived, refuse_while_running, require_match};
use super::kind::Kind;
use super::page::{Page, PageQuery};
use super::problem::{FieldError, Problem};
use super::quota;
use super::records;
use super::request_id;
use super::view::{Accepted, DetailQuery, View, etag, shared_view, view};
use crate::access::{Action, Caller, TenantScope};
use crate::operation::{Operation, OperationKind, Target};
use crate::store;
use crate::store::resource::WriteError;

/// How often a change is tried again when somebody else (mostly the operator, writing a status) was faster.
const TRIES: usize = 20;

/// Whether a change is carried out or only checked.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct WriteQuery {
    /// Check everything, change nothing.
    #[serde(default)]
    pub validate_only: bool,
}

/// `202` with the operation's address, or `200` when there is nothing to wait for.
impl<R: serde::Serialize> IntoResponse for Accepted<R> {
    fn into_response(self) -> Response {
        let location = self
            .operation
            .as_ref()
            .map(|operation| format!("/v1/operations/{}", operation.id));
        let status = if self.operation.is_some() {
            StatusCode::ACCEPTED
        } else {
            StatusCode::OK
        };
        let mut response = (status, axum::Json(self)).into_response();
        if let Some(location) = location.and_then(|location| HeaderValue::from_str(&location).ok()) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        response
    }
}

/// A resource with its entity tag.
pub struct Tagged<R>(pub String, pub R);

impl<R: serde::Serialize> IntoResponse for Tagged<R> {
    fn into_response(self) -> Response {
        let mut response = axum::Json(self.1).into_response();
        if let Ok(tag) = HeaderValue::from_str(&self.0) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}

/// The scope in which a caller may do something with resources of a kind.
pub(super) fn scope(caller: &Caller, action: Action) -> Result<TenantScope, Problem> {
    match action.is_of_the_platform() {
        true => caller.may_on_the_platform(action).map(|_| caller.own_scope()),
        false => caller.may(action),
    }
}

pub async fn list<K: Kind>(
    app: &App,
    caller: &Caller,
    page: &PageQuery,
    query: &FilterQuery,
    narrowed: &impl Wanted<K>,
    detail: &DetailQuery,
) -> Result<Page<View<K>>, Problem> {
    let scope = scope(caller, K::READ)?;
    let mut list = query.list(K::PATH);
    if !narrowed.is_all() {
        list.push_str(&format!(" {narrowed:?}"));
    }
    let (sought, window) = (query.sought()?, page.window(&list)?);
    let (after, limit) = (window.after.as_deref(), window.size + 1);
    let part = app
        .resources
        .part(&scope, after, limit, &sought, |resource| narrowed.takes(resource));
    let own: Vec<K> = part.await?;
    let mut found: Vec<View<K>> = own.iter().map(view).collect();
    let shared = K::shared(app, &scope).await?;
    let wanted = shared
        .iter()
        .filter(|(resource, _)| sought.takes_one(resource) && narrowed.takes(resource));
    let behind = |view: &View<K>| after.is_none_or(|after| *view.name > *after);
    found.extend(wanted.map(shared_view).filter(behind));
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found.truncate(limit);
    let page = window.close(&mut found, |view| view.name.clone());
    Ok(page.map(|view| detail.shown(view)))
}

pub async fn get<K: Kind>(app: &App, caller: &Caller, name: &str) -> Result<Tagged<View<K>>, Problem> {
    let scope = scope(caller, K::READ)?;
    if let Some(resource) = app.resources.get::<K>(&scope, name).await? {
        return Ok(Tagged(etag(resource.meta()), view(&resource)));
    }
    let shared = K::shared_as(app, &scope, name).await?;
    let shared = shared.ok_or_else(|| Problem::not_found(K::NOUN, name))?;
    Ok(Tagged(etag(shared.0.meta()), shared_view(&shared)))
}

/// The tenant's own resource, or the problem that there is none to change.
pub async fn find<K: Kind>(app: &App, scope: &TenantScope, name: &str) -> Result<K, Problem> {
    match app.resources.get(scope, name).await? {
        Some(found) => Ok(found),
        None => {
            refuse_shared::<K>(app, scope, name).await?;
            Err(Problem::not_found(K::NOUN, name))
        }
    }
}

/// What another tenant shares is changed by that one alone.
async fn refuse_shared<K: Kind>(app: &App, scope: &TenantScope, name: &str) -> Result<(), Problem> {
    let Some((_, owner)) = K::shared_as(app, scope, name).await? else {
        return Ok(());
    };
    let roles: Vec<&str> = K::WRITE.roles().iter().map(|role| role.as_str()).collect();
    let detail = format!("The {} \"{name}\" belongs to the tenant \"{owner}\".", K::NOUN);
    let hint = format!(
        "It can be changed there, by these roles: {}. Your own part in it is your Member.",
        roles.join(", ")
    );
    Err(Problem::new(Code::Forbidden, detail).with_hint(hint))
}

pub async fn create<K: Kind>(
    app: &App,
    caller: &Caller,
    query: &WriteQuery,
    body: Value,
) -> Result<Accepted<View<K>>, Problem> {
    let scope = scope(caller, K::WRITE)?;
    let resource = read_new::<K>(body)?;
    if resource.recycled().is_some() {
        let error = FieldError::invalid("/spec/recycled", "a new resource is not in the recycle bin");
        return Err(Problem::invalid(vec![error]));
    }
    if !scope.reaches(resource.chain()) {
        let detail = format!(
            "This API key is limited to other chains than \"{}\".",
            resource.chain().unwrap_or_default()
        );
        return Err(Problem::new(Code::Forbidden, detail));
    }
    if app
        .resources
        .get::<K>(&scope, resource.meta().name.as_deref().unwrap_or_default())
        .await?
        .is_some()
    {
        return Err(taken(&resource));
    }
    Problem::unless_valid(resource.check_references(app, &scope, None).await?)?;
    records::require(app, &scope, None, &resource).await?;
    let _turn = quota::admit(app, &scope, None, &resource).await?;
    if query.validate_only {
        return Ok(Accepted {
            resource: view(&resource),
            operation: None,
        });
    }
    noted(None, Some(&resource));
    let created = app
        .resources
        .create(&scope, &resource)
        .await
        .map_err(|error| match error {
            WriteError::Exists => taken(&resource),
            other => other.into(),
        })?;
    accept(app, &scope, OperationKind::Create, created).await
}

/// Says what is changed, for the audit's row.
fn noted<K: Kind>(before: Option<&K>, after: Option<&K>) {
    let note = request_id::current().note;
    let name = before.or(after).and_then(|resource| resource.meta().name.as_deref());
    note.object(format!("{}/{}", K::PATH, name.unwrap_or_default()));
    if let Some(before) = before {
        note.before(before.spec());
    }
    if let Some(after) = after {
        note.after(after.spec());
    }
}

fn taken<K: Kind>(resource: &K) -> Problem {
    let name = resource.meta().name.as_deref().unwrap_or_default();
    Problem::new(
        Code::AlreadyExists,
        format!("There is a {} \"{name}\" already.", K::NOUN),
    )
}

/// Makes the resource what the body says, creating it when there is none.
pub async fn put<K: Kind>(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    query: &WriteQuery,
    name: &str,
    body: Value,
) -> Result<Accepted<View<K>>, Problem> {
    let scope = scope(caller, K::WRITE)?;
    for _ in 0..TRIES {
        let old: Option<K> = app.resources.get(&scope, name).await?;
        require_match(headers, old.as_ref())?;
        let Some(old) = old else {
            refuse_shared::<K>(app, &scope, name).await?;
            let mut body = body.clone();
            if let Value::Object(fields) = &mut body {
                fields.insert("name".to_owned(), json!(name));
                fields.retain(|key, value| key != "labels" || !value.is_null());
            }
            match create::<K>(app, caller, query, body).await {
                Err(problem) if problem.code() == Code::AlreadyExists => continue,
                answer => return answer,
            }
        };
        let new = read_desired(&old, body.clone())?;
        if let Some(answer) = replace(app, &scope, query, &old, new).await? {
            return Ok(answer);
        }
    }
    Err(busy(K::NOUN, name))
}

/// Changes the resource by a JSON Merge Patch.
pub async fn patch<K: Kind>(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    query: &WriteQuery,
    name: &str,
    body: Value,
) -> Result<Accepted<View<K>>, Problem> {
    let scope = scope(caller, K::WRITE)?;
    for _ in 0..TRIES {
        let old: K = find(app, &scope, name).await?;
        require_match(headers, Some(&old))?;
        let new = read_patched(&old, &body)?;
        if let Some(answer) = replace(app, &scope, query, &old, new).await? {
            return Ok(answer);
        }
    }
    Err(busy(K::NOUN, name))
}

/// `None` when somebody else was faster.
async fn replace<K: Kind>(
    app: &App,
    scope: &TenantScope,
    query: &WriteQuery,
    old: &K,
    new: K,
) -> Result<Option<Accepted<View<K>>>, Problem> {
    refuse_derived(old)?;
    let mut errors = new.immutable_changes(old);
    if errors.is_empty() {
        errors = new.check();
    }
    Problem::unless_valid(errors)?;
    Problem::unless_valid(new.check_references(app, scope, Some(old)).await?)?;
    let changed = new.spec() != old.spec() || new.meta().labels != old.meta().labels;
    records::require(app, scope, Some(old), &new).await?;
    let _turn = quota::admit(app, scope, Some(old), &new).await?;
    if !changed || query.validate_only {
        return Ok(Some(Accepted {
            resource: view(&new),
            operation: None,
        }));
    }
    write(app, scope, OperationKind::Update, old, &new).await
}

/// Writes a change that may be made. `None` when somebody else was faster.
async fn write<K: Kind>(
    app: &App,
    scope: &TenantScope,
    kind: OperationKind,
    old: &K,
    new: &K,
) -> Result<Option<Accepted<View<K>>>, Problem> {
    noted(Some(old), Some(new));
    // Whoever deletes it, or wants it back, does not wait for what is under way.
    if kind == OperationKind::Update {
        refuse_while_running(app, scope, old).await?;
    }
    match app.resources.replace(scope, new).await {
        Ok(written) => accept(app, scope, kind, written).await.map(Some),
        Err(WriteError::Conflict) => Ok(None),
        Err(WriteError::NotFound) => Err(Problem::not_found(
            K::NOUN,
            old.meta().name.as_deref().unwrap_or_default(),
        )),
        Err(other) => Err(other.into()),
    }
}

/// Changes the resource in a way that the API has a verb for. `change` says what it is after, or why it cannot be.
pub async fn change<K: Kind>(
    app: &App,
    scope: &TenantScope,
    headers: &HeaderMap,
    query: &WriteQuery,
    name: &str,
    kind: OperationKind,
    change: impl Fn(&mut K) -> Result<(), Problem>,
) -> Result<Accepted<View<K>>, Problem> {
    for _ in 0..TRIES {
        let old: K = find(app, scope, name).await?;
        require_match(headers, Some(&old))?;
        let mut new = old.clone();
        change(&mut new)?;
        if query.validate_only {
            return Ok(Accepted {
                resource: view(&new),
                operation: None,
            });
        }
        if let Some(answer) = write(app, scope, kind, &old, &new).await? {
            return Ok(answer);
        }
    }
    Err(busy(K::NOUN, name))
}

pub async fn delete<K: Kind>(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    query: &WriteQuery,
    name: &str,
) -> Result<Accepted<View<K>>, Problem> {
    let scope = scope(caller, K::DELETE)?;
    let old: K = find(app, &scope, name).await?;
    require_match(headers, Some(&old))?;
    refuse_derived(&old)?;
    old.may_go(app, &scope).await?;
    if query.validate_only {
        return Ok(Accepted {
            resource: view(&old),
            operation: None,
        });
    }
    noted(Some(&old), None);
    // Before the deletion: afterwards there may be nothing left to tell the operation's target from.
    let operation = Operation::start(OperationKind::Delete, target(&old), Time::now());
    store::operation::insert(&app.db, &scope, &operation).await?;
    app.resources.delete::<K>(&scope, name).await?;
    let operation = app.operations.refresh(&scope, operation).await?;
    let left = app.resources.get::<K>(&scope, name).await?;
    Ok(Accepted {
        resource: view(left.as_ref().unwrap_or(&old)),
        operation: Some(operation),
    })
}

async fn accept<K: Kind>(
    app: &App,
    scope: &TenantScope,
    kind: OperationKind,
    resource: K,
) -> Result<Accepted<View<K>>, Problem> {
    let operation = Operation::start(kind, target(&resource), Time::now());
    store::operation::insert(&app.db, scope, &operation).await?;
    app.operations.woken();
    Ok(Accepted {
        resource: view(&resource),
        operation: Some(operation),
    })
}

pub(super) fn target<K: Kind>(resource: &K) -> Target {
    let meta = resource.meta();
    Target::new(
        &K::kind(&()),
        meta.name.as_deref().unwrap_or_default(),
        meta.uid.as_deref().unwrap_or_default(),
        meta.generation.unwrap_or(1),
    )
}

fn busy(noun: &str, name: &str) -> Problem {
    Problem::new(
        Code::Conflict,
        format!("The {noun} \"{name}\" is being changed by others all the time."),
    )
}

//! Create, read, list, change and delete: the same for every kind of resource. The handlers of each kind name the
//! paths and types, and come here.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use entente_api::condition::{State, StepState};
use entente_api::names::{self, label};
use entente_api::schema;
use entente_api::time::Time;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;

use super::App;
use super::auth::{Action, Caller, TenantScope};
use super::codes::Code;
use super::extract;
use super::kind::Kind;
use super::page::{Page, PageQuery};
use super::problem::{FieldError, Problem};
use super::view::{Accepted, View, etag, view};
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

pub async fn list<K: Kind>(app: &App, caller: &Caller, page: &PageQuery) -> Result<Page<View<K>>, Problem> {
    let scope = caller.may(Action::Read)?;
    let window = page.window(K::PATH)?;
    let mut all: Vec<K> = app.resources.list(&scope).await?;
    all.sort_by(|a, b| a.meta().name.cmp(&b.meta().name));
    Ok(window
        .page(all, |resource| resource.meta().name.clone().unwrap_or_default())
        .map(|resource| view(&resource)))
}

pub async fn get<K: Kind>(app: &App, caller: &Caller, name: &str) -> Result<Tagged<View<K>>, Problem> {
    let scope = caller.may(Action::Read)?;
    let resource: K = find(app, &scope, name).await?;
    Ok(Tagged(etag(resource.meta()), view(&resource)))
}

/// The resource, or the problem that there is none.
pub async fn find<K: Kind>(app: &App, scope: &TenantScope, name: &str) -> Result<K, Problem> {
    app.resources
        .get(scope, name)
        .await?
        .ok_or_else(|| Problem::not_found(K::NOUN, name))
}

pub async fn create<K: Kind>(
    app: &App,
    caller: &Caller,
    query: &WriteQuery,
    body: Value,
) -> Result<Accepted<View<K>>, Problem> {
    let scope = caller.may(Action::Write)?;
    let resource = read_new::<K>(body)?;
    if app
        .resources
        .get::<K>(&scope, resource.meta().name.as_deref().unwrap_or_default())
        .await?
        .is_some()
    {
        return Err(taken(&resource));
    }
    if query.validate_only {
        return Ok(Accepted {
            resource: view(&resource),
            operation: None,
        });
    }
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
    let scope = caller.may(Action::Write)?;
    for _ in 0..TRIES {
        let old: Option<K> = app.resources.get(&scope, name).await?;
        require_match(headers, old.as_ref())?;
        let Some(old) = old else {
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
    let scope = caller.may(Action::Write)?;
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
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let changed = new.spec() != old.spec() || new.meta().labels != old.meta().labels;
    if !changed || query.validate_only {
        return Ok(Some(Accepted {
            resource: view(&new),
            operation: None,
        }));
    }
    refuse_while_running(app, scope, old).await?;
    match app.resources.replace(scope, &new).await {
        Ok(written) => accept(app, scope, OperationKind::Update, written).await.map(Some),
        Err(WriteError::Conflict) => Ok(None),
        Err(WriteError::NotFound) => Err(Problem::not_found(
            K::NOUN,
            old.meta().name.as_deref().unwrap_or_default(),
        )),
        Err(other) => Err(other.into()),
    }
}

pub async fn delete<K: Kind>(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    query: &WriteQuery,
    name: &str,
) -> Result<Accepted<View<K>>, Problem> {
    let scope = caller.may(Action::Write)?;
    let old: K = find(app, &scope, name).await?;
    require_match(headers, Some(&old))?;
    refuse_derived(&old)?;
    if query.validate_only {
        return Ok(Accepted {
            resource: view(&old),
            operation: None,
        });
    }
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

/// `If-Match` (RFC 9110 §13.1.1); `*` asks only that it exists.
fn require_match<K: Kind>(headers: &HeaderMap, resource: Option<&K>) -> Result<(), Problem> {
    let Some(wanted) = headers.get(header::IF_MATCH) else {
        return Ok(());
    };
    let wanted = wanted.to_str().unwrap_or_default();
    let current = resource.map(|resource| etag(resource.meta()));
    let matches = |current: &str| wanted.split(',').map(str::trim).any(|tag| tag == "*" || tag == current);
    if current.as_deref().is_some_and(matches) {
        return Ok(());
    }
    let detail = match current {
        Some(current) => format!("Its etag is {current}, not {wanted}."),
        None => format!("There is no such {}.", K::NOUN),
    };
    Err(Problem::new(Code::PreconditionFailed, detail))
}

/// What a chain has made is changed through the chain: the operator would undo anything else.
fn refuse_derived<K: Kind>(resource: &K) -> Result<(), Problem> {
    let labels = resource.meta().labels.as_ref();
    let get = |key: &str| labels.and_then(|labels| labels.get(key)).map(String::as_str);
    let name = resource.meta().name.as_deref().unwrap_or_default();
    match (get(label::MANAGED_BY), get(label::CHAIN)) {
        (Some(names::MANAGER), Some(chain)) => {
            let detail = format!("The {} \"{name}\" belongs to the chain \"{chain}\".", K::NOUN);
            Err(Problem::new(Code::InUse, detail)
                .with_hint(format!("Change the spec of the chain \"{chain}\" instead.")))
        }
        _ => Ok(()),
    }
}

/// One change at a time, so that each operation has an outcome of its own. When the one before is stuck (a step fails
/// again and again) the way out is an edit, so it is let through.
async fn refuse_while_running<K: Kind>(app: &App, scope: &TenantScope, resource: &K) -> Result<(), Problem> {
    let running = store::operation::running(&app.db, scope, Some(&target(resource))).await?;
    let stuck = resource.progress().is_some_and(|progress| {
        matches!(progress.state, State::Failed | State::Rejected | State::Degraded)
            || progress.steps.iter().any(|step| step.state == StepState::Failed)
    });
    for operation in running.into_iter().filter(|_| !stuck) {
        let operation = app.operations.refresh(scope, operation).await?;
        if !operation.state.is_terminal() {
            let detail = format!(
                "Operation {} ({}) is in progress.",
                operation.id,
                operation.kind.as_str()
            );
            let problem = Problem::new(Code::OperationInProgress, detail);
            return Err(problem.with_operation(operation.id).with_retry_after(1));
        }
    }
    Ok(())
}

/// Reads a body `{name, labels, spec}`.
pub(super) fn read_new<K: Kind>(body: Value) -> Result<K, Problem> {
    refuse_unknown_fields::<K>(&body)?;
    let new: super::view::NewResource<K::Spec> =
        extract::from_value(body).map_err(|error| Problem::invalid(vec![error]))?;
    let mut resource = K::create(&new.name, new.spec);
    resource.meta_mut().labels = (!new.labels.is_empty()).then_some(new.labels);
    let mut errors: Vec<FieldError> = names::check_label(&new.name)
        .err()
        .map(|detail| FieldError::invalid("/name", detail))
        .into_iter()
        .collect();
    errors.extend(check_labels(resource.meta().labels.as_ref()));
    errors.extend(resource.check());
    if errors.is_empty() {
        Ok(resource)
    } else {
        Err(Problem::invalid(errors))
    }
}

fn read_desired<K: Kind>(old: &K, body: Value) -> Result<K, Problem> {
    refuse_unknown_fields::<K>(&body)?;
    let desired: super::view::Desired<K::Spec> =
        extract::from_value(body).map_err(|error| Problem::invalid(vec![error]))?;
    let mut new = old.clone();
    *new.spec_mut() = desired.spec;
    if let Some(labels) = desired.labels {
        new.meta_mut().labels = (!labels.is_empty()).then_some(labels);
    }
    let errors = check_labels(new.meta().labels.as_ref());
    if errors.is_empty() {
        Ok(new)
    } else {
        Err(Problem::invalid(errors))
    }
}

fn read_patched<K: Kind>(old: &K, patch: &Value) -> Result<K, Problem> {
    let Value::Object(fields) = patch else {
        return Err(Problem::new(
            Code::MalformedBody,
            "A merge patch of a resource is a JSON object.",
        ));
    };
    if let Some(other) = fields.keys().find(|key| !matches!(key.as_str(), "labels" | "spec")) {
        let code = if matches!(other.as_str(), "name" | "uid" | "createTime") {
            "immutable"
        } else {
            "unknown_field"
        };
        let detail = "only `labels` and `spec` can be changed";
        return Err(Problem::invalid(vec![FieldError::new(
            format!("/{other}"),
            code,
            detail,
        )]));
    }
    let spec = serde_json::to_value(old.spec()).map_err(Problem::internal)?;
    let mut whole = json!({"labels": old.meta().labels, "spec": spec});
    merge(&mut whole, patch);
    read_desired(old, whole)
}

/// RFC 7396.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    if let Value::Object(target) = target {
        for (key, value) in patch {
            if value.is_null() {
                target.remove(key);
            } else {
                merge(target.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
    }
}

/// A misspelt field would otherwise be ignored, and the default be used in its place.
fn refuse_unknown_fields<K: Kind>(body: &Value) -> Result<(), Problem> {
    let unknown = schema::unknown_fields(&K::kind(&()), body);
    if unknown.is_empty() {
        return Ok(());
    }
    let error = |pointer: String| FieldError::new(pointer, "unknown_field", "there is no such field");
    Err(Problem::invalid(unknown.into_iter().map(error).collect()))
}

fn check_labels(labels: Option<&std::collections::BTreeMap<String, String>>) -> Vec<FieldError> {
    let wrong = |text: &str| text.len() > 253 || text.chars().any(char::is_control);
    labels
        .into_iter()
        .flatten()
        .filter(|(key, value)| key.is_empty() || wrong(key) || wrong(value))
        .map(|(key, _)| {
            FieldError::invalid(
                format!("/labels/{}", key.replace('~', "~0").replace('/', "~1")),
                "a label has a key and a value of at most 253 characters",
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use entente_api::Chain;

    #[test]
    fn a_merge_patch_replaces_adds_and_removes() {
        let mut target = json!({"a": 1, "b": {"c": 2, "d": 3}, "e": [1, 2]});

        merge(
            &mut target,
            &json!({"a": null, "b": {"c": 9, "x": {"y": null}}, "e": [3]}),
        );

        assert_eq!(target, json!({"b": {"c": 9, "d": 3, "x": {}}, "e": [3]}));
    }

    #[test]
    fn a_misspelt_field_is_refused_by_its_pointer() {
        let body = json!({"name": "ledger", "spec": {"members": [{"organization": "bank", "peer": 2}]}});

        let problem = read_new::<Chain>(body).unwrap_err();

        assert_eq!(problem.to_string(), "/spec/members/0/peer: there is no such field");
    }

    #[test]
    fn a_field_of_the_wrong_type_is_named() {
        let body = json!({"name": "ledger", "spec": {"members": [{"organization": "bank", "peers": "two"}]}});

        let problem = read_new::<Chain>(body).unwrap_err();

        assert_eq!(
            problem.to_string(),
            "/spec/members/0/peers: invalid type: string \"two\", expected u32"
        );
    }
}

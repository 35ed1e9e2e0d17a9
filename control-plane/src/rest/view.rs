//! Resources as the API shows them: the same `spec` and `status` as the custom resource, with the standard fields of a
//! REST API around them.

use std::collections::BTreeMap;

use entente_api::condition::State;
use entente_api::time::Time;
use entente_fabric::crypto::sha256;
use kube::core::ObjectMeta;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::kind::Kind;
use crate::operation::Operation;

/// A resource.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Resource<S, T> {
    /// Unique among its kind; cannot change.
    pub name: String,
    /// Opaque; never used again.
    pub uid: String,
    /// Labels, for people and programs to find it by.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Counts the changes of `spec`.
    pub generation: i64,
    /// Names this version of `labels` and `spec`; send it in `If-Match`.
    pub etag: String,
    /// Where it stands, in one word; `status` tells more.
    pub state: State,
    /// When it was created.
    pub create_time: Option<Time>,
    /// When `labels` or `spec` were last written.
    pub update_time: Option<Time>,
    /// When it was asked to be deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_time: Option<Time>,
    /// When what lies in the recycle bin is deleted for good; until then it can be brought back by `:undelete`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purge_time: Option<Time>,
    /// The tenant whose it is, when another one shares it with this one: it is read here, and changed there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// What it should be.
    pub spec: S,
    /// What it is; absent until the operator has seen it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<T>,
}

/// The view of one kind.
pub type View<K> = Resource<<K as kube::core::object::HasSpec>::Spec, <K as kube::core::object::HasStatus>::Status>;

/// A resource to create.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewResource<S> {
    /// Lower-case letters, digits and dashes, at most 63; cannot change.
    pub name: String,
    /// Labels, for people and programs to find it by.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// What it should be.
    pub spec: S,
}

/// What a resource should be, as a whole.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Desired<S> {
    /// Labels; those that the resource has now stay when this is absent.
    #[serde(default)]
    pub labels: Option<BTreeMap<String, String>>,
    /// What it should be.
    pub spec: S,
}

/// A JSON Merge Patch (RFC 7396) of `labels` and `spec`: what is `null` is removed, what is absent stays.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MergePatch {
    /// Labels to set, or to remove with `null`.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub labels: Option<serde_json::Value>,
    /// Fields to set, or to remove with `null`.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub spec: Option<serde_json::Value>,
}

/// A change that was accepted, with the operation that brings it about.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Accepted<R> {
    /// The resource as it now stands.
    pub resource: R,
    /// What to wait for. Absent when nothing had to be changed, or the request was only checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<Operation>,
}

/// How much of each item a list shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Detail {
    /// Without `status`, which is most of a resource; `state` tells it in a word.
    Basic,
    /// Everything.
    #[default]
    Full,
}

/// How much of each item is wanted.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct DetailQuery {
    /// `basic` leaves `status` out, which is most of a resource; `full`, when absent, is everything.
    #[serde(default)]
    #[param(example = "basic", inline)]
    pub view: Detail,
}

impl DetailQuery {
    /// What is shown of an item.
    pub fn shown<S, T>(&self, item: Resource<S, T>) -> Resource<S, T> {
        match self.view {
            Detail::Basic => Resource { status: None, ..item },
            Detail::Full => item,
        }
    }
}

/// The view of a resource.
pub fn view<K: Kind>(resource: &K) -> View<K> {
    let meta = resource.meta();
    let recycled = resource.recycled();
    let created = meta.creation_timestamp.as_ref();
    let written = meta
        .managed_fields
        .iter()
        .flatten()
        .filter_map(|entry| entry.time.as_ref());
    Resource {
        name: meta.name.clone().unwrap_or_default(),
        uid: meta.uid.clone().unwrap_or_default(),
        labels: meta.labels.clone().unwrap_or_default(),
        generation: meta.generation.unwrap_or_default(),
        etag: etag(meta),
        state: state(resource),
        create_time: created.and_then(|time| read_time(&time.0)),
        update_time: written.max().or(created).and_then(|time| read_time(&time.0)),
        delete_time: recycled
            .map(|recycled| recycled.delete_time)
            .or(meta.deletion_timestamp.as_ref().and_then(|time| read_time(&time.0))),
        purge_time: recycled.map(|recycled| recycled.purge_time),
        owner: None,
        spec: resource.spec().clone(),
        status: resource.shown(),
    }
}

/// The view of a resource that another tenant shares.
pub fn shared_view<K: Kind>((resource, owner): &(K, String)) -> View<K> {
    Resource {
        owner: Some(owner.clone()),
        ..view(resource)
    }
}

/// Where a resource stands. What lies in the recycle bin is on its way out.
pub fn state<K: Kind>(resource: &K) -> State {
    if resource.meta().deletion_timestamp.is_some() || resource.recycled().is_some() {
        return State::Deleting;
    }
    resource.progress().map(|progress| progress.state).unwrap_or_default()
}

/// Kubernetes' times come in a type of their own; the text is RFC 3339 on both sides.
fn read_time(time: &impl ToString) -> Option<Time> {
    let text = time.to_string();
    chrono::DateTime::parse_from_rfc3339(&text)
        .ok()
        .map(|time| Time::from(time.to_utc()))
}

/// An entity tag that moves with `labels` and `spec` and not with `status`: otherwise every progress of the operator
/// would refuse the user's next change.
pub fn etag(meta: &ObjectMeta) -> String {
    let identity = serde_json::json!([meta.uid, meta.generation, meta.labels]).to_string();
    format!("\"{}\"", hex::encode(&sha256(identity.as_bytes())[..12]))
}

//! Tells of changes that did not pass the API: somebody has written a resource of the cluster with `kubectl` or the like.
//!
//! What came about is told by the watches ([`follow`]): which program wrote last, and when (`metadata.managedFields`). Who used
//! it is told by nobody afterwards. So the API server asks us before it writes ([`admission`]), and names the user; what it asks
//! is noted ([`attempt`]), and found again in what comes about, or not, when it was refused ([`settle`]).

pub mod admission;
pub mod attempt;
mod listen;
mod presence;
mod review;
mod settle;

use std::time::Duration;

use entente_api::names;
use entente_operator::registry::kubernetes;
use futures::StreamExt as _;
use futures::stream::SelectAll;
use kube::api::{Api, DynamicObject, ObjectMeta};
use kube::core::PartialObjectMeta;
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Client, ResourceExt as _};
use serde_json::json;

pub use admission::AdmissionArgs;

use super::AuditEvent;
use crate::access::TenantScope;
use crate::rest::problem::chain_of;
use crate::store::{Db, DbError, cluster_changes};
use attempt::{Seen, Write};

/// Before a change that could not be told is told once more.
const PAUSE: Duration = Duration::from_secs(2);

/// What a watch gives.
type Object = PartialObjectMeta<DynamicObject>;

/// A change that somebody else has made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub uid: String,
    pub write: Write,
}

/// Follows every kind of the cluster, until it is dropped.
pub async fn follow(db: Db, client: Client) {
    tokio::join!(watch(&db, &client), settle::run(&db, &client));
}

async fn watch(db: &Db, client: &Client) {
    let mut changes = SelectAll::new();
    for resource in kubernetes::resources() {
        let kind = resource.kind.clone();
        // Who has written is metadata; what was written is for the registry.
        let api: Api<Object> = Api::all_with(client.clone(), &resource);
        let stream = watcher(api, watcher::Config::default())
            .default_backoff()
            .map(move |event| (kind.clone(), event));
        changes.push(stream.boxed());
    }
    while let Some((kind, event)) = changes.next().await {
        // A watch that broke is taken up again; the registry's own says so in the log.
        let (object, is_there) = match event {
            Ok(watcher::Event::Apply(object) | watcher::Event::InitApply(object)) => (object, true),
            Ok(watcher::Event::Delete(object)) => (object, false),
            Ok(watcher::Event::Init | watcher::Event::InitDone) | Err(_) => continue,
        };
        let seen = match is_there {
            true => Seen::There(&object.metadata),
            false => Seen::Gone(&object.metadata),
        };
        while let Err(error) = tell(db, &kind, &object, seen).await {
            tracing::warn!(error = %chain_of(&error), "a change by kubectl cannot be told; trying again");
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// What is known to have been asked for first: it has the user's name.
async fn tell(db: &Db, kind: &str, object: &Object, seen: Seen<'_>) -> Result<(), DbError> {
    settle::seen(db, kind, &object.metadata, seen).await?;
    match change(&object.metadata) {
        Some(change) => tell_unnamed(db, kind, object, &change).await,
        None => Ok(()),
    }
}

/// The last change of spec or metadata that was not the platform's, if that was the last of all.
fn change(object: &ObjectMeta) -> Option<Change> {
    let writes = attempt::writes(object).map(|(write, _)| write);
    // Of two in the same second the platform's is not the news: it only follows what others write.
    let foreign = writes.filter(|write| write.manager != names::MANAGER);
    Some(Change {
        write: foreign.max()?,
        uid: object.uid.clone()?,
    })
}

/// A change of which nobody has told who made it.
async fn tell_unnamed(db: &Db, kind: &str, object: &Object, change: &Change) -> Result<(), DbError> {
    let generation = object.metadata.generation.unwrap_or_default();
    let verb = if generation <= 1 { "create" } else { "put" };
    let (noun, path) = words(kind);
    let event = AuditEvent::unasked(
        change.write.time,
        format!("cluster:{}", change.write.manager),
        format!("{noun}_{verb}"),
        format!("{path}/{}", object.name_any()),
        json!({"uid": change.uid, "generation": generation}),
    );
    let scope = scope(object.metadata.namespace.as_deref().unwrap_or_default());
    cluster_changes::append_once(db, &scope, change, event).await
}

/// What belongs to no namespace is the platform's own.
fn scope(namespace: &str) -> TenantScope {
    TenantScope::for_background_task("changes that did not pass the API", namespace)
}

/// How operations and paths of the API call a kind.
fn words(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "Chain" => ("chain", "chains"),
        "Contract" => ("contract", "contracts"),
        "Identity" => ("identity", "identities"),
        "Member" => ("member", "members"),
        "NodeRelease" => ("node_release", "node-releases"),
        "Organization" => ("organization", "organizations"),
        "Tenant" => ("tenant", "admin/tenants"),
        _ => ("resource", "resources"),
    }
}

#[cfg(test)]
mod tests {
    use entente_api::time::Time;

    use super::*;
    use crate::store::audit::{self, Filter};
    use crate::store::testing::fresh;

    fn chain(entries: serde_json::Value) -> Object {
        serde_json::from_value(json!({
            "apiVersion": "meta.k8s.io/v1",
            "kind": "PartialObjectMetadata",
            "metadata": {"name": "ledger", "namespace": "bank", "uid": "u1", "generation": 2, "managedFields": entries},
        }))
        .unwrap()
    }

    fn entry(manager: &str, second: u32, subresource: Option<&str>) -> serde_json::Value {
        json!({
            "manager": manager, "operation": "Update", "time": format!("2026-11-21T12:00:{second:02}Z"),
            "subresource": subresource, "fieldsType": "FieldsV1", "fieldsV1": {},
        })
    }

    #[test]
    fn the_last_program_that_is_not_the_platform_made_the_change() {
        let ours = entry(names::MANAGER, 9, None);
        let status = entry("kubectl-edit", 8, Some("status"));
        let first = entry("kubectl-client-side-apply", 1, None);
        let second = entry("kubectl-edit", 5, None);

        let found = change(&chain(json!([first, ours, second, status])).metadata);

        let time = "2026-11-21T12:00:05Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        assert_eq!(
            found,
            Some(Change {
                uid: "u1".to_owned(),
                write: Write {
                    time: Time::from(time),
                    manager: "kubectl-edit".to_owned(),
                },
            })
        );
        assert_eq!(change(&chain(json!([ours, status])).metadata), None);
        assert_eq!(change(&chain(json!(null)).metadata), None);
    }

    #[tokio::test]
    async fn a_change_is_told_once_however_often_it_is_seen() {
        let db = fresh().await;
        let first = chain(json!([entry("kubectl-edit", 1, None)]));
        let second = chain(json!([entry("kubectl-edit", 2, None)]));

        for object in [&first, &first, &second, &first] {
            tell(&db, "Chain", object, Seen::There(&object.metadata)).await.unwrap();
        }

        let scope = TenantScope::for_background_task("test", "bank");
        let rows = audit::list(&db, &scope, &Filter::default(), 0, 10).await.unwrap();
        let told: Vec<_> = rows
            .iter()
            .map(|row| {
                (
                    row.actor.as_str(),
                    row.action.as_str(),
                    row.object.as_str(),
                    row.time.to_string(),
                )
            })
            .collect();
        let row = |second: u32| {
            let time = format!("2026-11-21T12:00:0{second}.000000Z");
            ("cluster:kubectl-edit", "chain_put", "chains/ledger", time)
        };
        assert_eq!(told, [row(1), row(2)]);
    }

    #[test]
    fn every_kind_of_the_cluster_has_words() {
        for resource in kubernetes::resources() {
            assert_ne!(words(&resource.kind).0, "resource");
        }
    }
}

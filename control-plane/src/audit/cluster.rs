//! Tells of changes that did not pass the API: somebody has written a resource of the cluster with `kubectl` or the like.
//!
//! The cluster tells which program wrote last, and when (`metadata.managedFields`). It does not tell who used it: that is in the
//! API server's own audit log, and nowhere else. Nor does it tell who has deleted something.

use std::time::Duration;

use entente_api::names;
use entente_api::time::Time;
use entente_operator::registry::kubernetes;
use futures::StreamExt as _;
use futures::stream::SelectAll;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use kube::api::{Api, DynamicObject};
use kube::core::PartialObjectMeta;
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Client, ResourceExt as _};
use serde_json::json;

use super::AuditEvent;
use crate::access::TenantScope;
use crate::rest::problem::chain_of;
use crate::store::{Db, cluster_changes};

/// Before a change that could not be told is told once more.
const PAUSE: Duration = Duration::from_secs(2);

/// A change that somebody else has made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub uid: String,
    /// The program, as it calls itself.
    pub manager: String,
    /// When, as the cluster tells it: to the second.
    pub time: Time,
}

/// Follows every kind of the cluster, until it is dropped.
pub async fn follow(db: Db, client: Client) {
    let mut changes = SelectAll::new();
    for resource in kubernetes::resources() {
        let kind = resource.kind.clone();
        // Who has written is metadata; what was written is for the registry.
        let api: Api<PartialObjectMeta<DynamicObject>> = Api::all_with(client.clone(), &resource);
        let stream = watcher(api, watcher::Config::default())
            .default_backoff()
            .touched_objects()
            .map(move |object| (kind.clone(), object));
        changes.push(stream.boxed());
    }
    while let Some((kind, object)) = changes.next().await {
        // A watch that broke is taken up again; the registry's own says so in the log.
        let Ok(object) = object else { continue };
        let Some(change) = change(&object) else { continue };
        while let Err(error) = tell(&db, &kind, &object, &change).await {
            tracing::warn!(error = %chain_of(&error), "a change by kubectl cannot be told; trying again");
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// The last change of spec or metadata that was not the platform's, if that was the last of all.
fn change(object: &PartialObjectMeta<DynamicObject>) -> Option<Change> {
    let entries = object.metadata.managed_fields.as_deref().unwrap_or_default();
    let of_spec = entries.iter().filter(|entry| entry.subresource.is_none());
    let read = |entry: &ManagedFieldsEntry| {
        let text = entry.time.as_ref()?.0.to_string();
        let time = chrono::DateTime::parse_from_rfc3339(&text).ok()?;
        Some((Time::from(time.to_utc()), entry.manager.clone()?))
    };
    // Of two in the same second the platform's is not the news: it only follows what others write.
    let foreign = of_spec
        .filter_map(read)
        .filter(|(_, manager)| manager != names::MANAGER);
    let (time, manager) = foreign.max()?;
    Some(Change {
        uid: object.uid()?,
        manager,
        time,
    })
}

async fn tell(
    db: &Db,
    kind: &str,
    object: &PartialObjectMeta<DynamicObject>,
    change: &Change,
) -> Result<(), crate::store::DbError> {
    let generation = object.metadata.generation.unwrap_or_default();
    let verb = if generation <= 1 { "create" } else { "put" };
    let (noun, path) = words(kind);
    let event = AuditEvent::unasked(
        change.time,
        format!("cluster:{}", change.manager),
        format!("{noun}_{verb}"),
        format!("{path}/{}", object.name_any()),
        json!({"uid": change.uid, "generation": generation}),
    );
    // What belongs to no namespace is the platform's own.
    let tenant = object.namespace().unwrap_or_default();
    let scope = TenantScope::for_background_task("changes that did not pass the API", &tenant);
    cluster_changes::append_once(db, &scope, change, event).await
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
    use super::*;
    use crate::store::audit::{self, Filter};
    use crate::store::testing::fresh;

    fn chain(entries: serde_json::Value) -> PartialObjectMeta<DynamicObject> {
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

        let found = change(&chain(json!([first, ours, second, status])));

        let time = "2026-11-21T12:00:05Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        assert_eq!(
            found,
            Some(Change {
                uid: "u1".to_owned(),
                manager: "kubectl-edit".to_owned(),
                time: Time::from(time),
            })
        );
        assert_eq!(change(&chain(json!([ours, status]))), None);
        assert_eq!(change(&chain(json!(null))), None);
    }

    #[tokio::test]
    async fn a_change_is_told_once_however_often_it_is_seen() {
        let db = fresh().await;
        let first = chain(json!([entry("kubectl-edit", 1, None)]));
        let second = chain(json!([entry("kubectl-edit", 2, None)]));

        for object in [&first, &first, &second, &first] {
            let change = change(object).unwrap();
            tell(&db, "Chain", object, &change).await.unwrap();
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

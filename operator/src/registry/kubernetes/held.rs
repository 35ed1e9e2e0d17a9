//! The kinds that live in the cluster, as the API server names them.

use entente_api::{Chain, Contract, Identity, Member, NodeRelease, Organization, Tenant};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, ObjectMeta, Time};
use kube::api::{Api, ApiResource, DynamicObject};
use kube::{Client, ResourceExt as _};
use serde_json::Value;

use crate::registry::{Key, Kind, Scope};

/// One kind.
#[derive(Debug, Clone)]
pub struct Held {
    pub resource: ApiResource,
    namespaced: bool,
}

/// Every kind.
pub fn all() -> Vec<Held> {
    vec![
        held::<Organization>(),
        held::<Chain>(),
        held::<Member>(),
        held::<Contract>(),
        held::<Identity>(),
        held::<NodeRelease>(),
        held::<Tenant>(),
    ]
}

fn held<K: Kind>() -> Held {
    Held {
        resource: ApiResource::erase::<K>(&()),
        namespaced: K::NAMESPACED,
    }
}

impl Held {
    pub fn kind(&self) -> &str {
        &self.resource.kind
    }

    /// All of a kind that the scope reaches.
    pub fn within(&self, client: &Client, scope: &Scope) -> Api<DynamicObject> {
        match scope {
            Scope::Namespace(namespace) if self.namespaced => {
                Api::namespaced_with(client.clone(), namespace, &self.resource)
            }
            _ => Api::all_with(client.clone(), &self.resource),
        }
    }

    pub fn key(&self, object: &DynamicObject) -> Key {
        Key {
            kind: self.resource.kind.clone(),
            namespace: object.namespace().unwrap_or_default(),
            name: object.name_any(),
        }
    }

    /// The object as it is kept: with its type, which lists may leave out, and when it was last written; without the
    /// record of who wrote which field, which is half of its size and concerns the API server alone.
    pub fn kept(&self, mut object: DynamicObject) -> Result<Value, serde_json::Error> {
        object.metadata.managed_fields = last_written(&object.metadata).map(|time| {
            vec![ManagedFieldsEntry {
                time: Some(time),
                ..ManagedFieldsEntry::default()
            }]
        });
        object.types = Some(kube::core::TypeMeta {
            api_version: self.resource.api_version.clone(),
            kind: self.resource.kind.clone(),
        });
        serde_json::to_value(object)
    }
}

/// When anything but the status was written.
fn last_written(metadata: &ObjectMeta) -> Option<Time> {
    let entries = metadata.managed_fields.as_deref().unwrap_or_default();
    let of_spec = entries.iter().filter(|entry| entry.subresource.is_none());
    of_spec.filter_map(|entry| entry.time.clone()).max()
}

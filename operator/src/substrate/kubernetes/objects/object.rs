//! One object, ready to be applied: whatever its type, the API server is told the same way.

use aws_lc_rs::digest;
use entente_api::names::annotation;
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim, Secret, Service};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::api::{ApiResource, DynamicObject};
use kube::{Resource, ResourceExt as _};
use serde::Serialize;

use crate::substrate::SubstrateError;

/// The types that nodes are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Secret,
    ConfigMap,
    Service,
    StatefulSet,
    Deployment,
    PodDisruptionBudget,
    NetworkPolicy,
    PersistentVolumeClaim,
}

impl Kind {
    pub fn resource(self) -> ApiResource {
        match self {
            Kind::Secret => ApiResource::erase::<Secret>(&()),
            Kind::ConfigMap => ApiResource::erase::<ConfigMap>(&()),
            Kind::Service => ApiResource::erase::<Service>(&()),
            Kind::StatefulSet => ApiResource::erase::<StatefulSet>(&()),
            Kind::Deployment => ApiResource::erase::<Deployment>(&()),
            Kind::PodDisruptionBudget => ApiResource::erase::<PodDisruptionBudget>(&()),
            Kind::NetworkPolicy => ApiResource::erase::<NetworkPolicy>(&()),
            Kind::PersistentVolumeClaim => ApiResource::erase::<PersistentVolumeClaim>(&()),
        }
    }

    /// Whether the API server counts changes of the spec apart from those of the status.
    pub fn has_generation(self) -> bool {
        matches!(
            self,
            Kind::StatefulSet | Kind::Deployment | Kind::PodDisruptionBudget | Kind::NetworkPolicy
        )
    }
}

/// An object as it should be.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    pub kind: Kind,
    pub content: DynamicObject,
    /// Fingerprint of the content; it also stands in the annotations.
    pub digest: String,
}

impl Object {
    pub fn new<K>(kind: Kind, object: &K) -> Result<Object, SubstrateError>
    where
        K: Resource<DynamicType = ()> + Serialize,
    {
        let failed = |error: serde_json::Error| {
            SubstrateError::Refused(format!("the object {} cannot be written: {error}", object.name_any()))
        };
        let value = serde_json::to_value(object).map_err(failed)?;
        let digest = hex::encode(&digest::digest(&digest::SHA256, value.to_string().as_bytes()).as_ref()[..8]);
        let mut content: DynamicObject = serde_json::from_value(value).map_err(failed)?;
        content
            .annotations_mut()
            .insert(annotation::APPLIED.to_owned(), digest.clone());
        Ok(Object { kind, content, digest })
    }

    pub fn name(&self) -> String {
        self.content.name_any()
    }

    pub fn namespace(&self) -> String {
        self.content.namespace().unwrap_or_default()
    }
}

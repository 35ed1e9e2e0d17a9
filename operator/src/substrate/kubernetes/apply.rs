//! Writes objects, and deletes them. What is already as it should be is not written again.

use entente_api::names::MANAGER;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams, PropagationPolicy};
use kube::{Client, Error};

use super::objects::{Kind, Object};
use super::observed::{Key, Observed};
use crate::substrate::SubstrateError;

pub fn api(client: &Client, kind: Kind, namespace: &str) -> Api<DynamicObject> {
    Api::namespaced_with(client.clone(), namespace, &kind.resource())
}

/// Applies an object unless it is known to be as it should be.
pub async fn put(client: &Client, observed: &Observed, object: &Object) -> Result<(), SubstrateError> {
    let (namespace, name) = (object.namespace(), object.name());
    if observed.is_applied(object.kind, &namespace, &name, &object.digest) {
        return Ok(());
    }
    let written = write(client, object).await?;
    observed.written(object.kind, &written);
    Ok(())
}

/// Server-side apply. The fields are ours, whoever else has set them.
pub async fn write(client: &Client, object: &Object) -> Result<ObjectMeta, SubstrateError> {
    let (namespace, name) = (object.namespace(), object.name());
    let parameters = PatchParams::apply(MANAGER).force();
    let written = api(client, object.kind, &namespace)
        .patch_metadata(&name, &parameters, &Patch::Apply(&object.content))
        .await;
    let doing = format!("writing the {:?} {namespace}/{name}", object.kind);
    Ok(written.map_err(SubstrateError::cluster(doing))?.metadata)
}

/// Deletes an object and what it has made. Nothing happens when there is none.
pub async fn delete(client: &Client, key: &Key) -> Result<(), SubstrateError> {
    delete_with(client, key, PropagationPolicy::Background).await
}

pub async fn delete_with(client: &Client, key: &Key, what_it_made: PropagationPolicy) -> Result<(), SubstrateError> {
    let Key { kind, namespace, name } = key;
    let parameters = DeleteParams {
        propagation_policy: Some(what_it_made),
        ..DeleteParams::default()
    };
    match api(client, *kind, namespace).delete(name, &parameters).await {
        Ok(_) => Ok(()),
        Err(Error::Api(status)) if status.code == 404 => Ok(()),
        Err(error) => Err(SubstrateError::cluster(format!(
            "deleting the {kind:?} {namespace}/{name}"
        ))(error)),
    }
}

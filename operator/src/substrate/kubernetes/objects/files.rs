//! A node's folder as a Secret and a ConfigMap, put together again by one volume.

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{
    ConfigMap, ConfigMapProjection, KeyToPath, PodSpec, ProjectedVolumeSource, Secret, SecretProjection, Volume,
    VolumeMount, VolumeProjection,
};

use super::{Kind, Object, metadata, name};
use crate::substrate::{NodeId, NodePlan, SubstrateError};

/// Where the folder is in the pod.
pub const FOLDER: &str = "/etc/entente";
const VOLUME: &str = "config";

/// Name of the Secret with a node's keys.
pub fn keys_name(id: &NodeId) -> String {
    format!("{}--keys", name(id))
}

fn config_name(plan: &NodePlan) -> String {
    format!("{}--config", name(&plan.id))
}

/// A path as the key of a Secret or ConfigMap, which may hold no slash.
fn key(path: &str) -> String {
    path.replace('/', "__")
}

/// The keys. Nothing else is secret.
pub fn secret(plan: &NodePlan) -> Result<Object, SubstrateError> {
    let data = plan
        .keys
        .iter()
        .map(|(path, content)| (key(path), ByteString(content.clone())));
    let secret = Secret {
        metadata: metadata(plan, keys_name(&plan.id)),
        type_: Some("entente.dev/node-keys".to_owned()),
        data: Some(data.collect()),
        ..Secret::default()
    };
    Object::new(Kind::Secret, &secret)
}

/// Configuration and certificates.
pub fn config_map(plan: &NodePlan) -> Result<Object, SubstrateError> {
    let (mut data, mut binary_data) = (BTreeMap::new(), BTreeMap::new());
    for (path, content) in &plan.files {
        match String::from_utf8(content.clone()) {
            Ok(text) => drop(data.insert(key(path), text)),
            Err(error) => drop(binary_data.insert(key(path), ByteString(error.into_bytes()))),
        }
    }
    let map = ConfigMap {
        metadata: metadata(plan, config_name(plan)),
        data: Some(data),
        binary_data: (!binary_data.is_empty()).then_some(binary_data),
        ..ConfigMap::default()
    };
    Object::new(Kind::ConfigMap, &map)
}

/// The volume that shows both as the folder that the plan describes.
pub fn volume(plan: &NodePlan) -> Volume {
    let items = |files: &BTreeMap<String, Vec<u8>>| {
        let item = |path: &String| KeyToPath {
            key: key(path),
            path: path.clone(),
            ..KeyToPath::default()
        };
        Some(files.keys().map(item).collect())
    };
    let config = VolumeProjection {
        config_map: Some(ConfigMapProjection {
            name: config_name(plan),
            items: items(&plan.files),
            ..ConfigMapProjection::default()
        }),
        ..VolumeProjection::default()
    };
    let keys = VolumeProjection {
        secret: Some(SecretProjection {
            name: keys_name(&plan.id),
            items: items(&plan.keys),
            ..SecretProjection::default()
        }),
        ..VolumeProjection::default()
    };
    Volume {
        name: VOLUME.to_owned(),
        projected: Some(ProjectedVolumeSource {
            // The node's user reads it through its group.
            default_mode: Some(0o440),
            sources: Some(vec![config, keys]),
            ..ProjectedVolumeSource::default()
        }),
        ..Volume::default()
    }
}

pub fn mount() -> VolumeMount {
    VolumeMount {
        name: VOLUME.to_owned(),
        mount_path: FOLDER.to_owned(),
        read_only: Some(true),
        ..VolumeMount::default()
    }
}

/// Differs when the pod or what it reads does: a running process would not notice by itself.
pub fn fingerprint(plan: &NodePlan, pod: &PodSpec) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    let mut add = |bytes: &[u8]| {
        context.update(&(bytes.len() as u64).to_be_bytes());
        context.update(bytes);
    };
    add(serde_json::json!(pod).to_string().as_bytes());
    for (path, content) in plan.files.iter().chain(&plan.keys) {
        add(path.as_bytes());
        add(content);
    }
    hex::encode(&context.finish().as_ref()[..8])
}

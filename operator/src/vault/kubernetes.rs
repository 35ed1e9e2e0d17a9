//! Bundles as Secrets in their owner's namespace.
//!
//! A Secret is found by a name that is derived from its bundle's, and says by an annotation whose it is: one that says
//! something else is not touched. What was read is remembered for a moment, because one pass asks for the same few bundles
//! again and again.
//!
//! A Secret that never changes is recast by a second one, of another name, before it goes itself.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use entente_api::names::{self, annotation, label};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::core::PartialObjectMeta;
use kube::{Client, ResourceExt as _};
use parking_lot::Mutex;
use serde_json::json;

use super::{Bundle, BundleId, IsSame, Vault, VaultError};

/// How long what was read is taken to be so. Bundles change when certificates are renewed, and then by one writer.
const FRESH: Duration = Duration::from_secs(300);
/// How many bundles are remembered.
const REMEMBERED: usize = 4096;
/// What a Secret may hold (`MaxSecretSize` of Kubernetes), names of its files included here.
const MAX_BYTES: usize = 1 << 20;
/// Longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// Type of our Secrets, so that others can be told from them.
const TYPE: &str = "entente.dev/bundle";

/// A vault in a cluster.
pub struct Kubernetes {
    client: Client,
    remembered: Mutex<HashMap<BundleId, (Instant, Bundle)>>,
}

impl Kubernetes {
    pub fn new(client: Client) -> Kubernetes {
        Kubernetes {
            client,
            remembered: Mutex::default(),
        }
    }

    fn api(&self, id: &BundleId) -> Api<Secret> {
        Api::namespaced(self.client.clone(), &id.namespace)
    }

    /// What the Secret of this name holds, when there is one and it is the bundle's.
    async fn held(&self, id: &BundleId, name: &str) -> Result<Option<Bundle>, VaultError> {
        let Some(secret) = ask(id, "read", self.api(id).get_opt(name)).await? else {
            return Ok(None);
        };
        own(id, &secret.metadata)?;
        let files = secret.data.unwrap_or_default().into_iter();
        Ok(Some(files.map(|(key, content)| (path(&key), content.0)).collect()))
    }

    fn recall(&self, id: &BundleId) -> Option<Bundle> {
        let remembered = self.remembered.lock();
        let (when, bundle) = remembered.get(id)?;
        (when.elapsed() < FRESH).then(|| bundle.clone())
    }

    fn remember(&self, id: &BundleId, bundle: &Bundle) {
        let mut remembered = self.remembered.lock();
        if remembered.len() >= REMEMBERED {
            remembered.retain(|_, (when, _)| when.elapsed() < FRESH);
        }
        if remembered.len() < REMEMBERED {
            remembered.insert(id.clone(), (Instant::now(), bundle.clone()));
        }
    }

    fn forget(&self, gone: impl Fn(&BundleId) -> bool) {
        self.remembered.lock().retain(|id, _| !gone(id));
    }
}

#[async_trait]
impl Vault for Kubernetes {
    async fn read(&self, id: &BundleId) -> Result<Option<Bundle>, VaultError> {
        if let Some(bundle) = self.recall(id) {
            return Ok(Some(bundle));
        }
        let found = match self.held(id, &name(id)).await? {
            // The first goes only once there is the second.
            None if is_final(id) => self.held(id, &recast_name(id)).await?,
            found => found,
        };
        if let Some(bundle) = &found {
            self.remember(id, bundle);
        }
        Ok(found)
    }

    async fn create(&self, id: &BundleId, bundle: Bundle) -> Result<bool, VaultError> {
        let secret = secret(id, &bundle)?;
        if is_final(id) && self.held(id, &recast_name(id)).await?.is_some() {
            return Ok(false);
        }
        match ask(id, "stored", self.api(id).create(&PostParams::default(), &secret)).await {
            Ok(_) => {
                self.remember(id, &bundle);
                Ok(true)
            }
            Err(VaultError::Cluster { source, .. }) if is_there(&source) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn replace(&self, id: &BundleId, files: Bundle) -> Result<(), VaultError> {
        check(id, &files)?;
        let encoded = files
            .iter()
            .map(|(path, content)| (key(path), BASE64_STANDARD.encode(content)));
        // The annotation is the condition: it makes a Secret that is not ours one that was not found to be.
        let api = self.api(id);
        let held = ask(id, "replaced", api.get_metadata(&name(id))).await?;
        own(id, &held.metadata)?;
        let patch = Patch::Merge(json!({"data": encoded.collect::<BTreeMap<_, _>>()}));
        self.forget(|known| known == id);
        ask(id, "replaced", api.patch(&name(id), &PatchParams::default(), &patch)).await?;
        Ok(())
    }

    async fn recast(&self, id: &BundleId, bundle: Bundle, is_same: IsSame<'_>) -> Result<(), VaultError> {
        if !is_final(id) {
            return self.replace(id, bundle).await;
        }
        let (api, recast) = (self.api(id), recast_name(id));
        let old = ask(id, "recast", api.get_metadata(&name(id))).await?;
        own(id, &old.metadata)?;
        let mut secret = secret(id, &bundle)?;
        secret.metadata.name = Some(recast.clone());
        match ask(id, "recast", api.create(&PostParams::default(), &secret)).await {
            // One that was cut off before the old one went.
            Err(VaultError::Cluster { source, .. }) if is_there(&source) => {}
            created => drop(created?),
        }
        let stored = self.held(id, &recast).await?;
        if !stored.as_ref().is_some_and(is_same) {
            let (id, secret) = (id.clone(), recast);
            return Err(VaultError::NotTheSame { id, secret });
        }
        match ask(id, "recast", api.delete(&name(id), &DeleteParams::default())).await {
            Err(VaultError::Cluster { source, .. }) if is_gone(&source) => {}
            deleted => drop(deleted?),
        }
        self.forget(|known| known == id);
        Ok(())
    }

    async fn remove(&self, id: &BundleId) -> Result<(), VaultError> {
        let organization = names::label_value(&id.organization);
        let selector = format!(
            "{}={},{}={organization}",
            label::MANAGED_BY,
            names::MANAGER,
            label::ORGANIZATION
        );
        let api = self.api(id);
        let ours = ListParams::default().labels(&selector);
        let found = ask(id, "removed", api.list_metadata(&ours)).await?;
        for secret in found.items.iter().filter(|secret| is_below(id, secret)) {
            match ask(id, "removed", api.delete(&secret.name_any(), &DeleteParams::default())).await {
                Err(VaultError::Cluster { source, .. }) if is_gone(&source) => {}
                removed => drop(removed?),
            }
        }
        self.forget(|known| {
            known.namespace == id.namespace
                && known.organization == id.organization
                && is_path_below(&known.path, &id.path)
        });
        Ok(())
    }
}

/// Name of a bundle's Secret.
fn name(id: &BundleId) -> String {
    names::bundle(&id.organization, &id.path)
}

/// Name of the Secret that a bundle which never changes is recast in.
fn recast_name(id: &BundleId) -> String {
    names::bundle(&id.organization, &format!("{}/recast", id.path))
}

/// What the annotation says.
fn full_name(id: &BundleId) -> String {
    format!("{}/{}", id.organization, id.path)
}

fn secret(id: &BundleId, bundle: &Bundle) -> Result<Secret, VaultError> {
    check(id, bundle)?;
    let labels = [
        (label::MANAGED_BY, names::MANAGER.to_owned()),
        (label::ORGANIZATION, names::label_value(&id.organization)),
    ];
    let data = bundle
        .iter()
        .map(|(path, content)| (key(path), ByteString(content.clone())));
    Ok(Secret {
        metadata: ObjectMeta {
            name: Some(name(id)),
            labels: Some(labels.map(|(key, value)| (key.to_owned(), value)).into()),
            annotations: Some([(annotation::BUNDLE.to_owned(), full_name(id))].into()),
            ..ObjectMeta::default()
        },
        type_: Some(TYPE.to_owned()),
        immutable: is_final(id).then_some(true),
        data: Some(data.collect()),
        ..Secret::default()
    })
}

/// Authorities and first blocks never change: whoever could change them would have the chain.
fn is_final(id: &BundleId) -> bool {
    id.path == "ca" || id.path.starts_with("channels/")
}

/// Refuses what a Secret could not hold or give back.
fn check(id: &BundleId, files: &Bundle) -> Result<(), VaultError> {
    let usable = |path: &str| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/');
        !path.is_empty() && path.len() <= 200 && path.bytes().all(plain) && !path.contains("__")
    };
    if !files.keys().all(|path| usable(path)) {
        return Err(VaultError::Name(id.clone()));
    }
    let bytes: usize = files.iter().map(|(path, content)| path.len() + content.len()).sum();
    if bytes > MAX_BYTES {
        return Err(VaultError::TooLarge {
            id: id.clone(),
            bytes,
            most: MAX_BYTES,
        });
    }
    Ok(())
}

/// A path as the key of a Secret, which may hold no slash.
fn key(path: &str) -> String {
    path.replace('/', "__")
}

fn path(key: &str) -> String {
    key.replace("__", "/")
}

/// Refuses a Secret that somebody else has put in our bundle's place.
fn own(id: &BundleId, metadata: &ObjectMeta) -> Result<(), VaultError> {
    let annotations = metadata.annotations.as_ref();
    match annotations.and_then(|found| found.get(annotation::BUNDLE)) {
        Some(whose) if *whose == full_name(id) => Ok(()),
        _ => Err(VaultError::Foreign {
            id: id.clone(),
            secret: metadata.name.clone().unwrap_or_default(),
        }),
    }
}

fn is_below(id: &BundleId, secret: &PartialObjectMeta<Secret>) -> bool {
    let whose = secret.annotations().get(annotation::BUNDLE);
    let path = whose.and_then(|whose| whose.strip_prefix(&id.organization)?.strip_prefix('/'));
    path.is_some_and(|path| is_path_below(path, &id.path))
}

/// Whether `path` is `parent`, or lies under it.
fn is_path_below(path: &str, parent: &str) -> bool {
    path.strip_prefix(parent)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// One request, with an answer in bounded time.
async fn ask<T>(
    id: &BundleId,
    action: &'static str,
    request: impl Future<Output = kube::Result<T>>,
) -> Result<T, VaultError> {
    match tokio::time::timeout(PATIENCE, request).await {
        Ok(answer) => answer.map_err(|source| VaultError::Cluster {
            id: id.clone(),
            action,
            source: Box::new(source),
        }),
        Err(_) => Err(VaultError::Silent { id: id.clone(), action }),
    }
}

fn is_there(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.is_already_exists())
}

fn is_gone(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.is_not_found())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(organization: &str, path: &str) -> BundleId {
        BundleId::new("hebei", organization, path)
    }

    #[test]
    fn a_bundle_is_a_secret_that_says_whose_it_is() {
        let bundle = Bundle::from([("msp/keystore/key.pem".to_owned(), b"key".to_vec())]);

        let secret = secret(&id("bank", "nodes/ledger/peer0-bank"), &bundle).unwrap();

        let data = secret.data.unwrap();
        let keys: Vec<(String, String)> = data.keys().map(|key| (key.clone(), path(key))).collect();
        assert_eq!(
            keys,
            [("msp__keystore__key.pem".to_owned(), "msp/keystore/key.pem".to_owned())]
        );
        assert_eq!(secret.type_.as_deref(), Some("entente.dev/bundle"));
        assert_eq!(secret.immutable, None);
        assert_eq!(
            secret.metadata.annotations.unwrap()[annotation::BUNDLE],
            "bank/nodes/ledger/peer0-bank"
        );
    }

    #[test]
    fn authorities_cannot_be_changed_in_place() {
        let authorities = secret(&id("bank", "ca"), &Bundle::new()).unwrap();

        assert_eq!(authorities.immutable, Some(true));
    }

    #[test]
    fn what_a_secret_cannot_hold_is_refused() {
        let named = |path: &str, size: usize| Bundle::from([(path.to_owned(), vec![0; size])]);

        let odd = check(&id("bank", "admin"), &named("tls__cert.pem", 1)).unwrap_err();
        let large = check(&id("bank", "admin"), &named("block", MAX_BYTES)).unwrap_err();

        assert_eq!(odd.to_string(), "hebei/bank/admin cannot name key material");
        assert_eq!(
            large.to_string(),
            "hebei/bank/admin is too large to be kept: 1048581 bytes of at most 1048576"
        );
    }

    #[test]
    fn what_lies_under_a_path_goes_with_it_and_its_neighbour_stays() {
        assert!(is_path_below("nodes/ledger/peer0", "nodes"));
        assert!(is_path_below("nodes", "nodes"));
        assert!(!is_path_below("nodes-old/ledger", "nodes"));
    }
}

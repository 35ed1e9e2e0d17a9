//! How the API server finds and trusts us: its MutatingWebhookConfiguration names our Service. Whom it trusts (`caBundle`)
//! and the secret that it shows (the last part of the path) are kept there by us, and nowhere else.
//!
//! Every replica trusts nobody but itself with its key: it makes a root of its own at its start, which ends with it, and adds
//! the certificate to those of the others.

use k8s_openapi::api::admissionregistration::v1::{MutatingWebhook, MutatingWebhookConfiguration, ServiceReference};
use kube::Client;
use kube::api::{Api, Patch, PatchParams};
use serde_json::{Value, json};

use super::listen::PREFIX;

/// Roots that are trusted at once: more than there are replicas. The oldest goes; whoever still needs it adds it again.
const ROOTS: usize = 16;
const END: &str = "-----END CERTIFICATE-----";

/// Why the API server cannot be told of us.
#[derive(Debug, thiserror::Error)]
pub enum PresenceError {
    #[error("the MutatingWebhookConfiguration {name} cannot be read or written")]
    Cluster { name: String, source: Box<kube::Error> },
    #[error(
        "the MutatingWebhookConfiguration {name} does not name one webhook with a Service; install the chart anew"
    )]
    Foreign { name: String },
}

/// What the API server knows of us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// By which name it dials us.
    pub host: String,
    /// What it shows.
    pub secret: String,
}

/// Makes sure that the API server trusts this root, and gives what it knows.
pub async fn keep(client: &Client, name: &str, root: &str) -> Result<Known, PresenceError> {
    let api: Api<MutatingWebhookConfiguration> = Api::all(client.clone());
    let failed = |source| PresenceError::Cluster {
        name: name.to_owned(),
        source: Box::new(source),
    };
    let found = api.get(name).await.map_err(failed)?;
    let foreign = || PresenceError::Foreign { name: name.to_owned() };
    let [webhook] = found.webhooks.as_deref().unwrap_or_default() else {
        return Err(foreign());
    };
    let fresh = hex::encode(rand::random::<[u8; 32]>());
    let (known, change) = decide(webhook, root, fresh).ok_or_else(foreign)?;
    if let Some(client_config) = change {
        // Refused when another replica was faster, whose part must not be lost.
        let patch = json!({
            "metadata": {"resourceVersion": found.metadata.resource_version},
            "webhooks": [{"name": webhook.name, "clientConfig": client_config}],
        });
        let patched = api.patch(name, &PatchParams::default(), &Patch::Strategic(patch)).await;
        patched.map_err(failed)?;
    }
    Ok(known)
}

/// What is known, and what has to change for it. `fresh` becomes the secret where there is none.
fn decide(webhook: &MutatingWebhook, root: &str, fresh: String) -> Option<(Known, Option<Value>)> {
    let service = webhook.client_config.service.as_ref()?;
    let bundle = webhook
        .client_config
        .ca_bundle
        .as_ref()
        .map(|bundle| bundle.0.as_slice());
    let bundle = String::from_utf8_lossy(bundle.unwrap_or_default()).into_owned();
    let (secret, has_secret) = match secret(service) {
        Some(secret) => (secret.to_owned(), true),
        None => (fresh, false),
    };
    let is_trusted = bundle.contains(root.trim());
    let change = (!is_trusted || !has_secret).then(|| {
        let bundle = if is_trusted { bundle } else { with(&bundle, root) };
        let bundle = k8s_openapi::ByteString(bundle.into_bytes());
        json!({"caBundle": bundle, "service": {"path": format!("{PREFIX}{secret}")}})
    });
    let host = format!("{}.{}.svc", service.name, service.namespace);
    Some((Known { host, secret }, change))
}

fn secret(service: &ServiceReference) -> Option<&str> {
    let secret = service.path.as_deref()?.strip_prefix(PREFIX)?;
    Some(secret).filter(|secret| !secret.is_empty())
}

/// The certificates of a bundle, and one more.
fn with(bundle: &str, root: &str) -> String {
    let whole = bundle.split_inclusive(END).filter(|part| part.ends_with(END));
    let mut roots: Vec<&str> = whole.chain([root]).map(str::trim).collect();
    let surplus = roots.len().saturating_sub(ROOTS);
    roots.drain(..surplus);
    roots.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(number: usize) -> String {
        format!("-----BEGIN CERTIFICATE-----\n{number}\n{END}\n")
    }

    fn webhook(bundle: &str, path: Option<&str>) -> MutatingWebhook {
        serde_json::from_value(json!({
            "name": "changes.entente.dev", "sideEffects": "NoneOnDryRun", "admissionReviewVersions": ["v1"],
            "clientConfig": {
                "caBundle": k8s_openapi::ByteString(bundle.as_bytes().to_vec()),
                "service": {"name": "changes", "namespace": "system", "path": path},
            },
        }))
        .unwrap()
    }

    fn known(secret: &str) -> Known {
        Known {
            host: "changes.system.svc".to_owned(),
            secret: secret.to_owned(),
        }
    }

    #[test]
    fn a_root_and_a_secret_are_added_where_they_are_missing() {
        let (ours, theirs) = (certificate(1), certificate(2));
        let both = [theirs.as_str(), ours.as_str()].concat();
        let change = |bundle: &str, secret: &str| {
            let bundle = k8s_openapi::ByteString(bundle.as_bytes().to_vec());
            Some(json!({"caBundle": bundle, "service": {"path": format!("/changes/{secret}")}}))
        };
        let decide = |bundle: &str, path: Option<&str>| decide(&webhook(bundle, path), &ours, "new".to_owned());

        assert_eq!(decide("", None), Some((known("new"), change(&ours, "new"))));
        assert_eq!(
            decide(&theirs, Some("/changes/s")),
            Some((known("s"), change(&both, "s")))
        );
        assert_eq!(
            decide(&both, Some("/changes/")),
            Some((known("new"), change(&both, "new")))
        );
        assert_eq!(decide(&both, Some("/changes/s")), Some((known("s"), None)));
    }

    #[test]
    fn the_oldest_root_makes_room() {
        let full: String = (0..ROOTS).map(certificate).collect();

        let bundle = with(&full, &certificate(99));

        assert_eq!(bundle.matches(END).count(), ROOTS);
        assert!(
            !bundle.contains(&certificate(0)) && bundle.ends_with(&certificate(99)),
            "{bundle}"
        );
    }
}

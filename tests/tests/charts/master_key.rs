//! An installation that is given a master key later, and another one after that.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context as _, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use entente_tests::cluster::Namespace;
use entente_tests::{executables, wait};
use reqwest::Method;
use serde_json::{Value, json};

use crate::release::{SOON, helm};
use crate::tenants::{Rest, Who};

/// The platform's key material in a namespace: of each bundle, which files hold a private key that anybody who reads the
/// Secret can use, and the certificate of its root.
async fn bundles(namespace: &Namespace) -> anyhow::Result<BTreeMap<String, (Vec<String>, String)>> {
    let listed = namespace
        .kubectl(&[
            "get",
            "secrets",
            "--field-selector=type=entente.dev/bundle",
            "--output=json",
        ])
        .await?;
    let listed: Value = serde_json::from_str(&listed)?;
    let mut found = BTreeMap::new();
    for secret in listed["items"].as_array().context("a list has items")? {
        let name = secret["metadata"]["annotations"]["entente.dev/bundle"].as_str();
        let files = secret["data"].as_object().into_iter().flatten();
        let read = |content: &Value| BASE64_STANDARD.decode(content.as_str().unwrap_or_default());
        let mut bare = Vec::new();
        let mut root = String::new();
        for (file, content) in files {
            let text = String::from_utf8_lossy(&read(content)?).into_owned();
            if text.contains("PRIVATE KEY-----") {
                bare.push(file.clone());
            }
            if file == "ca.pem" {
                root = text;
            }
        }
        let twice = found.insert(name.context("a bundle says whose it is")?.to_owned(), (bare, root));
        ensure!(twice.is_none(), "there are two Secrets of {name:?}");
    }
    Ok(found)
}

/// Roots that were made before there was a master key are sealed, stay what they are, and go on signing; and so they do under
/// another master key.
pub async fn seals_what_was_made_before(
    rest: &Rest,
    platform: &Who,
    (system, tenant): (&Namespace, &Namespace),
) -> anyhow::Result<()> {
    let before = bundles(tenant).await?;
    let home = tempfile::tempdir()?;
    let files = ["first", "second"].map(|name| home.path().join(name));
    for (file, byte) in files.iter().zip(["01", "02"]) {
        std::fs::write(file, byte.repeat(32))?;
    }
    let paths = files.each_ref().map(|file| file.to_string_lossy());
    let hold = async |path: &str| {
        let from = format!("--from-file=master-key={path}");
        let made = [
            "create",
            "secret",
            "generic",
            "master-key",
            &from,
            "--dry-run=client",
            "--output=yaml",
        ];
        let manifest = system.kubectl(&made).await?;
        system.apply(&manifest).await
    };

    hold(&paths[0]).await?;
    helm(
        system,
        "upgrade entente entente --reuse-values --wait --set masterKey.existingSecret=master-key",
    )?;
    let sealed = wait::until("the roots to be sealed", SOON, async || {
        let now = bundles(tenant).await.ok()?;
        now.values().all(|(bare, _)| bare.is_empty()).then_some(now)
    })
    .await;
    transacts(rest, platform, "sealed").await?;
    let rotated = Command::new(executables::entente("entente"))
        .args(["rotate-master-key", "--namespace", system.name()])
        .args(["--master-key-file", &paths[0], "--new-key-file", &paths[1]])
        .output()?;
    hold(&paths[1]).await?;
    for part in ["api", "operator"] {
        let deployment = format!("deployment/entente-{part}");
        system.kubectl(&["rollout", "restart", &deployment]).await?;
        system
            .kubectl(&["rollout", "status", &deployment, "--timeout=5m"])
            .await?;
    }
    // A new organization needs its root sealed, and an old one's root to be opened.
    transacts(rest, platform, "rotated").await?;
    let organization = "{apiVersion: entente.dev/v1alpha1, kind: Organization, metadata: {name: later}, spec: {}}";
    tenant.apply(organization).await?;
    tenant
        .kubectl(&["wait", "--for=condition=Ready", "--timeout=5m", "organization/later"])
        .await?;
    let after = bundles(tenant).await?;

    let was_bare = |name: &str| before.get(name).is_some_and(|(bare, _)| !bare.is_empty());
    assert!(was_bare("bank-a/ca") && was_bare("bank-a/admin"), "{before:?}");
    let roots = |found: &BTreeMap<String, (Vec<String>, String)>| {
        let roots = found.iter().filter(|(name, _)| before.contains_key(*name));
        roots
            .map(|(name, (_, root))| (name.clone(), root.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(roots(&sealed), roots(&before));
    assert_eq!(roots(&after), roots(&before));
    assert!(rotated.status.success(), "{}", String::from_utf8_lossy(&rotated.stderr));
    let bare: Vec<_> = after.iter().filter(|(_, (bare, _))| !bare.is_empty()).collect();
    assert!(after.contains_key("later/ca") && bare.is_empty(), "{bare:?}");
    Ok(())
}

/// Signs as an organization's administrator, whose key is a sealed one.
async fn transacts(rest: &Rest, platform: &Who, note: &str) -> anyhow::Result<()> {
    let path = "/v1/chains/first-chain/channels/main/contracts/evidence:submit";
    let digest = note.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let body = json!({"function": "Certify", "arguments": [format!("{digest:0<64}"), note]});
    wait::until("a transaction to be committed", SOON, async || {
        let (status, _) = rest.call(platform, Method::POST, path, Some(body.clone())).await.ok()?;
        status.is_success().then_some(())
    })
    .await;
    Ok(())
}

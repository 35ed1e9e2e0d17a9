//! `entente identity`, with somebody who plays the operator.

use std::os::unix::fs::PermissionsExt as _;

use entente_api::{Identity, Organization};

use super::*;

/// A platform with a bank, whose operator issues at once whatever is asked for.
async fn bank() -> Shell {
    let shell = Shell::new().await;
    let app = shell.app.clone();
    app.registry
        .create(&TestApp::scope(), &Organization::new("bank", Default::default()))
        .await
        .unwrap();
    let status = json!({"caCertificate": "CA", "tlsCaCertificate": "TLSCA", "mspId": "BankMSP"});
    app.registry
        .put_status::<Organization>(&TestApp::scope(), "bank", &status)
        .await
        .unwrap();
    let mut watch = app.registry.watch(&TestApp::scope());
    tokio::spawn(async move {
        while let Ok(Some(event)) = watch.next().await {
            let generation = &event.object["metadata"]["generation"];
            if event.key.kind != "Identity" || event.object["status"]["observedGeneration"] == *generation {
                continue;
            }
            let mut status = ready(generation.as_i64().unwrap_or_default());
            status["certificate"] = json!("CERTIFICATE");
            status["expireTime"] = json!("2020-01-01T00:00:00Z");
            status.as_object_mut().unwrap().remove("nodes");
            app.registry
                .put_status::<Identity>(&TestApp::scope(), &event.key.name, &status)
                .await
                .ok();
        }
    });
    shell
}

async fn standing(shell: &Shell, name: &str) -> (serde_json::Value, serde_json::Value) {
    let held = shell.app.get(&format!("/v1/identities/{name}")).await.json();
    (
        held["spec"]["standing"].clone(),
        held["spec"]["revocationReason"].clone(),
    )
}

#[tokio::test]
async fn an_identity_is_issued_with_its_key_and_listed_and_bundled() {
    let shell = bank().await;
    let out = shell.folder.path().join("till-1");
    let (folder, archive) = (out.display().to_string(), out.join("b.tar.gz").display().to_string());

    let issued = shell
        .run(&[
            "identity",
            "issue",
            "till-1",
            "--organization",
            "bank",
            "--attribute",
            "level=3",
            "--out",
            &folder,
        ])
        .await;
    let listed = shell
        .run(&["identity", "list", "--expires-within", "30d", "-o", "name"])
        .await;
    let bundled = shell.run(&["identity", "bundle", "till-1", "--out", &archive]).await;

    let certificate = out.join("certificate.pem");
    assert_eq!(
        (issued.0, issued.1),
        (Exit::Success, format!("{}\n", certificate.display())),
        "{}",
        issued.2
    );
    let key = std::fs::read_to_string(out.join("key.pem")).unwrap();
    assert!(key.starts_with("-----BEGIN PRIVATE KEY-----"));
    let mode = std::fs::metadata(out.join("key.pem")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(std::fs::read_to_string(certificate).unwrap(), "CERTIFICATE");
    assert_eq!(listed.1, "certificate/identities/till-1\n", "{}", listed.2);
    assert_eq!(bundled.0, Exit::Success, "{}", bundled.2);
    // RFC 1952: how an archive begins.
    assert_eq!(std::fs::read(archive).unwrap()[..2], [0x1f, 0x8b]);
    let held = shell.app.get("/v1/identities/till-1").await.json();
    assert_eq!(held["spec"]["attributes"], json!({"level": "3"}));
}

#[tokio::test]
async fn an_identity_is_renewed_suspended_taken_back_and_revoked() {
    let shell = bank().await;
    let made = json!({"name": "till-1", "spec": {"organization": "bank"}});
    shell.app.post("/v1/identities", made).await;
    let act = async |args: &[&str]| {
        let (exit, out, err) = shell.run(&[&["identity"], args].concat()).await;
        assert_eq!(exit, Exit::Success, "{err}");
        out
    };

    let renewed = act(&["renew", "till-1"]).await;
    let suspended = (act(&["suspend", "till-1"]).await, standing(&shell, "till-1").await);
    let resumed = (act(&["resume", "till-1"]).await, standing(&shell, "till-1").await);
    let again = act(&["resume", "till-1"]).await;
    let revoked = (
        act(&["revoke", "till-1", "--reason", "keyCompromise"]).await,
        standing(&shell, "till-1").await,
    );

    assert_eq!(renewed, "identity/till-1 renewed\n");
    assert_eq!(
        suspended,
        (
            "identity/till-1 suspended\n".to_owned(),
            (json!("suspended"), json!("certificateHold"))
        )
    );
    assert_eq!(
        resumed,
        ("identity/till-1 resumed\n".to_owned(), (json!(null), json!(null)))
    );
    assert_eq!(again, "identity/till-1 unchanged\n");
    assert_eq!(
        revoked,
        (
            "identity/till-1 revoked\n".to_owned(),
            (json!("revoked"), json!("keyCompromise"))
        )
    );
}

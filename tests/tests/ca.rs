//! A certificate authority as its clients see it: the real process over TLS, the official client for Node.js, the stock
//! `fabric-ca-client`, and a chain that takes what it issued.

use entente_tests::authority::Authority;
use entente_tests::platform::Platform;
use entente_tests::{clients, executables};
use serde_json::json;
use tokio::process::Command;

#[tokio::test]
async fn the_official_client_for_node_is_served() {
    let authority = Authority::start(json!({})).await.expect("the authority starts");
    let connection = authority.connection().expect("a connection file");

    clients::node_tests("ca", "ca.test.mjs", &connection)
        .await
        .unwrap_or_else(|error| panic!("{error}\n{}", authority.log()));
}

#[tokio::test]
async fn the_stock_client_is_served() {
    let Some(client) = executables::stock_ca_client_or_skip("the_stock_client_is_served") else {
        return;
    };
    let authority = Authority::start(json!({})).await.expect("the authority starts");
    let url = authority.url();
    let admin = async |arguments: &[&str]| {
        let arguments = [arguments, &["-u", &url]].concat();
        authority
            .stock(&client, "admin", &arguments)
            .await
            .unwrap_or_else(|error| panic!("{error}\n{}", authority.log()))
    };
    let enroll = async |id: &str, secret: &str, more: &[&str]| {
        let url = authority.url_of(id, secret);
        let arguments = [&["enroll", "-u", &url], more].concat();
        authority.stock(&client, id, &arguments).await
    };

    enroll("admin", "adminpw", &[]).await.expect("the registrar enrols");
    admin(&["getcainfo"]).await;
    admin(&["affiliation", "add", "lending.wholesale"]).await;
    let affiliations = admin(&["affiliation", "list"]).await;
    assert!(
        affiliations.contains("affiliation: lending.wholesale"),
        "{affiliations}"
    );
    let registered = admin(&[
        "register",
        "--id.name",
        "peer0",
        "--id.secret",
        "peerpw",
        "--id.type",
        "peer",
        "--id.affiliation",
        "lending",
        "--id.attrs",
        "level=3:ecert",
    ])
    .await;
    assert!(registered.contains("Password: peerpw"), "{registered}");
    enroll("peer0", "peerpw", &[]).await.expect("a peer enrols");
    let tls = [
        "-M",
        "tls",
        "--enrollment.profile",
        "tls",
        "--csr.hosts",
        "peer0.example.com",
    ];
    enroll("peer0", "peerpw", &tls).await.expect("a peer enrols for TLS");
    let home = authority.scratch().join("peer0");
    let chain = std::fs::read_dir(home.join("tls/tlscacerts"))
        .expect("the TLS root")
        .count();
    assert_eq!(chain, 1);

    let certificates = admin(&["certificate", "list", "--id", "peer0"]).await;
    assert_eq!(certificates.matches("Serial Number").count(), 2, "{certificates}");
    admin(&["revoke", "-e", "peer0", "-r", "keycompromise", "--gencrl"]).await;
    admin(&["gencrl"]).await;
    assert!(authority.scratch().join("admin/msp/crls/crl.pem").is_file());
    let refused = enroll("peer0", "peerpw", &[])
        .await
        .expect_err("it is revoked")
        .to_string();
    assert!(refused.contains("Authentication failure"), "{refused}");
    admin(&["reenroll"]).await;
    admin(&["identity", "modify", "peer0", "--type", "client"]).await;
    admin(&["identity", "remove", "peer0"]).await;
    let identities = admin(&["identity", "list"]).await;
    assert!(!identities.contains("Name: peer0"), "{identities}");
}

#[tokio::test]
async fn what_was_answered_survives_a_power_failure_and_a_new_master_key() {
    let name = "what_was_answered_survives_a_power_failure_and_a_new_master_key";
    let Some(client) = executables::stock_ca_client_or_skip(name) else {
        return;
    };
    let keys = tempfile::tempdir().expect("a folder");
    let (master, next) = (keys.path().join("master"), keys.path().join("next"));
    std::fs::write(&master, "01".repeat(32)).expect("a master key");
    std::fs::write(&next, "02".repeat(32)).expect("another one");
    let mut authority = Authority::start(json!({ "masterKey": { "file": &master } }))
        .await
        .expect("the authority starts");
    let url = authority.url_of("admin", "adminpw");
    authority
        .stock(&client, "admin", &["enroll", "-u", &url])
        .await
        .expect("the registrar enrols");

    authority.kill().await.expect("it runs");
    let rotate = ["rotate-master-key", "--new-key-file", next.to_str().expect("UTF-8")];
    let rotated = authority.command(&rotate).await.expect("it can be started");
    assert!(rotated.status.success(), "{}", String::from_utf8_lossy(&rotated.stderr));
    std::fs::copy(&next, &master).expect("the new key is configured");
    authority.resume().await.expect("it starts again");

    let url = authority.url();
    let renewed = authority.stock(&client, "admin", &["reenroll", "-u", &url]).await;
    renewed.expect("the certificate from before is known");
    let metrics = authority.operations("/metrics").await.expect("it counts");
    assert!(
        metrics.contains("ca_certificates_issued_total{profile=\"default\"} 1"),
        "{metrics}"
    );
    let identity_key = std::fs::read_to_string(authority.scratch().join("data/keys/identity.key"));
    assert!(!identity_key.expect("it is there").contains("PRIVATE"));
    assert!(!authority.log().contains("adminpw"), "{}", authority.log());
    authority.stop().await.expect("it ends well");
}

/// The authority issues with the keys of an organization that is on a chain already: it brings its own.
#[tokio::test]
async fn a_certificate_that_it_issued_signs_a_transaction_that_commits() {
    let platform = Platform::start().await.expect("the platform starts");
    let chain = json!({
        "ordering": { "replicas": 1 },
        "deletionPolicy": "Delete",
        "members": [{ "organization": "bank" }],
        "contracts": [{ "name": "evidence", "template": "evidence" }],
    });
    platform
        .create_chain("ledger", chain)
        .await
        .expect("the chain is ready");
    let connection = platform
        .connect("ledger", "bank", "evidence")
        .await
        .expect("a connection file");
    let keys = platform.data().join("vault/default/bank/ca");
    let issuer = |name: &str| {
        json!({
            "certificateChain": keys.join(format!("{name}.pem")),
            "key": keys.join(format!("{name}.key")),
        })
    };
    let authority = Authority::start(json!({ "identityCa": issuer("ca"), "tlsCa": issuer("tlsca") }))
        .await
        .expect("the authority starts");

    let described = authority.connection().expect("a connection file");
    clients::node_tests("ca", "ca.test.mjs", &described)
        .await
        .unwrap_or_else(|error| panic!("{error}\n{}", authority.log()));
    let folder = connection.parent().expect("it is in a folder");
    for file in ["certificate.pem", "key.pem"] {
        std::fs::copy(authority.scratch().join(file), folder.join(file)).expect("the client left it");
    }
    let submitted = Command::new(
        clients::folder("gateway")
            .expect("installed")
            .join("node_modules/.bin/node"),
    )
    .arg("submit.mjs")
    .args(["Certify", &"7".repeat(64), "enrolled"])
    .current_dir(clients::folder("gateway").expect("installed"))
    .env("CONNECTION", &connection)
    .output()
    .await
    .expect("node can be started");

    assert!(
        submitted.status.success(),
        "{}",
        String::from_utf8_lossy(&submitted.stderr)
    );
    let known = platform
        .evaluate("ledger", "evidence", "Get", &[&"7".repeat(64)])
        .await
        .expect("it can be read");
    assert_eq!(known["result"]["digest"], "7".repeat(64));
}

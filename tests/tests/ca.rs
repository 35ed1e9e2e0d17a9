//! A certificate authority as its clients see it: the real process over TLS, the official client for Node.js, the stock
//! `fabric-ca-client`, and a chain that takes what it issued.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use entente_tests::authority::Authority;
use entente_tests::platform::Platform;
use entente_tests::{clients, executables, wait};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::process::Command;

const FIVE_SECONDS: Duration = Duration::from_secs(5);

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

/// What is below a folder and holds a private key that anybody who reads the disk can use.
fn bare_keys(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        match entry.file_type().expect("it is there") {
            kind if kind.is_dir() => found.extend(bare_keys(&path)),
            kind if kind.is_file() => {
                let content = std::fs::read(&path).expect("it can be read");
                let mark = b"PRIVATE KEY-----";
                if content.windows(mark.len()).any(|window| window == mark) {
                    found.push(path);
                }
            }
            _ => {}
        }
    }
    found
}

/// What nodes run with is theirs, in folders of their own; everything else is sealed: roots, administrators, identities, the
/// root of the authorities' port, and the keys of tokens in the tables.
#[tokio::test]
async fn with_a_master_key_no_key_but_those_of_running_nodes_rests_unsealed_and_another_master_key_opens_all() {
    let keys = tempfile::tempdir().expect("a folder");
    let (master, next) = (keys.path().join("master"), keys.path().join("next"));
    std::fs::write(&master, "01".repeat(32)).expect("a master key");
    std::fs::write(&next, "02".repeat(32)).expect("another one");
    let file = master.to_str().expect("UTF-8");
    let mut platform = Platform::start_with(&[("ENTENTE_MASTER_KEY_FILE", file)])
        .await
        .expect("the platform starts");
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
    let identity = json!({ "name": "till-1", "spec": { "organization": "bank" } });
    platform
        .change(Method::POST, "/v1/identities", Some(identity))
        .await
        .expect("the identity is issued");

    platform.interrupt().await.expect("it ends");
    let nodes = platform.data().join("nodes");
    let bare = bare_keys(&platform.data());
    let rotated = platform
        .cli(&[
            "rotate-master-key",
            "--data",
            platform.data().to_str().expect("UTF-8"),
            "--master-key-file",
            file,
            "--new-key-file",
            next.to_str().expect("UTF-8"),
        ])
        .await
        .expect("it can be started");
    std::fs::copy(&next, &master).expect("the new key is configured");
    platform.resume().await.expect("it starts with the new key");
    // Nodes that have just been started again need a moment to find each other.
    let committed = wait::until(
        "a transaction of the administrator",
        Duration::from_secs(60),
        async || {
            let arguments = [&*"7".repeat(64), "sealed"];
            platform.submit("ledger", "evidence", "Certify", &arguments).await.ok()
        },
    )
    .await;

    let elsewhere: Vec<_> = bare.iter().filter(|path| !path.starts_with(&nodes)).collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
    assert!(!bare.is_empty());
    assert!(rotated.status.success(), "{}", String::from_utf8_lossy(&rotated.stderr));
    assert!(committed["transactionId"].is_string(), "{committed}");
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
}

#[tokio::test]
async fn a_revoked_or_suspended_identity_is_refused_on_the_chain_within_seconds() {
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
    submit(&connection).await.expect("it is in good standing");
    let identities = platform.get("/v1/identities").await.expect("identities can be listed");
    let name = identities["items"][0]["name"]
        .as_str()
        .expect("there is one")
        .to_owned();
    let act = async |verb: &str, body: Option<Value>| {
        let asked = Instant::now();
        let path = format!("/v1/identities/{name}:{verb}");
        platform.call(Method::POST, &path, body).await.expect("it is taken");
        asked
    };
    let verify = async |what: Value| {
        let verdict = platform
            .call(Method::POST, "/v1/verify", Some(what))
            .await
            .expect("a verdict");
        (verdict["valid"] == true, verdict["reason"].as_str().map(str::to_owned))
    };
    let pem = std::fs::read_to_string(connection.with_file_name("certificate.pem")).expect("the certificate");
    let certificate = json!({ "certificate": { "certificate": pem } });
    assert_eq!(verify(certificate.clone()).await, (true, None));

    let asked = act("suspend", None).await;
    let refusal = until_refused(&connection, asked).await;
    assert!(
        refusal.contains("access denied") || refusal.contains("PERMISSION"),
        "{refusal}"
    );
    let revoked = (false, Some("it is revoked or suspended".to_owned()));
    assert_eq!(verify(certificate.clone()).await, revoked);
    act("resume", None).await;
    wait::until("the identity to be taken again", FIVE_SECONDS, async || {
        submit(&connection).await.ok()
    })
    .await;

    let asked = act("revoke", Some(json!({ "reason": "keyCompromise" }))).await;
    until_refused(&connection, asked).await;
    assert_eq!(verify(certificate).await, revoked);
    platform
        .change(Method::DELETE, &format!("/v1/identities/{name}"), None)
        .await
        .expect("it is deleted");
    let bank = platform.get("/v1/organizations/bank").await.expect("the organization");
    assert_eq!(
        bank["spec"]["revocations"].as_array().map(Vec::len),
        Some(1),
        "{bank:#}"
    );
    assert!(submit(&connection).await.is_err(), "it stays revoked");
}

#[tokio::test]
async fn transactions_and_documents_can_be_verified() {
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
    let known = digest();
    let committed = platform
        .submit("ledger", "evidence", "Certify", &[&known, "a contract"])
        .await
        .expect("it commits");
    let verify = async |what: Value| {
        platform
            .call(Method::POST, "/v1/verify", Some(what))
            .await
            .expect("a verdict")
    };
    let transaction = |id: &Value| json!({ "transaction": { "chain": "ledger", "channel": "main", "id": id } });
    let document = |digest: &str| json!({ "document": { "chain": "ledger", "channel": "main", "contract": "evidence", "digest": digest } });

    let found = verify(transaction(&committed["transactionId"])).await;
    let certified = verify(document(&known)).await;
    let unknown = verify(document(&digest())).await;
    let absent = verify(transaction(&json!("0".repeat(64)))).await;

    assert_eq!(found["valid"], true, "{found}");
    assert_eq!(found["who"]["mspId"], "BankMSP", "{found}");
    assert_eq!(certified["blockNumber"], committed["blockNumber"], "{certified}");
    assert_eq!(certified["valid"], true, "{certified}");
    assert_eq!(unknown["reason"], "nobody has certified a document of this digest");
    assert_eq!(absent["reason"], "there is no such transaction on the channel");
}

/// The platform serves the authority of each organization, and brings what it revokes to the organization's chains.
#[tokio::test]
async fn the_platform_serves_an_authority_whose_revocations_reach_the_chain() {
    let platform = Platform::start().await.expect("the platform starts");
    let chain = json!({
        "ordering": { "replicas": 1 },
        "deletionPolicy": "Delete",
        "members": [{ "organization": "bank" }, { "organization": "tax" }],
        "contracts": [{ "name": "evidence", "template": "evidence", "endorsementPolicy": "OR('BankMSP.peer')" }],
    });
    platform
        .create_chain("ledger", chain)
        .await
        .expect("the chain is ready");
    let connection = platform
        .connect("ledger", "bank", "evidence")
        .await
        .expect("a connection file");
    let authority = "/v1/organizations/bank/certificate-authority";
    let served = platform.get(authority).await.expect("it is served");
    let registrar = platform
        .call(Method::POST, &format!("{authority}:reset"), None)
        .await
        .expect("a registrar");
    let folder = platform.scratch().join("registrar");
    std::fs::create_dir(&folder).expect("a folder");
    let text = |value: &Value| value.as_str().expect("it is text").to_owned();
    std::fs::write(folder.join("trust.pem"), text(&served["tlsRootCertificate"])).expect("the root");
    let described = folder.join("connection.json");
    let content = json!({
        "url": served["url"],
        "name": served["name"],
        "trust": "trust.pem",
        "id": registrar["id"],
        "secret": registrar["secret"],
    });
    std::fs::write(&described, content.to_string()).expect("a connection file");

    clients::node_tests("ca", "ca.test.mjs", &described)
        .await
        .unwrap_or_else(|error| panic!("{error}\n{}", platform.log()));
    let told = platform
        .get("/v1/audit-events?action=certificate_authority_reset")
        .await
        .expect("the audit");
    let row = &told["items"][0];
    assert_eq!(row["object"], "organizations/bank/certificate-authority:reset");
    assert_eq!((&row["before"], &row["after"]), (&Value::Null, &Value::Null));
    assert!(!told.to_string().contains(&text(&registrar["secret"])));
    let enrolled = platform
        .get("/v1/certificates?type=enrolled&expiresWithin=3650d")
        .await
        .expect("certificates can be listed");
    assert_eq!(enrolled["items"][0]["organization"], "bank", "{enrolled}");
    let own = connection.parent().expect("it is in a folder");
    for file in ["certificate.pem", "key.pem"] {
        std::fs::copy(folder.join(file), own.join(file)).expect("the client left it");
    }
    submit(&connection).await.expect("it commits");

    let id = std::fs::read_to_string(folder.join("enrollment-id")).expect("the client left it");
    let client = clients::folder("ca").expect("the client is installed");
    let revoked = Command::new(client.join("node_modules/.bin/node"))
        .args(["revoke.mjs", &id])
        .current_dir(&client)
        .env("CONNECTION", &described)
        .output()
        .await
        .expect("node can be started");
    let asked = Instant::now();
    assert!(revoked.status.success(), "{}", String::from_utf8_lossy(&revoked.stderr));
    until_refused(&connection, asked).await;
}

/// Waits until a submission fails, and gives the reason. Fails when that takes longer than five seconds from `asked`.
async fn until_refused(connection: &Path, asked: Instant) -> String {
    let refusal = wait::until("the chain to refuse the identity", FIVE_SECONDS, async || {
        submit(connection).await.err()
    })
    .await;
    assert!(asked.elapsed() < FIVE_SECONDS, "it took {:?}", asked.elapsed());
    refusal
}

/// Submits a new transaction with the official client; the error is what the client says.
async fn submit(connection: &Path) -> Result<(), String> {
    let folder = clients::folder("gateway").expect("the client is installed");
    let submitted = Command::new(folder.join("node_modules/.bin/node"))
        .arg("submit.mjs")
        .args(["Certify", &digest(), "enrolled"])
        .current_dir(&folder)
        .env("CONNECTION", connection)
        .output()
        .await
        .expect("node can be started");
    match submitted.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&submitted.stderr).into_owned()),
    }
}

/// One that was never certified before.
fn digest() -> String {
    let mut bytes = [0; 32];
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    bytes[..16].copy_from_slice(&now.expect("after 1970").as_nanos().to_be_bytes());
    hex::encode(bytes)
}

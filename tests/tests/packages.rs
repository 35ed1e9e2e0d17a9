//! Contract packages made elsewhere, uploaded over REST: installed byte for byte, and dialled as they say.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use entente_fabric::package::{self, Connection};
use entente_tests::platform::Platform;
use entente_tests::{executables, wait};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

const PATIENCE: Duration = Duration::from_secs(120);
const DIGEST: &str = "0101010101010101010101010101010101010101010101010101010101010101";

struct Authority(CertifiedIssuer<'static, KeyPair>);

/// PEM of a certificate and its key.
struct Leaf {
    certificate: String,
    key: String,
}

impl Authority {
    fn new() -> Authority {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "the contract's own authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().expect("a key");
        Authority(CertifiedIssuer::self_signed(params, key).expect("an authority"))
    }

    fn issue(&self, name: &str) -> Leaf {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
        params.distinguished_name.push(DnType::CommonName, name);
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        Leaf {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }
}

/// The evidence contract at an address, over TLS, for clients with a certificate of `authority` only.
fn serve(folder: &Path, address: &str, package_id: &str, authority: &Authority) -> Child {
    let leaf = authority.issue("127.0.0.1");
    let write = |name: &str, pem: &str| {
        let path = folder.join(name);
        std::fs::write(&path, pem).expect("the folder is writable");
        path
    };
    Command::new(executables::entente("entente-contracts"))
        .arg("evidence")
        .env("CHAINCODE_SERVER_ADDRESS", address)
        .env("CHAINCODE_ID", package_id)
        .env("CHAINCODE_TLS_CERT", write("contract.pem", &leaf.certificate))
        .env("CHAINCODE_TLS_KEY", write("contract.key", &leaf.key))
        .env("CHAINCODE_CLIENT_CA_CERT", write("clients.pem", &authority.0.pem()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("the contract starts")
}

/// A package as another tool may make it: with a time in its compressed header, which ours never writes.
fn packed(label: &str, connection: &Connection) -> (Vec<u8>, String) {
    let ours = package::build(label, connection).expect("a package");
    let mut bytes = ours.clone();
    bytes[4..8].copy_from_slice(&[1, 2, 3, 4]);
    assert_ne!(bytes, ours);
    let id = package::id(label, &bytes);
    (bytes, id)
}

fn definition(version: &str, package: &[u8]) -> Value {
    json!([{ "name": "evidence", "version": version, "package": BASE64_STANDARD.encode(package) }])
}

#[tokio::test]
async fn native_peers_dial_a_contract_as_an_uploaded_package_says() {
    let uploaded = Uploaded::over_mutual_tls("native").await;

    uploaded.commits().await;
    uploaded.tells_why_it_cannot_be_reached().await;
}

#[tokio::test]
async fn stock_peers_dial_a_contract_as_an_uploaded_package_says() {
    let name = "stock_peers_dial_a_contract_as_an_uploaded_package_says";
    if executables::stock_fabric_or_skip(name).is_some() {
        Uploaded::over_mutual_tls("fabric").await.commits().await;
    }
}

/// A chain with a contract that was uploaded as a package.
struct Uploaded {
    platform: Platform,
    connection: Connection,
    package_id: String,
    _service: Child,
}

impl Uploaded {
    /// Deploys a contract whose package holds the certificates of both sides.
    async fn over_mutual_tls(engine: &str) -> Uploaded {
        let platform = Platform::start().await.expect("the platform starts");
        let spec = json!({ "engine": engine, "members": [{ "organization": "bank" }, { "organization": "tax" }] });
        platform.create_chain("ledger", spec).await.expect("the chain is ready");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it has an address").to_string();
        drop(listener);
        let authority = Authority::new();
        let client = authority.issue("peers");
        let connection = Connection {
            address: address.clone(),
            dial_timeout: "5s".to_owned(),
            tls_required: true,
            root_cert: authority.0.pem(),
            client_auth_required: true,
            client_key: client.key,
            client_cert: client.certificate,
        };
        let (bytes, package_id) = packed("evidence_1.0", &connection);
        let service = serve(platform.scratch(), &address, &package_id, &authority);
        let patch = json!({ "spec": { "contracts": definition("1.0", &bytes) } });
        platform
            .patch_chain("ledger", patch)
            .await
            .expect("the contract is deployed");
        Uploaded {
            platform,
            connection,
            package_id,
            _service: service,
        }
    }

    /// Peers know the package by the hash of what was uploaded, and reach the contract with it.
    async fn commits(&self) {
        let contract = self.contract().await;
        let committed = self
            .platform
            .submit("ledger", "evidence", "Certify", &[DIGEST, "over mutual TLS"])
            .await
            .expect("it commits");

        assert_eq!(contract["status"]["packageId"], self.package_id);
        assert_eq!(committed["code"], "VALID");
    }

    /// An upgrade whose package trusts somebody else.
    async fn tells_why_it_cannot_be_reached(&self) {
        let connection = Connection {
            root_cert: Authority::new().0.pem(),
            ..self.connection.clone()
        };
        let (bytes, _) = packed("evidence_2.0", &connection);
        let patch = json!({ "spec": { "contracts": definition("2.0", &bytes) } });
        self.platform
            .call(reqwest::Method::PATCH, "/v1/chains/ledger", Some(patch))
            .await
            .expect("it is taken");

        let cause = wait::until("the reason to be told", PATIENCE, async || {
            let contract = self.contract().await;
            let steps = contract["status"]["steps"].as_array()?;
            let probe = steps.iter().find(|step| step["name"] == "probe")?;
            probe["cause"].as_str().map(str::to_owned)
        })
        .await;

        let address = &self.connection.address;
        let expected = format!("{address}: its certificate was issued by an unknown authority");
        assert!(cause.contains(&expected), "{cause}");
    }

    async fn contract(&self) -> Value {
        self.platform
            .get("/v1/contracts/ledger.main.evidence")
            .await
            .expect("the contract can be read")
    }
}

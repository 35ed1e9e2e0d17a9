//! A regulator in a chain: it reads everything through peers of its own, and the chain itself takes nothing that it
//! signs, nor waits for it. On both engines, with the platform's API out of the way: an application of the regulator's
//! talks to its peer as any other client would.

use std::path::Path;

use entente_fabric::client::connect::{ConnectOptions, connect};
use entente_fabric::client::{CallError, Caller, deliver, gateway};
use entente_fabric::identity::SigningIdentity;
use entente_fabric::proposal::Invocation;
use entente_fabric::tls::TlsClient;
use entente_tests::executables;
use entente_tests::platform::Platform;
use futures::TryStreamExt as _;
use reqwest::Method;
use serde_json::{Value, json};
use tonic::transport::Channel;

#[tokio::test]
async fn a_regulator_reads_a_native_chain_and_writes_nothing() {
    a_regulator_reads_and_writes_nothing("native").await;
}

#[tokio::test]
async fn a_regulator_reads_a_stock_chain_and_writes_nothing() {
    if executables::stock_fabric_or_skip("a_regulator_reads_a_stock_chain_and_writes_nothing").is_some() {
        a_regulator_reads_and_writes_nothing("fabric").await;
    }
}

async fn a_regulator_reads_and_writes_nothing(engine: &str) {
    let platform = Platform::start().await.expect("the platform starts");
    let supervisor = json!({ "name": "supervisor", "spec": { "regulator": true } });
    platform
        .change(Method::POST, "/v1/organizations", Some(supervisor))
        .await
        .expect("the regulator is there");
    // Of two members a majority is both: nothing here goes through if the regulator counts.
    let spec = json!({
        "engine": engine,
        "ordering": { "replicas": 1 },
        "members": [{ "organization": "bank" }, { "organization": "supervisor" }],
        "contracts": [{ "name": "evidence", "template": "evidence" }],
    });
    platform
        .create_chain("payments", spec)
        .await
        .expect("the chain is ready");
    let digest = "ab".repeat(32);
    platform
        .submit("payments", "evidence", "Certify", &[&digest, "first"])
        .await
        .expect("the bank submits, and is who the platform picks for it");
    let approvals = platform
        .get("/v1/contracts/payments.main.evidence")
        .await
        .expect("the contract can be read");
    assert_eq!(approvals["status"]["approvals"], json!(["BankMSP"]));

    let inspector = Application::of(&platform, "supervisor").await;
    inspector.reads(&digest).await;
    inspector.is_refused_by_the_orderers().await;

    members_come_and_go(&platform, &inspector, &digest).await;
    let own = platform
        .call(
            Method::PATCH,
            "/v1/organizations/supervisor",
            Some(json!({ "spec": { "regulator": false } })),
        )
        .await
        .expect_err("it cannot begin to write");
    assert!(own.to_string().contains("immutable_field"), "{own}");
}

/// Another bank is admitted, and the regulator dismissed, by those who write; contracts follow.
async fn members_come_and_go(platform: &Platform, inspector: &Application, digest: &str) {
    let members = |names: &[&str]| {
        let members: Vec<Value> = names.iter().map(|name| json!({ "organization": name })).collect();
        json!({ "spec": { "members": members, "contracts": [{ "name": "evidence", "template": "evidence", "version": "1.1" }] } })
    };
    platform
        .patch_chain("payments", members(&["bank", "insurer", "supervisor"]))
        .await
        .expect("a writer is admitted, and the contract upgraded");
    inspector.reads(digest).await;
    platform
        .patch_chain("payments", members(&["bank", "insurer"]))
        .await
        .expect("the regulator is dismissed");
    platform
        .submit("payments", "evidence", "Certify", &[&"cd".repeat(32), "second"])
        .await
        .expect("both banks endorse, by Fabric's own majority again");
}

/// An application with a certificate of its own, at a peer of its organization.
struct Application {
    peer: Channel,
    signer: SigningIdentity,
}

impl Application {
    async fn of(platform: &Platform, organization: &str) -> Application {
        let file = platform
            .connect("payments", organization, "evidence")
            .await
            .expect("an application is enrolled");
        let connection: Value = serde_json::from_slice(&read(&file)).expect("the connection file is JSON");
        let text = |name: &str| connection[name].as_str().expect("it is text").to_owned();
        let pem = |name: &str| read(&file.with_file_name(text(name)));
        let tls = TlsClient::trusting_pem(&pem("tlsRootCertificate")).expect("a root certificate");
        let peer = connect(&text("endpoint"), Some(&tls), &ConnectOptions::default())
            .await
            .expect("the peer is reached");
        let signer = SigningIdentity::new(&text("mspId"), &pem("certificate"), &pem("privateKey"));
        Application {
            peer,
            signer: signer.expect("a signing identity"),
        }
    }

    /// The contract's state, and the blocks with all that is in them.
    async fn reads(&self, digest: &str) {
        let question = Invocation::new("main", "evidence", "Get").arg(digest);
        let answer = gateway::evaluate(&self.peer, &question, &[], &self.signer)
            .await
            .expect("it evaluates");
        let record: Value = serde_json::from_slice(&answer.payload).expect("the contract answers in JSON");
        assert_eq!(record["digest"], digest);

        let blocks = deliver::from_peer(&self.peer, "main", deliver::between(0, 1), Caller::new(&self.signer));
        let blocks: Vec<_> = blocks
            .expect("it can be asked for blocks")
            .try_collect()
            .await
            .expect("it reads blocks");
        let numbers: Vec<_> = blocks
            .iter()
            .flat_map(|block| &block.header)
            .map(|header| header.number)
            .collect();
        assert_eq!(numbers, [0, 1]);
    }

    /// The endorsements that it collects are others', and orderers take no transaction of its own.
    async fn is_refused_by_the_orderers(&self) {
        let call = Invocation::new("main", "evidence", "Certify")
            .arg("ef".repeat(32))
            .arg("third");
        let endorsed = gateway::endorse(&self.peer, &call, &[], &self.signer)
            .await
            .expect("others simulate for it");

        let refused = gateway::submit(&self.peer, &endorsed)
            .await
            .expect_err("it may not write");

        let CallError::Refused { message, .. } = &refused else {
            panic!("it is refused, not {refused}");
        };
        assert!(message.contains("status=FORBIDDEN"), "{message}");
    }
}

fn read(file: &Path) -> Vec<u8> {
    std::fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

//! A contract on the official Node shim, run as a service: every operation that the shim has.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use entente_fabric::policy::dsl;
use entente_fabric::proposal::Invocation;
use entente_fabric::proto::protos::{
    ChaincodeAction, ChaincodeEvent, CollectionConfig, CollectionConfigPackage, CollectionPolicyConfig,
    ProposalResponse, ProposalResponsePayload, StaticCollectionConfig, collection_config, collection_policy_config,
};
use prost::Message as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::lifecycle::{Terms, deploy, install};
use crate::network::{CHANNEL, Network, Peer, envelope, outcome};

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A loopback port that was free a moment ago.
pub fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string()
}

/// Starts one process that serves contracts, given as package id and address.
pub fn start(contracts: &[(&str, &str)]) -> Child {
    let modules = project().join("tests/clients/js-contract/node_modules");
    assert!(
        modules.is_dir(),
        "{} is missing: run `npm ci` in tests/clients/js-contract, as `make test` does",
        modules.display()
    );
    let servers: Vec<_> = contracts
        .iter()
        .map(|(package, address)| format!("{package}@{address}"))
        .collect();
    Command::new("node")
        .arg(project().join("tests/golden/chain/chaincode.js"))
        .env("NODE_PATH", modules)
        .env("SERVERS", servers.join(","))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("node is needed on the PATH")
}

/// A peer with the contract `ops` deployed and running.
struct Running {
    peer: Peer,
    package: String,
    address: String,
    _contract: Child,
    _dir: TempDir,
}

impl Running {
    async fn new() -> Running {
        Running::with(Terms {
            collections: Some(collections()),
            ..Terms::new("ops")
        })
        .await
    }

    async fn with(terms: Terms) -> Running {
        let network = Network::new();
        let dir = tempfile::tempdir().unwrap();
        let peer = Peer::new(&network, &network.first, dir.path());
        let address = free_address();
        let package = install(&peer, "ops_1", &address).await;
        let contract = start(&[(&package, &address)]);
        deploy(&peer, &terms, &package).await;
        Running {
            peer,
            package,
            address,
            _contract: contract,
            _dir: dir,
        }
    }

    /// Runs operations (see the contract) without committing them.
    async fn run(&self, operations: Value) -> ProposalResponse {
        self.peer.ask_as(&self.peer.client, &run("ops", &operations)).await.1
    }

    /// Runs operations and commits them.
    async fn commit(&self, operations: Value) -> Value {
        let (proposed, response) = self.peer.ask_as(&self.peer.client, &run("ops", &operations)).await;
        let answer = answer(&response);
        self.peer.commit(&[envelope(&self.peer.client, &proposed, response)]);
        answer
    }
}

fn run(contract: &str, operations: &Value) -> Invocation {
    Invocation::new(CHANNEL, contract, "run").arg(operations.to_string())
}

/// What the contract answered to operations that all worked.
fn answer(response: &ProposalResponse) -> Value {
    assert_eq!(outcome(response), (200, ""));
    let payload = &response.response.as_ref().unwrap().payload;
    if payload.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(payload).unwrap()
    }
}

fn action(response: &ProposalResponse) -> ChaincodeAction {
    let payload = ProposalResponsePayload::decode(&response.payload[..]).unwrap();
    ChaincodeAction::decode(&payload.extension[..]).unwrap()
}

/// `ours` for the first organization, `theirs` for the second alone to read and write.
fn collections() -> CollectionConfigPackage {
    let collection = |name: &str, member: &str, closed: bool, required: i32| {
        let policy = dsl::parse(&format!("OR('{member}.member')")).unwrap();
        let payload = Some(collection_policy_config::Payload::SignaturePolicy(policy));
        let config = StaticCollectionConfig {
            name: name.to_owned(),
            member_orgs_policy: Some(CollectionPolicyConfig { payload }),
            required_peer_count: required,
            maximum_peer_count: 1,
            member_only_read: closed,
            member_only_write: closed,
            ..Default::default()
        };
        CollectionConfig {
            payload: Some(collection_config::Payload::StaticCollectionConfig(config)),
        }
    };
    CollectionConfigPackage {
        config: vec![
            collection("ours", "FirstMSP", true, 0),
            collection("theirs", "SecondMSP", true, 0),
            collection("spread", "FirstMSP", true, 1),
        ],
    }
}

#[tokio::test]
async fn a_contract_reads_what_is_committed_and_not_what_it_wrote_itself() {
    let running = Running::new().await;

    let first = running
        .commit(json!([["put", "a", "1"], ["get", "a"], ["event", "made", "of a"]]))
        .await;
    let (_, second) = running
        .peer
        .ask_as(&running.peer.client, &run("ops", &json!([["get", "a"], ["del", "a"]])))
        .await;

    assert_eq!((first, answer(&second)), (json!([""]), json!(["1"])));
    let action = action(&second);
    assert_eq!(
        action.chaincode_id.map(|id| (id.name, id.version)),
        Some(("ops".to_owned(), "1.0".to_owned()))
    );
    assert!(second.endorsement.is_some());
    let interest = second.interest.unwrap().chaincodes;
    assert_eq!(interest.iter().map(|call| &*call.name).collect::<Vec<_>>(), ["ops"]);
}

#[tokio::test]
async fn an_event_carries_the_name_and_transaction_that_the_peer_knows() {
    let running = Running::new().await;

    let (proposed, response) = running
        .peer
        .ask_as(&running.peer.client, &run("ops", &json!([["event", "made", "of a"]])))
        .await;

    let event = ChaincodeEvent::decode(&action(&response).events[..]).unwrap();
    let expected = ChaincodeEvent {
        chaincode_id: "ops".to_owned(),
        tx_id: proposed.transaction_id,
        event_name: "made".to_owned(),
        payload: b"of a".to_vec(),
    };
    assert_eq!(event, expected);
}

#[tokio::test]
async fn ranges_pages_composite_keys_and_history_answer_what_is_there() {
    let running = Running::new().await;
    running
        .commit(json!([
            ["fill", "k", 0, 250, "v"],
            ["ckput", "t", ["x", "1"], "1"],
            ["put", "h", "1"]
        ]))
        .await;
    running.commit(json!([["put", "h", "2"]])).await;
    running.commit(json!([["del", "h"]])).await;

    let read = running
        .run(json!([
            ["range", "k", "l"],
            ["range", "k0010", "k0012"],
            ["range", "k", "l", 120],
            ["page", "k", "l", 10, ""],
            ["page", "k", "l", 10, "k0245"],
            ["ckrange", "t", ["x"]]
        ]))
        .await;
    let history = answer(&running.run(json!([["hist", "h"]])).await);

    assert_eq!(
        answer(&read),
        json!([
            [250, "k0000", "k0249"],
            [2, "k0010", "k0011"],
            [120, "k0000", "k0119"],
            [[10, "k0000", "k0009"], 10, "k0010"],
            [[5, "k0245", "k0249"], 5, ""],
            [1, "\u{0}t\u{0}x\u{0}1\u{0}", "\u{0}t\u{0}x\u{0}1\u{0}"]
        ])
    );
    let changes: Vec<_> = history[0]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| json!([row[1], row[2]]))
        .collect();
    assert_eq!(changes, [json!([true, ""]), json!([false, "2"]), json!([false, "1"])]);
}

#[tokio::test]
async fn private_data_is_for_members_and_its_plaintext_survives_to_the_commit() {
    let running = Running::new().await;
    running
        .commit(json!([["pput", "ours", "a", "secret"], ["psbe", "ours", "b", "AAA="]]))
        .await;

    let read = answer(
        &running
            .run(json!([["pget", "ours", "a"], ["prange", "ours", "", ""]]))
            .await,
    );
    let hash = answer(
        &running
            .run(json!([["phash", "ours", "a"], ["phash", "theirs", "a"]]))
            .await,
    );
    let refused = answer(
        &running
            .run(json!([
                ["try", ["pget", "theirs", "a"]],
                ["try", ["pput", "theirs", "a", "x"]],
                ["try", ["pget", "nowhere", "a"]],
                ["try", ["phash", "nowhere", "a"]]
            ]))
            .await,
    );
    running.commit(json!([["ppurge", "ours", "a"]])).await;
    let purged = answer(&running.run(json!([["phash", "ours", "a"]])).await);

    assert_eq!(read, json!(["secret", [1, "a", "a"]]));
    let expected = hex::encode(entente_fabric::crypto::sha256(b"secret"));
    assert_eq!((hash, purged), (json!([expected, ""]), json!([""])));
    assert_eq!(
        refused,
        json!([
            "E:GET_STATE failed: transaction ID: TXID: tx creator does not have read access permission on privatedata in chaincodeName:ops collectionName: theirs",
            "E:PUT_STATE failed: transaction ID: TXID: tx creator does not have write access permission on privatedata in chaincodeName:ops collectionName: theirs",
            "E:GET_STATE failed: transaction ID: TXID: collection main/ops/nowhere could not be found",
            "E:GET_PRIVATE_DATA_HASH failed: transaction ID: TXID: collection [nowhere] not defined in the collection config for chaincode [ops]"
        ])
    );
}

#[tokio::test]
async fn private_data_that_other_peers_must_hold_as_well_is_not_taken() {
    let running = Running::new().await;

    let write = run("ops", &json!([["pput", "spread", "a", "secret"]]));
    let (proposed, response) = running.peer.ask_as(&running.peer.client, &write).await;
    let read = answer(&running.run(json!([["pget", "spread", "a"]])).await);

    let reason = format!(
        "error in simulation: failed to distribute private collection, txID {}, channel {CHANNEL}: could not build private data dissemination plan for chaincode ops and collection spread: required to disseminate to at least 1 peers, but know of only 0 eligible peers",
        proposed.transaction_id
    );
    assert_eq!(outcome(&response), (500, reason.as_str()));
    assert_eq!(read, json!([""]));
}

#[tokio::test]
async fn key_policies_are_kept_and_reach_the_interest_of_later_writes() {
    use base64::Engine as _;
    let running = Running::new().await;
    let policy = dsl::parse("OR('SecondMSP.peer')").unwrap();
    let text = base64::engine::general_purpose::STANDARD.encode(policy.encode_to_vec());
    running.commit(json!([["put", "k", "1"], ["sbe", "k", text]])).await;

    let read = answer(&running.run(json!([["sbeget", "k"]])).await);
    let write = running.run(json!([["put", "k", "2"]])).await;
    let both = running.run(json!([["put", "k", "2"], ["put", "free", "2"]])).await;

    assert_eq!(read, json!([text]));
    let call = |response: ProposalResponse| {
        let call = response.interest.unwrap().chaincodes.remove(0);
        (call.name, call.key_policies, call.disregard_namespace_policy)
    };
    assert_eq!(call(write), ("ops".to_owned(), vec![policy.clone()], true));
    assert_eq!(call(both), ("ops".to_owned(), vec![policy], false));
}

#[tokio::test]
async fn contracts_call_each_other_under_their_own_names_but_not_themselves() {
    let running = Running::new().await;
    let address = free_address();
    let package = install(&running.peer, "aux_1", &address).await;
    let _aux = start(&[(&package, &address)]);
    deploy(&running.peer, &Terms::new("aux"), &package).await;

    let called = running
        .commit(json!([
            ["cc", "aux", "", [["put", "x", "of aux"], ["get", "x"]]],
            ["put", "x", "of ops"]
        ]))
        .await;
    let read = answer(
        &running
            .run(json!([["get", "x"], ["cc", "aux", "main", [["get", "x"]]]]))
            .await,
    );
    let failed = answer(
        &running
            .run(json!([
                ["try", ["cc", "ops", "", [["get", "x"]]]],
                ["try", ["cc", "nobody", "", []]],
                ["try", ["cc", "aux", "elsewhere", []]],
                ["ccraw", "_lifecycle", "", ["QueryChaincodeDefinitions", ""]],
                ["ccraw", "qscc", "", ["GetChainInfo", "main"]]
            ]))
            .await,
    );

    assert_eq!(called, json!([[200, "[\"\"]"]]));
    assert_eq!(read, json!(["of ops", [200, "[\"of aux\"]"]]));
    assert_eq!(
        failed[0],
        "E:INVOKE_CHAINCODE failed: transaction ID: TXID: execute failed: error sending: txid: TXID(main) exists"
    );
    assert_eq!(
        failed[1],
        "E:INVOKE_CHAINCODE failed: transaction ID: TXID: execute failed: invalid invocation: [channel main] failed to get chaincode container info for nobody: chaincode nobody not found"
    );
    assert_eq!(
        failed[2],
        "E:INVOKE_CHAINCODE failed: transaction ID: TXID: Failed to get policy manager for channel [elsewhere]"
    );
    assert_eq!((&failed[3][0], &failed[4][0]), (&json!(200), &json!(500)));
}

#[tokio::test]
async fn transient_data_reaches_the_contract_and_not_the_payload() {
    let running = Running::new().await;
    let invocation = run("ops", &json!([["tran"], ["creator"]])).transient("password", "hunter2");

    let (_, response) = running.peer.ask_as(&running.peer.client, &invocation).await;

    assert_eq!(answer(&response), json!([[["password", "hunter2"]], "FirstMSP"]));
}

#[tokio::test]
async fn statuses_decide_what_is_signed_and_what_is_passed_on() {
    let running = Running::new().await;

    let answers = [
        running.run(json!([["resp", 399, "odd", "p"]])).await,
        running.run(json!([["resp", 404, "none", "p"]])).await,
        running.run(json!([["err", "broken"]])).await,
    ];

    let seen = answers.each_ref().map(|answer| {
        let (status, message) = outcome(answer);
        (
            status,
            message,
            answer.endorsement.is_some(),
            !answer.payload.is_empty(),
        )
    });
    assert_eq!(
        seen,
        [
            (399, "odd", true, true),
            (404, "none", false, false),
            (500, "broken", false, true)
        ]
    );
}

#[tokio::test]
async fn a_contract_that_must_be_initialised_is_so_first_and_once() {
    let running = Running::with(Terms {
        init_required: true,
        ..Terms::new("ops")
    })
    .await;
    let init = Invocation {
        is_init: true,
        ..Invocation::new(CHANNEL, "ops", "init")
    };
    let message = |response: &ProposalResponse| outcome(response).1.split(": ").last().unwrap().to_owned();

    let early = running.run(json!([["get", "a"]])).await;
    let (proposed, response) = running.peer.ask_as(&running.peer.client, &init).await;
    running
        .peer
        .commit(&[envelope(&running.peer.client, &proposed, response)]);
    let (_, again) = running.peer.ask_as(&running.peer.client, &init).await;

    assert_eq!(
        message(&early),
        "chaincode 'ops' has not been initialized for this version, must call as init first"
    );
    assert_eq!(
        message(&again),
        "chaincode 'ops' is already initialized but called as init"
    );
    assert_eq!(answer(&running.run(json!([["get", "a"]])).await), json!([""]));
}

#[tokio::test]
async fn a_contract_that_restarts_is_dialled_again() {
    let mut running = Running::new().await;
    running.run(json!([["get", "a"]])).await;

    running._contract.kill().await.unwrap();
    running._contract = start(&[(&running.package, &running.address)]);
    let answered = tokio::time::timeout(std::time::Duration::from_secs(20), async {
        loop {
            let response = running.run(json!([["get", "a"]])).await;
            if outcome(&response).0 == 200 {
                return;
            }
        }
    });

    answered.await.expect("the restarted contract answers");
}

//! Signed proposals that a stock peer answered at the end of the golden chain: our endorser's answers have the same
//! payload, byte for byte, with the same contract behind it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use entente_fabric::block;
use entente_fabric::config::Bundle;
use entente_fabric::crypto::Signer;
use entente_fabric::package::{self, Connection};
use entente_fabric::proto::common::Config;
use entente_fabric::proto::protos::{
    ChaincodeAction, ProposalResponse, ProposalResponsePayload, SignedProposal, TxValidationCode,
};
use entente_fabric::proto::rwset::TxReadWriteSet;
use entente_ledger::Ledger;
use entente_peer::acl::Acl;
use entente_peer::chaincode::packages::Packages;
use entente_peer::chaincode::{Contracts, Limits};
use entente_peer::channels::{Channel, Channels};
use entente_peer::endorser::Endorser;
use entente_peer::endorser::unpack::Unpacked;
use entente_peer::lifecycle::Lifecycle;
use entente_peer::system::SystemChaincodes;
use entente_peer::transient::Transient;
use prost::Message as _;
use serde::Deserialize;
use serde_json::Value;

use crate::golden;
use crate::network::Organization;
use crate::official_shim::{free_address, start};

/// One recorded proposal.
#[derive(Deserialize)]
struct Recorded {
    peer: String,
    cc: String,
    ops: Value,
    args: Vec<String>,
    status: i32,
    message: String,
    response_payload: String,
    proposal_response_payload: String,
    endorsed: bool,
    proposal: String,
}

/// What a query by transaction id finds when the id occurs more than once.
#[derive(Deserialize)]
struct Looked {
    txid_lookup: String,
    #[serde(rename = "GetTransactionByID_code")]
    code: i32,
    #[serde(rename = "GetBlockByTxID_number")]
    block: u64,
}

fn decode(text: &str) -> Vec<u8> {
    STANDARD.decode(text).unwrap()
}

/// The ledger of the golden chain, and the configuration at its end.
fn ledger(dir: &Path) -> (Ledger, Bundle) {
    let ledger = Ledger::open(dir, "golden").unwrap();
    let mut bundle = None;
    for (block, expected) in golden::blocks()
        .into_iter()
        .zip(golden::expected("chain/expected.jsonl"))
    {
        if block::is_config(&block) {
            bundle = Some(Bundle::from_block(&block).unwrap());
        }
        let before_mvcc = |code| match code {
            TxValidationCode::MvccReadConflict | TxValidationCode::PhantomReadConflict => TxValidationCode::Valid,
            code => code,
        };
        ledger
            .commit(block, expected.codes().into_iter().map(before_mvcc).collect())
            .unwrap();
    }
    (ledger, bundle.unwrap())
}

/// An endorser of one of the golden organizations. Its packages have the recorded names, but say where our contracts
/// listen.
fn endorser(
    msp_id: &str,
    ledger: Ledger,
    bundle: Arc<Bundle>,
    addresses: &BTreeMap<&str, String>,
    dir: &Path,
) -> Endorser {
    let packages = dir.join("packages");
    fs::create_dir_all(&packages).unwrap();
    for (package_id, address) in addresses {
        let connection = Connection {
            address: address.clone(),
            ..Connection::default()
        };
        let bytes = package::build("any", &connection).unwrap();
        fs::write(packages.join(format!("{}.tar.gz", package_id.replace(':', "."))), bytes).unwrap();
    }
    let msp = bundle.msps.msp(msp_id).unwrap().clone();
    let channels = Arc::new(Channels::default());
    channels.insert(Arc::new(Channel::new("golden", bundle, ledger)));
    let acl = Arc::new(Acl::new(msp, channels.clone()));
    let packages = Arc::new(Packages::open(&packages, Default::default()).unwrap());
    let lifecycle = Arc::new(Lifecycle::new(packages.clone(), channels.clone(), acl.clone()));
    let system = SystemChaincodes::new(lifecycle, channels.clone(), acl.clone());
    let contracts = Contracts::new(
        channels.clone(),
        acl.clone(),
        packages,
        system,
        Limits::default(),
        Default::default(),
    );
    let transient = Arc::new(Transient::open(&dir.join("transient")).unwrap());
    // The golden peers' keys are not in the project; who signs is not part of the payload.
    let signer: Arc<dyn Signer> = Organization::new(msp_id).identity("peer");
    Endorser::new(channels, acl, contracts, transient, signer, Default::default())
}

/// Whether the answer needs private values in clear, which only the golden peers had.
fn needs_plaintext(ops: &Value) -> bool {
    let text = ops.to_string();
    text.contains("\"pget\"") || text.contains("\"prange\"")
}

fn tx_id(recorded: &Recorded) -> String {
    let signed = SignedProposal::decode(&decode(&recorded.proposal)[..]).unwrap();
    Unpacked::new(signed).unwrap().tx_id().to_owned()
}

async fn ask(endorser: &Endorser, recorded: &Recorded) -> ProposalResponse {
    let signed = SignedProposal::decode(&decode(&recorded.proposal)[..]).unwrap();
    let made = Unpacked::new(signed.clone()).unwrap().channel_header.timestamp.unwrap();
    endorser
        .process_at(signed, SystemTime::try_from(made).unwrap())
        .await
        .unwrap()
}

#[tokio::test]
async fn recorded_proposals_are_answered_with_the_same_payloads() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, bundle) = ledger(&dir.path().join("ledger"));
    let bundle = Arc::new(bundle);
    let ids: BTreeMap<String, String> =
        serde_json::from_str(&fs::read_to_string(golden::path("lifecycle/package_ids.json")).unwrap()).unwrap();
    let addresses: BTreeMap<&str, String> = ids.values().map(|id| (id.as_str(), free_address())).collect();
    let contracts: Vec<_> = addresses.iter().map(|(id, address)| (*id, address.as_str())).collect();
    let _contracts = start(&contracts);
    let endorsers: BTreeMap<&str, Endorser> = [("p1", "Org1MSP"), ("p2", "Org2MSP"), ("p3", "Org3MSP")]
        .into_iter()
        .map(|(peer, msp_id)| {
            (
                peer,
                endorser(
                    msp_id,
                    ledger.clone(),
                    bundle.clone(),
                    &addresses,
                    &dir.path().join(peer),
                ),
            )
        })
        .collect();

    let mut compared = 0;
    for line in golden::lines::<Value>("chain/queries.jsonl") {
        let Ok(recorded) = serde_json::from_value::<Recorded>(line) else {
            continue;
        };
        if needs_plaintext(&recorded.ops) {
            continue;
        }
        let response = ask(&endorsers[&*recorded.peer], &recorded).await;

        let args: Vec<_> = recorded
            .args
            .iter()
            .map(|arg| String::from_utf8_lossy(&decode(arg)).into_owned())
            .collect();
        let what = format!("{} {args:?} on {}", recorded.cc, recorded.peer);
        let said = response.response.clone().unwrap();
        let message = said.message.replace(&tx_id(&recorded), "<txid>");
        assert_eq!(
            (said.status, message.as_str()),
            (recorded.status, recorded.message.as_str()),
            "{what}"
        );
        assert_eq!(response.endorsement.is_some(), recorded.endorsed, "{what}");
        let payload = decode(&recorded.proposal_response_payload);
        if args[0] == "GetChannelConfig" {
            // Go writes the maps of a configuration in any order.
            let [ours, theirs] =
                [&said.payload, &decode(&recorded.response_payload)].map(|bytes| Config::decode(&bytes[..]).unwrap());
            assert_eq!(ours, theirs, "{what}");
        } else {
            if !payload.is_empty() {
                let [ours, theirs] = [&response.payload, &payload].map(|bytes| {
                    let payload = ProposalResponsePayload::decode(&bytes[..]).unwrap();
                    let action = ChaincodeAction::decode(&payload.extension[..]).unwrap();
                    (
                        TxReadWriteSet::decode(&action.results[..]).unwrap(),
                        action.response,
                        action.chaincode_id,
                    )
                });
                assert_eq!(ours, theirs, "{what}");
            }
            assert_eq!(said.payload, decode(&recorded.response_payload), "{what}");
            assert_eq!(response.payload, payload, "{what}");
        }
        compared += 1;
    }
    assert!(compared > 60, "only {compared} proposals were compared");
}

#[test]
fn a_transaction_id_that_occurs_twice_means_its_first_occurrence() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, _) = ledger(dir.path());

    for line in golden::lines::<Value>("chain/queries.jsonl") {
        let Ok(looked) = serde_json::from_value::<Looked>(line) else {
            continue;
        };
        let location = ledger.transaction(&looked.txid_lookup).unwrap().unwrap();
        assert_eq!(
            (location.version.block, location.code as i32),
            (looked.block, looked.code)
        );
    }
}

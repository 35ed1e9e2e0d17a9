//! Calls of `_lifecycle` that were made of stock peers while the golden chain grew: the same calls of ours, at the same
//! heights, have the same outcome and the same read-write sets.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use entente_fabric::block;
use entente_fabric::config::Bundle;
use entente_fabric::proto::common::{Block, ChannelHeader, Header, HeaderType, SignatureHeader};
use entente_fabric::proto::lifecycle::{
    CheckCommitReadinessResult, QueryApprovedChaincodeDefinitionsResult, QueryChaincodeDefinitionResult,
    QueryChaincodeDefinitionsResult, QueryInstalledChaincodesResult,
};
use entente_fabric::proto::protos::{
    ChaincodeAction, ChaincodeHeaderExtension, ChaincodeId, ChaincodeInput, ChaincodeInvocationSpec,
    ChaincodeProposalPayload, ChaincodeSpec, Proposal, ProposalResponsePayload, Response, SignedProposal,
    TxValidationCode,
};
use entente_fabric::proto::rwset::{TxPvtReadWriteSet, TxReadWriteSet};
use entente_ledger::{Ledger, PrivateData};
use entente_peer::acl::Acl;
use entente_peer::chaincode::packages::Packages;
use entente_peer::chaincode::transaction::{Place, Transaction};
use entente_peer::channels::{Channel, Channels};
use entente_peer::endorser::unpack::Unpacked;
use entente_peer::lifecycle::Lifecycle;
use prost::Message as _;
use serde::Deserialize;

use crate::golden;

/// One recorded call.
#[derive(Deserialize)]
struct Recorded {
    function: String,
    label: String,
    endorsers: Vec<String>,
    height: u64,
    args: Vec<String>,
    status: i32,
    message: String,
    payload: String,
    prp: String,
    txid: String,
}

/// A peer of one organization of the golden chain.
struct Peer {
    ledger: Ledger,
    channel: Arc<Channel>,
    lifecycle: Lifecycle,
    /// Private writes of what it endorsed, by transaction.
    private: HashMap<String, TxPvtReadWriteSet>,
}

impl Peer {
    fn new(msp_id: &str, genesis: &Block, dir: &Path) -> Peer {
        let ledger = Ledger::open(&dir.join("ledger"), "golden").unwrap();
        let bundle = Arc::new(Bundle::from_block(genesis).unwrap());
        let msp = bundle.msps.msp(msp_id).unwrap().clone();
        let channel = Arc::new(Channel::new("golden", bundle, ledger.clone()));
        let channels = Arc::new(Channels::default());
        channels.insert(channel.clone());
        let acl = Arc::new(Acl::new(msp, channels.clone()));
        let packages = Arc::new(Packages::open(&dir.join("packages"), Default::default()).unwrap());
        let lifecycle = Lifecycle::new(packages, channels, acl);
        Peer {
            ledger,
            channel,
            lifecycle,
            private: HashMap::new(),
        }
    }

    fn commit(&self, block: Block, codes: Vec<TxValidationCode>) {
        if block::is_config(&block) {
            self.channel.set_bundle(Arc::new(Bundle::from_block(&block).unwrap()));
        }
        let mut private = PrivateData::new();
        for (position, transaction) in (0..).zip(block::transactions(&block)) {
            let id = transaction
                .map(|transaction| transaction.id().to_owned())
                .unwrap_or_default();
            if let Some(set) = self.private.get(&id) {
                private.insert(position, set.clone());
            }
        }
        self.ledger.commit_with(block, codes, private).unwrap();
    }

    /// Repeats a call; what it answered, and its read-write set.
    fn call(&mut self, recorded: &Recorded) -> (Response, Vec<u8>) {
        let simulator = self.ledger.simulator(&recorded.txid).unwrap();
        let place = Place::new(self.channel.clone());
        let transaction = Transaction::new(Arc::new(proposal(recorded)), Some(place), Some(simulator));
        let argument = STANDARD.decode(&recorded.args[1]).unwrap();
        let response = self.lifecycle.answer(&recorded.function, &argument, &transaction);
        let results = transaction.finish().unwrap().unwrap();
        if let Some(private) = results.private {
            self.private.insert(recorded.txid.clone(), private);
        }
        (response, results.public)
    }
}

/// A proposal with the recorded transaction id. Nobody signed it: the callers' keys are not in the project.
fn proposal(recorded: &Recorded) -> Unpacked {
    let id = ChaincodeId {
        name: "_lifecycle".to_owned(),
        ..Default::default()
    };
    let channel_header = ChannelHeader {
        r#type: HeaderType::EndorserTransaction as i32,
        channel_id: "golden".to_owned(),
        tx_id: recorded.txid.clone(),
        extension: ChaincodeHeaderExtension {
            chaincode_id: Some(id.clone()),
        }
        .encode_to_vec(),
        ..Default::default()
    };
    let header = Header {
        channel_header: channel_header.encode_to_vec(),
        signature_header: SignatureHeader::default().encode_to_vec(),
    };
    let args = recorded.args.iter().map(|arg| STANDARD.decode(arg).unwrap()).collect();
    let input = ChaincodeInput {
        args,
        ..Default::default()
    };
    let spec = ChaincodeSpec {
        chaincode_id: Some(id),
        input: Some(input),
        ..Default::default()
    };
    let input = ChaincodeInvocationSpec {
        chaincode_spec: Some(spec),
    }
    .encode_to_vec();
    let payload = ChaincodeProposalPayload {
        input,
        ..Default::default()
    };
    let proposal = Proposal {
        header: header.encode_to_vec(),
        payload: payload.encode_to_vec(),
        extension: Vec::new(),
    };
    Unpacked::new(SignedProposal {
        proposal_bytes: proposal.encode_to_vec(),
        signature: Vec::new(),
    })
    .unwrap()
}

/// Go writes maps and what it lists from them in any order.
fn in_order(function: &str, payload: &[u8]) -> String {
    fn read<M: prost::Message + Default>(payload: &[u8]) -> M {
        M::decode(payload).unwrap()
    }
    match function {
        "QueryInstalledChaincodes" => {
            let mut result: QueryInstalledChaincodesResult = read(payload);
            result
                .installed_chaincodes
                .sort_by(|a, b| a.package_id.cmp(&b.package_id));
            let references = result
                .installed_chaincodes
                .iter_mut()
                .flat_map(|installed| installed.references.values_mut());
            references.for_each(|used| used.chaincodes.sort_by(|a, b| a.name.cmp(&b.name)));
            format!("{result:?}")
        }
        "QueryChaincodeDefinitions" => {
            let mut result: QueryChaincodeDefinitionsResult = read(payload);
            result.chaincode_definitions.sort_by(|a, b| a.name.cmp(&b.name));
            format!("{result:?}")
        }
        "QueryApprovedChaincodeDefinitions" => {
            let mut result: QueryApprovedChaincodeDefinitionsResult = read(payload);
            result
                .approved_chaincode_definitions
                .sort_by(|a, b| (&a.name, a.sequence).cmp(&(&b.name, b.sequence)));
            format!("{result:?}")
        }
        "QueryChaincodeDefinition" => format!("{:?}", read::<QueryChaincodeDefinitionResult>(payload)),
        "CheckCommitReadiness" => format!("{:?}", read::<CheckCommitReadinessResult>(payload)),
        _ => hex::encode(payload),
    }
}

#[test]
fn recorded_calls_have_the_same_outcome_and_read_write_sets() {
    let blocks = golden::blocks();
    let expected = golden::expected("chain/expected.jsonl");
    let dir = tempfile::tempdir().unwrap();
    let mut peers: BTreeMap<String, Peer> = ["1", "2", "3"]
        .into_iter()
        .map(|n| {
            (
                format!("p{n}"),
                Peer::new(&format!("Org{n}MSP"), &blocks[0], &dir.path().join(n)),
            )
        })
        .collect();
    let mut rest = blocks.into_iter().zip(expected);
    let mut height = 0;

    for recorded in golden::lines::<Recorded>("lifecycle/calls.jsonl") {
        while height < recorded.height {
            let (block, expected) = rest.next().unwrap();
            let before_mvcc = |code| match code {
                TxValidationCode::MvccReadConflict | TxValidationCode::PhantomReadConflict => TxValidationCode::Valid,
                code => code,
            };
            let codes: Vec<_> = expected.codes().into_iter().map(before_mvcc).collect();
            peers
                .values()
                .for_each(|peer| peer.commit(block.clone(), codes.clone()));
            height += 1;
        }
        let what = format!("{} {} at {}", recorded.function, recorded.label, recorded.height);
        if recorded.message.starts_with("Failed to authorize") {
            continue;
        }
        // Of several endorsers the first one's answer is recorded; refusals name its organization.
        let compared = if recorded.status == 200 {
            recorded.endorsers.len()
        } else {
            1
        };
        for endorser in &recorded.endorsers[..compared] {
            let (response, results) = peers.get_mut(endorser).unwrap().call(&recorded);

            assert_eq!(
                (response.status, response.message.as_str()),
                (recorded.status, recorded.message.as_str()),
                "{what}"
            );
            let payload = STANDARD.decode(&recorded.payload).unwrap();
            assert_eq!(
                in_order(&recorded.function, &response.payload),
                in_order(&recorded.function, &payload),
                "{what}"
            );
            let prp = STANDARD.decode(&recorded.prp).unwrap();
            if prp.is_empty() {
                continue;
            }
            let prp = ProposalResponsePayload::decode(&prp[..]).unwrap();
            let action = ChaincodeAction::decode(&prp.extension[..]).unwrap();
            if results != action.results {
                let read = |bytes: &[u8]| TxReadWriteSet::decode(bytes).unwrap();
                assert_eq!(read(&results), read(&action.results), "{what} of {endorser}");
            }
            assert_eq!(results, action.results, "{what} of {endorser}");
        }
    }
}

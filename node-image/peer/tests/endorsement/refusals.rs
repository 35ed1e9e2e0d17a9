//! Proposals that are refused before anything runs, with the words and the kind of answer of a stock peer.

use entente_fabric::crypto::Signer as _;
use entente_fabric::identity::SigningIdentity;
use entente_fabric::proposal::{self, Invocation};
use entente_fabric::proto::common::{ChannelHeader, Header, SignatureHeader};
use entente_fabric::proto::protos::{
    ChaincodeProposalPayload, ChannelQueryResponse, JoinBySnapshotStatus, Proposal, ProposalResponse, SignedProposal,
};
use prost::Message as _;
use prost_types::Timestamp;

use crate::lifecycle::call;
use crate::network::{CHANNEL, Network, Organization, Peer, outcome};

/// A proposal in pieces, to be bent and signed.
struct Pieces {
    channel_header: ChannelHeader,
    signature_header: SignatureHeader,
    payload: ChaincodeProposalPayload,
}

impl Pieces {
    fn of(signer: &SigningIdentity, invocation: &Invocation) -> Pieces {
        let made = proposal::create(invocation, signer).unwrap().proposal;
        let header = Header::decode(&made.header[..]).unwrap();
        Pieces {
            channel_header: ChannelHeader::decode(&header.channel_header[..]).unwrap(),
            signature_header: SignatureHeader::decode(&header.signature_header[..]).unwrap(),
            payload: ChaincodeProposalPayload::decode(&made.payload[..]).unwrap(),
        }
    }

    fn signed(&self, signer: &SigningIdentity) -> SignedProposal {
        let header = Header {
            channel_header: self.channel_header.encode_to_vec(),
            signature_header: self.signature_header.encode_to_vec(),
        };
        let proposal = Proposal {
            header: header.encode_to_vec(),
            payload: self.payload.encode_to_vec(),
            extension: Vec::new(),
        };
        let proposal_bytes = proposal.encode_to_vec();
        let signature = signer.sign(&proposal_bytes).unwrap();
        SignedProposal {
            proposal_bytes,
            signature,
        }
    }
}

/// The gRPC error or the status and message.
fn said(answer: Result<ProposalResponse, tonic::Status>) -> String {
    match answer {
        Ok(response) => {
            let (status, message) = outcome(&response);
            format!("{status}: {message}")
        }
        Err(status) => format!("{:?}: {}", status.code(), status.message()),
    }
}

async fn bent(peer: &Peer, change: impl FnOnce(&mut Pieces)) -> String {
    let mut pieces = Pieces::of(&peer.client, &call("QueryChaincodeDefinitions", &()));
    change(&mut pieces);
    said(peer.endorser.process(pieces.signed(&peer.client)).await)
}

#[tokio::test]
async fn a_bent_proposal_is_refused_with_the_words_of_a_stock_peer() {
    let network = Network::new();
    let dir = tempfile::tempdir().unwrap();
    let peer = Peer::new(&network, &network.first, dir.path());

    let kind = bent(&peer, |pieces| pieces.channel_header.r#type = 2).await;
    let epoch = bent(&peer, |pieces| pieces.channel_header.epoch = 1).await;
    let nonce = bent(&peer, |pieces| pieces.signature_header.nonce.clear()).await;
    let id = bent(&peer, |pieces| pieces.channel_header.tx_id = "aa".to_owned()).await;
    let channel = bent(&peer, |pieces| pieces.channel_header.channel_id = "other".to_owned()).await;
    let extension = bent(&peer, |pieces| pieces.channel_header.extension.clear()).await;
    let garbage = bent(&peer, |pieces| pieces.payload.input = vec![0xff]).await;
    let empty = bent(&peer, |pieces| pieces.payload.input.clear()).await;
    let nothing = said(peer.endorser.process(SignedProposal::default()).await);

    assert_eq!(
        kind,
        "Unknown: error validating proposal: invalid header type CONFIG_UPDATE"
    );
    assert_eq!(epoch, "Unknown: error validating proposal: epoch is non-zero");
    assert_eq!(nonce, "Unknown: error validating proposal: nonce is empty");
    assert!(
        id.starts_with("Unknown: error validating proposal: incorrectly computed txid 'aa' -- expected '"),
        "{id}"
    );
    // The only one that is no gRPC error.
    assert_eq!(channel, "500: channel 'other' not found");
    assert_eq!(extension, "Unknown: ChaincodeHeaderExtension.ChaincodeId is nil");
    assert_eq!(
        garbage,
        "Unknown: error unmarshalling ChaincodeInvocationSpec: proto: cannot parse invalid wire-format data"
    );
    assert_eq!(
        empty,
        "Unknown: chaincode invocation spec did not contain chaincode spec"
    );
    assert_eq!(nothing, "Unknown: ChaincodeHeaderExtension.ChaincodeId is nil");
}

#[tokio::test]
async fn a_proposal_of_another_time_is_refused() {
    let network = Network::new();
    let dir = tempfile::tempdir().unwrap();
    let peer = Peer::new(&network, &network.first, dir.path());
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs() as i64;

    let mut answers = Vec::new();
    for seconds in [now - 14 * 60, now - 16 * 60, now + 16 * 60, i64::MIN, i64::MAX] {
        let stamp = Timestamp { seconds, nanos: 0 };
        answers.push(bent(&peer, |pieces| pieces.channel_header.timestamp = Some(stamp)).await);
    }

    assert_eq!(answers[0], "200: ");
    for refused in &answers[1..] {
        assert!(
            refused.starts_with("Unknown: request unauthorized due to incorrect timestamp "),
            "{refused}"
        );
        assert!(refused.ends_with("peer.authentication.timewindow 15m0s"), "{refused}");
    }
}

#[tokio::test]
async fn only_members_with_a_valid_certificate_and_signature_are_heard() {
    let network = Network::new();
    let dir = tempfile::tempdir().unwrap();
    let peer = Peer::new(&network, &network.first, dir.path());
    let query = call("QueryChaincodeDefinitions", &());
    let ask = async |signer: &SigningIdentity| {
        said(
            peer.endorser
                .process(proposal::create(&query, signer).unwrap().signed)
                .await,
        )
    };
    let stranger = Organization::new("StrangerMSP").identity("client");
    let impostor = Organization::new("FirstMSP").identity("client");
    let expired = network.first.identity_with("client", |params| {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
    });
    let mut tampered = proposal::create(&query, &*peer.client).unwrap().signed;
    *tampered.signature.last_mut().unwrap() ^= 1;

    let unknown =
        "Unknown: error validating proposal: access denied: channel [main] creator org unknown, creator is malformed";
    let denied = "Unknown: error validating proposal: access denied: channel [main] creator org [FirstMSP]";
    assert_eq!(ask(&stranger).await, unknown);
    // Its issuer has the right name and another key: not even readable as one of ours.
    assert_eq!(ask(&impostor).await, unknown);
    assert_eq!(ask(&network.first.identity("visitor")).await, denied);
    assert_eq!(ask(&expired).await, "Unknown: proposal client identity expired");
    assert_eq!(said(peer.endorser.process(tampered).await), denied);
    assert_eq!(ask(&network.second.identity("client")).await, "200: ");
}

#[tokio::test]
async fn a_transaction_id_is_endorsed_only_until_it_is_committed() {
    let network = Network::new();
    let dir = tempfile::tempdir().unwrap();
    let peer = Peer::new(&network, &network.first, dir.path());
    let (proposed, response) = peer.ask_as(&peer.client, &call("QueryChaincodeDefinitions", &())).await;

    let again = said(peer.endorser.process(proposed.signed.clone()).await);
    peer.commit(&[crate::network::envelope(&peer.client, &proposed, response)]);
    let late = said(peer.endorser.process(proposed.signed).await);

    let creator = hex::encode(peer.client.identity());
    let id = proposed.transaction_id;
    assert_eq!(again, "200: ");
    assert_eq!(
        late,
        format!("Unknown: duplicate transaction found [{id}]. Creator [{creator}]")
    );
}

#[tokio::test]
async fn what_a_caller_may_not_do_says_which_policy_it_fails() {
    let network = Network::new();
    let dir = tempfile::tempdir().unwrap();
    let peer = Peer::new(&network, &network.first, dir.path());
    let other = network.second.identity("admin");
    let install = call("InstallChaincode", &());
    let local = Invocation::new("", "cscc", "GetChannels");
    let ask = async |signer: &SigningIdentity, invocation: &Invocation| {
        said(
            peer.endorser
                .process(proposal::create(invocation, signer).unwrap().signed)
                .await,
        )
    };

    let by_client = ask(&peer.client, &install).await;
    let by_other = ask(&other, &install).await;
    let unknown = ask(&peer.admin, &call("Nope", &())).await;
    let elsewhere = ask(&other, &local).await;
    let propose = ask(&network.first.identity("peer"), &Invocation::new(CHANNEL, "ops", "run")).await;
    let join = ask(
        &peer.client,
        &Invocation::new("", "cscc", "JoinChain").arg(network.genesis.encode_to_vec()),
    )
    .await;

    let refused = "500: Failed to authorize invocation due to failed ACL check: ";
    assert!(by_client.starts_with(&format!("{refused}Failed verifying that proposal's creator satisfies local MSP principal during channelless check policy with policy [Admins]: [")), "{by_client}");
    assert_eq!(
        by_other,
        format!(
            "{refused}Failed deserializing proposal creator during channelless check policy with policy [Admins]: [expected MSP ID FirstMSP, received SecondMSP]"
        )
    );
    assert_eq!(unknown, format!("{refused}Unmapped policy for _lifecycle/Nope"));
    assert_eq!(
        elsewhere,
        "Unknown: error validating proposal: access denied: channel [] creator org unknown, creator is malformed"
    );
    assert!(propose.starts_with("Unknown: Failed evaluating policy on signed data during check policy on channel [main] with policy [/Channel/Application/Writers]: ["), "{propose}");
    assert!(
        join.starts_with("500: access denied for [JoinChain][main]: [Failed verifying that proposal's creator"),
        "{join}"
    );
}

#[tokio::test]
async fn what_concerns_the_peer_alone_is_answered_without_a_signature() {
    let network = Network::new();
    let dir = tempfile::tempdir().unwrap();
    let peer = Peer::new(&network, &network.first, dir.path());

    let (_, channels) = peer.ask(&Invocation::new("", "cscc", "GetChannels")).await;
    let (_, contract) = peer.ask(&Invocation::new("", "ops", "run")).await;
    let (_, query) = peer
        .ask(&Invocation::new("", "_lifecycle", "QueryChaincodeDefinitions").arg(""))
        .await;

    assert_eq!(outcome(&channels), (200, ""));
    assert_eq!((channels.endorsement, channels.payload), (None, vec![]));
    assert_eq!(
        outcome(&contract).1,
        "make sure the chaincode ops has been successfully defined on channel  and try again: could not get channel config for channel ''"
    );
    assert_eq!(outcome(&query).0, 500);
}

#[tokio::test]
async fn a_channel_is_not_joined_by_a_snapshot() {
    let network = Network::new();
    let dir = tempfile::tempdir().unwrap();
    let peer = Peer::new(&network, &network.first, dir.path());
    let join = |folder: &str| Invocation::new("", "cscc", "JoinChainBySnapshot").arg(folder);

    let (_, without) = peer.ask(&Invocation::new("", "cscc", "JoinChainBySnapshot")).await;
    let (_, unnamed) = peer.ask(&join("")).await;
    let (_, refused) = peer.ask(&join("/snapshots/main/7")).await;
    let (_, by_client) = peer.ask_as(&peer.client, &join("/snapshots/main/7")).await;
    let (_, status) = peer.ask(&Invocation::new("", "cscc", "JoinBySnapshotStatus")).await;
    let (_, channels) = peer.ask(&Invocation::new("", "cscc", "GetChannels")).await;

    assert_eq!(outcome(&without), (500, "Incorrect number of arguments, 1"));
    assert_eq!(
        outcome(&unnamed),
        (500, "Cannot join the channel, no snapshot directory provided")
    );
    assert_eq!(
        outcome(&refused),
        (
            500,
            "cannot create ledger from snapshot /snapshots/main/7: this peer joins channels by their genesis block"
        )
    );
    let denied = "access denied for [JoinChainBySnapshot]: [Failed verifying that proposal's creator";
    assert!(outcome(&by_client).1.starts_with(denied), "{}", outcome(&by_client).1);
    assert_eq!(
        status.response.unwrap().payload,
        JoinBySnapshotStatus::default().encode_to_vec()
    );
    let channels = ChannelQueryResponse::decode(&channels.response.unwrap().payload[..]).unwrap();
    assert_eq!(channels.channels.len(), 1);
}

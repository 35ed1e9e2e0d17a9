//! Who may read a channel, and what is read of it by number, hash and name.

use entente_fabric::block;
use entente_fabric::client::endorser;
use entente_fabric::client::{broadcast, deliver};
use entente_fabric::proto::common::{Block, Envelope, HeaderType};
use entente_fabric::proto::protos::deliver_client::DeliverClient;
use entente_fabric::proto::protos::deliver_response::Type;
use entente_fabric::{crypto::Signer, envelope};
use prost::Message as _;

use super::*;

/// The code of a refusal, and its words.
fn refusal<T>(outcome: Result<T, CallError>) -> (Code, String) {
    match outcome {
        Err(CallError::Refused { code, message, .. }) => (code, message),
        Err(other) => panic!("not a refusal: {other:?}"),
        Ok(_) => panic!("it is not refused"),
    }
}

fn submission(signer: &dyn Signer) -> Envelope {
    envelope::signed(
        HeaderType::EndorserTransaction,
        "main",
        b"anything".to_vec(),
        &[],
        signer,
    )
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_turned_away_by_every_service() {
    let network = Network::start().await;
    let stranger = Organization::new("StrangerMSP").signer("app", "client");
    let (peer, orderer) = (&network.to[0], &network.to_orderer);
    let get = Invocation::new("main", "qscc", "GetChainInfo").arg("main");

    let evaluated = refusal(gateway::evaluate(peer, &get, &[], &stranger).await);
    let endorsed = refusal(gateway::endorse(peer, &get, &[], &stranger).await);
    let status = refusal(gateway::commit_status(peer, "main", "some transaction", &stranger).await);
    let elsewhere = refusal(gateway::commit_status(peer, "nowhere", "some transaction", &network.clients[0]).await);
    let mut events = gateway::chaincode_events(peer, "main", "basic", &EventsFrom::default(), &stranger).unwrap();
    let listened = refusal(events.next().await.unwrap());
    let seek = || deliver::from(0);
    let caller = || Caller::new(&stranger);
    let mut blocks = deliver::from_peer(peer, "main", seek(), caller()).unwrap();
    let read = refusal(blocks.next().await.unwrap()).0;
    let mut blocks = deliver::filtered(peer, "main", seek(), caller()).unwrap();
    let filtered = refusal(blocks.next().await.unwrap()).0;
    let mut blocks = deliver::from_orderer(orderer, "main", seek(), caller()).unwrap();
    let fetched = refusal(blocks.next().await.unwrap()).0;
    let submitted = refusal(broadcast::submit(orderer, &submission(&stranger)).await).0;
    let joined = refusal(qscc::chain_info(peer, "main", &stranger).await).1;

    let unknown =
        "error validating proposal: access denied: channel [main] creator org unknown, creator is malformed";
    let forbidden = Code::Status(403);
    assert_eq!(
        evaluated.0,
        Code::Grpc(tonic::Code::FailedPrecondition),
        "{evaluated:?}"
    );
    assert_eq!(endorsed.0, Code::Grpc(tonic::Code::Aborted), "{endorsed:?}");
    assert_eq!(status.0, Code::Grpc(tonic::Code::PermissionDenied), "{status:?}");
    assert_eq!(elsewhere.0, Code::Grpc(tonic::Code::PermissionDenied), "{elsewhere:?}");
    assert_eq!(listened.0, Code::Grpc(tonic::Code::PermissionDenied), "{listened:?}");
    assert_eq!([read, filtered, fetched, submitted], [forbidden; 4]);
    assert_eq!(joined, unknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_above_the_channels_limit_is_refused_and_the_next_one_is_not() {
    let network = Network::start().await;
    let client = &network.clients[0];
    let huge = vec![0; 10 << 20];
    let envelope = envelope::signed(HeaderType::EndorserTransaction, "main", huge, &[], client).unwrap();
    let size = envelope.payload.len() + envelope.signature.len();

    let refused = refusal(broadcast::submit(&network.to_orderer, &envelope).await);
    let taken = broadcast::submit(&network.to_orderer, &submission(client)).await;

    let words = format!("message payload is {size} bytes and exceeds maximum allowed 10485760 bytes");
    assert_eq!(refused, (Code::Status(400), words));
    taken.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_is_the_same_however_it_is_asked_for() {
    let network = Network::start().await;
    network.deploy("basic").await;
    let (transaction, committed) = network.submit(&call("put").arg("colour").arg("green")).await;
    let (peer, client) = (&network.to[0], &network.clients[0]);

    let by_number = qscc::block_by_number(peer, "main", committed.block, client)
        .await
        .unwrap();
    let hash = block::header_hash(by_number.header.as_ref().unwrap());
    let by_hash = qscc::block_by_hash(peer, "main", &hash, client).await.unwrap();
    let by_transaction = qscc::block_by_transaction(peer, "main", &transaction, client)
        .await
        .unwrap();
    let asked = deliver::from_peer(peer, "main", deliver::one(committed.block), Caller::new(client)).unwrap();
    let delivered = deliver::first(asked).await.unwrap();
    let (private, map) = with_private_data(peer, committed.block, client).await;
    let config = Invocation::new("main", "cscc", "GetConfigBlock").arg("main");
    let config = endorser::query(peer, &config, client).await.unwrap().payload;

    for other in [by_hash, by_transaction, delivered, private] {
        assert_eq!(other, by_number);
    }
    assert_eq!(map, 0);
    let genesis = qscc::block_by_number(peer, "main", 0, client).await.unwrap();
    assert_eq!(Block::decode(&config[..]).unwrap(), genesis);
}

/// The block as `DeliverWithPrivateData` has it, and how many transactions have private data beside it.
async fn with_private_data(peer: &Channel, number: u64, signer: &dyn Signer) -> (Block, usize) {
    let seek = deliver::one(number).encode_to_vec();
    let request = envelope::signed(HeaderType::DeliverSeekInfo, "main", seek, &[], signer).unwrap();
    let (requests, _done) = deliver::asking(request);
    let mut client = DeliverClient::new(peer.clone());
    let mut answers = client.deliver_with_private_data(requests).await.unwrap().into_inner();
    match answers.message().await.unwrap().unwrap().r#type.unwrap() {
        Type::BlockAndPrivateData(both) => (both.block.unwrap(), both.private_data_map.len()),
        other => panic!("not a block with private data: {other:?}"),
    }
}

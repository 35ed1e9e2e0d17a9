//! The stream to a contract, message by message, with a contract that does what the test tells it.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use entente_fabric::proposal::Invocation;
use entente_fabric::proto::protos::chaincode_server::{Chaincode, ChaincodeServer};
use entente_fabric::proto::protos::{
    ChaincodeAdditionalParams, ChaincodeId, ChaincodeInput, ChaincodeMessage, GetState, GetStateByRange,
    GetStateMultiple, GetStateMultipleResult, PutState, QueryResponse, QueryStateNext, Response, WriteBatchState,
    WriteRecord, chaincode_message::Type, write_record,
};
use entente_peer::chaincode::Limits;
use prost::Message;
use tempfile::TempDir;
use tokio::sync::{Mutex, mpsc};
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tonic::{Request, Status, Streaming};

use crate::lifecycle::{Terms, deploy, install};
use crate::network::{CHANNEL, Network, Peer, envelope, outcome};

/// The contract's end of a stream: the test reads and writes it.
struct End {
    incoming: Streaming<ChaincodeMessage>,
    outgoing: mpsc::Sender<Result<ChaincodeMessage, Status>>,
}

impl End {
    async fn send(&self, message: ChaincodeMessage) {
        self.outgoing.send(Ok(message)).await.unwrap();
    }

    async fn receive(&mut self) -> ChaincodeMessage {
        let message = tokio::time::timeout(Duration::from_secs(10), self.incoming.message()).await;
        message
            .expect("the peer says something")
            .unwrap()
            .expect("the peer keeps the stream open")
    }

    /// Registers as `package_id`; what the peer says about itself.
    async fn register(&mut self, package_id: &str) -> ChaincodeAdditionalParams {
        let id = ChaincodeId {
            name: package_id.to_owned(),
            ..Default::default()
        };
        let payload = id.encode_to_vec();
        self.send(ChaincodeMessage {
            r#type: Type::Register as i32,
            payload,
            ..Default::default()
        })
        .await;
        assert_eq!(self.receive().await.r#type(), Type::Registered);
        let ready = self.receive().await;
        assert_eq!(ready.r#type(), Type::Ready);
        ChaincodeAdditionalParams::decode(&ready.payload[..]).unwrap()
    }

    /// The next call.
    async fn called(&mut self) -> ChaincodeMessage {
        let message = self.receive().await;
        assert_eq!(message.r#type(), Type::Transaction);
        message
    }

    fn about(call: &ChaincodeMessage, kind: Type, payload: Vec<u8>) -> ChaincodeMessage {
        ChaincodeMessage {
            r#type: kind as i32,
            payload,
            txid: call.txid.clone(),
            channel_id: call.channel_id.clone(),
            ..Default::default()
        }
    }

    /// Makes a request of a call; the type and the payload of the reply.
    async fn request(&mut self, call: &ChaincodeMessage, kind: Type, request: &impl Message) -> (Type, Vec<u8>) {
        self.send(End::about(call, kind, request.encode_to_vec())).await;
        let reply = self.receive().await;
        (reply.r#type(), reply.payload)
    }

    async fn complete(&self, call: &ChaincodeMessage, payload: &[u8]) {
        let response = Response {
            status: 200,
            message: String::new(),
            payload: payload.to_vec(),
        };
        self.send(End::about(call, Type::Completed, response.encode_to_vec()))
            .await;
    }
}

struct Server(mpsc::Sender<End>);

#[tonic::async_trait]
impl Chaincode for Server {
    type ConnectStream = Pin<Box<dyn tokio_stream::Stream<Item = Result<ChaincodeMessage, Status>> + Send>>;

    async fn connect(
        &self,
        request: Request<Streaming<ChaincodeMessage>>,
    ) -> Result<tonic::Response<Self::ConnectStream>, Status> {
        let (outgoing, messages) = mpsc::channel(1024);
        self.0
            .send(End {
                incoming: request.into_inner(),
                outgoing,
            })
            .await
            .unwrap();
        Ok(tonic::Response::new(Box::pin(ReceiverStream::new(messages))))
    }
}

/// A peer with the contract `told` deployed, whose streams come to the test.
struct Stage {
    peer: Arc<Peer>,
    package: String,
    streams: Mutex<mpsc::Receiver<End>>,
    _dir: TempDir,
}

impl Stage {
    async fn new() -> Stage {
        Stage::with_limits(Limits::default()).await
    }

    async fn with_limits(limits: Limits) -> Stage {
        let network = Network::new();
        let dir = tempfile::tempdir().unwrap();
        let peer = Arc::new(Peer::with_limits(&network, &network.first, dir.path(), limits));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (sender, streams) = mpsc::channel(8);
        let server = tonic::transport::Server::builder().add_service(ChaincodeServer::new(Server(sender)));
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        let package = install(&peer, "told_1", &address).await;
        deploy(&peer, &Terms::new("told"), &package).await;
        Stage {
            peer,
            package,
            streams: Mutex::new(streams),
            _dir: dir,
        }
    }

    /// Calls the contract in the background.
    fn call(&self) -> tokio::task::JoinHandle<(i32, String)> {
        let peer = self.peer.clone();
        tokio::spawn(async move {
            let (_, response) = peer
                .ask_as(&peer.client, &Invocation::new(CHANNEL, "told", "go").arg("x"))
                .await;
            let (status, message) = outcome(&response);
            (status, message.to_owned())
        })
    }

    async fn stream(&self) -> End {
        let stream = tokio::time::timeout(Duration::from_secs(10), async {
            self.streams.lock().await.recv().await
        });
        stream.await.expect("the peer dials").unwrap()
    }

    /// A stream that is registered.
    async fn ready(&self) -> End {
        let mut end = self.stream().await;
        end.register(&self.package).await;
        end
    }
}

fn put(key: &str, value: &str) -> PutState {
    PutState {
        key: key.to_owned(),
        value: value.into(),
        ..Default::default()
    }
}

fn get(key: &str) -> GetState {
    GetState {
        key: key.to_owned(),
        ..Default::default()
    }
}

fn text(reply: (Type, Vec<u8>)) -> (Type, String) {
    (reply.0, String::from_utf8(reply.1).unwrap())
}

#[tokio::test]
async fn the_peer_says_that_it_takes_batches_and_hands_over_the_signed_proposal() {
    let stage = Stage::new().await;
    let calling = stage.call();
    let mut end = stage.stream().await;

    let offered = end.register(&stage.package).await;
    let call = end.called().await;
    end.complete(&call, b"done").await;

    let expected = ChaincodeAdditionalParams {
        use_write_batch: true,
        max_size_write_batch: 1000,
        use_get_multiple_keys: true,
        max_size_get_multiple_keys: 1000,
    };
    assert_eq!(offered, expected);
    let input = ChaincodeInput::decode(&call.payload[..]).unwrap();
    assert_eq!(input.args, [b"go".to_vec(), b"x".to_vec()]);
    assert!(call.proposal.is_some_and(|proposal| !proposal.signature.is_empty()));
    assert_eq!(calling.await.unwrap(), (200, String::new()));
}

#[tokio::test]
async fn many_keys_are_written_and_read_at_once() {
    let stage = Stage::new().await;
    let record = |kind: write_record::Type, key: &str, value: &str| WriteRecord {
        r#type: kind as i32,
        key: key.to_owned(),
        value: value.into(),
        ..Default::default()
    };
    let batch = WriteBatchState {
        rec: vec![
            record(write_record::Type::PutState, "a", "1"),
            record(write_record::Type::PutState, "b", "2"),
            record(write_record::Type::DelState, "c", ""),
        ],
    };
    let wrong = WriteBatchState {
        rec: vec![WriteRecord {
            key: "a".to_owned(),
            r#type: 99,
            ..Default::default()
        }],
    };
    let keys = GetStateMultiple {
        keys: ["b", "missing", "a"].map(str::to_owned).into(),
        ..Default::default()
    };

    let peer = stage.peer.clone();
    let writing = tokio::spawn(async move {
        let (proposed, response) = peer.ask_as(&peer.client, &Invocation::new(CHANNEL, "told", "go")).await;
        peer.commit(&[envelope(&peer.client, &proposed, response)]);
    });
    let mut end = stage.ready().await;
    let call = end.called().await;
    let written = end.request(&call, Type::WriteBatchState, &batch).await;
    let refused = text(end.request(&call, Type::WriteBatchState, &wrong).await);
    end.complete(&call, b"").await;
    writing.await.unwrap();
    let reading = stage.call();
    let call_again = end.called().await;
    let (kind, payload) = end.request(&call_again, Type::GetStateMultiple, &keys).await;
    end.complete(&call_again, b"").await;

    assert_eq!(written, (Type::Response, vec![]));
    let id = &call.txid;
    assert_eq!(
        refused,
        (
            Type::Error,
            format!("WRITE_BATCH_STATE failed: transaction ID: {id}: unknown operation type")
        )
    );
    let values = GetStateMultipleResult::decode(&payload[..]).unwrap().values;
    assert_eq!(
        (kind, values),
        (Type::Response, vec![b"2".to_vec(), vec![], b"1".to_vec()])
    );
    assert_eq!(reading.await.unwrap().0, 200);
}

#[tokio::test]
async fn iterators_come_in_batches_of_a_hundred_and_end_with_their_transaction() {
    let stage = Stage::new().await;
    let peer = stage.peer.clone();
    let writing = tokio::spawn(async move {
        let (proposed, response) = peer.ask_as(&peer.client, &Invocation::new(CHANNEL, "told", "go")).await;
        peer.commit(&[envelope(&peer.client, &proposed, response)]);
    });
    let mut end = stage.ready().await;
    let call = end.called().await;
    for n in 0..150 {
        end.request(&call, Type::PutState, &put(&format!("k{n:03}"), "v")).await;
    }
    end.complete(&call, b"").await;
    writing.await.unwrap();

    let reading = stage.call();
    let call = end.called().await;
    let all = GetStateByRange::default();
    let (_, first) = end.request(&call, Type::GetStateByRange, &all).await;
    let first = QueryResponse::decode(&first[..]).unwrap();
    let next = QueryStateNext { id: first.id.clone() };
    let (_, second) = end.request(&call, Type::QueryStateNext, &next).await;
    let second = QueryResponse::decode(&second[..]).unwrap();
    let third = text(end.request(&call, Type::QueryStateNext, &next).await);
    end.complete(&call, b"").await;

    assert_eq!((first.results.len(), first.has_more), (100, true));
    assert_eq!((second.results.len(), second.has_more), (50, false));
    let id = &call.txid;
    assert_eq!(
        third,
        (
            Type::Error,
            format!("QUERY_STATE_NEXT failed: transaction ID: {id}: query iterator not found")
        )
    );
    assert_eq!(reading.await.unwrap().0, 200);
}

#[tokio::test]
async fn a_contract_that_vanishes_fails_its_transactions_and_is_dialled_again() {
    let stage = Stage::new().await;
    let calls = [stage.call(), stage.call()];
    let mut end = stage.ready().await;
    let ids = [end.called().await.txid, end.called().await.txid];
    drop(end);

    let mut failed = Vec::new();
    for call in calls {
        failed.push(call.await.unwrap());
    }
    let again = stage.call();
    let mut end = stage.ready().await;
    let call = end.called().await;
    end.complete(&call, b"").await;

    for (status, message) in failed {
        assert_eq!(status, 500);
        let known = ids.iter().any(|id| {
            message == format!("error in simulation: failed to execute transaction {id}: error sending: chaincode stream terminated")
        });
        assert!(known, "{message}");
    }
    assert_eq!(again.await.unwrap(), (200, String::new()));
}

#[tokio::test]
async fn a_contract_that_does_not_answer_in_time_is_too_late() {
    let limits = Limits {
        execute_timeout: Duration::from_millis(200),
        ..Limits::default()
    };
    let stage = Stage::with_limits(limits).await;
    let calling = stage.call();
    let mut end = stage.ready().await;
    let call = end.called().await;

    let (status, message) = calling.await.unwrap();
    let late = text(end.request(&call, Type::GetState, &get("a")).await);
    end.complete(&call, b"nobody waits").await;

    let id = &call.txid;
    assert_eq!(status, 500);
    assert_eq!(
        message,
        format!(
            "error in simulation: failed to execute transaction {id}: error sending: timeout expired while executing transaction"
        )
    );
    assert_eq!(
        late,
        (
            Type::Error,
            format!("GET_STATE failed: transaction ID: {id}: no ledger context")
        )
    );
}

#[tokio::test]
async fn requests_for_transactions_that_are_not_running_are_refused() {
    let stage = Stage::new().await;
    let calling = stage.call();
    let mut end = stage.ready().await;
    let call = end.called().await;
    let foreign = ChaincodeMessage {
        txid: "ff".to_owned(),
        ..call.clone()
    };
    let elsewhere = ChaincodeMessage {
        channel_id: "other".to_owned(),
        ..call.clone()
    };

    let other = text(end.request(&foreign, Type::GetState, &get("a")).await);
    let channel = text(end.request(&elsewhere, Type::PutState, &put("a", "1")).await);
    let invoke = text(end.request(&foreign, Type::InvokeChaincode, &()).await);
    end.complete(&call, b"").await;

    let id = &call.txid;
    assert_eq!(
        other,
        (
            Type::Error,
            "GET_STATE failed: transaction ID: ff: no ledger context".to_owned()
        )
    );
    assert_eq!(
        channel,
        (
            Type::Error,
            format!("PUT_STATE failed: transaction ID: {id}: no ledger context")
        )
    );
    let expected = "INVOKE_CHAINCODE failed: transaction ID: ff: could not get valid transaction";
    assert_eq!(invoke, (Type::Error, expected.to_owned()));
    assert_eq!(calling.await.unwrap().0, 200);
}

#[tokio::test]
async fn a_message_that_makes_no_sense_ends_the_stream() {
    let stage = Stage::new().await;
    let calling = stage.call();
    let mut end = stage.ready().await;
    let call = end.called().await;

    end.send(End::about(&call, Type::Register, Vec::new())).await;

    let (status, message) = calling.await.unwrap();
    assert_eq!(
        (status, message.ends_with("chaincode stream terminated")),
        (500, true),
        "{message}"
    );
    let closed = tokio::time::timeout(Duration::from_secs(10), end.incoming.message())
        .await
        .unwrap();
    assert!(!matches!(closed, Ok(Some(_))), "the peer went on: {closed:?}");
}

#[tokio::test]
async fn a_contract_under_another_name_is_not_accepted() {
    let stage = Stage::new().await;
    let calling = stage.call();
    let end = stage.stream().await;
    let id = ChaincodeId {
        name: "told_1:00".to_owned(),
        ..Default::default()
    };
    let payload = id.encode_to_vec();
    end.send(ChaincodeMessage {
        r#type: Type::Register as i32,
        payload,
        ..Default::default()
    })
    .await;

    let (status, message) = calling.await.unwrap();

    let package = &stage.package;
    assert_eq!(status, 500);
    let expected = format!(
        "could not launch chaincode {package}: connection to {package} failed: peer will not accept external chaincode connection told_1:00 (except in dev mode); {package} was expected"
    );
    assert!(message.ends_with(&expected), "{message}");
}

#[tokio::test]
async fn a_contract_that_nobody_runs_is_reported_with_its_address() {
    let network = Network::new();
    let dir = tempfile::tempdir().unwrap();
    let peer = Peer::new(&network, &network.first, dir.path());
    let package = install_with(&peer, "127.0.0.1:1").await;
    deploy(&peer, &Terms::new("told"), &package).await;

    let (_, response) = peer.ask_as(&peer.client, &Invocation::new(CHANNEL, "told", "go")).await;

    let (status, message) = outcome(&response);
    assert_eq!(status, 500);
    let expected = format!(
        "could not launch chaincode {package}: connection to {package} failed: error cannot create connection for {package}: error creating grpc connection to 127.0.0.1:1: "
    );
    assert!(message.contains(&expected), "{message}");
    assert!(response.payload.is_empty());
}

/// Installs a package that gives up dialling quickly.
async fn install_with(peer: &Peer, address: &str) -> String {
    use entente_fabric::package::{Connection, build};
    use entente_fabric::proto::lifecycle::{InstallChaincodeArgs, InstallChaincodeResult};
    let connection = Connection {
        address: address.to_owned(),
        dial_timeout: "100ms".to_owned(),
        ..Connection::default()
    };
    let args = InstallChaincodeArgs {
        chaincode_install_package: build("told_1", &connection).unwrap(),
    };
    let (_, response) = peer.ask(&crate::lifecycle::call("InstallChaincode", &args)).await;
    InstallChaincodeResult::decode(&response.response.unwrap().payload[..])
        .unwrap()
        .package_id
}

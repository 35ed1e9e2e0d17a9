//! A contract for tests, served as a stock shim serves one.
//!
//! `put <key> <value>` writes, returns the value and emits the event `put`; `get <key>` reads; `fail <text>` returns
//! status 500; `differ` returns something else each time.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use entente_fabric::proto::protos::chaincode_message::Type;
use entente_fabric::proto::protos::chaincode_server::{Chaincode, ChaincodeServer};
use entente_fabric::proto::protos::{
    ChaincodeEvent, ChaincodeId, ChaincodeInput, ChaincodeMessage, GetState, PutState, Response as Answer,
};
use futures::Stream;
use prost::Message as _;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::{Request, Response, Status, Streaming};

/// Serves the contract as package `id` on a port of its own.
pub struct Contract {
    listener: TcpListener,
}

impl Contract {
    pub async fn bind() -> Contract {
        Contract {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    pub fn serve(self, package_id: &str) {
        let service = ChaincodeServer::new(Service {
            package_id: package_id.to_owned(),
        });
        let routes = tonic::service::Routes::new(service);
        let (options, never) = Default::default();
        tokio::spawn(entente_fabric::tls::serve(self.listener, None, routes, options, never));
    }
}

struct Service {
    package_id: String,
}

type Outgoing = mpsc::UnboundedSender<Result<ChaincodeMessage, Status>>;

#[tonic::async_trait]
impl Chaincode for Service {
    type ConnectStream = Pin<Box<dyn Stream<Item = Result<ChaincodeMessage, Status>> + Send>>;

    async fn connect(
        &self,
        request: Request<Streaming<ChaincodeMessage>>,
    ) -> Result<Response<Self::ConnectStream>, Status> {
        let (outgoing, messages) = mpsc::unbounded_channel();
        let name = ChaincodeId {
            name: self.package_id.clone(),
            ..Default::default()
        };
        let register = ChaincodeMessage {
            r#type: Type::Register as i32,
            payload: name.encode_to_vec(),
            ..Default::default()
        };
        outgoing.send(Ok(register)).unwrap();
        tokio::spawn(dispatch(request.into_inner(), outgoing));
        Ok(Response::new(Box::pin(UnboundedReceiverStream::new(messages))))
    }
}

/// Hands each message to the transaction that it belongs to.
async fn dispatch(mut incoming: Streaming<ChaincodeMessage>, outgoing: Outgoing) {
    let mut running: HashMap<String, mpsc::UnboundedSender<ChaincodeMessage>> = HashMap::new();
    while let Ok(Some(message)) = incoming.message().await {
        match message.r#type() {
            Type::Transaction => {
                let (replies, received) = mpsc::unbounded_channel();
                running.insert(message.txid.clone(), replies);
                let stub = Stub {
                    call: message,
                    replies: Mutex::new(received),
                    outgoing: outgoing.clone(),
                };
                tokio::spawn(Arc::new(stub).run());
            }
            Type::Response | Type::Error => {
                if let Some(transaction) = running.get(&message.txid) {
                    transaction.send(message).ok();
                }
            }
            _ => {}
        }
    }
}

struct Stub {
    call: ChaincodeMessage,
    replies: Mutex<mpsc::UnboundedReceiver<ChaincodeMessage>>,
    outgoing: Outgoing,
}

impl Stub {
    async fn run(self: Arc<Self>) {
        let input = ChaincodeInput::decode(self.call.payload.as_slice()).unwrap();
        let args = input
            .args
            .iter()
            .map(|arg| String::from_utf8_lossy(arg).into_owned())
            .collect::<Vec<_>>();
        let args = args.iter().map(String::as_str).collect::<Vec<_>>();
        let mut event = None;
        let answer = match args.as_slice() {
            ["put", key, value] => {
                let put = PutState {
                    key: (*key).into(),
                    value: value.as_bytes().to_vec(),
                    ..Default::default()
                };
                self.ask(Type::PutState, put.encode_to_vec()).await;
                event = Some(ChaincodeEvent {
                    event_name: "put".into(),
                    payload: key.as_bytes().to_vec(),
                    ..Default::default()
                });
                success(value.as_bytes())
            }
            ["get", key] => {
                let get = GetState {
                    key: (*key).into(),
                    ..Default::default()
                };
                success(&self.ask(Type::GetState, get.encode_to_vec()).await)
            }
            ["differ"] => success(format!("{:?}", std::time::Instant::now()).as_bytes()),
            ["fail", text] => Answer {
                status: 500,
                message: (*text).into(),
                payload: vec![],
            },
            other => Answer {
                status: 400,
                message: format!("unknown call {other:?}"),
                payload: vec![],
            },
        };
        self.send(Type::Completed, answer.encode_to_vec(), event);
    }

    async fn ask(&self, kind: Type, payload: Vec<u8>) -> Vec<u8> {
        self.send(kind, payload, None);
        self.replies.lock().await.recv().await.unwrap_or_default().payload
    }

    fn send(&self, kind: Type, payload: Vec<u8>, event: Option<ChaincodeEvent>) {
        let message = ChaincodeMessage {
            r#type: kind as i32,
            payload,
            txid: self.call.txid.clone(),
            channel_id: self.call.channel_id.clone(),
            chaincode_event: event,
            ..Default::default()
        };
        self.outgoing.send(Ok(message)).ok();
    }
}

fn success(payload: &[u8]) -> Answer {
    Answer {
        status: 200,
        message: String::new(),
        payload: payload.to_vec(),
    }
}

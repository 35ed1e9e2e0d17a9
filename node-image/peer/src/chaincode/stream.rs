//! The stream to one running contract (`core/chaincode/handler.go`): registration, then many transactions side by
//! side, each with at most one request in flight.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use entente_fabric::client::{CallError, MAX_MESSAGE_BYTES};
use entente_fabric::proto::protos::chaincode_client::ChaincodeClient;
use entente_fabric::proto::protos::{
    ChaincodeAdditionalParams, ChaincodeId, ChaincodeInput, ChaincodeMessage, chaincode_message::Type,
};
use parking_lot::Mutex;
use prost::Message as _;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::Streaming;

use super::connection::Target;
use super::context::Context;
use super::transaction::Transaction;
use super::{Contracts, Metrics, requests};
use crate::failure::{Failure, decode};

/// Messages that wait for the contract to read them before those who send wait too.
const OUTGOING: usize = 256;
/// Most entries in a write batch or a read of several keys, as a stock peer says in READY.
const BATCH_LIMIT: u32 = 1000;

/// One call of a contract.
pub struct Call<'a> {
    pub transaction: &'a Transaction,
    /// The chaincode's name on the channel.
    pub namespace: &'a str,
    pub input: &'a ChaincodeInput,
    /// INIT rather than TRANSACTION.
    pub is_init: bool,
}

/// A contract that has registered and is ready.
pub struct Stream {
    package_id: String,
    outgoing: mpsc::Sender<ChaincodeMessage>,
    contexts: Mutex<HashMap<(String, String), Arc<Context>>>,
    closed: CancellationToken,
    metrics: Metrics,
}

impl Stream {
    /// Dials, waits for the contract to register, and serves its requests until the connection ends.
    pub async fn open(
        package_id: &str,
        target: &Target,
        contracts: Weak<Contracts>,
        metrics: Metrics,
    ) -> Result<Arc<Stream>, Failure> {
        let channel = target
            .dial()
            .await
            .map_err(|failure| failure.within(format_args!("error cannot create connection for {package_id}")))?;
        let mut client = ChaincodeClient::new(channel)
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
            .max_encoding_message_size(MAX_MESSAGE_BYTES);
        let (outgoing, messages) = mpsc::channel(OUTGOING);
        let incoming = client.connect(ReceiverStream::new(messages)).await.map_err(|status| {
            // With what happened below: a contract that wants a certificate closes the connection after the handshake.
            let (target, reason) = (target.described(), CallError::from(status));
            Failure(format!(
                "error creating grpc client connection to {package_id}: {target}: {reason}"
            ))
        })?;
        let mut incoming = incoming.into_inner();
        register(package_id, &mut incoming, &outgoing).await?;
        let stream = Arc::new(Stream {
            package_id: package_id.to_owned(),
            outgoing,
            contexts: Mutex::default(),
            closed: CancellationToken::new(),
            metrics,
        });
        tokio::spawn(stream.clone().serve(incoming, contracts));
        tracing::info!(package = package_id, address = target.address, "contract is ready");
        Ok(stream)
    }

    pub fn is_closed(&self) -> bool {
        self.closed.is_cancelled()
    }

    /// Sends a call to the contract and waits for its final message.
    pub async fn execute(&self, call: Call<'_>, timeout: Duration) -> Result<ChaincodeMessage, Failure> {
        let transaction = call.transaction;
        let key = (transaction.channel_id.to_string(), transaction.id.to_string());
        let (context, answer) = Context::new(transaction.clone(), call.namespace, call.is_init);
        {
            let mut contexts = self.contexts.lock();
            // The contract tells its transactions apart by channel and id alone: it cannot call itself.
            if contexts.contains_key(&key) {
                let (channel, id) = key;
                return Err(Failure(format!("txid: {id}({channel}) exists")));
            }
            contexts.insert(key.clone(), Arc::new(context));
        }
        let _registered = Registered {
            stream: self,
            key: &key,
        };
        let message = ChaincodeMessage {
            r#type: if call.is_init { Type::Init } else { Type::Transaction } as i32,
            payload: call.input.encode_to_vec(),
            txid: key.1.clone(),
            channel_id: key.0.clone(),
            proposal: Some(transaction.signed_proposal().clone()),
            ..Default::default()
        };
        let exchange = async {
            // Fails only when the stream is done, which the other branch reports.
            let _ = self.outgoing.send(message).await;
            match answer.await {
                Ok(answer) => answer,
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            answer = exchange => Ok(answer),
            () = self.closed.cancelled() => Err(Failure::new("chaincode stream terminated")),
            () = tokio::time::sleep(timeout) => {
                self.metrics.timed_out(&self.package_id);
                Err(Failure::new("timeout expired while executing transaction"))
            }
        }
    }

    async fn serve(self: Arc<Self>, mut incoming: Streaming<ChaincodeMessage>, contracts: Weak<Contracts>) {
        let end = loop {
            match incoming.message().await {
                Ok(Some(message)) => {
                    if let Err(failure) = self.receive(message, &contracts).await {
                        break format!("error handling message, ending stream: {failure}");
                    }
                }
                Ok(None) => break "the contract closed it".to_owned(),
                Err(status) => break status.message().to_owned(),
            }
        };
        tracing::info!(
            package = self.package_id,
            reason = end,
            "the stream to a contract ended"
        );
        self.closed.cancel();
        if let Some(contracts) = contracts.upgrade() {
            contracts.launches.forget(&self.package_id, &self);
        }
    }

    async fn receive(
        self: &Arc<Self>,
        message: ChaincodeMessage,
        contracts: &Weak<Contracts>,
    ) -> Result<(), Failure> {
        let kind = message.r#type();
        match kind {
            Type::Keepalive => return Ok(()),
            Type::Completed | Type::Error => {
                if let Some(context) = self.context(&message) {
                    context.complete(message);
                }
                return Ok(());
            }
            Type::Undefined
            | Type::Register
            | Type::Registered
            | Type::Init
            | Type::Ready
            | Type::Transaction
            | Type::Response => {
                let (id, kind) = (&message.txid, kind.as_str_name());
                return Err(Failure(format!(
                    "[{id}] Fabric side handler cannot handle message ({kind}) while in ready state"
                )));
            }
            _ => {}
        }
        let Some(context) = self.context(&message) else {
            let why = match kind {
                Type::InvokeChaincode => "could not get valid transaction",
                _ => "no ledger context",
            };
            // Answered here and not in a task of its own, so that a contract that floods us waits for itself.
            self.reply(&message, Err(Failure::new(why))).await;
            return Ok(());
        };
        if !context.begin() {
            tracing::warn!(
                package = self.package_id,
                tx = message.txid,
                "another request of this transaction is pending; dropped"
            );
            return Ok(());
        }
        let Some(contracts) = contracts.upgrade() else {
            return Err(Failure::new("the peer is stopping"));
        };
        let stream = self.clone();
        tokio::spawn(async move {
            let outcome = stream.answer(&contracts, &context, &message).await;
            context.end();
            stream.reply(&message, outcome).await;
        });
        Ok(())
    }

    async fn answer(
        &self,
        contracts: &Arc<Contracts>,
        context: &Context,
        message: &ChaincodeMessage,
    ) -> Result<Vec<u8>, Failure> {
        let (started, kind, channel) = (Instant::now(), message.r#type(), &message.channel_id);
        self.metrics.received(&self.package_id, channel, kind);
        let outcome = match kind {
            Type::InvokeChaincode => contracts.clone().called_by(context, message).await,
            _ => requests::answer(context, message, contracts.limits.total_query_limit),
        };
        let took = started.elapsed();
        self.metrics
            .completed(&self.package_id, channel, kind, outcome.is_ok(), took);
        outcome
    }

    fn context(&self, message: &ChaincodeMessage) -> Option<Arc<Context>> {
        self.contexts
            .lock()
            .get(&(message.channel_id.clone(), message.txid.clone()))
            .cloned()
    }

    async fn reply(&self, request: &ChaincodeMessage, outcome: Result<Vec<u8>, Failure>) {
        let (kind, payload) = match outcome {
            Ok(payload) => (Type::Response, payload),
            Err(reason) => {
                let (kind, id) = (request.r#type().as_str_name(), &request.txid);
                let text = format!("{kind} failed: transaction ID: {id}: {reason}");
                tracing::debug!(package = self.package_id, reason = text, "refused a contract's request");
                (Type::Error, text.into_bytes())
            }
        };
        let reply = ChaincodeMessage {
            r#type: kind as i32,
            payload,
            txid: request.txid.clone(),
            channel_id: request.channel_id.clone(),
            ..Default::default()
        };
        tokio::select! {
            // A closed stream needs no reply.
            _ = self.outgoing.send(reply) => {}
            () = self.closed.cancelled() => {}
        }
    }
}

/// Waits for REGISTER and answers REGISTERED and READY.
async fn register(
    package_id: &str,
    incoming: &mut Streaming<ChaincodeMessage>,
    outgoing: &mpsc::Sender<ChaincodeMessage>,
) -> Result<(), Failure> {
    let terminated = || Failure(format!("connection to {package_id} terminated"));
    let message = loop {
        match incoming.message().await {
            Ok(Some(message)) if message.r#type() == Type::Keepalive => {}
            Ok(Some(message)) => break message,
            Ok(None) | Err(_) => return Err(terminated()),
        }
    };
    if message.r#type() != Type::Register {
        let kind = message.r#type().as_str_name();
        return Err(Failure(format!(
            "[] Fabric side handler cannot handle message ({kind}) while in created state"
        )));
    }
    let name = decode::<ChaincodeId>(&message.payload)?.name;
    if name.is_empty() {
        return Err(Failure::new(
            "error in handling register chaincode, chaincodeID name is empty",
        ));
    }
    if name != package_id {
        return Err(Failure(format!(
            "peer will not accept external chaincode connection {name} (except in dev mode); {package_id} was expected"
        )));
    }
    let parameters = ChaincodeAdditionalParams {
        use_write_batch: true,
        max_size_write_batch: BATCH_LIMIT,
        use_get_multiple_keys: true,
        max_size_get_multiple_keys: BATCH_LIMIT,
    };
    let messages = [
        (Type::Registered, Vec::new()),
        (Type::Ready, parameters.encode_to_vec()),
    ];
    for (kind, payload) in messages {
        let message = ChaincodeMessage {
            r#type: kind as i32,
            payload,
            ..Default::default()
        };
        outgoing.send(message).await.map_err(|_| terminated())?;
    }
    Ok(())
}

/// Takes a call's context away when its caller is done, or gone.
struct Registered<'a> {
    stream: &'a Stream,
    key: &'a (String, String),
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        self.stream.contexts.lock().remove(self.key);
    }
}

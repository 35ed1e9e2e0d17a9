//! One peer's stream: registers, then runs the transactions that come, side by side.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use entente_fabric::proto::protos::chaincode_message::Type;
use entente_fabric::proto::protos::{
    ChaincodeAdditionalParams, ChaincodeId, ChaincodeInput, ChaincodeMessage, Response, SignedProposal,
};
use futures::{FutureExt as _, Stream, StreamExt as _};
use prost::Message as _;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::call::Call;
use crate::context::Context;
use crate::contract::Contract;
use crate::error::ContractError;

/// Transactions that run at once on one stream. Peers limit themselves to less.
const MAX_CALLS: usize = 10_000;

/// Fabric's status codes of a response (`shim.OK`, `shim.ERROR`).
const OK: i32 = 200;
const ERROR: i32 = 500;

/// Transactions are told apart by channel and id.
type Key = (String, String);

struct Conversation {
    contract: Arc<Contract>,
    outgoing: mpsc::Sender<ChaincodeMessage>,
    offered: ChaincodeAdditionalParams,
    /// Where answers of the peer go.
    calls: HashMap<Key, mpsc::Sender<ChaincodeMessage>>,
    running: JoinSet<Key>,
    stopping: bool,
}

/// Serves one peer until it hangs up, or until `stop` is cancelled and the transactions that run have ended.
pub async fn converse<E>(
    contract: Arc<Contract>,
    chaincode_id: &str,
    incoming: impl Stream<Item = Result<ChaincodeMessage, E>>,
    outgoing: mpsc::Sender<ChaincodeMessage>,
    stop: CancellationToken,
) where
    E: std::fmt::Display,
{
    let id = ChaincodeId {
        name: chaincode_id.to_owned(),
        ..Default::default()
    };
    let register = ChaincodeMessage {
        payload: id.encode_to_vec(),
        ..message(Type::Register)
    };
    if outgoing.send(register).await.is_err() {
        return;
    }
    let mut conversation = Conversation {
        contract,
        outgoing,
        offered: ChaincodeAdditionalParams::default(),
        calls: HashMap::new(),
        running: JoinSet::new(),
        stopping: false,
    };
    let mut incoming = std::pin::pin!(incoming);
    while !(conversation.stopping && conversation.running.is_empty()) {
        tokio::select! {
            received = incoming.next() => match received {
                Some(Ok(message)) => conversation.receive(message).await,
                Some(Err(why)) => {
                    tracing::debug!("the stream to a peer broke: {why}");
                    return;
                }
                None => return,
            },
            Some(ended) = conversation.running.join_next() => {
                if let Ok(key) = ended {
                    conversation.calls.remove(&key);
                }
            }
            () = stop.cancelled(), if !conversation.stopping => conversation.stopping = true,
        }
    }
}

impl Conversation {
    async fn receive(&mut self, message: ChaincodeMessage) {
        match message.r#type() {
            Type::Registered => tracing::info!("registered with a peer"),
            Type::Ready => match ChaincodeAdditionalParams::decode(&message.payload[..]) {
                Ok(offered) => self.offered = offered,
                Err(why) => tracing::warn!("the peer's offer cannot be read, so nothing is sent in batches: {why}"),
            },
            Type::Transaction | Type::Init => self.start(message).await,
            Type::Response | Type::Error => {
                let answered = self.calls.get(&(message.channel_id.clone(), message.txid.clone()));
                // An answer to nobody's question: its transaction is over.
                if answered.is_none_or(|call| call.try_send(message).is_err()) {
                    tracing::debug!("an answer came too late");
                }
            }
            Type::Keepalive => self.send(message).await,
            other => tracing::warn!(
                kind = other.as_str_name(),
                "the peer sent a message that only contracts send"
            ),
        }
    }

    async fn start(&mut self, message: ChaincodeMessage) {
        let key = (message.channel_id.clone(), message.txid.clone());
        let refused = if self.stopping {
            Some("the contract is stopping; try again")
        } else if self.calls.len() >= MAX_CALLS {
            Some("too many transactions at once; try again")
        } else if self.calls.contains_key(&key) {
            Some("this transaction is running already")
        } else {
            None
        };
        let (answers, inbox) = mpsc::channel(1);
        let (channel, id) = key.clone();
        let call = Arc::new(Call::new(channel, id, self.offered, self.outgoing.clone(), inbox));
        if let Some(reason) = refused {
            return self.send(completed(&call, Err(ContractError::refused(reason)))).await;
        }
        self.calls.insert(key.clone(), answers);
        let (contract, outgoing) = (Arc::clone(&self.contract), self.outgoing.clone());
        self.running.spawn(async move {
            let ran = AssertUnwindSafe(run(&contract, &call, message.proposal, message.payload))
                .catch_unwind()
                .await;
            let outcome = ran.unwrap_or_else(|_| Err(ContractError::refused("the function failed unexpectedly")));
            // Fails when the peer has hung up, and then nobody waits.
            let _ = outgoing.send(completed(&call, outcome)).await;
            key
        });
    }

    async fn send(&self, message: ChaincodeMessage) {
        // Fails when the peer has hung up; the next read says so.
        let _ = self.outgoing.send(message).await;
    }
}

async fn run(
    contract: &Contract,
    call: &Arc<Call>,
    proposal: Option<SignedProposal>,
    input: Vec<u8>,
) -> Result<Vec<u8>, ContractError> {
    let input = ChaincodeInput::decode(&input[..])?;
    let context = Context::new(Arc::clone(call), proposal.as_ref())?;
    if input.is_init && input.args.iter().all(Vec::is_empty) {
        return Ok(Vec::new()); // A definition that demands initialization, of a contract that needs none.
    }
    let payload = contract.run(context, input.args).await?;
    call.flush().await?;
    Ok(payload)
}

/// The last message of a transaction.
fn completed(call: &Call, outcome: Result<Vec<u8>, ContractError>) -> ChaincodeMessage {
    let (response, chaincode_event) = match outcome {
        Ok(payload) => (
            Response {
                status: OK,
                payload,
                ..Default::default()
            },
            call.take_event(),
        ),
        Err(why) => {
            tracing::debug!(transaction = call.transaction_id, "refused: {why}");
            (
                Response {
                    status: ERROR,
                    message: why.to_string(),
                    ..Default::default()
                },
                None,
            )
        }
    };
    ChaincodeMessage {
        chaincode_event,
        ..call.message(Type::Completed, response.encode_to_vec())
    }
}

fn message(kind: Type) -> ChaincodeMessage {
    ChaincodeMessage {
        r#type: kind as i32,
        ..Default::default()
    }
}

//! A stand-in for a peer, for the unit tests of contracts. It speaks the real protocol over a channel in memory, and
//! keeps state, history and private data in maps. It endorses nothing, validates nothing and orders nothing: what it
//! says about a contract's logic holds, what it says about a chain does not.

mod ledger;
mod member;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use entente_fabric::proto::common::{ChannelHeader, Header, SignatureHeader};
use entente_fabric::proto::protos::chaincode_message::Type;
use entente_fabric::proto::protos::{
    ChaincodeAdditionalParams, ChaincodeInput, ChaincodeMessage, ChaincodeProposalPayload, Proposal, Response,
    SignedProposal,
};
use prost::Message as _;
use tokio::sync::{mpsc, oneshot};
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

use crate::contract::Contract;
use crate::stream;
use ledger::{Ledger, Simulation};
pub use member::Member;

/// The channel that everything happens on.
pub const CHANNEL: &str = "main";

/// What a transaction came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub transaction_id: String,
    pub payload: Vec<u8>,
    /// Name and payload.
    pub event: Option<(String, Vec<u8>)>,
    /// Keys that it wrote, or deleted.
    pub written: Vec<String>,
    /// Kinds of requests that the contract made, in order.
    pub requests: Vec<Type>,
}

impl Outcome {
    /// The payload, from JSON.
    ///
    /// # Panics
    /// When it is something else.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.payload).expect("the function answers what the test expects")
    }
}

/// What the peer offers a contract when it is ready, as peers of 3.1 do; the default is that of 2.5, nothing.
pub type Offer = ChaincodeAdditionalParams;

/// A stand-in for a peer with one contract.
pub struct MockPeer {
    to_contract: mpsc::Sender<Result<ChaincodeMessage, String>>,
    shared: Arc<Mutex<Shared>>,
    stop: CancellationToken,
}

struct Shared {
    ledger: Ledger,
    running: HashMap<String, Running>,
    submitted: u32,
    /// What other contracts answer, by name.
    others: BTreeMap<String, Vec<u8>>,
}

struct Running {
    simulation: Simulation,
    requests: Vec<Type>,
    done: Option<oneshot::Sender<ChaincodeMessage>>,
}

impl MockPeer {
    /// Connects to the contract, as a peer of version 3.1.
    pub async fn start(contract: Contract) -> MockPeer {
        let offer = Offer {
            use_write_batch: true,
            max_size_write_batch: 1000,
            use_get_multiple_keys: true,
            max_size_get_multiple_keys: 1000,
        };
        MockPeer::start_with(contract, offer).await
    }

    /// Connects to the contract.
    ///
    /// # Panics
    /// When the contract does not register.
    pub async fn start_with(contract: Contract, offer: Offer) -> MockPeer {
        let (to_contract, incoming) = mpsc::channel(64);
        let (outgoing, mut from_contract) = mpsc::channel(64);
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        tokio::spawn(async move {
            stream::converse(
                Arc::new(contract),
                "mock:1",
                ReceiverStream::new(incoming),
                outgoing,
                stopped,
            )
            .await;
        });
        let register: ChaincodeMessage = from_contract.recv().await.expect("the contract registers");
        assert_eq!(register.r#type(), Type::Register, "the first message registers");
        let shared = Shared {
            ledger: Ledger::default(),
            running: HashMap::new(),
            submitted: 0,
            others: BTreeMap::new(),
        };
        let peer = MockPeer {
            to_contract,
            shared: Arc::new(Mutex::new(shared)),
            stop,
        };
        peer.send(ChaincodeMessage {
            r#type: Type::Registered as i32,
            ..Default::default()
        })
        .await;
        let ready = ChaincodeMessage {
            r#type: Type::Ready as i32,
            payload: offer.encode_to_vec(),
            ..Default::default()
        };
        peer.send(ready).await;
        let (shared, to_contract) = (Arc::clone(&peer.shared), peer.to_contract.clone());
        tokio::spawn(async move {
            let mut messages = ReceiverStream::new(from_contract);
            while let Some(message) = messages.next().await {
                let answer = lock(&shared).answer(message);
                if let Some(answer) = answer
                    && to_contract.send(Ok(answer)).await.is_err()
                {
                    return;
                }
            }
        });
        peer
    }

    /// Runs a transaction and, if it succeeds, applies what it wrote.
    ///
    /// # Errors
    /// The contract's refusal.
    pub async fn submit(&self, member: &Member, function: &str, arguments: &[&str]) -> Result<Outcome, String> {
        self.call(member, function, arguments, &[], true).await
    }

    /// Runs a transaction and applies nothing.
    ///
    /// # Errors
    /// The contract's refusal.
    pub async fn evaluate(&self, member: &Member, function: &str, arguments: &[&str]) -> Result<Outcome, String> {
        self.call(member, function, arguments, &[], false).await
    }

    /// As [`MockPeer::submit`], with transient data.
    ///
    /// # Errors
    /// The contract's refusal.
    pub async fn submit_with(
        &self,
        member: &Member,
        function: &str,
        arguments: &[&str],
        transient: &[(&str, &str)],
    ) -> Result<Outcome, String> {
        self.call(member, function, arguments, transient, true).await
    }

    /// Says what a call of another contract answers.
    pub fn other_contract(&self, name: &str, answer: &[u8]) {
        lock(&self.shared).others.insert(name.to_owned(), answer.to_vec());
    }

    /// What a key holds; `collection` is empty for public state.
    pub fn state(&self, collection: &str, key: &str) -> Option<Vec<u8>> {
        lock(&self.shared).ledger.get(collection, key)
    }

    /// Stops the contract as SIGTERM does.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// The time of the transaction after `earlier` others: one second each from the start of 2026.
    pub fn time(earlier: u32) -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_225_600, 0).unwrap_or_default() + TimeDelta::seconds(i64::from(earlier))
    }

    async fn send(&self, message: ChaincodeMessage) {
        // Fails when the contract is gone; whoever waits for its answer notices.
        let _ = self.to_contract.send(Ok(message)).await;
    }

    async fn call(
        &self,
        member: &Member,
        function: &str,
        arguments: &[&str],
        transient: &[(&str, &str)],
        apply: bool,
    ) -> Result<Outcome, String> {
        let (done, completed) = oneshot::channel();
        let (id, time) = {
            let mut shared = lock(&self.shared);
            let (id, time) = (format!("tx{}", shared.submitted), MockPeer::time(shared.submitted));
            shared.submitted += 1;
            let simulation = shared.ledger.simulate();
            shared.running.insert(
                id.clone(),
                Running {
                    simulation,
                    requests: Vec::new(),
                    done: Some(done),
                },
            );
            (id, time)
        };
        let args = std::iter::once(&function)
            .chain(arguments)
            .map(|argument| argument.as_bytes().to_vec());
        let message = ChaincodeMessage {
            r#type: Type::Transaction as i32,
            payload: ChaincodeInput {
                args: args.collect(),
                ..Default::default()
            }
            .encode_to_vec(),
            txid: id.clone(),
            channel_id: CHANNEL.into(),
            proposal: Some(proposal(member, time, transient)),
            ..Default::default()
        };
        self.send(message).await;
        let message = completed.await.map_err(|_| "the contract went away".to_owned())?;
        let response = Response::decode(&message.payload[..]).map_err(|why| why.to_string())?;
        let mut shared = lock(&self.shared);
        let Some(Running {
            simulation, requests, ..
        }) = shared.running.remove(&id)
        else {
            return Err("the transaction was lost".into());
        };
        if response.status >= 400 {
            return Err(response.message);
        }
        let written = simulation.written();
        if apply {
            shared.ledger.apply(simulation, &id, time);
        }
        let event = message.chaincode_event.map(|event| (event.event_name, event.payload));
        Ok(Outcome {
            transaction_id: id,
            payload: response.payload,
            event,
            written,
            requests,
        })
    }
}

impl Drop for MockPeer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Shared {
    fn answer(&mut self, message: ChaincodeMessage) -> Option<ChaincodeMessage> {
        let kind = message.r#type();
        if kind == Type::Keepalive {
            return None;
        }
        let running = self.running.get_mut(&message.txid)?;
        if kind == Type::Completed {
            let done = running.done.take()?;
            // Fails when the test no longer waits.
            let _ = done.send(message);
            return None;
        }
        running.requests.push(kind);
        let answer = match kind {
            Type::InvokeChaincode => ledger::invoke(&self.others, &message.payload),
            _ => running.simulation.answer(kind, &message.payload),
        };
        let (kind, payload) = match answer {
            Ok(payload) => (Type::Response, payload),
            Err(why) => {
                let text = format!("{} failed: transaction ID: {}: {why}", kind.as_str_name(), message.txid);
                (Type::Error, text.into_bytes())
            }
        };
        let (txid, channel_id) = (message.txid, message.channel_id);
        Some(ChaincodeMessage {
            r#type: kind as i32,
            payload,
            txid,
            channel_id,
            ..Default::default()
        })
    }
}

fn proposal(member: &Member, time: DateTime<Utc>, transient: &[(&str, &str)]) -> SignedProposal {
    let timestamp = prost_types::Timestamp {
        seconds: time.timestamp(),
        nanos: 0,
    };
    let channel = ChannelHeader {
        channel_id: CHANNEL.into(),
        timestamp: Some(timestamp),
        ..Default::default()
    };
    let signature = SignatureHeader {
        creator: member.serialized().to_vec(),
        nonce: vec![0; 24],
    };
    let header = Header {
        channel_header: channel.encode_to_vec(),
        signature_header: signature.encode_to_vec(),
    };
    let transient = transient
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()));
    let payload = ChaincodeProposalPayload {
        input: Vec::new(),
        transient_map: transient.collect(),
    };
    let proposal = Proposal {
        header: header.encode_to_vec(),
        payload: payload.encode_to_vec(),
        ..Default::default()
    };
    SignedProposal {
        proposal_bytes: proposal.encode_to_vec(),
        signature: Vec::new(),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

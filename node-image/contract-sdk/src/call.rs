//! One transaction's conversation with the peer: a request, then its answer, never two at once.

use std::sync::Mutex as SyncMutex;

use entente_fabric::proto::protos::chaincode_message::Type;
use entente_fabric::proto::protos::{ChaincodeAdditionalParams, ChaincodeEvent, ChaincodeMessage, WriteBatchState};
use entente_fabric::proto::protos::{DelState, PurgePrivateState, PutState, PutStateMetadata};
use entente_fabric::proto::protos::{WriteRecord, write_record};
use prost::Message as _;
use tokio::sync::{Mutex, mpsc};

use crate::error::ContractError;

/// Bytes of writes that are held back at most before they are sent. A message may have 100 MiB.
const MAX_BATCH_BYTES: usize = 8 * 1024 * 1024;

pub struct Call {
    pub channel_id: String,
    pub transaction_id: String,
    /// What the peer offered when it was ready.
    pub offered: ChaincodeAdditionalParams,
    outgoing: mpsc::Sender<ChaincodeMessage>,
    exchange: Mutex<Exchange>,
    writes: SyncMutex<Writes>,
    event: SyncMutex<Option<ChaincodeEvent>>,
}

struct Exchange {
    answers: mpsc::Receiver<ChaincodeMessage>,
    /// Requests whose asker went away before the answer came: their answers are still to be thrown away.
    unanswered: usize,
}

#[derive(Default)]
struct Writes {
    held: Vec<WriteRecord>,
    bytes: usize,
}

impl Call {
    pub fn new(
        channel_id: String,
        transaction_id: String,
        offered: ChaincodeAdditionalParams,
        outgoing: mpsc::Sender<ChaincodeMessage>,
        answers: mpsc::Receiver<ChaincodeMessage>,
    ) -> Call {
        let exchange = Mutex::new(Exchange { answers, unanswered: 0 });
        let (writes, event) = (SyncMutex::default(), SyncMutex::default());
        Call {
            channel_id,
            transaction_id,
            offered,
            outgoing,
            exchange,
            writes,
            event,
        }
    }

    /// Sends a request and waits for the peer's answer.
    pub async fn ask(&self, kind: Type, payload: Vec<u8>) -> Result<Vec<u8>, ContractError> {
        let mut exchange = self.exchange.lock().await;
        // The peer drops a second request of a transaction, so that of an asker who gave up is waited for.
        while exchange.unanswered > 0 {
            exchange.answers.recv().await.ok_or(ContractError::Disconnected)?;
            exchange.unanswered -= 1;
        }
        // Whoever gives up while the way is blocked has asked nothing yet.
        let way = self.outgoing.reserve().await.map_err(|_| ContractError::Disconnected)?;
        exchange.unanswered += 1;
        way.send(self.message(kind, payload));
        let answer = exchange.answers.recv().await.ok_or(ContractError::Disconnected)?;
        exchange.unanswered -= 1;
        match answer.r#type() {
            Type::Response => Ok(answer.payload),
            Type::Error => Err(ContractError::Ledger(
                String::from_utf8_lossy(&answer.payload).into_owned(),
            )),
            other => Err(ContractError::Protocol(format!(
                "{} instead of an answer",
                other.as_str_name()
            ))),
        }
    }

    pub fn message(&self, kind: Type, payload: Vec<u8>) -> ChaincodeMessage {
        ChaincodeMessage {
            r#type: kind as i32,
            payload,
            txid: self.transaction_id.clone(),
            channel_id: self.channel_id.clone(),
            ..Default::default()
        }
    }

    /// Writes at once, or with others when the peer takes batches: reads never see writes, so they can wait.
    pub async fn write(&self, record: WriteRecord) -> Result<(), ContractError> {
        if !self.offered.use_write_batch {
            let (kind, payload) = single(record);
            return self.ask(kind, payload).await.map(drop);
        }
        let full = {
            let mut writes = lock(&self.writes);
            writes.bytes += record.key.len() + record.value.len();
            writes.held.push(record);
            let most = usize::try_from(self.offered.max_size_write_batch)
                .unwrap_or(usize::MAX)
                .max(1);
            writes.held.len() >= most || writes.bytes >= MAX_BATCH_BYTES
        };
        if full { self.flush().await } else { Ok(()) }
    }

    /// Sends the writes that were held back.
    pub async fn flush(&self) -> Result<(), ContractError> {
        let rec = std::mem::take(&mut *lock(&self.writes)).held;
        if rec.is_empty() {
            return Ok(());
        }
        self.ask(Type::WriteBatchState, WriteBatchState { rec }.encode_to_vec())
            .await
            .map(drop)
    }

    pub fn set_event(&self, name: &str, payload: Vec<u8>) {
        *lock(&self.event) = Some(ChaincodeEvent {
            event_name: name.to_owned(),
            payload,
            ..Default::default()
        });
    }

    pub fn take_event(&self) -> Option<ChaincodeEvent> {
        lock(&self.event).take()
    }
}

/// The same write as a message of its own.
fn single(record: WriteRecord) -> (Type, Vec<u8>) {
    let kind = record.r#type();
    let WriteRecord {
        key,
        value,
        collection,
        metadata,
        ..
    } = record;
    match kind {
        write_record::Type::DelState => (Type::DelState, DelState { key, collection }.encode_to_vec()),
        write_record::Type::PurgePrivateData => (
            Type::PurgePrivateData,
            PurgePrivateState { key, collection }.encode_to_vec(),
        ),
        write_record::Type::PutStateMetadata => (
            Type::PutStateMetadata,
            PutStateMetadata {
                key,
                collection,
                metadata,
            }
            .encode_to_vec(),
        ),
        write_record::Type::PutState | write_record::Type::Undefined => {
            (Type::PutState, PutState { key, value, collection }.encode_to_vec())
        }
    }
}

/// A panic while one of these is held leaves nothing half done.
fn lock<T>(mutex: &SyncMutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

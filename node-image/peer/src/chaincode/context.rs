//! One transaction in one contract: what the contract's requests are answered from
//! (`core/chaincode/transaction_context.go`).

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use entente_fabric::proto::protos::ChaincodeMessage;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::collections::Access;
use super::queries::Queries;
use super::transaction::Transaction;
use crate::failure::Failure;

/// A call that a contract is busy with.
pub struct Context {
    pub transaction: Transaction,
    /// The chaincode's name: where it reads and writes.
    pub namespace: String,
    /// An initialisation that the definition demands; private data is closed to it.
    pub is_init: bool,
    pub queries: Mutex<Queries>,
    access: Mutex<HashMap<String, Access>>,
    answer: Mutex<Option<oneshot::Sender<ChaincodeMessage>>>,
    busy: AtomicBool,
}

impl Context {
    pub fn new(
        transaction: Transaction,
        namespace: &str,
        is_init: bool,
    ) -> (Context, oneshot::Receiver<ChaincodeMessage>) {
        let (answer, receiver) = oneshot::channel();
        let context = Context {
            transaction,
            namespace: namespace.to_owned(),
            is_init,
            queries: Mutex::default(),
            access: Mutex::default(),
            answer: Mutex::new(Some(answer)),
            busy: AtomicBool::new(false),
        };
        (context, receiver)
    }

    /// Hands the contract's final message to whoever waits. Only the first one counts.
    pub fn complete(&self, message: ChaincodeMessage) {
        if let Some(answer) = self.answer.lock().take() {
            // Nobody waits after a timeout.
            let _ = answer.send(message);
        }
    }

    /// Claims the only request that a transaction may have in flight.
    pub fn begin(&self) -> bool {
        !self.busy.swap(true, Ordering::AcqRel)
    }

    pub fn end(&self) {
        self.busy.store(false, Ordering::Release);
    }

    /// What the creator may do with a collection; looked up once for each transaction and contract.
    pub fn access(&self, collection: &str) -> Result<Access, Failure> {
        if let Some(access) = self.access.lock().get(collection) {
            return Ok(*access);
        }
        let access = Access::of(&self.transaction, &self.namespace, collection)?;
        self.access.lock().insert(collection.to_owned(), access);
        Ok(access)
    }
}

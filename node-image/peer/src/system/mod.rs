//! System chaincodes: what a peer answers itself, in the form of chaincode calls.

pub mod cscc;
pub mod qscc;

use std::sync::Arc;

use entente_fabric::proto::protos::{ChaincodeInput, Response};

use crate::acl::Acl;
use crate::chaincode::transaction::Transaction;
use crate::channels::Channels;
use crate::lifecycle::{self, Lifecycle};

/// The version that stands in the payload for all of them (`core/scc/scc.go`).
pub const VERSION: &str = "syscc";

/// Whether a name is a system chaincode's: callable without a definition, with access rules of its own.
pub fn is_system(name: &str) -> bool {
    matches!(name, lifecycle::NAMESPACE | "cscc" | "qscc" | "lscc")
}

/// Whether calls of a chaincode are simulated. The query chaincodes look at the ledger as it is.
pub fn is_simulated(name: &str) -> bool {
    !matches!(name, "cscc" | "qscc")
}

/// The system chaincodes of one peer.
pub struct SystemChaincodes {
    pub lifecycle: Arc<Lifecycle>,
    channels: Arc<Channels>,
    acl: Arc<Acl>,
}

impl SystemChaincodes {
    pub fn new(lifecycle: Arc<Lifecycle>, channels: Arc<Channels>, acl: Arc<Acl>) -> SystemChaincodes {
        SystemChaincodes {
            lifecycle,
            channels,
            acl,
        }
    }

    /// Calls the system chaincode `name`. Whatever goes wrong is a status in the response.
    pub async fn invoke(&self, name: &str, transaction: &Transaction, input: &ChaincodeInput) -> Response {
        match name {
            lifecycle::NAMESPACE => self.lifecycle.invoke(transaction, input),
            "cscc" => cscc::invoke(&self.channels, &self.acl, transaction, &input.args).await,
            "qscc" => qscc::invoke(&self.channels, &self.acl, transaction, &input.args),
            _ => error(format!(
                "system chaincode {name} is not served here; contracts are managed through _lifecycle"
            )),
        }
    }
}

/// Status 200.
pub(crate) fn success(payload: Vec<u8>) -> Response {
    Response {
        status: 200,
        message: String::new(),
        payload,
    }
}

/// Status 500.
pub(crate) fn error(message: impl Into<String>) -> Response {
    Response {
        status: 500,
        message: message.into(),
        payload: Vec::new(),
    }
}

/// Refuses calls that come from another chaincode; `why` is the end of the refusal.
fn called_directly(transaction: &Transaction, name: &str, why: &str) -> Result<(), Response> {
    match transaction.proposal.invoked.as_deref() {
        Some(invoked) if invoked == name => Ok(()),
        Some(other) => {
            let upper = name.to_uppercase();
            Err(error(format!(
                "Rejecting invoke of {upper} from another chaincode{why}, original invocation for '{other}'"
            )))
        }
        None => Err(error("Failed to identify the called chaincode: chaincode id is nil")),
    }
}

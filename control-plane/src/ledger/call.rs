//! What is asked of a ledger, and what comes back.

use std::collections::BTreeMap;

/// Who signs a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signatory {
    /// Name of the organization; the channel's first member when absent.
    pub organization: Option<String>,
    /// Name of the Identity resource; the organization's administrator when absent.
    pub identity: Option<String>,
    /// Whether what is signed is to be written: who supervises only reads.
    pub writes: bool,
}

/// A call of a contract.
#[derive(Debug, Clone, Default)]
pub struct Call {
    pub contract: String,
    pub function: String,
    pub arguments: Vec<Vec<u8>>,
    pub transient: BTreeMap<String, Vec<u8>>,
    /// Names of organizations; the endorsement policy decides when empty.
    pub endorsing_organizations: Vec<String>,
}

/// A transaction that has committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    pub transaction_id: String,
    pub block_number: u64,
    pub result: Vec<u8>,
}

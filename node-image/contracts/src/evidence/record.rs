//! What the ledger keeps, and what the functions answer.

use chrono::{DateTime, SecondsFormat, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::arguments::Digest;

/// A certified digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    pub digest: Digest,
    /// Who alone can revoke it: organization and certificate subject, such as `Org1MSP/CN=alice, OU=client`.
    pub owner: String,
    /// Who had it certified, written like the owner.
    pub submitter: String,
    pub note: String,
    /// The time of the transaction, RFC 3339.
    pub certified_at: String,
    pub transaction_id: String,
    pub revoked: Option<Revocation>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Revocation {
    /// The time of the transaction, RFC 3339.
    pub at: String,
    pub reason: String,
    pub transaction_id: String,
}

/// One state that a piece of evidence was in. The newest comes first.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Revision {
    pub transaction_id: String,
    pub at: String,
    pub evidence: Option<Evidence>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    pub items: Vec<Evidence>,
    /// What to ask the next page with; empty after the last one.
    pub bookmark: String,
}

pub fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

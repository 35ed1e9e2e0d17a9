//! Tells tenants what happens, at addresses of their choice.
//!
//! event → one delivery for each webhook that wants it, in the same transaction as what happened → [`courier`] signs and
//! posts it, again and again until it is taken → the delivery stays in the log for a while.

pub mod address;
pub mod awaited;
pub mod courier;
pub mod signature;
#[cfg(test)]
mod tests;

use entente_api::time::Time;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::operation::{Operation, OperationKind, OperationState};

/// What one can be told about.
pub const TYPES: [&str; 6] = [
    CERTIFICATE_EXPIRING,
    CHAIN_READY,
    AWAITING_APPROVAL,
    SUCCEEDED,
    FAILED,
    TEST,
];
/// A certificate has come into another band of time before its end, or has expired.
const CERTIFICATE_EXPIRING: &str = "cert.expiring";
/// A chain that was created is ready.
const CHAIN_READY: &str = "chain.ready";
/// Organizations of the tenant are asked to approve a contract's definition.
const AWAITING_APPROVAL: &str = "contract.awaitingApproval";
/// A change has been carried out.
const SUCCEEDED: &str = "operation.succeeded";
/// A change cannot be carried out as asked.
const FAILED: &str = "operation.failed";
/// Somebody wants to see whether deliveries arrive.
const TEST: &str = "webhook.test";

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub kind: &'static str,
    pub time: Time,
    pub data: Value,
}

impl Event {
    /// What there is to tell of an operation that has ended.
    pub fn of(operation: &Operation) -> Vec<Event> {
        let time = operation.end_time.unwrap_or(operation.create_time);
        let event = |kind| Event {
            kind,
            time,
            data: json!({"operation": operation}),
        };
        let created = operation.target.kind == "Chain" && operation.kind == OperationKind::Create;
        match operation.state {
            OperationState::Succeeded if created => vec![event(SUCCEEDED), event(CHAIN_READY)],
            OperationState::Succeeded => vec![event(SUCCEEDED)],
            OperationState::Failed => vec![event(FAILED)],
            _ => Vec::new(),
        }
    }

    /// That a certificate is about to expire, or has.
    pub fn certificate(certificate: &Value, now: Time) -> Event {
        Event {
            kind: CERTIFICATE_EXPIRING,
            time: now,
            data: json!({"certificate": certificate}),
        }
    }

    /// That a contract waits for approvals.
    pub fn awaiting_approval(data: Value, now: Time) -> Event {
        Event {
            kind: AWAITING_APPROVAL,
            time: now,
            data,
        }
    }

    /// An event that nothing but a test has caused.
    pub fn test(now: Time) -> Event {
        Event {
            kind: TEST,
            time: now,
            data: json!({"message": "This is a test."}),
        }
    }

    /// What is sent.
    pub fn body(&self, id: &str, tenant: &str) -> String {
        json!({"id": id, "type": self.kind, "time": self.time, "tenant": tenant, "data": self.data}).to_string()
    }
}

/// What webhooks of all tenants are still to be told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookQueue {
    /// Deliveries that are still to be made.
    pub pending: u64,
    /// Since when the oldest of them waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_time: Option<Time>,
    /// Webhooks that nothing can be delivered to at the moment.
    pub failing: u64,
    /// Webhooks that were switched off because nothing could be delivered.
    pub disabled: u64,
}

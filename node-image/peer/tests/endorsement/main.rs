//! The endorser with a real ledger: proposals in, blocks made of the answers, and contracts as processes.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod contract;
#[allow(dead_code, reason = "shared with the tests of the ledger, which need more of it")]
#[path = "../../../ledger/tests/golden/mod.rs"]
mod golden;
mod golden_lifecycle;
mod golden_proposals;
mod lifecycle;
mod network;
mod official_shim;
mod refusals;
mod tls;

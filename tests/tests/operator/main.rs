//! The operator with real nodes, without the platform around it: resources in, a chain out.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod approvals;
mod crash;
mod edits;
mod failover;
mod harness;
mod kinds;
mod life;
mod recycle;
mod renewal;
mod rest;
mod tenants;

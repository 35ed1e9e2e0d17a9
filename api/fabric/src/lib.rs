//! Hyperledger Fabric's protocol: its messages, who may sign them, what a channel's configuration allows, and the
//! clients that call a node.
//!
//! Nothing here holds a node's state. Bytes that are hashed or signed are kept as they were received; the types are
//! views of them.

pub mod block;
pub mod client;
pub mod config;
pub mod crypto;
pub mod envelope;
pub mod expiry;
pub mod identity;
pub mod package;
pub mod policy;
pub mod proposal;
pub mod tls;
pub mod transaction;

/// The wire format, generated from `proto/`. Package names, message names and field numbers are Fabric's.
#[allow(clippy::all, missing_docs)]
pub mod proto {
    include!(concat!(env!("OUT_DIR"), "/mod.rs"));
}

//! Converges resources: reads what a chain should be, and makes it so.
//!
//! Two seams hold what differs between one machine and a cluster: [`registry`] (where resources live) and
//! [`substrate`] (where nodes run). Everything above them is shared.

pub mod pki;
pub mod registry;
pub mod substrate;
pub mod vault;

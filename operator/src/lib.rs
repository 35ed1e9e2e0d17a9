//! Converges resources: reads what a chain should be, and makes it so.
//!
//! Two seams hold what differs between one machine and a cluster: [`registry`] (where resources live) and
//! [`substrate`] (where nodes run). Everything above them is shared: [`controller`] calls the reconciler of each
//! resource when something that concerns it has changed, one folder a resource, one file a step.

pub mod chain;
pub mod cluster;
mod context;
pub mod contract;
pub mod controller;
mod dial;
pub mod identity;
pub mod leader;
pub mod member;
pub mod metrics;
pub mod network;
pub mod node_release;
pub mod organization;
pub mod pki;
pub mod registry;
mod report;
pub mod scrape;
mod story;
pub mod substrate;
pub mod tenant;
pub mod trouble;
pub mod vault;

pub use context::{Clock, Context};
pub use controller::run;

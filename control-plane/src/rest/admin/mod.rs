//! `/v1/admin`: the installation as a whole, for the platform's operators.
//!
//! What runs for whom, how it goes, and how the platform itself is: names, states and numbers. What is on a ledger, and what
//! tenants keep secret, is not theirs to read.

pub mod fleet;
pub mod health;
pub mod operations;
mod posture;
pub mod security;
pub mod survey;
pub mod troubles;
pub mod usage;

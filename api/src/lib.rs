//! The vocabulary of Entente: what is written in a resource, answered by the API and handed to a node.
//!
//! Pure types and functions: no client, no async.

pub mod node_config;

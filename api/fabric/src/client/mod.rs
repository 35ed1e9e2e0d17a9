//! Clients of a node's services.

pub mod connect;

/// What Fabric's nodes accept in one gRPC message; tonic would stop at 4 MiB. Blocks can be that large.
pub const MAX_MESSAGE_BYTES: usize = 100 * 1024 * 1024;

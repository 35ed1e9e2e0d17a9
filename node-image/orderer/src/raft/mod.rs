//! Raft, as stock orderers run it (`orderer/consensus/etcdraft`), on a library that speaks etcd's protocol.
//!
//! [`core`] decides and does no I/O; [`wal`] keeps the log on disk; the chain's driver connects them to files, sockets
//! and clocks.

pub mod core;
pub mod log;
pub mod membership;
pub mod wal;
pub mod wire;

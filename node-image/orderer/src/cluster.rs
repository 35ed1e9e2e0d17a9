//! Between consenters: `orderer.Cluster/Step` (`orderer/common/cluster`).
//!
//! Consenters know each other by the public keys of their TLS certificates, which the channel configuration holds: the
//! caller by its client certificate, the called by its server certificate. Nobody answers on these streams.

mod connections;
mod group;
mod keys;
mod lane;
mod service;

pub use connections::{Connections, Target};
pub use group::Group;
pub use keys::{own_id, public_key_of_der};
pub use service::Step;

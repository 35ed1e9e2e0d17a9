//! Keys: what signs, and how software keys rest on disk.

pub mod data_key;
pub mod envelope;
pub mod master;
pub mod signer;
mod store;

pub use store::write_whole;
pub use store::{KeyError, KeyProvider, SoftwareKeys};

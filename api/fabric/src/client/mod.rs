//! Clients of a node's services. Each takes a channel from [`connect`] and whatever signs; none keeps state.

mod answers;
pub mod broadcast;
pub mod connect;
pub mod cscc;
pub mod deliver;
mod dial;
pub mod endorser;
mod error;
pub mod gateway;
pub mod lifecycle;
pub mod participation;
pub mod pulse;
pub mod qscc;
mod tcp;
pub mod transact;

pub use error::{CallError, Code};

use crate::crypto::Signer;

/// What Fabric's nodes accept in one gRPC message; tonic would stop at 4 MiB. Blocks can be that large.
pub const MAX_MESSAGE_BYTES: usize = 100 * 1024 * 1024;

/// Who asks for a stream of blocks.
#[derive(Clone, Copy)]
pub struct Caller<'a> {
    pub signer: &'a dyn Signer,
    /// SHA-256 of the TLS client certificate ([`crate::tls::TlsClient::certificate_hash`]); nodes that demand one
    /// compare it. Empty without one.
    pub tls_cert_hash: &'a [u8],
}

impl<'a> Caller<'a> {
    /// A caller whose connection carries no TLS client certificate.
    pub fn new(signer: &'a dyn Signer) -> Caller<'a> {
        Caller {
            signer,
            tls_cert_hash: &[],
        }
    }
}

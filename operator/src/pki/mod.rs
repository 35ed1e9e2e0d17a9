//! Certificates: each organization's identity CA and TLS CA, and what they issue to nodes, people and applications.
//!
//! [`authority`] issues and decides nothing; [`organization`] keeps what was issued in the vault, renews it in time,
//! and reuses keys when it does: Fabric knows a consenter by its public key, so a renewed orderer certificate then needs
//! no channel update.

pub mod authority;
pub mod certificate;
mod low_s;
pub mod msp;
pub mod organization;

pub use authority::{Authority, Issued, Leaf, Purpose};
pub use certificate::{Facts, facts};
pub use organization::{Credentials, OrganizationPki};

use crate::vault::VaultError;

/// Why a certificate could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    #[error("{what} cannot be issued")]
    Issue { what: String, source: rcgen::Error },
    #[error("{what} cannot be read: {reason}")]
    Read { what: String, reason: String },
    #[error("the certificate request cannot be used: {0}")]
    Request(String),
    #[error(transparent)]
    Vault(#[from] VaultError),
}

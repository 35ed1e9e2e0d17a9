//! Membership: what an MSP accepts as an identity, and which principals an identity satisfies.

mod certificate;
mod chain;
mod constraints;
#[expect(clippy::module_inception, reason = "an identity is what this module is about")]
mod identity;
pub mod local;
mod manager;
mod msp;
mod organizational_unit;
mod principal;
mod revocation;
mod signature;
mod signing;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use identity::Identity;
pub use manager::MspManager;
pub use msp::Msp;
pub use signing::SigningIdentity;

/// Which rules an MSP follows; the channel's capabilities decide (`msp/factory.go`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MspVersion {
    V1_3,
    V1_4_3,
    V3_0,
}

/// Why an MSP definition cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
#[error("MSP {msp_id}: {reason}")]
pub struct MspError {
    pub msp_id: String,
    pub reason: String,
}

/// Why bytes are not an identity of this channel, or not one that may act.
#[derive(Debug, Clone, thiserror::Error)]
pub enum IdentityError {
    #[error("the identity cannot be read: {0}")]
    Malformed(String),
    #[error("MSP {0} is not defined on channel")]
    UnknownMsp(String),
    #[error("{0}")]
    Invalid(String),
    #[error("The signature is invalid")]
    Signature,
    #[error("{0}")]
    Principal(String),
}

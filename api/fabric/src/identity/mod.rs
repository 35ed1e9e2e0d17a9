//! Membership: what an MSP accepts as an identity, and which principals an identity satisfies.

mod signing;

pub use signing::SigningIdentity;

use std::sync::Arc;
use std::time::SystemTime;

use crate::proto::{common::MspPrincipal, msp::MspConfig};

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
    #[error("MSP {0} is unknown")]
    UnknownMsp(String),
    #[error("{0}")]
    Invalid(String),
    #[error("the signature is invalid")]
    Signature,
    #[error("{0}")]
    Principal(String),
}

/// One organization's membership rules (`msp/mspimpl.go`).
#[derive(Debug)]
pub struct Msp {}

impl Msp {
    /// Reads and checks a definition as it stands in a channel configuration.
    pub fn new(_config: &MspConfig, _version: MspVersion) -> Result<Arc<Msp>, MspError> {
        unimplemented!()
    }
    pub fn id(&self) -> &str {
        unimplemented!()
    }
    /// DER of the TLS root and intermediate certificates.
    pub fn tls_roots(&self) -> &[Vec<u8>] {
        unimplemented!()
    }
    /// Reads a PEM certificate as an identity of this MSP. Says nothing about validity.
    pub fn deserialize(self: &Arc<Self>, _id_bytes: &[u8]) -> Result<Arc<Identity>, IdentityError> {
        unimplemented!()
    }
}

/// The MSPs of one channel configuration (`msp/mspmgrimpl.go`). Caches what it has deserialized and verified:
/// no answer depends on today's date, so the cache lives as long as the configuration.
#[derive(Debug)]
pub struct MspManager {}

impl MspManager {
    pub fn new(_msps: Vec<Arc<Msp>>) -> MspManager {
        unimplemented!()
    }
    pub fn msp(&self, _msp_id: &str) -> Option<&Arc<Msp>> {
        unimplemented!()
    }
    pub fn msps(&self) -> impl Iterator<Item = &Arc<Msp>> {
        std::iter::empty()
    }
    /// Reads a marshalled `msp.SerializedIdentity`.
    pub fn deserialize(&self, _serialized: &[u8]) -> Result<Arc<Identity>, IdentityError> {
        unimplemented!()
    }
}

/// A certificate that an MSP has read.
#[derive(Debug)]
pub struct Identity {}

impl Identity {
    pub fn msp_id(&self) -> &str {
        unimplemented!()
    }
    /// MSP id and hex SHA-256 of the certificate: equal for identities that count once in a policy.
    pub fn id(&self) -> &str {
        unimplemented!()
    }
    pub fn certificate_der(&self) -> &[u8] {
        unimplemented!()
    }
    pub fn not_after(&self) -> SystemTime {
        unimplemented!()
    }
    /// Chain, revocation and organizational-unit rules.
    pub fn validate(&self) -> Result<(), IdentityError> {
        unimplemented!()
    }
    pub fn verify(&self, _message: &[u8], _signature: &[u8]) -> Result<(), IdentityError> {
        unimplemented!()
    }
    pub fn satisfies(&self, _principal: &MspPrincipal) -> Result<(), IdentityError> {
        unimplemented!()
    }
}

//! Policies over signatures: `common/cauthdsl` and `common/policies` of Fabric.

pub mod dsl;

use std::sync::Arc;

use crate::identity::{Identity, MspManager};
use crate::proto::common::SignaturePolicyEnvelope;

/// Bytes, who signed them, and the signature.
#[derive(Debug, Clone)]
pub struct SignedData {
    pub data: Vec<u8>,
    /// Marshalled `msp.SerializedIdentity`.
    pub identity: Vec<u8>,
    pub signature: Vec<u8>,
}

/// Why a policy is not satisfied, in Fabric's words where a client may compare them.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct PolicyError(pub String);

/// A policy that can be evaluated.
#[derive(Debug, Clone)]
pub struct Policy {}

impl Policy {
    /// Compiles a signature policy against the MSPs of a channel (`common/cauthdsl/policy.go`).
    pub fn from_signature_policy(
        _envelope: &SignaturePolicyEnvelope,
        _msps: Arc<MspManager>,
    ) -> Result<Policy, PolicyError> {
        unimplemented!()
    }
    /// Deserializes, drops duplicates and bad signatures, then evaluates.
    pub fn evaluate_signed(&self, _signatures: &[SignedData]) -> Result<(), PolicyError> {
        unimplemented!()
    }
    /// Evaluates identities whose signatures are already verified, in the order given.
    pub fn evaluate_identities(&self, _identities: &[Arc<Identity>]) -> Result<(), PolicyError> {
        unimplemented!()
    }
}

/// The policies of a channel configuration by path (`common/policies/policy.go`).
#[derive(Debug)]
pub struct Policies {}

impl Policies {
    /// `path` is absolute, such as `/Channel/Application/Writers`. `None` when no such policy is defined.
    pub fn get(&self, _path: &str) -> Option<&Policy> {
        unimplemented!()
    }
}

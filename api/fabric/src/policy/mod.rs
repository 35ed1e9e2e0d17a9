//! Policies over signatures: `common/cauthdsl` and `common/policies` of Fabric.

pub mod dsl;
mod signature;
mod tree;

use std::collections::HashSet;
use std::sync::Arc;

use crate::identity::{Identity, MspManager};
use crate::proto::common::SignaturePolicyEnvelope;
use signature::SignaturePolicy;

pub use tree::Policies;

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

/// A policy that can be evaluated. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Policy {
    rule: Arc<Rule>,
    msps: Arc<MspManager>,
}

#[derive(Debug)]
enum Rule {
    Signature(SignaturePolicy),
    /// `threshold` of the policies called `name` in the groups below. `None` for a group that has none: it counts, and
    /// cannot be satisfied.
    ImplicitMeta {
        name: String,
        threshold: usize,
        below: Vec<Option<Policy>>,
    },
}

impl Policy {
    /// Compiles a signature policy against the MSPs of a channel (`common/cauthdsl/policy.go`).
    pub fn from_signature_policy(
        envelope: &SignaturePolicyEnvelope,
        msps: Arc<MspManager>,
    ) -> Result<Policy, PolicyError> {
        let rule = SignaturePolicy::compile(envelope).map_err(PolicyError)?;
        Ok(Policy {
            rule: Arc::new(Rule::Signature(rule)),
            msps,
        })
    }

    /// Deserializes, drops duplicates and bad signatures, then evaluates.
    pub fn evaluate_signed(&self, signatures: &[SignedData]) -> Result<(), PolicyError> {
        self.evaluate_identities(&signers(signatures, &self.msps))
    }

    /// Evaluates identities whose signatures are already verified, in the order given. Nobody may be in it twice.
    pub fn evaluate_identities(&self, identities: &[Arc<Identity>]) -> Result<(), PolicyError> {
        match &*self.rule {
            Rule::Signature(policy) if policy.is_satisfied_by(identities) => Ok(()),
            Rule::Signature(_) => Err(PolicyError("signature set did not satisfy policy".into())),
            Rule::ImplicitMeta { name, threshold, below } => {
                let satisfied = below
                    .iter()
                    .flatten()
                    .filter(|policy| policy.evaluate_identities(identities).is_ok());
                let satisfied = satisfied.take(*threshold).count();
                if satisfied == *threshold {
                    return Ok(());
                }
                Err(PolicyError(format!(
                    "implicit policy evaluation failed - {satisfied} sub-policies were satisfied, \
                     but this policy requires {threshold} of the '{name}' sub-policies to be satisfied"
                )))
            }
        }
    }
}

/// Those whose signatures are good, each once, in order (`SignatureSetToValidIdentities` in
/// `common/policies/policy.go`). A signer that was accepted is not verified again, so that nobody can make us check one
/// signature thousands of times.
pub fn signers(signatures: &[SignedData], msps: &MspManager) -> Vec<Arc<Identity>> {
    let mut seen = HashSet::new();
    let mut identities = Vec::with_capacity(signatures.len());
    for signed in signatures {
        let Ok(identity) = msps.deserialize(&signed.identity) else {
            continue;
        };
        if !seen.contains(identity.id()) && identity.verify(&signed.data, &signed.signature).is_ok() {
            seen.insert(identity.id().to_owned());
            identities.push(identity);
        }
    }
    identities
}

#[cfg(test)]
mod tests;

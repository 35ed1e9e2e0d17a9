//! Application policies: a signature policy written out, or the name of one of the channel's (`core/policy/application.go`).

use std::collections::HashMap;
use std::sync::Arc;

use entente_fabric::config::Bundle;
use entente_fabric::identity::Identity;
use entente_fabric::policy::Policy;
use entente_fabric::proto::common::{
    MspPrincipal, MspRole, SignaturePolicy, SignaturePolicyEnvelope, msp_principal, msp_role, signature_policy,
};
use entente_fabric::proto::protos::{ApplicationPolicy, application_policy::Type};
use parking_lot::Mutex;
use prost::Message as _;

/// Which policy is meant, in the form in which it is compiled once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Reference {
    /// A marshalled `ApplicationPolicy`.
    Application(Vec<u8>),
    /// A marshalled `SignaturePolicyEnvelope`.
    Signature(Vec<u8>),
    /// Absolute path of a channel policy.
    Channel(String),
}

/// Evaluates policies of one configuration. Remembers what it has compiled, for as long as one block is judged.
pub struct Evaluator<'a> {
    bundle: &'a Bundle,
    compiled: Mutex<HashMap<Reference, Option<Policy>>>,
}

impl<'a> Evaluator<'a> {
    pub fn new(bundle: &'a Bundle) -> Evaluator<'a> {
        Evaluator {
            bundle,
            compiled: Mutex::default(),
        }
    }

    /// A policy that cannot be compiled is satisfied by nobody.
    pub fn is_satisfied(&self, reference: &Reference, endorsers: &[Arc<Identity>]) -> bool {
        let known = self.compiled.lock().get(reference).cloned();
        let policy = known.unwrap_or_else(|| {
            let policy = self.compile(reference);
            self.compiled.lock().insert(reference.clone(), policy.clone());
            policy
        });
        policy.is_some_and(|policy| policy.evaluate_identities(endorsers).is_ok())
    }

    fn compile(&self, reference: &Reference) -> Option<Policy> {
        match reference {
            Reference::Channel(path) => self.channel_policy(path),
            Reference::Signature(bytes) => self.signature(&SignaturePolicyEnvelope::decode(bytes.as_slice()).ok()?),
            Reference::Application(bytes) => match ApplicationPolicy::decode(bytes.as_slice()).ok()?.r#type? {
                Type::SignaturePolicy(envelope) => self.signature(&envelope),
                Type::ChannelConfigPolicyReference(path) => self.channel_policy(&path),
            },
        }
    }

    fn signature(&self, envelope: &SignaturePolicyEnvelope) -> Option<Policy> {
        Policy::from_signature_policy(envelope, self.bundle.msps.clone()).ok()
    }

    /// `ManagerImpl.GetPolicy` of the channel's root in `common/policies/policy.go`: a path that does not begin with a
    /// slash is looked for below it, and of the one that does, the character after `/Channel` is not looked at.
    fn channel_policy(&self, path: &str) -> Option<Policy> {
        let relative = match path.strip_prefix('/') {
            None => path,
            Some(_) => path.strip_prefix("/Channel")?.get(1..)?,
        };
        self.bundle.policies.get(&format!("/Channel/{relative}")).cloned()
    }
}

/// Members of at least `n` of the organizations.
pub fn members(n: usize, msp_ids: &[&str]) -> Reference {
    let principal = |msp_id: &&str| MspPrincipal {
        principal_classification: msp_principal::Classification::Role as i32,
        principal: MspRole {
            msp_identifier: (*msp_id).to_owned(),
            role: msp_role::MspRoleType::Member as i32,
        }
        .encode_to_vec(),
    };
    let signed_by = |at: usize| SignaturePolicy {
        r#type: Some(signature_policy::Type::SignedBy(at as i32)),
    };
    let rules = (0..msp_ids.len()).map(signed_by).collect();
    let rule = signature_policy::Type::NOutOf(signature_policy::NOutOf { n: n as i32, rules });
    let envelope = SignaturePolicyEnvelope {
        version: 0,
        rule: Some(SignaturePolicy { r#type: Some(rule) }),
        identities: msp_ids.iter().map(principal).collect(),
    };
    Reference::Signature(envelope.encode_to_vec())
}

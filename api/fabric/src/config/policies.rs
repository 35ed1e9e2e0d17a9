//! Policies as they stand in a configuration.

use std::collections::BTreeSet;

use prost::Message as _;

use crate::policy::dsl;
use crate::proto::common::implicit_meta_policy::Rule;
use crate::proto::common::msp_role::MspRoleType;
use crate::proto::common::{
    ImplicitMetaPolicy, MspPrincipal, MspRole, Policy, SignaturePolicy, SignaturePolicyEnvelope, msp_principal,
    policy::PolicyType, signature_policy,
};

pub use crate::proto::common::implicit_meta_policy::Rule as ImplicitRule;

/// A role in an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Member,
    Admin,
    Client,
    Peer,
    Orderer,
}

/// "ANY Readers", "MAJORITY Admins": over the policies of that name in the child groups.
pub fn implicit_meta(rule: Rule, sub_policy: &str) -> Policy {
    let value = ImplicitMetaPolicy {
        sub_policy: sub_policy.to_owned(),
        rule: rule as i32,
    };
    Policy {
        r#type: PolicyType::ImplicitMeta as i32,
        value: value.encode_to_vec(),
    }
}

/// What more than half of these organizations sign for, each by an identity with `role`.
///
/// Like the majority that [`implicit_meta`] asks for, but over organizations by name.
pub fn majority_of(msp_ids: &BTreeSet<&str>, role: Role) -> Policy {
    signature(&SignaturePolicyEnvelope {
        version: 0,
        rule: Some(out_of(msp_ids.len() / 2 + 1, msp_ids.len())),
        identities: msp_ids.iter().map(|msp_id| principal(msp_id, role)).collect(),
    })
}

/// A policy that nothing satisfies (`RejectAllPolicy` in `common/policydsl/policydsl_builder.go`).
pub fn nobody() -> Policy {
    signature(&SignaturePolicyEnvelope {
        version: 0,
        rule: Some(out_of(1, 0)),
        identities: Vec::new(),
    })
}

/// A policy that one signature of an identity with one of `roles` satisfies: `OR('Org1MSP.admin', …)`.
pub fn any_role(msp_id: &str, roles: &[Role]) -> Policy {
    signature(&SignaturePolicyEnvelope {
        version: 0,
        rule: Some(out_of(1, roles.len())),
        identities: roles.iter().map(|role| principal(msp_id, *role)).collect(),
    })
}

pub fn signature(policy: &SignaturePolicyEnvelope) -> Policy {
    Policy {
        r#type: PolicyType::Signature as i32,
        value: policy.encode_to_vec(),
    }
}

/// What a policy asks for: `MAJORITY Admins`, or the expression of a signature policy.
pub fn in_words(policy: &Policy) -> String {
    if *policy == nobody() {
        return "nobody".to_owned();
    }
    let words = match PolicyType::try_from(policy.r#type) {
        Ok(PolicyType::ImplicitMeta) => ImplicitMetaPolicy::decode(&policy.value[..])
            .ok()
            .map(|meta| format!("{} {}", meta.rule().as_str_name(), meta.sub_policy)),
        Ok(PolicyType::Signature) => SignaturePolicyEnvelope::decode(&policy.value[..])
            .ok()
            .and_then(|envelope| dsl::print(&envelope)),
        _ => None,
    };
    words.unwrap_or_else(|| format!("a policy of {} bytes", policy.value.len()))
}

/// `n` of all principals.
fn out_of(n: usize, principals: usize) -> SignaturePolicy {
    let signed_by = |index| SignaturePolicy {
        r#type: Some(signature_policy::Type::SignedBy(i32::try_from(index).unwrap_or(0))),
    };
    let rules = (0..principals).map(signed_by).collect();
    let n = i32::try_from(n).unwrap_or(i32::MAX);
    SignaturePolicy {
        r#type: Some(signature_policy::Type::NOutOf(signature_policy::NOutOf { n, rules })),
    }
}

fn principal(msp_id: &str, role: Role) -> MspPrincipal {
    let role = match role {
        Role::Member => MspRoleType::Member,
        Role::Admin => MspRoleType::Admin,
        Role::Client => MspRoleType::Client,
        Role::Peer => MspRoleType::Peer,
        Role::Orderer => MspRoleType::Orderer,
    };
    let role = MspRole {
        msp_identifier: msp_id.to_owned(),
        role: role as i32,
    };
    MspPrincipal {
        principal_classification: msp_principal::Classification::Role as i32,
        principal: role.encode_to_vec(),
    }
}

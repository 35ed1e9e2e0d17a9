//! The policies of a channel configuration by path (`common/policies/policy.go`, `implicitmeta.go`).

use std::collections::BTreeMap;
use std::sync::Arc;

use prost::Message as _;

use super::signature::SignaturePolicy;
use super::{Policy, PolicyError, Rule, SignedData};
use crate::identity::MspManager;
use crate::proto::common::implicit_meta_policy::Rule as Threshold;
use crate::proto::common::policy::PolicyType;
use crate::proto::common::{ConfigGroup, ImplicitMetaPolicy, Policy as Definition, SignaturePolicyEnvelope};

/// The name of the root group in paths.
const ROOT: &str = "Channel";

/// The policies of a channel configuration by path.
#[derive(Debug)]
pub struct Policies {
    /// By absolute path.
    by_path: BTreeMap<String, Policy>,
}

impl Policies {
    /// Compiles every policy of the tree. `root` is the group that paths call `Channel`.
    pub fn from_group(root: &ConfigGroup, msps: &Arc<MspManager>) -> Result<Policies, PolicyError> {
        let mut by_path = BTreeMap::new();
        compile(root, ROOT, msps, &mut by_path)?;
        Ok(Policies { by_path })
    }

    /// `path` is absolute, such as `/Channel/Application/Writers`. `None` when no such policy is defined.
    pub fn get(&self, path: &str) -> Option<&Policy> {
        self.by_path.get(path)
    }

    /// What `reference` means inside the group at the absolute path `group`: with a leading slash it is absolute, else
    /// relative to the group. `None` when no such policy is defined.
    pub fn resolve(&self, group: &str, reference: &str) -> Option<&Policy> {
        if reference.starts_with('/') {
            self.get(reference)
        } else {
            self.get(&format!("{group}/{reference}"))
        }
    }

    /// Evaluates the policy at `path`; one that is not defined refuses everybody, as in stock.
    pub fn evaluate(&self, path: &str, signatures: &[SignedData]) -> Result<(), PolicyError> {
        let shown = path.strip_prefix("/Channel/").unwrap_or(path);
        self.get(path)
            .ok_or_else(|| PolicyError(format!("no such policy: '{shown}'")))?
            .evaluate_signed(signatures)
    }
}

/// Compiles the groups below first, because implicit policies refer to them.
fn compile(
    group: &ConfigGroup,
    path: &str,
    msps: &Arc<MspManager>,
    by_path: &mut BTreeMap<String, Policy>,
) -> Result<(), PolicyError> {
    for (name, below) in &group.groups {
        compile(below, &format!("{path}/{name}"), msps, by_path)?;
    }
    for (name, policy) in &group.policies {
        let Some(definition) = &policy.policy else {
            return Err(PolicyError(format!("policy {name} at path {path} was nil")));
        };
        let below = |sub_policy: &str| {
            let each = group
                .groups
                .keys()
                .map(|group| by_path.get(&format!("/{path}/{group}/{sub_policy}")).cloned());
            each.collect::<Vec<_>>()
        };
        let rule = match PolicyType::try_from(definition.r#type) {
            Ok(PolicyType::ImplicitMeta) => implicit_meta(definition, below).map_err(|why| {
                PolicyError(format!("implicit policy {name} at path {path} did not compile: {why}"))
            })?,
            Ok(PolicyType::Signature) => signature(definition)
                .map_err(|why| PolicyError(format!("policy {name} at path {path} did not compile: {why}")))?,
            _ => {
                let unknown = definition.r#type;
                return Err(PolicyError(format!(
                    "policy {name} at path {path} has unknown policy type: {unknown}"
                )));
            }
        };
        by_path.insert(
            format!("/{path}/{name}"),
            Policy {
                rule: Arc::new(rule),
                msps: Arc::clone(msps),
            },
        );
    }
    Ok(())
}

/// What Go says of bytes that are no message: orderers send it on to clients.
const MALFORMED: &str = "proto: cannot parse invalid wire-format data";

fn signature(definition: &Definition) -> Result<Rule, String> {
    let envelope = SignaturePolicyEnvelope::decode(&definition.value[..])
        .map_err(|_| format!("Error unmarshalling to SignaturePolicy: {MALFORMED}"))?;
    if envelope.version != 0 {
        let version = envelope.version;
        return Err(format!(
            "This evaluator only understands messages of version 0, but version was {version}"
        ));
    }
    SignaturePolicy::compile(&envelope).map(Rule::Signature)
}

fn implicit_meta(definition: &Definition, below: impl Fn(&str) -> Vec<Option<Policy>>) -> Result<Rule, String> {
    let meta = ImplicitMetaPolicy::decode(&definition.value[..])
        .map_err(|_| format!("Error unmarshalling to ImplicitMetaPolicy: {MALFORMED}"))?;
    let below = below(&meta.sub_policy);
    let threshold = match Threshold::try_from(meta.rule) {
        // Nobody below: any, and the majority of them, is nobody.
        _ if below.is_empty() => 0,
        Ok(Threshold::Any) => 1,
        Ok(Threshold::All) => below.len(),
        Ok(Threshold::Majority) => below.len() / 2 + 1,
        // Stock sets no threshold for a rule that it does not know, and so asks for nothing.
        Err(_) => 0,
    };
    Ok(Rule::ImplicitMeta {
        name: meta.sub_policy,
        threshold,
        below,
    })
}

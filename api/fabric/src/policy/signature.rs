//! Signature policies: n out of m rules, down to principals (`common/cauthdsl/cauthdsl.go`).

use std::sync::Arc;

use crate::identity::Identity;
use crate::proto::common::signature_policy::Type;
use crate::proto::common::{MspPrincipal, SignaturePolicy as Definition, SignaturePolicyEnvelope};

/// A signature policy whose rules are known to be well-formed.
#[derive(Debug)]
pub struct SignaturePolicy {
    rule: Rule,
    principals: Vec<MspPrincipal>,
}

#[derive(Debug)]
enum Rule {
    /// An index into the principals.
    SignedBy(usize),
    OutOf(i32, Vec<Rule>),
}

impl SignaturePolicy {
    /// The envelope's version is not looked at: stock does so only for policies of the channel configuration.
    pub fn compile(envelope: &SignaturePolicyEnvelope) -> Result<SignaturePolicy, String> {
        let definition = envelope.rule.as_ref().ok_or("Empty policy element")?;
        let rule = compile(definition, envelope.identities.len())?;
        Ok(SignaturePolicy {
            rule,
            principals: envelope.identities.clone(),
        })
    }

    pub fn is_satisfied_by(&self, identities: &[Arc<Identity>]) -> bool {
        self.evaluate(&self.rule, identities, &mut vec![false; identities.len()])
    }

    /// Greedy, as in stock: an identity that one rule took is not given back to another, so the order of signatures can
    /// decide. All peers must decide alike, so it stays that way.
    fn evaluate(&self, rule: &Rule, identities: &[Arc<Identity>], used: &mut Vec<bool>) -> bool {
        match rule {
            Rule::SignedBy(index) => {
                let principal = &self.principals[*index];
                let free = |at: &usize| !used[*at] && identities[*at].satisfies(principal).is_ok();
                let taken = (0..identities.len()).find(free);
                taken.inspect(|at| used[*at] = true).is_some()
            }
            // Every rule is tried, also when there are enough: those that hold use up identities.
            Rule::OutOf(needed, rules) => {
                let mut satisfied = 0;
                for rule in rules {
                    let mut tried = used.clone();
                    if self.evaluate(rule, identities, &mut tried) {
                        satisfied += 1;
                        *used = tried;
                    }
                }
                satisfied >= *needed
            }
        }
    }
}

fn compile(definition: &Definition, principals: usize) -> Result<Rule, String> {
    match &definition.r#type {
        Some(Type::SignedBy(index)) => {
            let known = usize::try_from(*index).ok().filter(|index| *index < principals);
            known.map(Rule::SignedBy).ok_or_else(|| {
                format!("identity index out of range, requested {index}, but identities length is {principals}")
            })
        }
        Some(Type::NOutOf(out_of)) => {
            let rules = out_of
                .rules
                .iter()
                .map(|rule| compile(rule, principals))
                .collect::<Result<_, _>>()?;
            Ok(Rule::OutOf(out_of.n, rules))
        }
        None => Err("Unknown type: <nil>:<nil>".into()),
    }
}

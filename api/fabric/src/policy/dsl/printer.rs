//! From envelope to text.

use prost::Message as _;

use super::ROLES;
use crate::proto::common::msp_principal::Classification;
use crate::proto::common::msp_role::MspRoleType;
use crate::proto::common::signature_policy::Type;
use crate::proto::common::{MspPrincipal, MspRole, SignaturePolicy, SignaturePolicyEnvelope};

/// Writes a policy in the language. `None` for what it has no words for: principals that are not roles, and gates
/// without rules. Reading the text again gives an equivalent policy, with principals perhaps in another order.
pub fn print(envelope: &SignaturePolicyEnvelope) -> Option<String> {
    let rule = envelope.rule.as_ref()?;
    match rule.r#type.as_ref()? {
        Type::SignedBy(_) => Some(format!("OR({})", expression(rule, &envelope.identities)?)),
        Type::NOutOf(_) => expression(rule, &envelope.identities),
    }
}

fn expression(rule: &SignaturePolicy, identities: &[MspPrincipal]) -> Option<String> {
    let out_of = match rule.r#type.as_ref()? {
        Type::SignedBy(index) => return principal(identities.get(usize::try_from(*index).ok()?)?),
        Type::NOutOf(out_of) => out_of,
    };
    let rules = out_of
        .rules
        .iter()
        .map(|rule| expression(rule, identities))
        .collect::<Option<Vec<_>>>()?;
    let n = usize::try_from(out_of.n).ok()?;
    let listed = rules.join(", ");
    match n {
        _ if rules.is_empty() => None,
        n if n == rules.len() => Some(format!("AND({listed})")),
        1 => Some(format!("OR({listed})")),
        n => Some(format!("OutOf({n}, {listed})")),
    }
}

fn principal(principal: &MspPrincipal) -> Option<String> {
    if principal.principal_classification != Classification::Role as i32 {
        return None;
    }
    let role = MspRole::decode(&principal.principal[..]).ok()?;
    let kind = MspRoleType::try_from(role.role).ok()?;
    let (name, _) = ROLES.iter().find(|(_, known)| *known == kind)?;
    Some(format!("'{}.{name}'", role.msp_identifier))
}

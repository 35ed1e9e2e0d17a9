//! Whether an identity's spec makes sense. Pure.

use entente_api::identity::Standing;
use entente_api::{Identity, names};
use kube::ResourceExt as _;

use crate::trouble::{Result, Trouble};

/// Fabric CA's limit for a common name, and X.509's (RFC 5280, ub-common-name).
const MAX_NAME: usize = 64;

pub fn identity(identity: &Identity) -> Result<()> {
    let spec = &identity.spec;
    names::check_label(&identity.name_any()).map_err(|reason| Trouble::rejected("metadata.name", reason))?;
    if let Some(id) = &spec.enrollment_id
        && (id.is_empty() || id.len() > MAX_NAME || id.chars().any(char::is_control))
    {
        return Err(Trouble::rejected(
            "spec.enrollmentId",
            format!("use 1 to {MAX_NAME} printable characters"),
        ));
    }
    let was_revoked = identity.status.as_ref().is_some_and(|status| status.is_revoked);
    if was_revoked && spec.standing != Standing::Revoked {
        let reason = "a revoked identity stays revoked; create another one";
        return Err(Trouble::rejected("spec.standing", reason));
    }
    if !(1..=3650).contains(&spec.validity_days) {
        let reason = format!("{} days are not possible; use 1 to 3650", spec.validity_days);
        return Err(Trouble::rejected("spec.validityDays", reason));
    }
    Ok(())
}

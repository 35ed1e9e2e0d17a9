//! Whether an organization's spec makes sense. Pure.

use entente_api::{Organization, names};
use kube::ResourceExt as _;

use crate::trouble::{Result, Trouble};

pub fn organization(organization: &Organization) -> Result<()> {
    let name = organization.name_any();
    // The operator's own names hold a dot; see `names`.
    let label = name.strip_suffix(".ordering").unwrap_or(&name);
    names::check_label(label).map_err(|reason| Trouble::rejected("metadata.name", reason))?;
    let msp_id = organization.spec.msp_id.clone().unwrap_or_else(|| names::msp_id(&name));
    names::check_msp_id(&msp_id).map_err(|reason| Trouble::rejected("spec.mspId", reason))?;
    let held = organization.status.as_ref().and_then(|status| status.msp_id.clone());
    match held.filter(|held| *held != msp_id) {
        Some(held) => {
            let reason = format!("it cannot change: \"{held}\" stands in every certificate and ledger");
            Err(Trouble::rejected("spec.mspId", reason))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use entente_api::organization::{OrganizationSpec, OrganizationStatus};

    use super::*;

    #[test]
    fn an_msp_id_cannot_change() {
        let spec = OrganizationSpec {
            msp_id: Some("NewMSP".to_owned()),
            ..OrganizationSpec::default()
        };
        let mut bank = Organization::new("bank", spec);
        bank.status = Some(OrganizationStatus {
            msp_id: Some("BankMSP".to_owned()),
            ..Default::default()
        });

        let rejected = organization(&bank).unwrap_err();

        assert_eq!(
            rejected.cause,
            "spec.mspId: it cannot change: \"BankMSP\" stands in every certificate and ledger"
        );
    }
}

//! Implicit collections: one for each organization of the channel (`core/chaincode/implicitcollection`).

use entente_fabric::config::Bundle;

const PREFIX: &str = "_implicit_org_";

/// The name of an organization's implicit collection.
pub fn collection(msp_id: &str) -> String {
    format!("{PREFIX}{msp_id}")
}

/// The organization of an implicit collection; `None` for a collection of any other kind.
pub fn organization(collection: &str) -> Option<&str> {
    collection.strip_prefix(PREFIX)
}

/// MSP ids of the channel's application organizations.
pub fn organizations(bundle: &Bundle) -> impl Iterator<Item = &str> {
    let organizations = bundle
        .application
        .as_ref()
        .map(|application| application.organizations.values());
    organizations
        .into_iter()
        .flatten()
        .map(|organization| organization.msp_id.as_str())
}

//! `/v1/organizations`.

use entente_api::Organization;
use entente_api::organization::{OrganizationSpec, OrganizationStatus};

use super::crud::crud;

crud! {
    Organization(OrganizationSpec, OrganizationStatus) at "/v1/organizations", "/v1/organizations/{name}" as "organizations";
    /// List organizations.
    list organization_list;
    /// Create an organization.
    ///
    /// Answers at once, with the operation that tracks it.
    create organization_create;
    /// Read an organization.
    get organization_get;
    /// Make an organization what the body says, creating it when there is none.
    put organization_put;
    /// Change an organization by a JSON Merge Patch.
    patch organization_patch;
    /// Look whether an organization can be deleted.
    ///
    /// Lists what stands in the way; changes nothing.
    deletable organization_deletable at "/v1/organizations/{name}:deletable";
    /// Delete an organization.
    delete organization_delete;
}

//! `/v1/organizations`.

use entente_api::Organization;
use entente_api::organization::{Level, OrganizationSpec, OrganizationStatus};
use serde::Deserialize;
use utoipa::IntoParams;

use super::crud::crud;
use super::filter::Wanted;

crud! {
    Organization(OrganizationSpec, OrganizationStatus) at "/v1/organizations", "/v1/organizations/{name}" as "organizations";
    /// List organizations.
    list organization_list by PositionQuery;
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

/// Where the organizations of a list stand among others. All of it, where several are given.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct PositionQuery {
    /// Only of this administrative level.
    #[param(example = "city", inline)]
    pub level: Option<Level>,
    /// Only of this region.
    #[param(example = "Hebei")]
    pub region: Option<String>,
    /// Only of this sector.
    #[param(example = "bank")]
    pub sector: Option<String>,
}

impl Wanted<Organization> for PositionQuery {
    fn takes(&self, organization: &Organization) -> bool {
        let spec = &organization.spec;
        let is = |wanted: &Option<String>, has: &Option<String>| wanted.is_none() || wanted == has;
        (self.level.is_none() || self.level == spec.level)
            && is(&self.region, &spec.region)
            && is(&self.sector, &spec.sector)
    }

    fn is_all(&self) -> bool {
        self.level.is_none() && self.region.is_none() && self.sector.is_none()
    }
}

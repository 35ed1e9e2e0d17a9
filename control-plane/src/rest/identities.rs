//! `/v1/identities`.

use entente_api::Identity;
use entente_api::identity::{IdentitySpec, IdentityStatus};
use serde::Deserialize;
use utoipa::IntoParams;

use super::crud::crud;
use super::filter::Wanted;

crud! {
    Identity(IdentitySpec, IdentityStatus) at "/v1/identities", "/v1/identities/{name}" as "identities";
    /// List identities.
    list identity_list by VoucherQuery;
    /// Create an identity.
    ///
    /// Answers at once, with the operation that tracks it.
    create identity_create;
    /// Read an identity.
    get identity_get;
    /// Make an identity what the body says, creating it when there is none.
    put identity_put;
    /// Change an identity by a JSON Merge Patch.
    patch identity_patch;
    /// Look whether an identity can be deleted.
    ///
    /// Lists what stands in the way; changes nothing.
    deletable identity_deletable at "/v1/identities/{name}:deletable";
    /// Delete an identity.
    delete identity_delete;
}

/// Who vouches for the identities of a list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct VoucherQuery {
    /// Only of this organization.
    #[param(example = "bank")]
    pub organization: Option<String>,
}

impl Wanted<Identity> for VoucherQuery {
    fn takes(&self, identity: &Identity) -> bool {
        let organization = self.organization.as_ref();
        organization.is_none_or(|organization| *organization == identity.spec.organization)
    }

    fn is_all(&self) -> bool {
        self.organization.is_none()
    }
}

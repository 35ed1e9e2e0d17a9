//! `/v1/identities`.

use entente_api::Identity;
use entente_api::identity::{IdentitySpec, IdentityStatus};

use super::crud::crud;

crud! {
    Identity(IdentitySpec, IdentityStatus) at "/v1/identities", "/v1/identities/{name}" as "identities";
    /// List identities.
    list identity_list;
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

//! `/v1/node-releases`.

use entente_api::NodeRelease;
use entente_api::node_release::{NodeReleaseSpec, NodeReleaseStatus};

use super::crud::crud;

crud! {
    NodeRelease(NodeReleaseSpec, NodeReleaseStatus) at "/v1/node-releases", "/v1/node-releases/{name}" as "node-releases";
    /// List node releases.
    list node_release_list;
    /// Create a node release.
    ///
    /// Answers at once, with the operation that tracks it.
    create node_release_create;
    /// Read a node release.
    get node_release_get;
    /// Make a node release what the body says, creating it when there is none.
    put node_release_put;
    /// Change a node release by a JSON Merge Patch.
    patch node_release_patch;
    /// Look whether a node release can be deleted.
    ///
    /// Lists what stands in the way; changes nothing.
    deletable node_release_deletable at "/v1/node-releases/{name}:deletable";
    /// Delete a node release.
    delete node_release_delete;
}

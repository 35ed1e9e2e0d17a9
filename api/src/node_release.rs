//! NodeRelease: one approved set of node software.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::condition::Progress;
use crate::time::Time;

/// One approved set of node software that chains run and are upgraded to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CustomResource, KubeSchema, ToSchema)]
#[kube(
    group = "entente.dev",
    version = "v1alpha1",
    kind = "NodeRelease",
    status = "NodeReleaseStatus",
    derive = "PartialEq",
    shortname = "nr",
    category = "entente",
    doc = "One approved set of node software: which engine, which version, which images.",
    printcolumn(
        name = "Engine",
        type_ = "string",
        json_path = ".spec.engine",
        description = "Implementation of the node"
    ),
    printcolumn(
        name = "Version",
        type_ = "string",
        json_path = ".spec.version",
        description = "Version of the node software"
    ),
    printcolumn(
        name = "Default",
        type_ = "boolean",
        json_path = ".spec.default",
        description = "Whether chains that name no release run it"
    ),
    printcolumn(
        name = "Chains",
        type_ = "integer",
        json_path = ".status.chains",
        description = "Chains that run it"
    ),
    printcolumn(
        name = "End of life",
        type_ = "date",
        json_path = ".spec.endOfLifeTime",
        description = "From when on nobody mends it",
        priority = 1
    ),
    printcolumn(
        name = "State",
        type_ = "string",
        json_path = ".status.state",
        description = "Where the release stands, in one word"
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.engine == oldSelf.engine && self.version == oldSelf.version").message("a release cannot change its engine or version; publish another one"))]
pub struct NodeReleaseSpec {
    /// Which implementation of the node. Cannot change.
    pub engine: Engine,
    /// Version of the node software, for example `3.1.5`. Cannot change.
    #[schemars(length(min = 1, max = 128))]
    pub version: String,
    /// Used by chains that name no release. One release at a time should say so; the newest wins.
    #[serde(default)]
    pub default: bool,
    /// From then on no chain is created with it or moved to it. Those that run it go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_of_life_time: Option<Time>,
    /// Images by digest. Needed on Kubernetes, unused where nodes run as local processes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub images: Option<Images>,
}

/// Which implementation of the node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Engine {
    /// Entente's own node.
    #[default]
    Native,
    /// Stock Hyperledger Fabric.
    Fabric,
}

impl Engine {
    /// The word in resources.
    pub fn as_str(self) -> &'static str {
        match self {
            Engine::Native => "native",
            Engine::Fabric => "fabric",
        }
    }
}

/// Container images, by digest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Images {
    /// Image of a peer.
    pub peer: String,
    /// Image of an orderer.
    pub orderer: String,
    /// Image that renders the node's configuration and brings the chaincode builder; stock engine only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_tools: Option<String>,
    /// Image of the business templates; the platform's own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contracts: Option<String>,
}

/// What the operator reports about a release.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeReleaseStatus {
    #[serde(flatten)]
    pub progress: Progress,
    /// How many chains run it.
    #[serde(default)]
    pub chains: u32,
}

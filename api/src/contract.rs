//! Contract: a chaincode definition on a channel, what serves it, and who approved it.

use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::approval::ContractProposal;
use crate::condition::Progress;

/// Exactly one thing serves a contract, as a rule of the API server.
pub(crate) const ONE_SOURCE_RULE: &str =
    "[has(self.template), has(self.external), has(self.image), has(self.package)].filter(given, given).size() == 1";
/// What is said when it is not one.
pub(crate) const ONE_SOURCE_MESSAGE: &str = "give exactly one of template, external, image and package";

/// A contract on one channel of a chain. Exactly one of `template`, `external`, `image` and `package` says what serves it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, CustomResource, KubeSchema, ToSchema)]
#[kube(
    group = "entente.dev",
    version = "v1alpha1",
    kind = "Contract",
    namespaced,
    status = "ContractStatus",
    derive = "PartialEq",
    shortname = "ct",
    category = "entente",
    doc = "A contract (chaincode) on one channel of a chain. A chain's `spec.contracts` creates these.",
    selectable = ".spec.chain",
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].status",
        description = "Whether every member's gateway gets answers from it"
    ),
    printcolumn(
        name = "State",
        type_ = "string",
        json_path = ".status.state",
        description = "Where the contract stands, in one word"
    ),
    printcolumn(
        name = "Chain",
        type_ = "string",
        json_path = ".spec.chain",
        description = "Chain that it belongs to"
    ),
    printcolumn(
        name = "Channel",
        type_ = "string",
        json_path = ".status.channel",
        description = "Channel that it is on"
    ),
    printcolumn(
        name = "Contract",
        type_ = "string",
        json_path = ".status.name",
        description = "Name on the channel, which clients call"
    ),
    printcolumn(
        name = "Version",
        type_ = "string",
        json_path = ".status.version",
        description = "Committed version"
    ),
    printcolumn(
        name = "Sequence",
        type_ = "integer",
        json_path = ".status.sequence",
        description = "Committed sequence"
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].message",
        description = "Why it is ready or not",
        priority = 1
    )
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new(ONE_SOURCE_RULE).message(ONE_SOURCE_MESSAGE),
    validation = Rule::new("self.chain == oldSelf.chain").message("chain of a contract cannot change").field_path(".chain"),
    validation = Rule::new("has(self.name) == has(oldSelf.name) && (!has(self.name) || self.name == oldSelf.name)").message("name of a contract cannot change").field_path(".name"),
    validation = Rule::new("has(self.channel) == has(oldSelf.channel) && (!has(self.channel) || self.channel == oldSelf.channel)").message("channel of a contract cannot change").field_path(".channel")
)]
pub struct ContractSpec {
    /// Name of the chain. Cannot change.
    #[schemars(length(min = 1, max = 63))]
    pub chain: String,
    /// Name on the channel, which clients call: letters and digits, with single dashes or underscores between; at most
    /// 64. The resource's own name when absent. Cannot change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(validation = Rule::new(crate::names::CONTRACT_RULE).message(crate::names::CONTRACT_MESSAGE))]
    pub name: Option<String>,
    #[serde(flatten)]
    pub definition: ContractDefinition,
}

/// What is the same in a `Contract` and in a chain's `spec.contracts`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContractDefinition {
    /// Channel of the chain; its first one when absent. Cannot change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 249))]
    pub channel: Option<String>,
    /// Name of a business template that the platform runs, for example `evidence`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// A contract that somebody else runs as a chaincode service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalService>,
    /// Container image of a chaincode service, by digest. Kubernetes only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// A chaincode-as-a-service package (`.tar.gz`) made elsewhere, in base64; it is installed byte for byte.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// Version for people, for example `1.0`. A new version upgrades the contract.
    #[serde(default = "first_version")]
    pub version: String,
    /// Sequence of the definition. When absent the platform counts by itself: 1 at first, one more for each change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub sequence: Option<i64>,
    /// Who must endorse, for example `AND('BankAMSP.member', OR('BankBMSP.member', 'BankCMSP.member'))`. A majority of
    /// the channel's members when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endorsement_policy: Option<String>,
    /// Whether clients must call the contract's init function once before any other.
    #[serde(default)]
    pub init_required: bool,
    /// Private data collections.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub collections: Vec<Collection>,
    /// Settings that the contract's service is started with, as environment variables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
}

pub(crate) fn first_version() -> String {
    "1.0".to_owned()
}

/// A chaincode service that the platform does not run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalService {
    /// `host:port` that peers dial.
    pub address: String,
    /// PEM certificate of the issuer of the service's TLS certificate. Without it peers dial in plain text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_certificate: Option<String>,
}

/// A private data collection: who holds the values, and for how long.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Collection {
    /// Name within the contract.
    pub name: String,
    /// Organizations that hold the values, as a policy: `OR('BankAMSP.member', 'BankBMSP.member')`.
    pub policy: String,
    /// Peers that must have received the values before the endorsement succeeds.
    #[serde(default)]
    pub required_peer_count: i32,
    /// Peers that the values are sent to.
    #[serde(default = "one_peer")]
    pub max_peer_count: i32,
    /// Blocks after which the values are purged; 0 keeps them.
    #[serde(default)]
    pub block_to_live: u64,
    /// Only members may read.
    #[serde(default)]
    pub member_only_read: bool,
    /// Only members may write.
    #[serde(default)]
    pub member_only_write: bool,
    /// Who must endorse writes to this collection; the contract's own policy when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endorsement_policy: Option<String>,
}

fn one_peer() -> i32 {
    1
}

/// What the operator reports about a contract.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContractStatus {
    #[serde(flatten)]
    pub progress: Progress,
    /// Fingerprint of the chain's plan that this was last brought in line with; see the chain's `status.plan`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// Channel it is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Name on the channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Committed version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Committed sequence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<i64>,
    /// Package that the platform installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package_id: Option<String>,
    /// MSP ids of the organizations that have approved the current sequence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<String>,
    /// The definition that the organizations were asked to approve last, and where each stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<ContractProposal>,
    /// `host:port` of the running service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
}

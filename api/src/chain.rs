//! Chain: a consortium network in one short resource.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::Access;
use crate::approval::ContractApproval;
use crate::condition::{Progress, State};
use crate::contract::ContractDefinition;
use crate::member::{NodeStatus, one};
use crate::node_release::Engine;
use crate::time::Time;

/// A consortium chain: who takes part, which channels they share, which contracts run on them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, CustomResource, KubeSchema, ToSchema)]
#[x_kube(
    validation = Rule::new("!has(self.contracts) || self.contracts.all(one, self.contracts.exists_one(other, other.name == one.name && (has(other.channel) ? other.channel : '') == (has(one.channel) ? one.channel : '')))").message("two contracts have the same name on the same channel").field_path(".contracts"),
    validation = Rule::new("!has(self.contracts) || self.contracts.all(contract, !has(contract.channel) || self.channels.exists(channel, channel.name == contract.channel))").message("a contract names a channel that the chain does not have").field_path(".contracts"),
    validation = Rule::new("quantity(self.storage.size).compareTo(quantity(oldSelf.storage.size)) >= 0").message("a volume cannot shrink").field_path(".storage.size")
)]
#[kube(
    group = "entente.dev",
    version = "v1alpha1",
    kind = "Chain",
    namespaced,
    status = "ChainStatus",
    derive = "PartialEq",
    shortname = "bc",
    category = "entente",
    doc = "A consortium chain: one ordering service, member organizations, channels and contracts.",
    validation = Rule::new(crate::names::NAME_RULE).message(crate::names::NAME_MESSAGE),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status", description = "Whether a transaction can pass on every channel"),
    printcolumn(name = "State", type_ = "string", json_path = ".status.state", description = "Where the chain stands, in one word"),
    printcolumn(name = "Members", type_ = "integer", json_path = ".status.memberCount", description = "Organizations that take part"),
    printcolumn(name = "Orderers", type_ = "integer", json_path = ".spec.ordering.replicas", description = "Nodes of the ordering service"),
    printcolumn(name = "Height", type_ = "integer", json_path = ".status.height", description = "Blocks of all channels, when they were last counted"),
    printcolumn(name = "Engine", type_ = "string", json_path = ".status.engine", description = "Implementation of the nodes"),
    printcolumn(name = "Release", type_ = "string", json_path = ".status.release", description = "NodeRelease that the nodes run", priority = 1),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Message", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].message", description = "Why it is ready or not")
)]
#[serde(rename_all = "camelCase")]
pub struct ChainSpec {
    /// Name for people; may change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// What the chain is for, and its rules in words; shown to every organization before it joins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Member organizations and how many peers each runs. An organization that does not exist yet is created.
    /// May be empty when Member resources of their own name this chain.
    #[serde(default)]
    #[schemars(length(max = 200))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["organization".into()]))]
    pub members: Vec<ChainMember>,
    /// Ledgers inside the chain. One channel `main` of all members when absent. A channel that exists cannot be taken
    /// out again, because its members keep their ledgers.
    #[serde(default = "main_channel")]
    #[schemars(length(min = 1, max = 50))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub channels: Vec<ChainChannel>,
    /// Contracts on the channels. Each becomes a Contract resource `<chain>.<channel>.<name>`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub contracts: Vec<ChainContract>,
    /// The ordering service.
    #[serde(default)]
    pub ordering: Ordering,
    /// How transactions are cut into blocks, for channels that do not say otherwise.
    #[serde(default)]
    pub batch: Batch,
    /// Name of the NodeRelease that the nodes run; the installation's default one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Picks the default release of this engine when `release` is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
    /// Disk of each node; used where the platform provides volumes. A larger size grows the volumes, where their
    /// storage class allows it; a smaller one is refused.
    #[serde(default)]
    pub storage: Storage,
    /// How clients outside of the cluster reach the nodes. Not at all when absent; inside they always do.
    #[serde(default)]
    pub access: Access,
    /// Whether the chain rests: it runs no nodes, and keeps ledgers, keys and addresses until this is `false` again.
    #[serde(default)]
    pub suspended: bool,
    /// What becomes of ledgers and keys when this resource is deleted. `Retain` keeps them, so that a chain of the same
    /// name in the same namespace goes on where this one ended; `Delete` destroys them. To be rid of what was retained,
    /// create the chain again with `suspended: true` and `deletionPolicy: Delete`, and delete it.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,
    /// Whether every deletion is refused until this is `false` again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deletion_protection: bool,
    /// Set while the chain lies in the recycle bin: it rests as a suspended one does, until it is brought back by taking
    /// this out, or `purgeTime` has come and this resource is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recycled: Option<Recycled>,
}

/// Since when a chain lies in the recycle bin, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Recycled {
    /// When it was deleted.
    pub delete_time: Time,
    /// When it is deleted for good, as `deletionPolicy` says.
    pub purge_time: Time,
}

impl ChainSpec {
    /// Whether the chain runs no nodes.
    pub fn rests(&self) -> bool {
        self.suspended || self.recycled.is_some()
    }
}

/// What becomes of ledgers and keys when a chain is deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
pub enum DeletionPolicy {
    /// They stay for a chain of the same name: what was deleted by accident can be had back.
    #[default]
    Retain,
    /// They are destroyed; nothing brings them back.
    Delete,
}

fn main_channel() -> Vec<ChainChannel> {
    vec![ChainChannel {
        name: "main".to_owned(),
        ..ChainChannel::default()
    }]
}

/// One organization's part, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, KubeSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChainMember {
    /// Name of the organization: lower-case letters, digits and dashes between them, at most 63.
    #[schemars(length(min = 1, max = 63))]
    #[x_kube(validation = Rule::new(crate::names::LABEL_FIELD_RULE).message(crate::names::LABEL_MESSAGE))]
    pub organization: String,
    /// Namespace of the tenant that the organization belongs to, when that is another one. That tenant takes part by a
    /// Member of its own, which names this chain and says how many peers there are; until then the chain goes on
    /// without it. Its keys and ledgers never leave its namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    #[x_kube(validation = Rule::new(crate::names::LABEL_FIELD_RULE).message(crate::names::LABEL_MESSAGE))]
    pub namespace: Option<String>,
    /// How many peers it runs, 1 to 9. Its own Member says so for an organization of another namespace.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 9))]
    pub peers: u32,
    /// Who approves contracts' definitions for it. When absent its Member says so, as it always does for an organization
    /// of another namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract_approval: Option<ContractApproval>,
}

impl ChainMember {
    /// An organization of the chain's own namespace.
    pub fn new(organization: &str, peers: u32) -> ChainMember {
        ChainMember {
            organization: organization.to_owned(),
            namespace: None,
            peers,
            contract_approval: None,
        }
    }

    /// Whether the organization is of another namespace than the chain, `own`.
    pub fn is_invited(&self, own: &str) -> bool {
        self.namespace.as_deref().is_some_and(|namespace| namespace != own)
    }
}

/// A ledger inside the chain.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChainChannel {
    /// Lower-case letters, digits, dots and dashes, beginning with a letter; at most 249.
    #[schemars(length(min = 1, max = 249))]
    #[x_kube(validation = Rule::new("self.matches('^[a-z][a-z0-9.-]*$')").message("begin with a lower-case letter, then lower-case letters, digits, dots and dashes, at most 249"))]
    pub name: String,
    /// Organizations that share it; all members of the chain when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200), inner(length(max = 63)))]
    pub members: Option<Vec<String>>,
    /// How its transactions are cut into blocks; what is absent here comes from the chain.
    #[serde(default)]
    pub batch: Batch,
}

/// How transactions are cut into blocks. Whatever is absent has its default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Batch {
    /// Most transactions in a block. Default 500.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_message_count: Option<u32>,
    /// Size at which a block is cut. Default `2MB`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_max_bytes: Option<String>,
    /// Largest transaction that is accepted. Default `10MB`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absolute_max_bytes: Option<String>,
    /// Longest wait for more transactions. Default `250ms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<String>,
}

/// The ordering service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, KubeSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.replicas in [1, 3, 5]").message("Raft needs an odd number of orderers; use 1, 3 or 5").field_path(".replicas"))]
pub struct Ordering {
    /// How many orderers: 1 survives no failure, 3 survive one, 5 survive two.
    #[serde(default = "three")]
    pub replicas: u32,
}

impl Default for Ordering {
    fn default() -> Self {
        Ordering { replicas: three() }
    }
}

fn three() -> u32 {
    3
}

/// A contract of the chain, in short.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, KubeSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new(crate::contract::ONE_SOURCE_RULE).message(crate::contract::ONE_SOURCE_MESSAGE))]
pub struct ChainContract {
    /// Name on the channel, which clients call: letters and digits, with single dashes or underscores between; at most
    /// 64.
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(validation = Rule::new(crate::names::CONTRACT_RULE).message(crate::names::CONTRACT_MESSAGE))]
    pub name: String,
    #[serde(flatten)]
    pub definition: ContractDefinition,
}

/// Disk of each node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, KubeSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Storage {
    /// Size of the volume, for example `10Gi`.
    #[serde(default = "ten_gigabytes")]
    #[schemars(length(min = 1, max = 32))]
    #[x_kube(validation = Rule::new("isQuantity(self)").message("use a number with a unit, such as 10Gi"))]
    pub size: String,
}

impl Default for Storage {
    fn default() -> Self {
        Storage { size: ten_gigabytes() }
    }
}

fn ten_gigabytes() -> String {
    "10Gi".to_owned()
}

/// What the operator reports about a chain.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChainStatus {
    #[serde(flatten)]
    pub progress: Progress,
    /// Fingerprint of what the chain should consist of, as the operator understands its spec and its members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// Name of the release that its nodes run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Engine of that release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
    /// How many organizations take part.
    #[serde(default)]
    pub member_count: u32,
    /// Blocks of all its channels, when they were last counted: about once a minute while they grow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u64>,
    /// Orderers and peers of the chain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<NodeStatus>,
    /// Its channels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<ChannelStatus>,
    /// Its contracts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contracts: Vec<ContractSummary>,
    /// When it became ready for the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_time: Option<Time>,
}

/// One channel as the operator last saw it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChannelStatus {
    /// Name of the channel.
    pub name: String,
    /// Organizations in its configuration.
    #[serde(default)]
    pub members: Vec<String>,
    /// Names of the orderers that serve it.
    #[serde(default)]
    pub orderers: Vec<String>,
    /// Sequence of its configuration.
    #[serde(default)]
    pub config_sequence: u64,
    /// Blocks of its ledger, when they were last counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u64>,
    /// Whether orderers and members have joined and a transaction can pass.
    #[serde(default)]
    pub state: State,
}

/// One contract of the chain, in short.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContractSummary {
    /// Name on the channel.
    pub name: String,
    /// Channel it is on.
    pub channel: String,
    /// Name of the Contract resource.
    pub resource: String,
    /// Committed version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Committed sequence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<i64>,
    /// Where it stands.
    #[serde(default)]
    pub state: State,
}

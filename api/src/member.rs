//! Member: one organization's part in one chain.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::approval::{ContractApproval, ContractDecision};
use crate::condition::{Progress, State};
use crate::time::Time;

/// One organization's part in one chain: its peers. It lives with the organization, so that keys and ledgers never
/// leave their owner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CustomResource, KubeSchema, ToSchema)]
#[kube(
    group = "entente.dev",
    version = "v1alpha1",
    kind = "Member",
    namespaced,
    status = "MemberStatus",
    derive = "PartialEq",
    shortname = "mb",
    category = "entente",
    doc = "One organization's part in one chain: its peers. A chain's `spec.members` creates these.",
    scale(spec_replicas_path = ".spec.peers", status_replicas_path = ".status.readyPeers"),
    selectable = ".spec.chain",
    selectable = ".spec.organization",
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].status",
        description = "Whether all its peers run and have joined"
    ),
    printcolumn(
        name = "State",
        type_ = "string",
        json_path = ".status.state",
        description = "Where the member stands, in one word"
    ),
    printcolumn(
        name = "Chain",
        type_ = "string",
        json_path = ".spec.chain",
        description = "Chain that it takes part in"
    ),
    printcolumn(
        name = "Organization",
        type_ = "string",
        json_path = ".spec.organization",
        description = "Organization that takes part"
    ),
    printcolumn(
        name = "Peers",
        type_ = "integer",
        json_path = ".spec.peers",
        description = "Peers that it should run"
    ),
    printcolumn(
        name = "Running",
        type_ = "integer",
        json_path = ".status.readyPeers",
        description = "Peers that run"
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
#[x_kube(validation = Rule::new("self.chain == oldSelf.chain && self.organization == oldSelf.organization").message("chain and organization of a member cannot change"))]
#[x_kube(validation = Rule::new("has(self.chainNamespace) == has(oldSelf.chainNamespace) && (!has(self.chainNamespace) || self.chainNamespace == oldSelf.chainNamespace)").message("chainNamespace of a member cannot change"))]
pub struct MemberSpec {
    /// Name of the chain. Cannot change.
    #[schemars(length(min = 1, max = 63))]
    #[x_kube(validation = Rule::new(crate::names::LABEL_FIELD_RULE).message(crate::names::LABEL_MESSAGE))]
    pub chain: String,
    /// Namespace of the chain, when it is another tenant's; the member's own one when absent. The chain's `spec.members`
    /// must name this organization and this namespace too: neither side can decide alone. Cannot change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    #[x_kube(validation = Rule::new(crate::names::LABEL_FIELD_RULE).message(crate::names::LABEL_MESSAGE))]
    pub chain_namespace: Option<String>,
    /// Name of the organization. Cannot change.
    #[schemars(length(min = 1, max = 63))]
    #[x_kube(validation = Rule::new(crate::names::LABEL_FIELD_RULE).message(crate::names::LABEL_MESSAGE))]
    pub organization: String,
    /// How many peers it runs, 1 to 9.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 9))]
    pub peers: u32,
    /// Who approves contracts' definitions for the organization: `automatic`, the platform; `manual`, somebody of the
    /// organization, who decides on each in `approvals`. Its peers run no definition that is not approved.
    #[serde(default, skip_serializing_if = "ContractApproval::is_automatic")]
    pub contract_approval: ContractApproval,
    /// What the organization has decided, the latest for each contract. A decision counts for the very proposal that it
    /// names, whoever approves otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = MOST_DECISIONS))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["channel".into(), "contract".into()]))]
    pub approvals: Vec<ContractDecision>,
}

/// Contracts that a Member keeps decisions on; who decides on more forgets the oldest.
pub const MOST_DECISIONS: usize = 200;

impl MemberSpec {
    /// A member of a chain of its own namespace.
    pub fn new(chain: &str, organization: &str, peers: u32) -> MemberSpec {
        MemberSpec {
            chain: chain.to_owned(),
            chain_namespace: None,
            organization: organization.to_owned(),
            peers,
            contract_approval: ContractApproval::default(),
            approvals: Vec::new(),
        }
    }

    /// What was decided last about a contract, whichever of its definitions that was.
    pub fn decision(&self, channel: &str, contract: &str) -> Option<&ContractDecision> {
        let mut decisions = self.approvals.iter();
        decisions.find(|decision| decision.channel == channel && decision.contract == contract)
    }

    /// Puts a decision in the place of the one before.
    pub fn decide(&mut self, decision: ContractDecision) {
        self.approvals
            .retain(|old| (&old.channel, &old.contract) != (&decision.channel, &decision.contract));
        let surplus = (self.approvals.len() + 1).saturating_sub(MOST_DECISIONS);
        self.approvals.drain(..surplus);
        self.approvals.push(decision);
    }

    /// Namespace of the chain, of a member in namespace `own`.
    pub fn chain_namespace<'a>(&'a self, own: &'a str) -> &'a str {
        self.chain_namespace.as_deref().unwrap_or(own)
    }

    /// What the chain is called among the nodes of the member's own namespace.
    pub fn chain_seen_from(&self, own: &str) -> String {
        crate::names::chain_seen_from(own, &self.chain, self.chain_namespace(own))
    }

    /// Whether this is about that chain, of a member in namespace `own`.
    pub fn is_of(&self, own: &str, chain: &str, namespace: &str) -> bool {
        self.chain == chain && self.chain_namespace(own) == namespace
    }
}

pub(crate) fn one() -> u32 {
    1
}

/// What the operator reports about a member.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemberStatus {
    #[serde(flatten)]
    pub progress: Progress,
    /// Fingerprint of the chain's plan that this was last brought in line with; see the chain's `status.plan`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// The organization's MSP id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub msp_id: Option<String>,
    /// How many of its peers run.
    #[serde(default)]
    pub ready_peers: u32,
    /// Its peers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<NodeStatus>,
    /// Channels that all its peers have joined.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
}

/// One node as its owner sees it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeStatus {
    /// Unique in the chain, for example `peer0-province-finance` or `orderer0`.
    pub name: String,
    /// `peer` or `orderer`.
    pub role: String,
    /// Name of the organization that owns it.
    pub organization: String,
    /// `host:port` of its gRPC services.
    pub endpoint: String,
    /// `host:port` of the same for clients elsewhere, when the chain's `access` lets them in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outside_endpoint: Option<String>,
    /// `host:port` of `/healthz` and `/metrics`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operations_endpoint: Option<String>,
    /// Where it stands.
    #[serde(default)]
    pub state: State,
    /// Why it is not ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Since when it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Time>,
    /// How often it was restarted after it died.
    #[serde(default)]
    pub restarts: u32,
    /// When its certificate expires; renewed well before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_expire_time: Option<Time>,
}

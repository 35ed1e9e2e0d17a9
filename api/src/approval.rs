//! Fabric's lifecycle for people: what is proposed for a contract, and what each organization has decided about it.
//!
//! A decision stands in its organization's own Member, so that nobody else can take it; the proposal stands in the
//! Contract's status, where every member of the channel finds the same one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::contract::Collection;
use crate::time::Time;

/// Who approves the definitions of contracts for an organization.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ContractApproval {
    /// The platform, whatever is proposed.
    #[default]
    Automatic,
    /// Somebody of the organization, each definition by itself.
    Manual,
}

impl ContractApproval {
    pub(crate) fn is_automatic(&self) -> bool {
        *self == ContractApproval::Automatic
    }
}

/// What an organization makes of a proposed definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Decision {
    Approve,
    Reject,
}

/// What an organization has decided about one contract's proposed definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContractDecision {
    /// Channel that the contract is on.
    #[schemars(length(min = 1, max = 249))]
    pub channel: String,
    /// Name of the contract on the channel.
    #[schemars(length(min = 1, max = 64))]
    pub contract: String,
    /// Digest of the proposal that was looked at, as the Contract's `status.proposal` has it. It counts for no other one.
    #[schemars(length(min = 71, max = 71), regex(pattern = r"^sha256:[0-9a-f]{64}$"))]
    pub definition: String,
    /// Whether the organization agrees.
    pub decision: Decision,
    /// Why, for the other members of the channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 500))]
    pub reason: Option<String>,
    /// Who has decided it; for the organization alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 254))]
    pub by: Option<String>,
    /// When it was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Time>,
}

/// A contract's definition as the members of its channel are asked to approve it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContractProposal {
    /// SHA-256 of the whole definition, with its package: what one decides on. Any change makes another one.
    pub digest: String,
    /// Sequence of the definition.
    pub sequence: i64,
    /// Version of the definition.
    pub version: String,
    /// Package that peers would run.
    pub package_id: String,
    /// Who would have to endorse; a majority of the channel's members when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endorsement_policy: Option<String>,
    /// Private data collections.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub collections: Vec<Collection>,
    /// Whether clients would have to call the contract's init function first.
    #[serde(default)]
    pub init_required: bool,
    /// Whether the channel has committed it.
    #[serde(default)]
    pub committed: bool,
    /// How many approvals the channel's lifecycle policy asks for.
    #[serde(default)]
    pub needed: u32,
    /// The organizations that may approve, and where each stands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub organizations: Vec<OrganizationApproval>,
}

impl ContractProposal {
    /// How many have approved.
    pub fn approved(&self) -> usize {
        self.standing(ApprovalStanding::Approved).count()
    }

    /// The organizations that stand there.
    pub fn standing(&self, standing: ApprovalStanding) -> impl Iterator<Item = &OrganizationApproval> {
        self.organizations.iter().filter(move |one| one.standing == standing)
    }

    /// Whether it waits for more approvals than it has.
    pub fn awaits_approval(&self) -> bool {
        !self.committed && self.approved() < usize::try_from(self.needed).unwrap_or(usize::MAX)
    }
}

/// Where an organization stands in a proposal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationApproval {
    /// Name of the organization.
    pub organization: String,
    /// Its MSP id.
    pub msp_id: String,
    /// What it makes of the proposal.
    #[serde(default)]
    pub standing: ApprovalStanding,
    /// Why it has rejected the proposal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How many of its peers have the package.
    #[serde(default)]
    pub installed: u32,
    /// How many peers it has.
    #[serde(default)]
    pub peers: u32,
}

/// What an organization makes of a proposal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ApprovalStanding {
    /// Its approval is on the ledger.
    Approved,
    /// It has not decided yet.
    #[default]
    Waiting,
    /// It has decided against it, and may change its mind.
    Rejected,
}

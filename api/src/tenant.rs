//! Tenant: a customer's account on the platform.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::condition::Progress;

/// A customer's account: it owns the namespace of its name, and everything in it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, CustomResource, KubeSchema, ToSchema)]
#[kube(
    group = "entente.dev",
    version = "v1alpha1",
    kind = "Tenant",
    status = "TenantStatus",
    derive = "PartialEq",
    category = "entente",
    doc = "A customer's account. It owns the namespace of its name, with a quota of its own, and is isolated from every other.",
    validation = Rule::new("size(self.metadata.name) <= 63 && self.metadata.name.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?$')").message("a tenant's name is its namespace's: lower-case letters, digits and dashes, at most 63"),
    printcolumn(name = "State", type_ = "string", json_path = ".status.state", description = "Where the tenant stands, in one word"),
    printcolumn(name = "Chains", type_ = "integer", json_path = ".status.usage.chains", description = "Chains that it has"),
    printcolumn(name = "Organizations", type_ = "integer", json_path = ".status.usage.organizations", description = "Organizations that it has"),
    printcolumn(name = "Peers", type_ = "integer", json_path = ".status.usage.peers", description = "Peers that its members ask for"),
    printcolumn(name = "Suspended", type_ = "boolean", json_path = ".spec.suspended", description = "Whether its users are kept out"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct TenantSpec {
    /// Name for people; may change. The resource's own name when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Keeps its users and keys out. Its chains run on.
    #[serde(default)]
    pub suspended: bool,
    /// How much it may have.
    #[serde(default)]
    pub quotas: Quotas,
    /// Days that rows of its audit are kept; as the installation has it when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 36500))]
    pub audit_retention_days: Option<u32>,
}

/// How much a tenant may have. What is absent is not limited.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Quotas {
    /// Chains that it founds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chains: Option<u32>,
    /// Organizations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organizations: Option<u32>,
    /// Peers of all its members together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peers: Option<u32>,
    /// Cores that all its nodes and contracts together ask for, for example `8` or `500m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    /// Memory that all its nodes and contracts together ask for, for example `32Gi`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
    /// Storage of all its nodes together, for example `500Gi`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<String>,
    /// Requests to the API in a second, on average over a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_second: Option<u32>,
}

/// What the operator reports about a tenant.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TenantStatus {
    #[serde(flatten)]
    pub progress: Progress,
    /// How much it has.
    #[serde(default)]
    pub usage: Usage,
}

/// How much a tenant has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Chains that it has founded.
    #[serde(default)]
    pub chains: u32,
    /// Organizations.
    #[serde(default)]
    pub organizations: u32,
    /// Peers that its members ask for.
    #[serde(default)]
    pub peers: u32,
}

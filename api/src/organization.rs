//! Organization: a legal party with certificate authorities of its own.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::condition::Progress;
use crate::identity::RevocationReason;
use crate::names::annotation;
use crate::time::Time;

/// A legal party: its certificate authorities, its MSP id, and where it stands among others.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, CustomResource, KubeSchema, ToSchema)]
#[kube(
    group = "entente.dev",
    version = "v1alpha1",
    kind = "Organization",
    namespaced,
    status = "OrganizationStatus",
    derive = "PartialEq",
    shortname = "org",
    category = "entente",
    doc = "A legal party with certificate authorities and an MSP id of its own. It takes part in chains as a member.",
    validation = Rule::new("size(self.metadata.name) <= 72 && (!self.metadata.name.contains('.') || self.metadata.name.endsWith('.ordering'))").message(crate::names::NAME_MESSAGE),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status", description = "Whether it has certificate authorities and an administrator"),
    printcolumn(name = "State", type_ = "string", json_path = ".status.state", description = "Where the organization stands, in one word"),
    printcolumn(name = "MSP", type_ = "string", json_path = ".status.mspId", description = "Its id in every ledger"),
    printcolumn(name = "Level", type_ = "string", json_path = ".spec.level", description = "Administrative level", priority = 1),
    printcolumn(name = "Expires", type_ = "string", json_path = ".status.expireTime", description = "When its authorities' certificates expire", priority = 1),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(oldSelf.mspId) || (has(self.mspId) && self.mspId == oldSelf.mspId)").message("mspId cannot change: it stands in every certificate and ledger"),
    validation = Rule::new("!has(oldSelf.regulator) || !oldSelf.regulator || (has(self.regulator) && self.regulator)").message("an organization that supervises cannot begin to write").field_path(".regulator")
)]
pub struct OrganizationSpec {
    /// Name for people; may change. The resource's own name when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The organization's id in every ledger: letters, digits, dots and dashes. Derived from the resource's name when
    /// absent (`province-finance` becomes `ProvinceFinanceMSP`). Cannot change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 249))]
    #[x_kube(validation = Rule::new("self.matches('^[a-zA-Z0-9.-]+$')").message("use letters, digits, dots and dashes, fewer than 250"))]
    pub msp_id: Option<String>,
    /// Administrative level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// Name of the organization above this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Region, for example an administrative division.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Sector, for example `bank` or `insurance`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sector: Option<String>,
    /// Whether it supervises: it reads all of the chains that it is a member of, and the chains take nothing that it
    /// signs. What supervises once stays so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub regulator: bool,
    /// Certificates of its identity CA that are no longer good, beside those of its identities that are suspended or
    /// revoked. They reach every channel of the organization as a revocation list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 5000))]
    pub revocations: Vec<Revocation>,
}

impl Organization {
    /// Whether an operator of the platform has approved its record: its own, not that of another one of this name.
    pub fn has_approved_record(&self) -> bool {
        let metadata = &self.metadata;
        let noted = metadata
            .annotations
            .as_ref()
            .and_then(|all| all.get(annotation::RECORD_APPROVED));
        noted.is_some_and(|noted| !noted.is_empty() && metadata.uid.as_ref() == Some(noted))
    }
}

/// Administrative level of an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Level {
    National,
    Province,
    City,
    County,
}

/// A certificate that is no longer good.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Revocation {
    /// Serial number in hexadecimal, at most 20 bytes.
    #[schemars(length(min = 1, max = 40))]
    pub serial_number: String,
    /// Since when.
    pub revoke_time: Time,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<RevocationReason>,
    /// When the certificate expires: then nobody takes it anyway, and the entry goes. Kept for good when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expire_time: Option<Time>,
}

/// What the operator reports about an organization.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationStatus {
    #[serde(flatten)]
    pub progress: Progress,
    /// The MSP id in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub msp_id: Option<String>,
    /// Certificate of the identity CA, PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_certificate: Option<String>,
    /// Certificate of the TLS CA, PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_ca_certificate: Option<String>,
    /// When the earlier of the two CA certificates expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expire_time: Option<Time>,
    /// The revocation list in its channels, PEM; absent while nothing is revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation_list: Option<String>,
}

//! Identity: an enrolled person or application.

use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::condition::Progress;
use crate::time::Time;

/// A person or application that an organization vouches for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, CustomResource, KubeSchema, ToSchema)]
#[kube(
    group = "entente.dev",
    version = "v1alpha1",
    kind = "Identity",
    namespaced,
    status = "IdentityStatus",
    derive = "PartialEq",
    shortname = "ident",
    category = "entente",
    doc = "An enrolled person or application: certificate and key, or certificate only when the key stays with the customer.",
    selectable = ".spec.organization",
    validation = Rule::new(crate::names::NAME_RULE).message(crate::names::NAME_MESSAGE),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status", description = "Whether its certificate is issued"),
    printcolumn(name = "State", type_ = "string", json_path = ".status.state", description = "Where the identity stands, in one word"),
    printcolumn(name = "Organization", type_ = "string", json_path = ".spec.organization", description = "Organization that vouches for it"),
    printcolumn(name = "Role", type_ = "string", json_path = ".spec.role", description = "What it may do"),
    printcolumn(name = "Standing", type_ = "string", json_path = ".spec.standing", description = "Suspended or revoked; nothing when it is good"),
    printcolumn(name = "Expires", type_ = "string", json_path = ".status.expireTime", description = "When its certificate expires"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.organization == oldSelf.organization").message("organization of an identity cannot change"))]
pub struct IdentitySpec {
    /// Name of the organization that vouches for it. Cannot change.
    #[schemars(length(min = 1, max = 63))]
    #[x_kube(validation = Rule::new(crate::names::LABEL_FIELD_RULE).message(crate::names::LABEL_MESSAGE))]
    pub organization: String,
    /// Common name in the certificate, at most 64 characters; the resource's own name when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub enrollment_id: Option<String>,
    /// What it may do in the organization.
    #[serde(default)]
    pub role: IdentityRole,
    /// Attributes that contracts can read from the certificate.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
    /// PEM certificate signing request. When given, the key stays with the customer and only a certificate is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_request: Option<String>,
    /// Whether what was issued to it is good. Everything that is not reaches every channel of its organization as a
    /// revocation list. A suspended identity can be taken back into good standing, a revoked one cannot.
    #[serde(default, skip_serializing_if = "Standing::is_good")]
    pub standing: Standing,
    /// Why it is revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation_reason: Option<RevocationReason>,
    /// Asks for a new certificate each time that it is changed; the ones before stay good until they expire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renew_time: Option<Time>,
    /// Days that the certificate is valid, 1 to 3650.
    #[serde(default = "one_year")]
    #[schemars(range(min = 1, max = 3650))]
    pub validity_days: u32,
}

pub(crate) fn one_year() -> u32 {
    365
}

/// What an identity may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum IdentityRole {
    /// Submits and evaluates transactions.
    #[default]
    Client,
    /// Administers the organization's nodes and signs for it.
    Admin,
}

/// Whether what was issued to an identity is good.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Standing {
    #[default]
    Good,
    /// Not now: nothing that it signs is taken.
    Suspended,
    /// Never again.
    Revoked,
}

impl Standing {
    pub fn is_good(&self) -> bool {
        *self == Standing::Good
    }
}

/// Why a certificate is no longer good (RFC 5280, CRLReason).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum RevocationReason {
    KeyCompromise,
    AffiliationChanged,
    Superseded,
    CessationOfOperation,
    CertificateHold,
    PrivilegeWithdrawn,
}

/// A certificate that was issued to an identity and has not expired.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IssuedCertificate {
    /// Hexadecimal.
    pub serial_number: String,
    /// When it expires, and leaves revocation lists with it.
    pub expire_time: Time,
}

/// What the operator reports about an identity.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IdentityStatus {
    #[serde(flatten)]
    pub progress: Progress,
    /// MSP id of the organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub msp_id: Option<String>,
    /// The certificate, PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// Serial number in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<String>,
    /// When the certificate expires; renewed before when the platform holds the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expire_time: Option<Time>,
    /// Every certificate of it that has not expired, renewed ones too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issued: Vec<IssuedCertificate>,
    /// Whether it was ever revoked, which cannot be taken back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_revoked: bool,
    /// Since when it is suspended or revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoke_time: Option<Time>,
}

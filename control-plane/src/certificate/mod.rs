//! The certificates of a tenant: what each is for, how long it is good, and what ends with it.
//!
//! [`collect`] reads them from where they are; [`notice`] tells webhooks of those that are about to expire.

pub mod collect;
pub mod notice;

use entente_api::time::Time;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum CertificateType {
    /// An organization's root for identities.
    IdentityAuthority,
    /// An organization's root for TLS.
    TlsAuthority,
    /// An identity of the platform.
    Identity,
    /// A peer or an orderer.
    Node,
    /// Enrolled at the organization's certificate authority, with a client of Fabric CA.
    Enrolled,
}

/// How soon a certificate expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Band {
    /// It has expired.
    Expired,
    #[serde(rename = "within7Days")]
    Within7Days,
    #[serde(rename = "within30Days")]
    Within30Days,
    #[serde(rename = "within90Days")]
    Within90Days,
    Later,
}

impl Band {
    fn of(days: i64) -> Band {
        match days {
            ..0 => Band::Expired,
            0..7 => Band::Within7Days,
            7..30 => Band::Within30Days,
            30..90 => Band::Within90Days,
            90.. => Band::Later,
        }
    }
}

/// Who sees to it that there is another one in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Renewal {
    /// The platform, which has the key. What it has not renewed weeks before the end is in trouble.
    Automatic,
    /// Whoever has the key.
    Manual,
}

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// What bears it, as a path: `identities/till-1`.
    pub name: String,
    pub kind: CertificateType,
    pub organization: String,
    pub chain: Option<String>,
    /// Of a node: `peer` or `orderer`.
    pub role: Option<String>,
    pub serial_number: Option<String>,
    pub expire_time: Time,
    pub renewal: Renewal,
}

impl Certificate {
    /// Whole days; negative when it has expired.
    pub fn days_left(&self, now: Time) -> i64 {
        let left = self.expire_time.get() - now.get();
        left.num_seconds().div_euclid(24 * 3600)
    }

    pub fn band(&self, now: Time) -> Band {
        Band::of(self.days_left(now))
    }

    /// What breaks when it expires, in words.
    pub fn impact(&self) -> String {
        let (organization, bearer) = (&self.organization, self.name.rsplit('/').next().unwrap_or_default());
        let chain = self.chain.as_deref().unwrap_or_default();
        match (self.kind, self.role.as_deref()) {
            (CertificateType::IdentityAuthority, _) => format!(
                "Every identity of \"{organization}\" ends with it, nodes and administrators included: nobody signs for the organization on any chain."
            ),
            (CertificateType::TlsAuthority, _) => format!(
                "Nobody trusts the nodes of \"{organization}\" any longer: clients and the other nodes of its chains cannot connect to them."
            ),
            (CertificateType::Node, Some("orderer")) => format!(
                "The other orderers of \"{chain}\" refuse \"{bearer}\". When more than half are refused, nothing is ordered any longer."
            ),
            (CertificateType::Node, _) => format!(
                "Endorsements of \"{bearer}\" on \"{chain}\" count no longer, and orderers and peers refuse it; clients of \"{organization}\" need another peer."
            ),
            (CertificateType::Identity | CertificateType::Enrolled, _) => format!(
                "Peers and orderers refuse what \"{bearer}\" of \"{organization}\" signs: applications that use it stop."
            ),
        }
    }
}

/// A certificate as the API and webhooks show it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CertificateView {
    /// What bears it.
    #[schema(example = "identities/till-1")]
    pub name: String,
    /// What it is for.
    #[serde(rename = "type")]
    pub kind: CertificateType,
    /// Name of the organization.
    #[schema(example = "bank")]
    pub organization: String,
    /// Name of the chain, of a node.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ledger")]
    pub chain: Option<String>,
    /// Hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<String>,
    /// When it expires.
    pub expire_time: Time,
    /// Whole days until then; negative afterwards.
    #[schema(example = 29)]
    pub days_left: i64,
    /// How soon that is.
    pub band: Band,
    /// Who sees to it that there is another one in time.
    pub renewal: Renewal,
    /// What breaks when it expires.
    #[schema(
        example = "Peers and orderers refuse what \"till-1\" of \"bank\" signs: applications that use it stop."
    )]
    pub impact: String,
}

impl CertificateView {
    pub fn new(certificate: &Certificate, now: Time) -> CertificateView {
        CertificateView {
            days_left: certificate.days_left(now),
            band: certificate.band(now),
            impact: certificate.impact(),
            name: certificate.name.clone(),
            kind: certificate.kind,
            organization: certificate.organization.clone(),
            chain: certificate.chain.clone(),
            serial_number: certificate.serial_number.clone(),
            expire_time: certificate.expire_time,
            renewal: certificate.renewal,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn till(now: Time, left: TimeDelta) -> Certificate {
        Certificate {
            name: "identities/till-1".to_owned(),
            kind: CertificateType::Identity,
            organization: "bank".to_owned(),
            chain: None,
            role: None,
            serial_number: None,
            expire_time: Time::from(now.get() + left),
            renewal: Renewal::Manual,
        }
    }

    #[test]
    fn a_certificate_is_in_the_band_that_its_days_say() {
        let now = Time::now();
        let found = |left: TimeDelta| (till(now, left).days_left(now), till(now, left).band(now));

        assert_eq!(found(TimeDelta::seconds(-1)), (-1, Band::Expired));
        assert_eq!(found(TimeDelta::seconds(1)), (0, Band::Within7Days));
        assert_eq!(found(TimeDelta::days(7)), (7, Band::Within30Days));
        assert_eq!(found(TimeDelta::days(30)), (30, Band::Within90Days));
        assert_eq!(found(TimeDelta::days(90)), (90, Band::Later));
    }

    #[test]
    fn what_breaks_is_said_of_whom_and_where() {
        let now = Time::now();
        let node = Certificate {
            name: "chains/ledger/nodes/orderer0".to_owned(),
            kind: CertificateType::Node,
            chain: Some("ledger".to_owned()),
            role: Some("orderer".to_owned()),
            ..till(now, TimeDelta::days(1))
        };

        assert_eq!(
            till(now, TimeDelta::days(1)).impact(),
            "Peers and orderers refuse what \"till-1\" of \"bank\" signs: applications that use it stop."
        );
        assert_eq!(
            node.impact(),
            "The other orderers of \"ledger\" refuse \"orderer0\". When more than half are refused, nothing is ordered any longer."
        );
    }
}

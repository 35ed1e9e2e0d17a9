//! Which facts about the platform need somebody. Pure: what is known comes in, what is wrong goes out.

use std::time::Duration;

use chrono::TimeDelta;
use entente_api::time::Time;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::health::PlatformHealth;

/// A database that takes longer for next to nothing makes everything slow.
const SLOW_MILLIS: u64 = 1000;
/// An operator that leads says so every few seconds, a replica four times a minute.
const SILENT: TimeDelta = TimeDelta::seconds(60);
/// Deliveries that fail are made again after minutes; what has waited longer has failed several times, or is stuck.
const DELAYED: TimeDelta = TimeDelta::hours(1);

/// Something that needs somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Trouble {
    /// What it is, for programs. There may be others later.
    pub code: TroubleCode,
    /// What it is and what to do, for people.
    #[schema(example = "No operator leads: nothing that is asked for is carried out. Look at the operator's pods.")]
    pub message: String,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum TroubleCode {
    /// The database takes its time.
    DatabaseSlow,
    /// No operator leads.
    OperatorAbsent,
    /// The operator that leads has not been heard of.
    OperatorSilent,
    /// A replica has not been heard of.
    ReplicaSilent,
    /// Replicas are of different versions.
    VersionsDiffer,
    /// Webhooks are told late.
    WebhooksDelayed,
    /// Certificates have expired.
    CertificatesExpired,
    /// The platform should have renewed certificates and has not.
    RenewalsOverdue,
    /// The audit should have been anchored and has not.
    AuditUnanchored,
}

/// What is wrong, in a fixed order. Heads are anchored every `anchored_every`.
pub fn of(health: &PlatformHealth, anchored_every: Duration) -> Vec<Trouble> {
    use TroubleCode::*;
    let since = |time: Time| health.time.get() - time.get();
    let mut found = Vec::new();
    let mut say = |code, message: String| found.push(Trouble { code, message });

    let millis = health.database.latency_millis;
    if millis >= SLOW_MILLIS {
        say(
            DatabaseSlow,
            format!(
                "The database took {millis} ms for a question that costs it nothing. Look at its load and its disk."
            ),
        );
    }
    match (&health.operator.leader, health.operator.renew_time) {
        (None, _) => say(
            OperatorAbsent,
            "No operator leads: nothing that is asked for is carried out. Look at the operator's pods.".to_owned(),
        ),
        (Some(leader), Some(time)) if since(time) > SILENT => say(
            OperatorSilent,
            format!("The operator \"{leader}\" was last heard of at {time}. Look at its pod."),
        ),
        _ => {}
    }
    for replica in health
        .replicas
        .iter()
        .filter(|replica| since(replica.seen_time) > SILENT)
    {
        say(
            ReplicaSilent,
            format!(
                "The replica \"{}\" was last heard of at {}. It has ended without a word, or does not reach the database.",
                replica.name, replica.seen_time
            ),
        );
    }
    let mut versions: Vec<&str> = health.replicas.iter().map(|replica| &*replica.version).collect();
    versions.sort_unstable();
    versions.dedup();
    if versions.len() > 1 {
        say(
            VersionsDiffer,
            format!(
                "Replicas are of the versions {}. An update is on its way, or has stopped halfway.",
                versions.join(" and ")
            ),
        );
    }
    let queue = &health.webhooks;
    if let Some(time) = queue.oldest_time.filter(|time| since(*time) > DELAYED) {
        say(
            WebhooksDelayed,
            format!(
                "{} deliveries to webhooks wait, the oldest since {time}; {} webhooks cannot be reached.",
                queue.pending, queue.failing
            ),
        );
    }
    let certificates = &health.certificates;
    if certificates.expired > 0 {
        say(
            CertificatesExpired,
            format!(
                "{} certificates have expired. certificates.first names them.",
                certificates.expired
            ),
        );
    }
    if certificates.overdue > 0 {
        say(
            RenewalsOverdue,
            format!(
                "{} certificates that the platform renews by itself have expired or do so within 7 days. The operator's log says what is in the way.",
                certificates.overdue
            ),
        );
    }
    let anchor = &health.audit_anchor;
    let patience = TimeDelta::from_std(anchored_every.saturating_mul(3)).unwrap_or(TimeDelta::MAX);
    if anchor.place.is_some()
        && anchor.unanchored_tenants > 0
        && anchor.last_time.is_none_or(|time| since(time) > patience)
    {
        say(
            AuditUnanchored,
            format!(
                "The audit of {} tenants has rows that are not anchored. The API's log says why.",
                anchor.unanchored_tenants
            ),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::health::{AnchorHealth, DatabaseHealth, OperatorHealth, ReplicaHealth};
    use super::super::survey::{ExpiringCertificates, IndexLag};
    use super::*;
    use crate::rest::openapi::Version;
    use crate::webhook::WebhookQueue;

    const HOURLY: Duration = Duration::from_secs(3600);

    fn replica(name: &str, version: &str, seen_time: Time) -> ReplicaHealth {
        ReplicaHealth {
            name: name.to_owned(),
            version: version.to_owned(),
            start_time: seen_time,
            seen_time,
        }
    }

    fn well(now: Time) -> PlatformHealth {
        PlatformHealth {
            time: now,
            troubles: Vec::new(),
            version: Version::running(),
            database: DatabaseHealth {
                engine: "sqlite".to_owned(),
                migration: 1,
                latency_millis: 999,
            },
            operator: OperatorHealth {
                leader: Some("one".to_owned()),
                renew_time: Some(now),
                ..OperatorHealth::default()
            },
            replicas: vec![replica("a", "1.0.0", now)],
            webhooks: WebhookQueue::default(),
            indexes: IndexLag::default(),
            certificates: ExpiringCertificates {
                check_time: now,
                expired: 0,
                within_7_days: 1,
                within_30_days: 1,
                within_90_days: 1,
                overdue: 0,
                first: Vec::new(),
            },
            audit_anchor: AnchorHealth {
                place: Some("platform/main/evidence".to_owned()),
                last_time: Some(now),
                unanchored_tenants: 1,
            },
        }
    }

    fn codes(health: &PlatformHealth) -> Vec<TroubleCode> {
        of(health, HOURLY).iter().map(|trouble| trouble.code).collect()
    }

    #[test]
    fn a_platform_that_is_well_needs_nobody() {
        assert_eq!(codes(&well(Time::now())), []);
    }

    #[test]
    fn everything_that_needs_somebody_is_said() {
        use TroubleCode::*;
        let now = Time::now();
        let ago = |minutes| Time::from(now.get() - TimeDelta::minutes(minutes));
        let mut ill = well(now);
        ill.database.latency_millis = 1000;
        ill.operator.renew_time = Some(ago(2));
        ill.replicas = vec![replica("a", "1.0.0", now), replica("b", "1.1.0", ago(2))];
        ill.webhooks.oldest_time = Some(ago(61));
        ill.certificates.expired = 1;
        ill.certificates.overdue = 1;
        ill.audit_anchor.last_time = Some(ago(181));
        let mut headless = well(now);
        headless.operator = OperatorHealth::default();
        headless.audit_anchor.last_time = None;

        assert_eq!(
            codes(&ill),
            [
                DatabaseSlow,
                OperatorSilent,
                ReplicaSilent,
                VersionsDiffer,
                WebhooksDelayed,
                CertificatesExpired,
                RenewalsOverdue,
                AuditUnanchored
            ]
        );
        assert_eq!(codes(&headless), [OperatorAbsent, AuditUnanchored]);
    }
}

//! The Lease object (coordination.k8s.io/v1), read and written under its resource version.

use std::time::Duration;

use entente_api::names::annotation;
use entente_api::time::Time;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use k8s_openapi::jiff::Timestamp;
use kube::Client;
use kube::api::{Api, PostParams};

use crate::metrics::Metrics;

/// Why a lease could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Somebody else has written it since it was read.
    #[error("somebody else was faster")]
    Conflict,
    #[error("the API server gives no answer")]
    Silent,
    #[error("the API server cannot be asked")]
    Api(#[source] Box<kube::Error>),
}

/// Access to one lease.
#[derive(Clone)]
pub struct Leases {
    pub api: Api<Lease>,
    pub name: String,
    /// Of whoever writes it, who notes there when it was last at work.
    metrics: Metrics,
}

/// Who leads, as a lease says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lead {
    pub holder: String,
    /// Since when.
    pub since: Option<Time>,
    /// When the holder last said so.
    pub renew_time: Option<Time>,
    /// When the holder last ended a pass over a resource, as of then.
    pub last_pass_time: Option<Time>,
}

impl Lead {
    /// `None`: the lease was released.
    pub fn of(lease: &Lease) -> Option<Lead> {
        let read = |text: &str| {
            chrono::DateTime::parse_from_rfc3339(text)
                .ok()
                .map(|time| time.to_utc().into())
        };
        let time = |time: &Option<MicroTime>| read(&time.as_ref()?.0.to_string());
        let (spec, notes) = (lease.spec.as_ref()?, lease.metadata.annotations.as_ref());
        Some(Lead {
            holder: holder(lease)?,
            since: time(&spec.acquire_time),
            renew_time: time(&spec.renew_time),
            last_pass_time: notes
                .and_then(|notes| notes.get(annotation::LAST_PASS))
                .and_then(|text| read(text)),
        })
    }
}

impl Leases {
    pub fn new(client: Client, namespace: &str, name: &str, metrics: Metrics) -> Leases {
        Leases {
            api: Api::namespaced(client, namespace),
            name: name.to_owned(),
            metrics,
        }
    }

    pub async fn read(&self, within: Duration) -> Result<Option<Lease>, LeaseError> {
        ask(within, self.api.get_opt(&self.name)).await
    }

    /// Writes `holder` into the lease that was read, or into a new one.
    pub async fn hold(
        &self,
        read: Option<&Lease>,
        holder: &str,
        length: Duration,
        within: Duration,
    ) -> Result<Lease, LeaseError> {
        let mut lease = held(read, &self.name, holder, length, Timestamp::now());
        if let Some(time) = self.metrics.last_pass() {
            let notes = lease.metadata.annotations.get_or_insert_default();
            notes.insert(annotation::LAST_PASS.to_owned(), time.to_string());
        }
        let by_us = PostParams {
            field_manager: Some(entente_api::names::MANAGER.to_owned()),
            ..PostParams::default()
        };
        match read {
            None => ask(within, self.api.create(&by_us, &lease)).await,
            Some(_) => ask(within, self.api.replace(&self.name, &by_us, &lease)).await,
        }
    }

    /// Lets others take the lease at once.
    pub async fn release(&self, read: &Lease, within: Duration) -> Result<(), LeaseError> {
        let mut lease = read.clone();
        let spec = lease.spec.get_or_insert_default();
        spec.holder_identity = None;
        spec.lease_duration_seconds = Some(1);
        ask(within, self.api.replace(&self.name, &PostParams::default(), &lease))
            .await
            .map(drop)
    }
}

/// The holder of a lease; `None` when it was released.
pub fn holder(lease: &Lease) -> Option<String> {
    let holder = lease.spec.as_ref()?.holder_identity.clone()?;
    (!holder.is_empty()).then_some(holder)
}

/// How long its holder has said that it holds.
pub fn length(lease: &Lease) -> Option<Duration> {
    let seconds = lease.spec.as_ref()?.lease_duration_seconds?;
    Some(Duration::from_secs(seconds.try_into().ok()?))
}

fn held(read: Option<&Lease>, name: &str, me: &str, length: Duration, now: Timestamp) -> Lease {
    let before = read.and_then(|lease| lease.spec.clone()).unwrap_or_default();
    let is_new = before.holder_identity.as_deref() != Some(me);
    // Seconds are all that a lease can say: never fewer than are meant.
    let seconds = length.as_millis().div_ceil(1000);
    let metadata = read.map(|lease| lease.metadata.clone()).unwrap_or_else(|| ObjectMeta {
        name: Some(name.to_owned()),
        ..ObjectMeta::default()
    });
    Lease {
        metadata,
        spec: Some(LeaseSpec {
            holder_identity: Some(me.to_owned()),
            lease_duration_seconds: Some(seconds.try_into().unwrap_or(i32::MAX)),
            renew_time: Some(MicroTime(now)),
            acquire_time: match is_new {
                true => Some(MicroTime(now)),
                false => before.acquire_time,
            },
            lease_transitions: match is_new {
                true => Some(before.lease_transitions.unwrap_or_default().saturating_add(1)),
                false => before.lease_transitions,
            },
            ..before
        }),
    }
}

async fn ask<T>(within: Duration, request: impl Future<Output = kube::Result<T>>) -> Result<T, LeaseError> {
    match tokio::time::timeout(within, request).await {
        Err(_) => Err(LeaseError::Silent),
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(kube::Error::Api(status))) if status.code == 409 => Err(LeaseError::Conflict),
        Ok(Err(error)) => Err(LeaseError::Api(Box::new(error))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_holder_is_counted_and_a_renewal_is_not() {
        let now = Timestamp::now();
        let first = held(None, "entente-operator", "one", Duration::from_millis(2500), now);
        let renewed = held(Some(&first), "entente-operator", "one", Duration::from_secs(3), now);
        let second = held(Some(&renewed), "entente-operator", "two", Duration::from_secs(3), now);

        let transitions = [&first, &renewed, &second].map(|lease| lease.spec.as_ref().unwrap().lease_transitions);
        assert_eq!(transitions, [Some(1), Some(1), Some(2)]);
        assert_eq!(length(&first), Some(Duration::from_secs(3)));
        assert_eq!(holder(&second).as_deref(), Some("two"));
    }

    #[test]
    fn a_lease_tells_who_leads_since_when_and_when_it_was_last_at_work() {
        let (since, renewed) = (
            Timestamp::from_second(1_800_000_000),
            Timestamp::from_second(1_800_000_004),
        );
        let first = held(None, "entente-operator", "one", Duration::from_secs(15), since.unwrap());
        let mut lease = held(
            Some(&first),
            "entente-operator",
            "one",
            Duration::from_secs(15),
            renewed.unwrap(),
        );
        let note = [(
            annotation::LAST_PASS.to_owned(),
            "2027-01-15T08:00:03.000000Z".to_owned(),
        )];
        lease.metadata.annotations = Some(note.into());
        let mut released = lease.clone();
        released.spec.get_or_insert_default().holder_identity = None;
        let time = |second| {
            let text = format!("2027-01-15T08:00:0{second}Z");
            let time = text.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
            Some(Time::from(time))
        };

        let lead = Lead {
            holder: "one".to_owned(),
            since: time(0),
            renew_time: time(4),
            last_pass_time: time(3),
        };
        assert_eq!((Lead::of(&lease), Lead::of(&released)), (Some(lead), None));
    }
}

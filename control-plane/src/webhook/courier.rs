//! Takes deliveries out of the queue and brings them to where they go, until they are taken.

use std::sync::Arc;
use std::time::Duration;

use entente_api::time::Time;
use futures::StreamExt as _;
use reqwest::header::CONTENT_TYPE;
use tokio_util::sync::CancellationToken;

use super::address::{self, AddressArgs, PublicNames};
use super::signature;
use crate::access::PlatformScope;
use crate::rest::problem::chain_of;
use crate::store::webhooks::{self, Attempt, Due};
use crate::store::{Db, DbError};
use crate::trace::{TraceContext, context};
use crate::trust;

/// The queue is looked at this often.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// A replica that has taken a delivery and died with it is waited for this long.
const LEASE: Duration = Duration::from_secs(60);
/// Deliveries at the same time, each to another webhook.
const AT_ONCE: usize = 32;
/// Attempts of one delivery, and the waits between them: five seconds, then three times as long each time, up to six hours.
/// Together they take more than a day.
const MOST_ATTEMPTS: i64 = 14;
const FIRST_WAIT: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_secs(6 * 3600);
/// A webhook to which nothing could be delivered for so long is given up.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(3 * 24 * 3600);

/// Delivers. Several may run on one database.
#[derive(Debug, Clone)]
pub struct Courier {
    db: Db,
    http: reqwest::Client,
    allowed: AddressArgs,
}

impl Courier {
    /// # Errors
    /// When no connections can be made at all.
    pub fn new(db: Db, allowed: AddressArgs) -> Result<Courier, reqwest::Error> {
        let mut http = reqwest::Client::builder()
            .timeout(PATIENCE)
            .user_agent("Entente-Webhooks")
            .tls_certs_merge(trust::roots())
            // Where they lead is not what was checked; and a proxy would look names up by itself.
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy();
        if !allowed.allows_private {
            http = http.dns_resolver(Arc::new(PublicNames));
        }
        Ok(Courier {
            db,
            http: http.build()?,
            allowed,
        })
    }

    /// Runs until it is told to stop.
    pub async fn run(&self, stop: CancellationToken) {
        loop {
            let found = tokio::select! {
                () = stop.cancelled() => return,
                found = self.round() => found,
            };
            match found {
                // There may be more.
                Ok(found) if found > 0 => continue,
                Ok(_) => {}
                Err(error) => tracing::warn!(error = %chain_of(&error), "webhooks cannot be delivered; trying again"),
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    /// Makes what is due now, and says how much that was.
    pub async fn round(&self) -> Result<usize, DbError> {
        let platform = PlatformScope::for_background_task("deliveries of every tenant");
        let limit = i64::try_from(AT_ONCE).unwrap_or(i64::MAX);
        let due = webhooks::due(&self.db, &platform, Time::now(), limit).await?;
        let made = futures::stream::iter(due)
            .map(|due| self.make(&platform, due))
            .buffer_unordered(AT_ONCE);
        let made: Vec<Result<bool, DbError>> = made.collect().await;
        let made: Vec<bool> = made.into_iter().collect::<Result<_, _>>()?;
        Ok(made.into_iter().filter(|made| *made).count())
    }

    /// One attempt; `false`: another replica makes it.
    async fn make(&self, platform: &PlatformScope, due: Due) -> Result<bool, DbError> {
        let until = Time::from(Time::now().get() + LEASE);
        if !webhooks::claim(&self.db, platform, &due.delivery, until).await? {
            return Ok(false);
        }
        let outcome = self.post(&due).await;
        let now = Time::now();
        let disable = disable(&due, &outcome, now);
        let attempt = match outcome {
            Ok(status) if (200..300).contains(&status) => Attempt::Delivered {
                status: i64::from(status),
            },
            Ok(status) => failed(&due, Some(status), format!("the receiver answers {status}"), now),
            Err(error) => failed(&due, None, error, now),
        };
        webhooks::settle(&self.db, platform, &due.delivery, &attempt, disable, now).await?;
        Ok(true)
    }

    /// Posts a delivery and gives the status; or why there is none.
    async fn post(&self, due: &Due) -> Result<u16, String> {
        // What the installation allows may have changed since it was queued.
        let url = address::check(&due.url, self.allowed)?;
        let (id, body) = (&due.delivery.id, &due.delivery.body);
        let timestamp = chrono::Utc::now().timestamp();
        let request = self
            .http
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signature::sign(&due.secret, id, timestamp, body))
            .header(context::HEADER, TraceContext::below(None).to_string())
            .body(body.clone());
        // The answer's body is not read: nobody needs it, and it may be of any size.
        match request.send().await {
            Ok(answer) => Ok(answer.status().as_u16()),
            Err(error) => Err(chain_of(&error.without_url())),
        }
    }
}

/// Why a webhook is given up with this attempt.
fn disable(due: &Due, outcome: &Result<u16, String>, now: Time) -> Option<&'static str> {
    let is_failing = !matches!(outcome, Ok(200..=299));
    let for_long =
        |since: Time| now.get() - since.get() > chrono::TimeDelta::from_std(GIVEN_UP_AFTER).unwrap_or_default();
    if *outcome == Ok(410) {
        return Some("the receiver answers that it is gone for good (410)");
    }
    (is_failing && due.failing_since.is_some_and(for_long)).then_some("nothing could be delivered for three days")
}

fn failed(due: &Due, status: Option<u16>, error: String, now: Time) -> Attempt {
    let attempts = due.delivery.attempts + 1;
    let next = (attempts < MOST_ATTEMPTS).then(|| Time::from(now.get() + wait(attempts, rand::random())));
    Attempt::Failed {
        status: status.map(i64::from),
        error,
        next,
    }
}

/// How long to wait after so many attempts; `chance` spreads it by a quarter, so that what failed together is not tried
/// again together.
fn wait(attempts: i64, chance: u8) -> Duration {
    let exponent = u32::try_from(attempts - 1).unwrap_or_default();
    let wait = FIRST_WAIT
        .saturating_mul(3u32.saturating_pow(exponent))
        .min(LONGEST_WAIT);
    wait.mul_f64(0.75 + 0.5 * f64::from(chance) / f64::from(u8::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_are_spread_and_have_an_end() {
        let seconds = |attempts, chance| wait(attempts, chance).as_secs_f64();

        assert_eq!((seconds(1, 0), seconds(1, 255)), (3.75, 6.25));
        assert_eq!((seconds(3, 0), seconds(3, 255)), (33.75, 56.25));
        assert_eq!(seconds(1000, 255), 27_000.0);
        let together: f64 = (1..MOST_ATTEMPTS).map(|attempts| seconds(attempts, 0)).sum();
        assert!(together > 24.0 * 3600.0, "{together}");
    }
}

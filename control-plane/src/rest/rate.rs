//! How many requests a tenant may make, and an API key that is limited: a bucket of tokens that refills all the time, a
//! request a token.
//!
//! Told in every answer by `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10). Replicas that share
//! a database share the buckets: each takes a second's worth at once, and looks again when that is used.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use entente_api::time::Time;
use parking_lot::Mutex;

use super::codes::Code;
use super::problem::Problem;
use crate::access::{Caller, TenantScope};
use crate::store::rate::{self as table, Bucket, Pace};
use crate::store::{Db, DbError};

/// What a tenant may do where its quota does not say.
const DEFAULT_PER_SECOND: u32 = 50;
/// A minute's worth may be used at once.
const WINDOW: u32 = 60;
/// Buckets that have been full for this long are forgotten.
pub const FORGET: Duration = Duration::from_secs(2 * WINDOW as u64);

const LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The buckets of all tenants.
#[derive(Debug, Clone)]
pub struct Buckets {
    /// Where they are when several replicas count together.
    shared: Option<Db>,
    tenants: Arc<Mutex<HashMap<String, Arc<Tenant>>>>,
}

/// One tenant's. Whoever has to look at the table looks for everybody who waits.
type Tenant = tokio::sync::Mutex<Stock>;

#[derive(Debug)]
struct Stock {
    /// The bucket, or what it was when the table was looked at.
    bucket: Bucket,
    /// Tokens that were taken from the table and are not used yet.
    batch: u32,
    /// The table has none before this, in milliseconds since 1970.
    empty_until: i64,
    seen: i64,
}

/// Whose requests are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    Tenant,
    Key,
}

impl std::fmt::Display for Whose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Whose::Tenant => "tenant",
            Whose::Key => "key",
        })
    }
}

/// What is left after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    whose: Whose,
    /// Requests in a window.
    quota: u32,
    /// Requests that may be made at once.
    pub left: u32,
    /// Seconds until there is one more, or until there are all.
    reset: u32,
}

impl Buckets {
    /// Of this replica alone, or of all that share a database.
    pub fn new(db: &Db) -> Buckets {
        Buckets {
            shared: db.is_shared().then(|| db.clone()),
            tenants: Arc::default(),
        }
    }

    /// Takes a token of a caller's key, where that is limited, and one of their tenant, of whom it is known how many requests
    /// it may make in a second.
    pub async fn take(&self, caller: &Caller, tenant: Option<u32>) -> Result<Vec<Allowance>, Problem> {
        let now = Time::now();
        let key = caller.limits.as_ref().and_then(|limits| limits.per_second);
        // No name of a tenant has a slash.
        let name = format!("key/{}", caller.actor.id());
        let key = key.map(|rate| {
            let scope = TenantScope::for_background_task("requests of a key", &name);
            (Whose::Key, scope, Some(rate))
        });
        let mut allowances = Vec::with_capacity(2);
        for (whose, scope, rate) in key.into_iter().chain([(Whose::Tenant, caller.own_scope(), tenant)]) {
            match self.take_one(whose, &scope, rate, now).await? {
                Ok(allowance) => allowances.push(allowance),
                Err((allowance, seconds)) => return Err(exceeded(allowance, seconds)),
            }
        }
        Ok(allowances)
    }

    /// Takes a token. `Err`: there is none; try again after this many seconds.
    async fn take_one(
        &self,
        whose: Whose,
        scope: &TenantScope,
        per_second: Option<u32>,
        now: Time,
    ) -> Result<Result<Allowance, (Allowance, u32)>, DbError> {
        let now = now.get().timestamp_millis();
        let pace = Pace::of(per_second);
        let tenant = self.tenant(scope.namespace(), pace, now);
        let mut stock = tenant.lock().await;
        stock.seen = now;
        let taken = match &self.shared {
            None => {
                let (bucket, taken) = stock.bucket.take(pace, 1, now);
                stock.bucket = bucket;
                taken == 1
            }
            Some(db) => {
                // What was taken at a pace that has been lowered since is more than a second's worth.
                stock.batch = stock.batch.min(pace.per_second);
                // No pause is longer than a second: one that seems to be was made before the clock was set back.
                let is_empty = (1..=1000).contains(&stock.empty_until.saturating_sub(now));
                if stock.batch == 0 && !is_empty {
                    let (bucket, batch) = table::take(db, scope, pace, pace.per_second, now).await?;
                    let wait = if batch == 0 { bucket.until_next(pace) } else { 0 };
                    stock.empty_until = now.saturating_add_unsigned(wait);
                    (stock.bucket, stock.batch) = (bucket, batch);
                }
                let taken = stock.batch > 0;
                stock.batch = stock.batch.saturating_sub(1);
                taken
            }
        };
        let allowance = stock.allowance(whose, pace);
        let wait = stock.bucket.until_next(pace).div_ceil(1000).max(1);
        Ok(match taken {
            true => Ok(allowance),
            false => Err((allowance, u32::try_from(wait).unwrap_or(WINDOW))),
        })
    }

    /// How many requests a tenant may make in a second, and how many of a minute's worth are used for each of its seconds.
    pub async fn used(&self, scope: &TenantScope, per_second: Option<u32>, now: Time) -> Result<(u32, u32), DbError> {
        let now = now.get().timestamp_millis();
        let pace = Pace::of(per_second);
        let bucket = match &self.shared {
            Some(db) => table::get(db, scope).await?,
            None => {
                let known = self.tenants.lock().get(scope.namespace()).cloned();
                match known {
                    Some(known) => Some(known.lock().await.bucket),
                    None => None,
                }
            }
        };
        let (filled, _) = bucket.unwrap_or(Bucket::full(pace, now)).take(pace, 0, now);
        let taken = pace.most.saturating_sub(filled.left());
        Ok((pace.per_second, (taken + WINDOW / 2) / WINDOW))
    }

    fn tenant(&self, name: &str, pace: Pace, now: i64) -> Arc<Tenant> {
        let mut tenants = self.tenants.lock();
        if tenants.len() > 1000 {
            let forget = i64::try_from(FORGET.as_millis()).unwrap_or(i64::MAX);
            // One that is being looked at is in use.
            tenants.retain(|_, tenant| {
                tenant
                    .try_lock()
                    .map_or(true, |stock| now.saturating_sub(stock.seen) < forget)
            });
        }
        let full = || {
            Arc::new(Tenant::new(Stock {
                bucket: Bucket::full(pace, now),
                batch: 0,
                empty_until: i64::MIN,
                seen: now,
            }))
        };
        tenants.entry(name.to_owned()).or_insert_with(full).clone()
    }
}

impl Pace {
    /// A tenant's whose quota says so much.
    fn of(per_second: Option<u32>) -> Pace {
        let per_second = per_second.unwrap_or(DEFAULT_PER_SECOND).max(1);
        Pace {
            per_second,
            most: per_second.saturating_mul(WINDOW),
        }
    }
}

impl Stock {
    fn allowance(&self, whose: Whose, pace: Pace) -> Allowance {
        let left = self.bucket.left().saturating_add(self.batch).min(pace.most);
        Allowance {
            whose,
            quota: pace.most,
            left,
            reset: (pace.most - left).div_ceil(pace.per_second).max(1),
        }
    }
}

/// Tells the caller what is left.
pub fn tell(allowances: &[Allowance], headers: &mut HeaderMap) {
    for Allowance {
        whose,
        quota,
        left,
        reset,
    } in allowances
    {
        let policy = format!("\"{whose}\";q={quota};w={WINDOW}");
        let limit = format!("\"{whose}\";r={left};t={reset}");
        for (name, value) in [(POLICY, policy), (LIMIT, limit)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.append(name, value);
            }
        }
    }
}

/// The problem of a caller who has to wait.
fn exceeded(quota: Allowance, seconds: u32) -> Problem {
    let detail = format!(
        "The {} may make {} requests in {WINDOW} seconds, and has made them.",
        quota.whose, quota.quota
    );
    Problem::new(Code::RateLimited, detail).with_retry_after(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn take(buckets: &Buckets, tenant: &str, now: Time) -> Result<Allowance, (Allowance, u32)> {
        let scope = TenantScope::for_background_task("test", tenant);
        buckets.take_one(Whose::Tenant, &scope, Some(2), now).await.unwrap()
    }

    #[tokio::test]
    async fn a_tenant_that_asks_too_much_waits_and_others_do_not() {
        let (buckets, start) = (Buckets::new(&crate::store::testing::fresh().await), Time::now());

        let mut taken = 0;
        for _ in 0..200 {
            taken += usize::from(take(&buckets, "bank", start).await.is_ok());
        }
        let (_, wait) = take(&buckets, "bank", start).await.unwrap_err();
        let later = Time::from(start.get() + Duration::from_secs(5));
        let later = take(&buckets, "bank", later).await.unwrap();
        let other = take(&buckets, "rival", start).await.unwrap();

        assert_eq!((taken, wait), (120, 1));
        assert_eq!((later.left, other.left), (9, 119));
    }

    #[tokio::test]
    async fn replicas_count_together() {
        let db = crate::store::testing::fresh().await;
        let replica = || Buckets {
            shared: Some(db.clone()),
            tenants: Arc::default(),
        };
        let (replicas, start) = ([replica(), replica(), replica()], Time::now());

        let mut taken = 0;
        for round in 0..300 {
            taken += usize::from(take(&replicas[round % 3], "bank", start).await.is_ok());
        }
        let soon = Time::from(start.get() + Duration::from_millis(500));
        let next = [
            take(&replicas[0], "bank", soon).await.is_ok(),
            take(&replicas[1], "bank", soon).await.is_ok(),
        ];

        assert_eq!((taken, next), (120, [true, false]));
    }

    #[tokio::test]
    async fn a_lowered_quota_counts_at_once_for_every_replica() {
        let db = crate::store::testing::fresh().await;
        let replica = || Buckets {
            shared: Some(db.clone()),
            tenants: Arc::default(),
        };
        let (replicas, start) = ([replica(), replica()], Time::now());
        let scope = TenantScope::for_background_task("test", "bank");
        let ask = async |round: usize, rate| {
            let taken = replicas[round % 2].take_one(Whose::Tenant, &scope, Some(rate), start);
            usize::from(taken.await.unwrap().is_ok())
        };
        let before = ask(0, 50).await + ask(1, 50).await;

        let mut taken = 0;
        for round in 0..200 {
            taken += ask(round, 1).await;
        }

        // What each replica holds of before, and a minute's worth.
        assert_eq!((before, taken), (2, 62));
    }

    #[test]
    fn headers_say_what_is_left() {
        let mut headers = HeaderMap::new();
        let of = |whose, quota| Allowance {
            whose,
            quota,
            left: quota - 1,
            reset: 1,
        };

        tell(&[of(Whose::Key, 600), of(Whose::Tenant, 3000)], &mut headers);

        let told = |name| -> Vec<&str> {
            let values = headers.get_all(name).iter();
            values.map(|value| value.to_str().unwrap()).collect()
        };
        assert_eq!(told(POLICY), ["\"key\";q=600;w=60", "\"tenant\";q=3000;w=60"]);
        assert_eq!(told(LIMIT), ["\"key\";r=599;t=1", "\"tenant\";r=2999;t=1"]);
    }
}

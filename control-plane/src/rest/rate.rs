//! How many requests a tenant may make: a bucket of tokens that refills all the time, a request a token.
//!
//! Told in every answer by `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10). Each replica counts
//! for itself.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use parking_lot::Mutex;

use super::codes::Code;
use super::problem::Problem;

/// What a tenant may do where its quota does not say.
const DEFAULT_PER_SECOND: u32 = 50;
/// A minute's worth may be used at once.
const WINDOW: u32 = 60;
/// Buckets that have been full for this long are forgotten.
const FORGET: Duration = Duration::from_secs(2 * WINDOW as u64);

const LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The buckets of all tenants.
#[derive(Debug, Clone, Default)]
pub struct Buckets(Arc<Mutex<HashMap<String, Bucket>>>);

#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: f64,
    seen: Instant,
}

/// What is left after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Requests in a window.
    quota: u32,
    /// Requests that may be made at once.
    pub left: u32,
    /// Seconds until there is one more, or until there are all.
    reset: u32,
}

impl Buckets {
    /// Takes a token. `Err`: there is none; try again after this many seconds.
    pub fn take(&self, tenant: &str, per_second: Option<u32>, now: Instant) -> Result<Allowance, (Allowance, u32)> {
        let rate = f64::from(per_second.unwrap_or(DEFAULT_PER_SECOND).max(1));
        let most = rate * f64::from(WINDOW);
        let mut buckets = self.0.lock();
        if buckets.len() > 1000 {
            buckets.retain(|_, bucket| now.duration_since(bucket.seen) < FORGET);
        }
        let full = Bucket { left: most, seen: now };
        let bucket = buckets.entry(tenant.to_owned()).or_insert(full);
        let waited = now.saturating_duration_since(bucket.seen).as_secs_f64();
        bucket.left = (bucket.left + waited * rate).min(most);
        bucket.seen = now;
        let taken = bucket.left >= 1.0;
        if taken {
            bucket.left -= 1.0;
        }
        let seconds = |tokens: f64| (tokens / rate).ceil().max(1.0) as u32;
        let allowance = Allowance {
            quota: most as u32,
            left: bucket.left as u32,
            reset: seconds(most - bucket.left),
        };
        match taken {
            true => Ok(allowance),
            false => Err((allowance, seconds(1.0 - bucket.left))),
        }
    }
}

impl Allowance {
    /// Tells the caller.
    pub fn tell(self, headers: &mut HeaderMap) {
        let policy = format!("\"tenant\";q={};w={WINDOW}", self.quota);
        let limit = format!("\"tenant\";r={};t={}", self.left, self.reset);
        for (name, value) in [(POLICY, policy), (LIMIT, limit)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
    }
}

/// The problem of a caller who has to wait.
pub fn exceeded(quota: Allowance, seconds: u32) -> Problem {
    let detail = format!(
        "The tenant may make {} requests in {WINDOW} seconds, and has made them.",
        quota.quota
    );
    Problem::new(Code::RateLimited, detail).with_retry_after(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_that_asks_too_much_waits_and_others_do_not() {
        let (buckets, start) = (Buckets::default(), Instant::now());

        let taken = (0..200)
            .filter(|_| buckets.take("bank", Some(2), start).is_ok())
            .count();
        let (_, wait) = buckets.take("bank", Some(2), start).unwrap_err();
        let later = buckets.take("bank", Some(2), start + Duration::from_secs(5)).unwrap();
        let other = buckets.take("rival", Some(2), start).unwrap();

        assert_eq!((taken, wait), (120, 1));
        assert_eq!((later.left, other.left), (9, 119));
    }

    #[test]
    fn headers_say_what_is_left() {
        let mut headers = HeaderMap::new();

        Buckets::default()
            .take("bank", None, Instant::now())
            .unwrap()
            .tell(&mut headers);

        let told = [POLICY, LIMIT].map(|name| headers[name].to_str().unwrap().to_owned());
        assert_eq!(told, ["\"tenant\";q=3000;w=60", "\"tenant\";r=2999;t=1"]);
    }
}

//! The table `rate_buckets`: how many requests tenants may still make, counted by all replicas together.
//!
//! A replica takes a batch of tokens at once, and asks again when it has used them: most requests cost no look at the table.

use sqlx::Row as _;

use super::again::again;
use super::{Db, DbError};
use crate::access::TenantScope;

/// A token, in the unit of [`Bucket::level`].
const TOKEN: i64 = 1000;
/// Attempts to write before another replica does. Each failure means that another has succeeded.
const TRIES: usize = 20;

/// How fast a bucket fills, and how full it gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    pub per_second: u32,
    /// Tokens of a full bucket.
    pub most: u32,
}

impl Pace {
    /// Milliseconds from empty to full.
    fn time_to_fill(self) -> i64 {
        i64::from(self.most) * TOKEN / i64::from(self.per_second.max(1))
    }
}

/// What is left of a tenant's tokens at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// In thousandths: a rate of one a second fills it by one of these each millisecond.
    level: i64,
    /// Milliseconds since 1970.
    seen: i64,
}

impl Bucket {
    pub fn full(pace: Pace, now: i64) -> Bucket {
        Bucket {
            level: i64::from(pace.most) * TOKEN,
            seen: now,
        }
    }

    /// Takes up to `wanted` tokens; gives how many there were. A clock that is a little behind another replica's fills
    /// nothing; one that was set back begins to count from where it is.
    pub fn take(self, pace: Pace, wanted: u32, now: i64) -> (Bucket, u32) {
        let waited = now.saturating_sub(self.seen).max(0);
        let is_set_back = self.seen.saturating_sub(now) > pace.time_to_fill();
        let filled = self
            .level
            .saturating_add(waited.saturating_mul(i64::from(pace.per_second)));
        let level = filled.min(i64::from(pace.most) * TOKEN);
        let taken = u32::try_from(level / TOKEN).unwrap_or_default().min(wanted);
        let bucket = Bucket {
            level: level - i64::from(taken) * TOKEN,
            seen: if is_set_back { now } else { self.seen.max(now) },
        };
        (bucket, taken)
    }

    /// Tokens that are left.
    pub fn left(self) -> u32 {
        u32::try_from(self.level / TOKEN).unwrap_or_default()
    }

    /// Milliseconds until there is one.
    pub fn until_next(self, pace: Pace) -> u64 {
        let missing = (TOKEN - self.level).max(0);
        u64::try_from(missing)
            .unwrap_or_default()
            .div_ceil(u64::from(pace.per_second.max(1)))
    }
}

/// Takes up to `wanted` of the tenant's tokens; gives how many there were, and what is left.
pub async fn take(db: &Db, scope: &TenantScope, pace: Pace, wanted: u32, now: i64) -> Result<(Bucket, u32), DbError> {
    // What is taken twice because a connection was lost is some requests less for once.
    for _ in 0..TRIES {
        let known = again(|| get(db, scope)).await?;
        let (next, taken) = known.unwrap_or(Bucket::full(pace, now)).take(pace, wanted, now);
        if again(|| put(db, scope, known, next)).await? {
            return Ok((next, taken));
        }
    }
    // Everybody else has taken some: this one is among the last, and waits.
    Ok((Bucket { level: 0, seen: now }, 0))
}

/// The bucket of a tenant; `None`: nobody has taken from it of late.
pub async fn get(db: &Db, scope: &TenantScope) -> Result<Option<Bucket>, DbError> {
    let row = sqlx::query("SELECT level, seen FROM rate_buckets WHERE tenant = $1")
        .bind(scope.namespace().to_owned())
        .fetch_optional(&db.pool)
        .await?;
    let read = |row: sqlx::any::AnyRow| -> Result<Bucket, DbError> {
        Ok(Bucket {
            level: row.try_get("level")?,
            seen: row.try_get("seen")?,
        })
    };
    row.map(read).transpose()
}

/// Writes what follows `known`, unless another replica has written meanwhile.
async fn put(db: &Db, scope: &TenantScope, known: Option<Bucket>, next: Bucket) -> Result<bool, DbError> {
    let statement = match known {
        None => "INSERT INTO rate_buckets (tenant, level, seen) VALUES ($1, $2, $3) ON CONFLICT (tenant) DO NOTHING",
        Some(_) => "UPDATE rate_buckets SET level = $2, seen = $3 WHERE tenant = $1 AND level = $4 AND seen = $5",
    };
    let mut query = sqlx::query(statement)
        .bind(scope.namespace().to_owned())
        .bind(next.level)
        .bind(next.seen);
    if let Some(known) = known {
        query = query.bind(known.level).bind(known.seen);
    }
    Ok(query.execute(&db.pool).await?.rows_affected() == 1)
}

/// Forgets buckets that nobody has taken from since a time in milliseconds since 1970: they are full.
pub async fn forget_before(db: &Db, time: i64) -> Result<(), DbError> {
    sqlx::query("DELETE FROM rate_buckets WHERE seen < $1")
        .bind(time)
        .execute(&db.pool)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace {
        per_second: 2,
        most: 120,
    };

    #[test]
    fn a_bucket_fills_with_time_and_no_further_than_to_its_rim() {
        let (empty, all) = Bucket::full(PACE, 0).take(PACE, 500, 0);
        let (soon, none) = empty.take(PACE, 1, 499);
        let (_, one) = soon.take(PACE, 5, 500);
        let (late, some) = empty.take(PACE, 7, 5_000);
        let (_, rim) = empty.take(PACE, 500, 3_600_000);
        let (behind, still) = late.take(PACE, 500, 0);
        let (set_back, _) = late.take(PACE, 500, -3_600_000);
        let later = [behind, set_back].map(|bucket| bucket.take(PACE, 5, -3_599_000).1);

        assert_eq!((all, none, one, some, rim, still), (120, 0, 1, 7, 120, 3));
        assert_eq!(later, [0, 2]);
        assert_eq!(
            (empty.until_next(PACE), soon.until_next(PACE), late.left()),
            (500, 1, 3)
        );
    }

    #[tokio::test]
    async fn takers_at_the_same_time_get_what_there_is_and_no_more() {
        let db = crate::store::testing::fresh().await;
        let scope = TenantScope::for_background_task("test", "bank");
        let other = TenantScope::for_background_task("test", "rival");

        let takers = (0..6).map(|_| take(&db, &scope, PACE, 25, 1_000));
        let taken = futures::future::join_all(takers).await;
        let rival = take(&db, &other, PACE, 25, 1_000).await.unwrap();

        let taken: u32 = taken.into_iter().map(|taken| taken.unwrap().1).sum();
        assert_eq!((taken, rival.1), (120, 25));
    }

    #[tokio::test]
    async fn what_was_forgotten_is_full() {
        let db = crate::store::testing::fresh().await;
        let scope = TenantScope::for_background_task("test", "bank");
        take(&db, &scope, PACE, 100, 1_000).await.unwrap();

        forget_before(&db, 2_000).await.unwrap();

        assert_eq!(take(&db, &scope, PACE, 500, 1_000).await.unwrap().1, 120);
    }
}

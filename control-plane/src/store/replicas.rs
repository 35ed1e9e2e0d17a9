//! The table `replicas`: which replicas of the API share the database. Each says from time to time that it is there.

use entente_api::time::Time;
use sqlx::any::AnyRow;

use super::access::{text, time};
use super::{Db, DbError};
use crate::access::PlatformScope;
use crate::operate::unique;

/// A replica of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replica {
    /// Unique among all that there have ever been.
    pub name: String,
    pub version: String,
    pub start_time: Time,
    /// When it last said that it is there.
    pub seen_time: Time,
}

impl Replica {
    /// This program, from now on, under a name of its own.
    pub fn starting(name: &str) -> Replica {
        let now = Time::now();
        Replica {
            name: unique(name),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            start_time: now,
            seen_time: now,
        }
    }

    /// As it is at another time.
    pub fn seen(&self, now: Time) -> Replica {
        Replica {
            seen_time: now,
            ..self.clone()
        }
    }
}

/// Notes that a replica is there.
pub async fn note(db: &Db, _: &PlatformScope, replica: &Replica) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO replicas (name, version, start_time, seen_time) VALUES ($1, $2, $3, $4)
         ON CONFLICT (name) DO UPDATE SET seen_time = $4",
    )
    .bind(replica.name.clone())
    .bind(replica.version.clone())
    .bind(replica.start_time.to_string())
    .bind(replica.seen_time.to_string())
    .execute(&db.pool)
    .await?;
    Ok(())
}

/// Takes out a replica that ends.
pub async fn remove(db: &Db, _: &PlatformScope, name: &str) -> Result<(), DbError> {
    sqlx::query("DELETE FROM replicas WHERE name = $1")
        .bind(name.to_owned())
        .execute(&db.pool)
        .await?;
    Ok(())
}

/// Forgets those that have not been seen since a time.
pub async fn forget(db: &Db, before: Time) -> Result<(), DbError> {
    sqlx::query("DELETE FROM replicas WHERE seen_time < $1")
        .bind(before.to_string())
        .execute(&db.pool)
        .await?;
    Ok(())
}

/// All of them, by name.
pub async fn list(db: &Db, _: &PlatformScope) -> Result<Vec<Replica>, DbError> {
    let rows = sqlx::query("SELECT * FROM replicas ORDER BY name")
        .fetch_all(&db.pool)
        .await?;
    let read = |row: &AnyRow| {
        Ok(Replica {
            name: text(row, "name")?,
            version: text(row, "version")?,
            start_time: time(row, "start_time")?,
            seen_time: time(row, "seen_time")?,
        })
    };
    rows.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[tokio::test]
    async fn a_replica_is_listed_until_it_says_that_it_ends_or_says_nothing() {
        let db = crate::store::testing::fresh().await;
        let platform = PlatformScope::for_background_task("test");
        let start = Time::now();
        let after = |seconds| Time::from(start.get() + TimeDelta::seconds(seconds));
        let replica = |name: &str, seen| Replica {
            name: name.to_owned(),
            version: "0.1.0".to_owned(),
            start_time: start,
            seen_time: after(seen),
        };
        for (name, seen) in [("a", 0), ("b", 0), ("c", 0), ("a", 15)] {
            note(&db, &platform, &replica(name, seen)).await.unwrap();
        }

        let all = list(&db, &platform).await.unwrap();
        remove(&db, &platform, "c").await.unwrap();
        forget(&db, after(10)).await.unwrap();
        let left = list(&db, &platform).await.unwrap();

        assert_eq!(all, [replica("a", 15), replica("b", 0), replica("c", 0)]);
        assert_eq!(left, [replica("a", 15)]);
    }
}

//! The tables `audit_events`, `audit_heads` and `audit_begun`.

use std::time::Duration;

use entente_api::time::Time;
use sqlx::AnyConnection;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::{Db, DbError};
use crate::access::{PlatformScope, TenantScope};
use crate::audit::{AuditEvent, Outcome, chain};

/// No request takes as long as this: what began earlier and has not ended was interrupted.
const LONGEST_REQUEST: Duration = Duration::from_secs(15 * 60);

/// Says that a change has begun. `event` tells what is known of it.
pub async fn begin(db: &Db, scope: &TenantScope, id: &str, event: &AuditEvent) -> Result<(), DbError> {
    // Whoever lost the connection says so again.
    let statement =
        "INSERT INTO audit_begun (id, tenant, create_time, body) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING";
    sqlx::query(statement)
        .bind(id.to_owned())
        .bind(scope.namespace().to_owned())
        .bind(event.time.to_string())
        .bind(serde_json::to_string(event)?)
        .execute(&db.pool)
        .await?;
    Ok(())
}

/// Adds a row to the tenant's chain, and forgets that it had begun. Number and hashes are given here.
pub async fn append(
    db: &Db,
    scope: &TenantScope,
    begun: Option<&str>,
    event: AuditEvent,
) -> Result<AuditEvent, DbError> {
    let mut transaction = db.pool.begin().await?;
    let event = append_within(&mut transaction, scope, begun, event).await?;
    transaction.commit().await?;
    Ok(event)
}

/// [`append`], as a part of a transaction.
pub(super) async fn append_within(
    transaction: &mut AnyConnection,
    scope: &TenantScope,
    begun: Option<&str>,
    mut event: AuditEvent,
) -> Result<AuditEvent, DbError> {
    let tenant = scope.namespace().to_owned();
    // The first statement takes the head, and with it the turn: rows of one chain are written one after the other.
    let head = sqlx::query(
        "INSERT INTO audit_heads (tenant, seq, hash) VALUES ($1, 1, '')
         ON CONFLICT (tenant) DO UPDATE SET seq = audit_heads.seq + 1 RETURNING seq, hash",
    )
    .bind(tenant.clone())
    .fetch_one(&mut *transaction)
    .await?;
    event.seq = head.try_get("seq")?;
    event.previous = head.try_get("hash")?;
    event.hash = chain::hash(&event)?;
    sqlx::query(
        "INSERT INTO audit_events (tenant, seq, time, actor, action, object, outcome, body)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(tenant.clone())
    .bind(event.seq)
    .bind(event.time.to_string())
    .bind(event.actor.clone())
    .bind(event.action.clone())
    .bind(event.object.clone())
    .bind(event.outcome.as_str().to_owned())
    .bind(serde_json::to_string(&event)?)
    .execute(&mut *transaction)
    .await?;
    sqlx::query("UPDATE audit_heads SET hash = $1 WHERE tenant = $2")
        .bind(event.hash.clone())
        .bind(tenant)
        .execute(&mut *transaction)
        .await?;
    if let Some(id) = begun {
        sqlx::query("DELETE FROM audit_begun WHERE id = $1")
            .bind(id.to_owned())
            .execute(&mut *transaction)
            .await?;
    }
    Ok(event)
}

/// The last row of a tenant's chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub tenant: String,
    pub seq: i64,
    pub hash: String,
}

/// The heads of all tenants' chains.
pub async fn heads(db: &Db, _: &PlatformScope) -> Result<Vec<Head>, DbError> {
    let rows = sqlx::query("SELECT tenant, seq, hash FROM audit_heads ORDER BY tenant")
        .fetch_all(&db.pool)
        .await?;
    let head = |row: &AnyRow| {
        Ok(Head {
            tenant: row.try_get("tenant")?,
            seq: row.try_get("seq")?,
            hash: row.try_get("hash")?,
        })
    };
    rows.iter().map(head).collect()
}

/// Adds a row for each change that began so long ago that whoever carried it out must have ended.
pub async fn settle_interrupted(db: &Db, _: &PlatformScope, now: Time) -> Result<u64, DbError> {
    let rows = sqlx::query("SELECT id, tenant, body FROM audit_begun WHERE create_time < $1 ORDER BY create_time")
        .bind(Time::from(now.get() - LONGEST_REQUEST).to_string())
        .fetch_all(&db.pool)
        .await?;
    let mut settled = 0;
    for row in rows {
        let tenant: String = row.try_get("tenant")?;
        let scope = TenantScope::for_background_task("changes that were interrupted", &tenant);
        let event = AuditEvent {
            outcome: Outcome::Interrupted,
            ..read(&row)?
        };
        append(db, &scope, Some(&row.try_get::<String, _>("id")?), event).await?;
        settled += 1;
    }
    Ok(settled)
}

/// Which rows a list shows.
#[derive(Debug, Default)]
pub struct Filter<'a> {
    pub actor: Option<&'a str>,
    pub action: Option<&'a str>,
    /// This one, and what is said of its parts and by its verbs: `chains/a` is of `chains/a/nodes/b:restart`, too.
    pub object: Option<&'a str>,
    pub outcome: Option<&'a str>,
    pub from: Option<Time>,
    pub to: Option<Time>,
}

/// From which end rows are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    OldestFirst,
    NewestFirst,
}

impl Order {
    /// What stands before the first row.
    pub fn start(self) -> i64 {
        match self {
            Order::OldestFirst => 0,
            Order::NewestFirst => i64::MAX,
        }
    }
}

macro_rules! rows {
    ($behind:literal, $order:literal) => {
        concat!(
            "SELECT body FROM audit_events WHERE tenant = $1 AND seq ",
            $behind,
            " $2
               AND ($3 IS NULL OR actor = $3) AND ($4 IS NULL OR action = $4)
               AND ($5 IS NULL OR object = $5 OR substr(object, 1, length($5) + 1) IN ($5 || '/', $5 || ':'))
               AND ($6 IS NULL OR outcome = $6) AND ($7 IS NULL OR time >= $7) AND ($8 IS NULL OR time < $8)
             ORDER BY seq ",
            $order,
            " LIMIT $9"
        )
    };
}

/// In the order of the chain, beginning after the row `after`, at most `limit`.
pub async fn list(
    db: &Db,
    scope: &TenantScope,
    filter: &Filter<'_>,
    after: i64,
    limit: usize,
) -> Result<Vec<AuditEvent>, DbError> {
    ordered(db, scope, filter, Order::OldestFirst, after, limit).await
}

/// In either order, beginning behind the row `after`, at most `limit`.
pub async fn ordered(
    db: &Db,
    scope: &TenantScope,
    filter: &Filter<'_>,
    order: Order,
    after: i64,
    limit: usize,
) -> Result<Vec<AuditEvent>, DbError> {
    let statement = match order {
        Order::OldestFirst => rows!(">", "ASC"),
        Order::NewestFirst => rows!("<", "DESC"),
    };
    let rows = sqlx::query(statement)
        .bind(scope.namespace().to_owned())
        .bind(after)
        .bind(filter.actor.map(str::to_owned))
        .bind(filter.action.map(str::to_owned))
        .bind(filter.object.map(str::to_owned))
        .bind(filter.outcome.map(str::to_owned))
        .bind(filter.from.map(|time| time.to_string()))
        .bind(filter.to.map(|time| time.to_string()))
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(&db.pool)
        .await?;
    rows.iter().map(read).collect()
}

pub(super) fn read(row: &AnyRow) -> Result<AuditEvent, DbError> {
    Ok(serde_json::from_str(&row.try_get::<String, _>("body")?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::fresh;

    fn event(object: &str) -> AuditEvent {
        AuditEvent {
            seq: 0,
            time: Time::now(),
            actor: "li@bank.example".to_owned(),
            actor_id: "u1".to_owned(),
            action: "chain_create".to_owned(),
            object: object.to_owned(),
            outcome: Outcome::Done,
            status: 202,
            code: None,
            request_id: "r".to_owned(),
            address: "127.0.0.1".to_owned(),
            before: None,
            after: None,
            previous: String::new(),
            hash: String::new(),
        }
    }

    fn scope(tenant: &str) -> TenantScope {
        TenantScope::for_background_task("test", tenant)
    }

    #[tokio::test]
    async fn rows_that_are_written_side_by_side_make_one_chain_a_tenant() {
        let db = fresh().await;
        let write = async |tenant: &str, index: usize| {
            append(&db, &scope(tenant), None, event(&format!("chains/{index}")))
                .await
                .unwrap();
        };

        let both = (0..20).flat_map(|index| ["bank", "rival"].map(|tenant| (tenant, index)));
        futures::future::join_all(both.map(|(tenant, index)| write(tenant, index))).await;

        for tenant in ["bank", "rival"] {
            let mut verifier = chain::Verifier::default();
            for row in list(&db, &scope(tenant), &Filter::default(), 0, 100).await.unwrap() {
                verifier.take(&row).unwrap();
            }
            assert_eq!(verifier.head().0, 20);
        }
    }

    #[tokio::test]
    async fn what_a_dead_platform_had_begun_becomes_a_row_once() {
        let (db, platform) = (fresh().await, PlatformScope::for_background_task("test"));
        let begun = event("chains/ledger");
        begin(&db, &scope("bank"), "r1", &begun).await.unwrap();
        begin(&db, &scope("bank"), "r2", &event("chains/done")).await.unwrap();
        append(&db, &scope("bank"), Some("r2"), event("chains/done"))
            .await
            .unwrap();
        let later = Time::from(begun.time.get() + LONGEST_REQUEST + Duration::from_secs(1));

        let soon = settle_interrupted(&db, &platform, begun.time).await.unwrap();
        let settled = settle_interrupted(&db, &platform, later).await.unwrap();
        let again = settle_interrupted(&db, &platform, later).await.unwrap();

        let rows = list(&db, &scope("bank"), &Filter::default(), 0, 100).await.unwrap();
        let told: Vec<(&str, Outcome)> = rows.iter().map(|row| (row.object.as_str(), row.outcome)).collect();
        assert_eq!((soon, settled, again), (0, 1, 0));
        assert_eq!(
            told,
            [("chains/done", Outcome::Done), ("chains/ledger", Outcome::Interrupted)]
        );
    }

    #[tokio::test]
    async fn rows_are_found_by_an_object_with_its_parts_from_either_end() {
        let db = fresh().await;
        for object in [
            "chains/a",
            "chains/ab",
            "chains/a/nodes/peer0:restart",
            "chains/a:undelete",
            "chains",
        ] {
            append(&db, &scope("bank"), None, event(object)).await.unwrap();
        }
        let of_a = Filter {
            object: Some("chains/a"),
            ..Filter::default()
        };

        let found = async |order: Order, after: i64| -> Vec<i64> {
            let rows = ordered(&db, &scope("bank"), &of_a, order, after, 2).await.unwrap();
            rows.iter().map(|row| row.seq).collect()
        };

        assert_eq!(found(Order::OldestFirst, Order::OldestFirst.start()).await, [1, 3]);
        assert_eq!(found(Order::OldestFirst, 3).await, [4]);
        assert_eq!(found(Order::NewestFirst, Order::NewestFirst.start()).await, [4, 3]);
        assert_eq!(found(Order::NewestFirst, 3).await, [1]);
    }
}

//! Takes the first rows of a chain of the audit away.

use entente_api::time::Time;
use sqlx::Row as _;

use super::audit::append_within;
use super::{Db, DbError};
use crate::access::TenantScope;
use crate::audit::retention;

/// Removes the rows before a time, with a row that tells so. Gives how many; `None` when there are none.
pub async fn prune(db: &Db, scope: &TenantScope, before: Time, days: u32, now: Time) -> Result<Option<i64>, DbError> {
    let tenant = scope.namespace().to_owned();
    let mut transaction = db.pool.begin().await?;
    // Takes the turn, before anything is read: several replicas do this.
    sqlx::query("UPDATE audit_heads SET seq = seq WHERE tenant = $1")
        .bind(tenant.clone())
        .execute(&mut *transaction)
        .await?;
    // Everything before the first row that has to stay; clocks of several replicas need not agree to the second.
    let row = sqlx::query(
        "SELECT COUNT(*) AS found, COALESCE(MAX(seq), 0) AS last FROM audit_events
         WHERE tenant = $1 AND seq < COALESCE((SELECT MIN(seq) FROM audit_events WHERE tenant = $1 AND time >= $2),
                                              (SELECT MAX(seq) + 1 FROM audit_events WHERE tenant = $1))",
    )
    .bind(tenant.clone())
    .bind(before.to_string())
    .fetch_one(&mut *transaction)
    .await?;
    let (found, last): (i64, i64) = (row.try_get("found")?, row.try_get("last")?);
    if found == 0 {
        return Ok(None);
    }
    let hash: String = sqlx::query("SELECT body FROM audit_events WHERE tenant = $1 AND seq = $2")
        .bind(tenant.clone())
        .bind(last)
        .fetch_one(&mut *transaction)
        .await
        .map_err(DbError::from)
        .and_then(|row| super::audit::read(&row))?
        .hash;
    append_within(
        &mut transaction,
        scope,
        None,
        retention::row(last, &hash, found, days, now),
    )
    .await?;
    sqlx::query("DELETE FROM audit_events WHERE tenant = $1 AND seq <= $2")
        .bind(tenant)
        .bind(last)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(Some(found))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::audit::chain::Verifier;
    use crate::audit::{AuditEvent, Outcome};
    use crate::store::audit::{self, Filter};
    use crate::store::testing::fresh;

    fn scope(tenant: &str) -> TenantScope {
        TenantScope::for_background_task("test", tenant)
    }

    async fn write(db: &Db, tenant: &str, time: Time) {
        let event = AuditEvent {
            actor: "li@bank.example".to_owned(),
            action: "chain_create".to_owned(),
            after: None,
            outcome: Outcome::Done,
            ..retention::row(0, "", 0, 0, time)
        };
        audit::append(db, &scope(tenant), None, event).await.unwrap();
    }

    async fn verified(db: &Db, tenant: &str) -> (Option<i64>, i64) {
        let mut verifier = Verifier::default();
        for row in audit::list(db, &scope(tenant), &Filter::default(), 0, 100)
            .await
            .unwrap()
        {
            verifier.take(&row).unwrap();
        }
        verifier.begins_where_it_may().unwrap();
        (verifier.begin().map(|(seq, _)| seq), verifier.head().0)
    }

    #[tokio::test]
    async fn old_rows_go_and_what_is_left_is_verified() {
        let (db, now) = (fresh().await, Time::now());
        let ago = |days| Time::from(now.get() - TimeDelta::days(days));
        for days in [40, 35, 10, 1] {
            write(&db, "bank", ago(days)).await;
            write(&db, "rival", ago(days)).await;
        }

        let first = prune(&db, &scope("bank"), ago(30), 30, now).await.unwrap();
        let nothing = prune(&db, &scope("bank"), ago(30), 30, now).await.unwrap();
        let after_one = verified(&db, "bank").await;
        let second = prune(&db, &scope("bank"), ago(5), 5, now).await.unwrap();

        assert_eq!((first, nothing, second), (Some(2), None, Some(1)));
        assert_eq!(after_one, (Some(2), 5));
        assert_eq!(verified(&db, "bank").await, (Some(3), 6));
        assert_eq!(verified(&db, "rival").await, (None, 4));
    }

    #[tokio::test]
    async fn a_chain_of_which_every_row_is_old_goes_on_from_the_row_that_tells_so() {
        let (db, now) = (fresh().await, Time::now());
        write(&db, "bank", Time::from(now.get() - TimeDelta::days(40))).await;

        let pruned = prune(
            &db,
            &scope("bank"),
            Time::from(now.get() - TimeDelta::days(30)),
            30,
            now,
        )
        .await
        .unwrap();
        write(&db, "bank", now).await;

        assert_eq!(pruned, Some(1));
        assert_eq!(verified(&db, "bank").await, (Some(1), 3));
    }
}

//! The table `quota_turns`: which request of a tenant is being measured against its quotas, of all replicas.

use std::time::Duration;

use entente_api::time::Time;

use super::{Db, DbError};
use crate::access::TenantScope;

/// A turn that is not given back lapses: longer than a registry takes to answer, or not to.
const LAPSES: Duration = Duration::from_secs(60);

/// Takes the tenant's turn, unless another one has it. Says whether it did.
pub async fn take(db: &Db, scope: &TenantScope, holder: &str, now: Time) -> Result<bool, DbError> {
    let done = sqlx::query(
        "INSERT INTO quota_turns (tenant, holder, held_until) VALUES ($1, $2, $3)
         ON CONFLICT (tenant) DO UPDATE SET holder = $2, held_until = $3 WHERE quota_turns.held_until < $4",
    )
    .bind(scope.namespace().to_owned())
    .bind(holder.to_owned())
    .bind(Time::from(now.get() + LAPSES).to_string())
    .bind(now.to_string())
    .execute(&db.pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends a turn; one that has lapsed meanwhile is another's.
pub async fn give_back(db: &Db, scope: &TenantScope, holder: &str) -> Result<(), DbError> {
    sqlx::query("DELETE FROM quota_turns WHERE tenant = $1 AND holder = $2")
        .bind(scope.namespace().to_owned())
        .bind(holder.to_owned())
        .execute(&db.pool)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_has_a_tenants_turn_until_it_is_given_back_or_lapses() {
        let db = crate::store::testing::fresh().await;
        let scope = |tenant| TenantScope::for_background_task("test", tenant);
        let (bank, start) = (scope("bank"), Time::now());
        let later = Time::from(start.get() + LAPSES + Duration::from_secs(1));

        let first = take(&db, &bank, "first", start).await.unwrap();
        let second = take(&db, &bank, "second", start).await.unwrap();
        let other = take(&db, &scope("rival"), "second", start).await.unwrap();
        give_back(&db, &bank, "second").await.unwrap();
        let still = take(&db, &bank, "second", start).await.unwrap();
        give_back(&db, &bank, "first").await.unwrap();
        let then = take(&db, &bank, "second", start).await.unwrap();
        let lapsed = take(&db, &bank, "third", later).await.unwrap();

        assert_eq!(
            [first, second, other, still, then, lapsed],
            [true, false, true, false, true, true]
        );
    }
}

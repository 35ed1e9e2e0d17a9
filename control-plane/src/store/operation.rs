//! The table `operations`.

use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::{Db, DbError, webhooks};
use crate::access::{PlatformScope, TenantScope};
use crate::operation::{Operation, OperationState, Target};
use crate::webhook::Event;

/// Keeps a new operation.
pub async fn insert(db: &Db, scope: &TenantScope, operation: &Operation) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO operations (id, tenant, type, target_kind, target_name, is_running, revision, body, state)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(&operation.id)
    .bind(scope.namespace())
    .bind(operation.kind.as_str())
    .bind(&operation.target.kind)
    .bind(&operation.target.name)
    .bind(i64::from(!operation.state.is_terminal()))
    .bind(operation.revision)
    .bind(serde_json::to_string(operation)?)
    .bind(operation.state.as_str())
    .execute(&db.pool)
    .await?;
    Ok(())
}

/// Writes a later state of an operation, unless somebody else has written one since it was read. Says whether it did.
pub async fn update(db: &Db, scope: &TenantScope, operation: &Operation) -> Result<bool, DbError> {
    let mut transaction = db.pool.begin().await?;
    let done = sqlx::query(
        "UPDATE operations SET is_running = $1, revision = $2, body = $3, state = $7
         WHERE tenant = $4 AND id = $5 AND is_running = 1 AND revision = $6",
    )
    .bind(i64::from(!operation.state.is_terminal()))
    .bind(operation.revision)
    .bind(serde_json::to_string(operation)?)
    .bind(scope.namespace())
    .bind(&operation.id)
    .bind(operation.revision - 1)
    .bind(operation.state.as_str())
    .execute(&mut *transaction)
    .await?;
    let is_written = done.rows_affected() == 1;
    if is_written {
        // Together, so that what has ended is told even if we end right now, and once, whoever else looks.
        for event in Event::of(operation) {
            webhooks::announce(&mut transaction, scope.namespace(), &event).await?;
        }
    }
    transaction.commit().await?;
    Ok(is_written)
}

pub async fn get(db: &Db, scope: &TenantScope, id: &str) -> Result<Option<Operation>, DbError> {
    let row = sqlx::query("SELECT body FROM operations WHERE tenant = $1 AND id = $2")
        .bind(scope.namespace())
        .bind(id)
        .fetch_optional(&db.pool)
        .await?;
    row.as_ref().map(read).transpose()
}

/// Operations that have not ended, oldest first; of one target or of all.
pub async fn running(db: &Db, scope: &TenantScope, target: Option<&Target>) -> Result<Vec<Operation>, DbError> {
    let rows = sqlx::query(
        "SELECT body FROM operations
         WHERE tenant = $1 AND is_running = 1 AND ($2 IS NULL OR (target_kind = $2 AND target_name = $3)) ORDER BY id",
    )
    .bind(scope.namespace())
    .bind(target.map(|target| target.kind.as_str()))
    .bind(target.map(|target| target.name.as_str()))
    .fetch_all(&db.pool)
    .await?;
    rows.iter().map(read).collect()
}

/// Operations of all tenants that have not ended, oldest first, each with its tenant.
pub async fn running_everywhere(db: &Db, _: &PlatformScope) -> Result<Vec<(String, Operation)>, DbError> {
    let rows = sqlx::query("SELECT tenant, body FROM operations WHERE is_running = 1 ORDER BY id")
        .fetch_all(&db.pool)
        .await?;
    rows.iter().map(read_with_tenant).collect()
}

/// Which operations of all tenants a list shows.
#[derive(Debug, Default)]
pub struct FilterOfAll<'a> {
    pub tenant: Option<&'a str>,
    pub state: Option<OperationState>,
    pub target_kind: Option<&'a str>,
}

/// Operations of all tenants, each with its tenant: newest first, at most `limit`, beginning after the operation `after`.
pub async fn list_of_all(
    db: &Db,
    _: &PlatformScope,
    filter: &FilterOfAll<'_>,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<(String, Operation)>, DbError> {
    let rows = sqlx::query(
        "SELECT tenant, body FROM operations
         WHERE ($1 IS NULL OR tenant = $1) AND ($2 IS NULL OR state = $2) AND ($3 IS NULL OR target_kind = $3)
           AND ($4 IS NULL OR id < $4)
         ORDER BY id DESC LIMIT $5",
    )
    .bind(filter.tenant)
    .bind(filter.state.map(OperationState::as_str))
    .bind(filter.target_kind)
    .bind(after)
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(&db.pool)
    .await?;
    rows.iter().map(read_with_tenant).collect()
}

/// Which operations a list shows.
#[derive(Debug, Default)]
pub struct Filter<'a> {
    pub target_kind: Option<&'a str>,
    pub target_name: Option<&'a str>,
    pub is_running: Option<bool>,
}

/// Newest first, at most `limit`, beginning after the operation `after`. Ids are ordered by time (UUID version 7).
pub async fn list(
    db: &Db,
    scope: &TenantScope,
    filter: &Filter<'_>,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<Operation>, DbError> {
    let rows = sqlx::query(
        "SELECT body FROM operations
         WHERE tenant = $1 AND ($2 IS NULL OR target_kind = $2) AND ($3 IS NULL OR target_name = $3)
           AND ($4 IS NULL OR is_running = $4) AND ($5 IS NULL OR id < $5)
         ORDER BY id DESC LIMIT $6",
    )
    .bind(scope.namespace())
    .bind(filter.target_kind)
    .bind(filter.target_name)
    .bind(filter.is_running.map(i64::from))
    .bind(after)
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(&db.pool)
    .await?;
    rows.iter().map(read).collect()
}

fn read_with_tenant(row: &AnyRow) -> Result<(String, Operation), DbError> {
    Ok((row.try_get("tenant")?, read(row)?))
}

fn read(row: &AnyRow) -> Result<Operation, DbError> {
    Ok(serde_json::from_str(&row.try_get::<String, _>("body")?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::OperationKind;

    fn scope(tenant: &str) -> TenantScope {
        TenantScope::for_background_task("test", tenant)
    }

    fn operation(name: &str) -> Operation {
        Operation::start(
            OperationKind::Create,
            Target::new("Chain", name, "uid", 1),
            entente_api::time::Time::now(),
        )
    }

    #[tokio::test]
    async fn what_was_written_is_read_back_within_its_tenant_only() {
        let db = crate::store::testing::fresh().await;
        let operation = operation("ledger");
        insert(&db, &scope("bank"), &operation).await.unwrap();

        let own = get(&db, &scope("bank"), &operation.id).await.unwrap();
        let foreign = get(&db, &scope("rival"), &operation.id).await.unwrap();

        assert_eq!((own, foreign), (Some(operation), None));
    }

    #[tokio::test]
    async fn of_two_writers_one_wins_and_an_ended_operation_stays_ended() {
        let db = crate::store::testing::fresh().await;
        let first = operation("ledger");
        insert(&db, &scope("bank"), &first).await.unwrap();
        let mut ended = Operation {
            revision: 2,
            ..first.clone()
        };
        ended.state = OperationState::Succeeded;

        let written = update(&db, &scope("bank"), &ended).await.unwrap();
        let late = update(&db, &scope("bank"), &Operation { revision: 2, ..first })
            .await
            .unwrap();

        assert_eq!((written, late), (true, false));
        assert_eq!(running(&db, &scope("bank"), None).await.unwrap(), []);
    }

    #[tokio::test]
    async fn lists_are_newest_first_and_continue_after_a_key() {
        let db = crate::store::testing::fresh().await;
        let mut all = Vec::new();
        for name in ["a", "b", "c"] {
            let operation = operation(name);
            insert(&db, &scope("bank"), &operation).await.unwrap();
            all.insert(0, operation);
        }

        let page = list(&db, &scope("bank"), &Filter::default(), None, 2).await.unwrap();
        let rest = list(&db, &scope("bank"), &Filter::default(), Some(&page[1].id), 2)
            .await
            .unwrap();

        assert_eq!([page, rest].concat(), all);
    }
}

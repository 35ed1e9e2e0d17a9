//! What only a table on disk does. What every registry does is shown by `tests/src/store.rs`.

use entente_api::Chain;
use entente_api::condition::State;

use super::*;
use crate::registry::{Registry, Sought};

#[tokio::test]
async fn what_was_written_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("registry.db");
    let scope = Scope::namespace("hebei");
    let first = Registry::new(Arc::new(Embedded::open(&file).await.unwrap()));
    let chain = Chain::new(
        "ledger",
        serde_yaml::from_str("members: [{organization: bank}]").unwrap(),
    );
    let created = first.create(&scope, &chain).await.unwrap();
    drop(first);

    let second = Registry::new(Arc::new(Embedded::open(&file).await.unwrap()));

    assert_eq!(second.get::<Chain>(&scope, "ledger").await.unwrap(), Some(created));
}

#[tokio::test]
async fn what_is_older_than_the_columns_it_is_looked_for_in_is_found_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("registry.db");
    let table = Embedded::open(&file).await.unwrap();
    let pool = table.table.pool.clone();
    let first = Registry::new(Arc::new(table));
    let chain = Chain::new(
        "ledger",
        serde_yaml::from_str("{displayName: Transfers, members: [{organization: bank}]}").unwrap(),
    );
    let created = first.create(&Scope::namespace("hebei"), &chain).await.unwrap();
    sqlx::query("update resource set state = null, labels = null, words = null")
        .execute(&pool)
        .await
        .unwrap();
    drop(first);

    let second = Registry::new(Arc::new(Embedded::open(&file).await.unwrap()));
    let sought = Sought::new(Some("TRANSFER"), Some(State::Pending), None);
    let found = second.part::<Chain>("hebei", None, 5, &sought, |_| true).await.unwrap();

    assert_eq!(found, [created]);
}

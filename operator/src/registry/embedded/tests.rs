//! What only a table on disk does. What every registry does is shown by `tests/src/store.rs`.

use entente_api::Chain;

use super::*;
use crate::registry::Registry;

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

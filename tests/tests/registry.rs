//! The registry of one machine does what every registry does.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use entente_operator::registry::embedded::Embedded;
use entente_operator::registry::{Registry, Scope};
use entente_tests::store::{self, Stage};

#[tokio::test]
async fn one_table_behaves_as_every_registry() {
    for behaviour in store::ALL {
        println!("{}", behaviour.name);
        let folder = tempfile::tempdir().unwrap();
        let table = Embedded::open(&folder.path().join("registry.db")).await.unwrap();
        let registry = Registry::new(Arc::new(table));
        let stage = Stage {
            other: registry.clone(),
            registry,
            own: Scope::namespace("hebei"),
            rival: Scope::namespace("rival"),
        };
        (behaviour.run)(stage).await;
    }
}

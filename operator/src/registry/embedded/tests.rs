use entente_api::chain::{Chain, ChainMember, ChainSpec, ChainStatus, Ordering};

use super::*;
use crate::registry::Registry;

async fn registry() -> (tempfile::TempDir, Registry) {
    let folder = tempfile::tempdir().unwrap();
    let store = Embedded::open(&folder.path().join("registry.db")).await.unwrap();
    (folder, Registry::new(Arc::new(store)))
}

fn tenant() -> Scope {
    Scope::namespace("hebei")
}

fn ledger() -> Chain {
    let member = ChainMember {
        organization: "bank".to_owned(),
        peers: 1,
    };
    Chain::new(
        "ledger",
        ChainSpec {
            members: vec![member],
            ..ChainSpec::default()
        },
    )
}

#[tokio::test]
async fn a_new_resource_gets_identity_and_generation_and_no_status() {
    let (_folder, registry) = registry().await;
    let mut chain = ledger();
    chain.status = Some(ChainStatus {
        member_count: 7,
        ..ChainStatus::default()
    });

    let created = registry.create(&tenant(), &chain).await.unwrap();

    assert_eq!(created.metadata.namespace.as_deref(), Some("hebei"));
    assert_eq!(created.metadata.generation, Some(1));
    assert!(created.metadata.uid.is_some());
    assert_eq!(created.status, None);
    assert_eq!(registry.get::<Chain>(&tenant(), "ledger").await.unwrap(), Some(created));
}

#[tokio::test]
async fn a_name_is_given_once() {
    let (_folder, registry) = registry().await;
    registry.create(&tenant(), &ledger()).await.unwrap();

    let again = registry.create(&tenant(), &ledger()).await.unwrap_err();

    assert_eq!(again.to_string(), "Chain hebei/ledger exists already");
}

#[tokio::test]
async fn only_a_change_of_the_spec_makes_a_new_generation() {
    let (_folder, registry) = registry().await;
    let mut chain = registry.create(&tenant(), &ledger()).await.unwrap();

    let same = registry.update(&tenant(), &chain).await.unwrap();
    let with_status = registry
        .put_status::<Chain>(
            &tenant(),
            "ledger",
            &ChainStatus {
                member_count: 1,
                ..ChainStatus::default()
            },
        )
        .await
        .unwrap();
    chain.metadata.resource_version = None;
    chain.spec.ordering = Ordering { replicas: 5 };
    let edited = registry.update(&tenant(), &chain).await.unwrap();

    assert_eq!(same.metadata.resource_version, Some("1".to_owned()));
    assert_eq!(with_status.metadata.generation, Some(1));
    assert_eq!(edited.metadata.generation, Some(2));
    assert_eq!(edited.status.unwrap().member_count, 1);
}

#[tokio::test]
async fn a_writer_who_read_an_older_version_is_refused() {
    let (_folder, registry) = registry().await;
    let mine = registry.create(&tenant(), &ledger()).await.unwrap();
    let mut theirs = mine.clone();
    theirs.spec.display_name = Some("Ledger".to_owned());
    registry.update(&tenant(), &theirs).await.unwrap();

    let refused = registry.update(&tenant(), &mine).await.unwrap_err();

    assert_eq!(
        refused.to_string(),
        "Chain hebei/ledger was changed meanwhile: version 1 was given, version 2 is current"
    );
}

#[tokio::test]
async fn a_resource_with_a_finalizer_goes_when_the_finalizer_does() {
    let (_folder, registry) = registry().await;
    let mut chain = ledger();
    chain.metadata.finalizers = Some(vec!["entente.dev/cleanup".to_owned()]);
    registry.create(&tenant(), &chain).await.unwrap();

    let mut doomed = registry.delete::<Chain>(&tenant(), "ledger").await.unwrap().unwrap();
    let still_there = registry.get::<Chain>(&tenant(), "ledger").await.unwrap().unwrap();
    doomed.metadata.finalizers = None;
    registry.update(&tenant(), &doomed).await.unwrap();

    assert!(still_there.metadata.deletion_timestamp.is_some());
    assert_eq!(still_there.metadata.generation, Some(2));
    assert_eq!(registry.get::<Chain>(&tenant(), "ledger").await.unwrap(), None);
}

#[tokio::test]
async fn another_tenants_resource_is_not_there() {
    let (_folder, registry) = registry().await;
    let created = registry.create(&tenant(), &ledger()).await.unwrap();
    let rival = Scope::namespace("rival");

    let read = registry.get::<Chain>(&rival, "ledger").await.unwrap();
    let listed = registry.list::<Chain>(&rival).await.unwrap();
    let written = registry.update(&rival, &created).await.unwrap_err();

    assert_eq!(read, None);
    assert_eq!(listed, []);
    assert_eq!(written.to_string(), "no Chain hebei/ledger");
    assert_eq!(registry.list::<Chain>(&Scope::All).await.unwrap(), [created]);
}

#[tokio::test]
async fn a_watcher_sees_each_change_of_its_scope_once() {
    let (_folder, registry) = registry().await;
    let mut watch = registry.watch(&tenant());
    let status = ChainStatus {
        member_count: 3,
        ..ChainStatus::default()
    };

    registry.create(&Scope::namespace("rival"), &ledger()).await.unwrap();
    registry.create(&tenant(), &ledger()).await.unwrap();
    registry
        .put_status::<Chain>(&tenant(), "ledger", &status)
        .await
        .unwrap();
    registry
        .put_status::<Chain>(&tenant(), "ledger", &status)
        .await
        .unwrap();
    registry.delete::<Chain>(&tenant(), "ledger").await.unwrap();

    let mut seen = Vec::new();
    for _ in 0..3 {
        let event = watch.next().await.unwrap().unwrap();
        seen.push((event.key.to_string(), event.change));
    }
    let ledger = || "Chain hebei/ledger".to_owned();
    assert_eq!(
        seen,
        [
            (ledger(), Change::Applied),
            (ledger(), Change::Applied),
            (ledger(), Change::Deleted)
        ]
    );
}

#[tokio::test]
async fn applying_twice_changes_nothing_the_second_time() {
    let (_folder, registry) = registry().await;

    let first = registry.apply(&tenant(), &ledger()).await.unwrap();
    let second = registry.apply(&tenant(), &ledger()).await.unwrap();

    assert_eq!(first, second);
}

#[tokio::test]
async fn what_was_written_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("registry.db");
    let first = Registry::new(Arc::new(Embedded::open(&file).await.unwrap()));
    let created = first.create(&tenant(), &ledger()).await.unwrap();
    drop(first);

    let second = Registry::new(Arc::new(Embedded::open(&file).await.unwrap()));

    assert_eq!(second.get::<Chain>(&tenant(), "ledger").await.unwrap(), Some(created));
}

//! What every registry does, whatever holds its resources: the same acts, the same answers.
//!
//! Each of these takes an empty namespace of its own and one of a rival's; [`ALL`] lists them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use entente_api::Chain;
use entente_api::chain::{ChainMember, ChainSpec, ChainStatus, ChannelStatus, DeletionPolicy, Ordering};
use entente_api::condition::State;
use entente_operator::registry::{Change, Registry, RegistryError, Scope, Sought, Watch};
use futures::future::{BoxFuture, FutureExt as _};
use serde_json::json;

/// Longest wait for something that was told.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where a behaviour is shown.
pub struct Stage {
    pub registry: Registry,
    /// Another program's view of the same resources; the same one where there is no other.
    pub other: Registry,
    pub own: Scope,
    pub rival: Scope,
}

/// One behaviour.
pub struct Behaviour {
    pub name: &'static str,
    pub run: fn(Stage) -> BoxFuture<'static, ()>,
}

macro_rules! behaviours {
    ($($name:ident),* $(,)?) => {
        /// Every behaviour.
        pub const ALL: &[Behaviour] = &[$(Behaviour { name: stringify!($name), run: |stage| $name(stage).boxed() }),*];
    };
}

behaviours! {
    a_new_resource_gets_identity_and_generation_and_no_status,
    a_name_is_given_once,
    only_a_change_of_the_spec_makes_a_new_generation,
    a_writer_who_read_an_older_version_is_refused,
    a_writer_who_minds_no_version_replaces_the_current_one,
    a_status_is_replaced_as_a_whole,
    a_resource_says_when_it_was_last_written_and_a_status_does_not_count,
    a_resource_with_a_finalizer_goes_when_the_finalizer_does,
    a_resource_without_a_finalizer_goes_at_once,
    what_is_not_there_is_not_there,
    another_tenants_resource_is_not_there,
    a_watcher_sees_the_changes_of_its_scope_in_order,
    applying_twice_changes_nothing_the_second_time,
    applying_leaves_what_others_have_added,
    what_was_written_is_read_at_once_and_by_others_soon,
    writers_at_the_same_time_lose_nothing,
    a_list_comes_in_parts_of_what_is_sought,
}

fn ledger() -> Chain {
    let member = ChainMember::new("bank", 1);
    let spec: ChainSpec = serde_yaml::from_str("{}").unwrap();
    Chain::new(
        "ledger",
        ChainSpec {
            members: vec![member],
            ..spec
        },
    )
}

fn counted(members: u32) -> ChainStatus {
    ChainStatus {
        member_count: members,
        ..ChainStatus::default()
    }
}

fn key(scope: &Scope) -> String {
    match scope {
        Scope::Namespace(namespace) => format!("Chain {namespace}/ledger"),
        Scope::All => "Chain ledger".to_owned(),
    }
}

/// The next changes of one resource, each once.
async fn seen(watch: &mut Watch, key: &str, count: usize) -> Vec<Change> {
    let mut seen = Vec::new();
    while seen.len() < count {
        let next = tokio::time::timeout(PATIENCE, watch.next()).await;
        let event = next.expect("a change is told").unwrap().unwrap();
        if event.key.to_string() == key {
            seen.push(event.change);
        }
    }
    seen
}

async fn a_new_resource_gets_identity_and_generation_and_no_status(Stage { registry, own, .. }: Stage) {
    let mut chain = ledger();
    chain.status = Some(counted(7));

    let created = registry.create(&own, &chain).await.unwrap();

    let Scope::Namespace(namespace) = &own else {
        panic!("{own:?} is no namespace")
    };
    assert_eq!(created.metadata.namespace.as_ref(), Some(namespace));
    assert_eq!(created.metadata.generation, Some(1));
    assert!(created.metadata.uid.is_some());
    assert_eq!(created.status, None);
    assert_eq!(created.spec, chain.spec);
    assert_eq!(registry.get::<Chain>(&own, "ledger").await.unwrap(), Some(created));
}

async fn a_name_is_given_once(Stage { registry, own, .. }: Stage) {
    registry.create(&own, &ledger()).await.unwrap();

    let again = registry.create(&own, &ledger()).await.unwrap_err();

    assert_eq!(again.to_string(), format!("{} exists already", key(&own)));
}

async fn only_a_change_of_the_spec_makes_a_new_generation(Stage { registry, own, .. }: Stage) {
    let mut chain = registry.create(&own, &ledger()).await.unwrap();

    let same = registry.update(&own, &chain).await.unwrap();
    let with_status: Chain = registry.put_status(&own, "ledger", &counted(1)).await.unwrap();
    chain.metadata.resource_version = None;
    chain.spec.ordering = Ordering { replicas: 5 };
    let edited = registry.update(&own, &chain).await.unwrap();

    assert_eq!(same, registry_version(&chain, &same));
    assert_eq!(with_status.metadata.generation, Some(1));
    assert_eq!(edited.metadata.generation, Some(2));
    assert_eq!(edited.status.unwrap().member_count, 1);
}

/// `chain` with the resource version of `like`: nothing else may differ.
fn registry_version(chain: &Chain, like: &Chain) -> Chain {
    let mut chain = chain.clone();
    chain.spec.ordering = like.spec.ordering.clone();
    chain
        .metadata
        .resource_version
        .clone_from(&like.metadata.resource_version);
    chain
}

async fn a_writer_who_read_an_older_version_is_refused(Stage { registry, own, .. }: Stage) {
    let mine = registry.create(&own, &ledger()).await.unwrap();
    let mut theirs = mine.clone();
    theirs.spec.display_name = Some("Ledger".to_owned());
    let theirs = registry.update(&own, &theirs).await.unwrap();

    let refused = registry.update(&own, &mine).await.unwrap_err();

    let version = |chain: &Chain| chain.metadata.resource_version.clone().unwrap();
    let expected = format!(
        "{} was changed meanwhile: version {} was given, version {} is current",
        key(&own),
        version(&mine),
        version(&theirs)
    );
    assert_eq!(refused.to_string(), expected);
}

async fn a_writer_who_minds_no_version_replaces_the_current_one(
    Stage {
        registry, other, own, ..
    }: Stage,
) {
    let mut mine = registry.create(&own, &ledger()).await.unwrap();
    let mut theirs = mine.clone();
    theirs.spec.display_name = Some("Ledger".to_owned());
    other.update(&own, &theirs).await.unwrap();

    mine.metadata.resource_version = None;
    mine.spec.description = Some("mine".to_owned());
    let written = registry.update(&own, &mine).await.unwrap();

    assert_eq!(written.spec, mine.spec);
    assert_eq!(written.metadata.generation, Some(3));
}

async fn a_status_is_replaced_as_a_whole(Stage { registry, own, .. }: Stage) {
    registry.create(&own, &ledger()).await.unwrap();
    let channel = |name: &str| ChannelStatus {
        name: name.to_owned(),
        height: Some(4),
        ..ChannelStatus::default()
    };
    let first = ChainStatus {
        plan: Some("a plan".to_owned()),
        channels: vec![channel("main"), channel("audit")],
        ..counted(2)
    };
    let second = ChainStatus {
        channels: vec![channel("audit")],
        ..counted(1)
    };

    registry.put_status::<Chain>(&own, "ledger", &first).await.unwrap();
    let written: Chain = registry.put_status(&own, "ledger", &second).await.unwrap();
    let again: Chain = registry.put_status(&own, "ledger", &second).await.unwrap();

    assert_eq!(written.status, Some(second));
    assert_eq!(again, written);
}

async fn a_resource_says_when_it_was_last_written_and_a_status_does_not_count(Stage { registry, own, .. }: Stage) {
    let written = |chain: &Chain| {
        let entries = chain.metadata.managed_fields.iter().flatten();
        entries.filter_map(|entry| entry.time.clone()).max()
    };
    let mut chain = registry.create(&own, &ledger()).await.unwrap();
    chain.spec.ordering.replicas = 5;
    let changed = registry.update(&own, &chain).await.unwrap();
    let status = ChainStatus::default();
    let reported = registry
        .put_status::<Chain>(&own, "ledger", &serde_json::to_value(status).unwrap())
        .await
        .unwrap();

    assert!(written(&changed) >= chain.metadata.creation_timestamp);
    assert_eq!(written(&reported), written(&changed));
}

async fn a_resource_with_a_finalizer_goes_when_the_finalizer_does(Stage { registry, own, .. }: Stage) {
    let mut chain = ledger();
    chain.metadata.finalizers = Some(vec!["entente.dev/cleanup".to_owned()]);
    registry.create(&own, &chain).await.unwrap();

    let doomed = registry.delete::<Chain>(&own, "ledger").await.unwrap().unwrap();
    let still_there = registry.get::<Chain>(&own, "ledger").await.unwrap().unwrap();
    registry.put_status::<Chain>(&own, "ledger", &counted(3)).await.unwrap();
    registry
        .remove_finalizer::<Chain>(&own, "ledger", "entente.dev/cleanup")
        .await
        .unwrap();

    assert!(doomed.metadata.deletion_timestamp.is_some());
    assert_eq!(still_there.metadata.generation, Some(2));
    assert_eq!(registry.get::<Chain>(&own, "ledger").await.unwrap(), None);
    assert_eq!(registry.list::<Chain>(&own).await.unwrap(), []);
}

async fn a_resource_without_a_finalizer_goes_at_once(Stage { registry, own, .. }: Stage) {
    let created = registry.create(&own, &ledger()).await.unwrap();

    let gone = registry.delete::<Chain>(&own, "ledger").await.unwrap();

    assert_eq!(gone.unwrap().metadata.uid, created.metadata.uid);
    assert_eq!(registry.get::<Chain>(&own, "ledger").await.unwrap(), None);
    assert_eq!(registry.delete::<Chain>(&own, "ledger").await.unwrap(), None);
}

async fn what_is_not_there_is_not_there(Stage { registry, own, .. }: Stage) {
    let told = [
        registry.update(&own, &ledger()).await.unwrap_err(),
        registry
            .put_status::<Chain>(&own, "ledger", &counted(1))
            .await
            .unwrap_err(),
        registry
            .add_finalizer::<Chain>(&own, "ledger", "entente.dev/cleanup")
            .await
            .unwrap_err(),
    ];

    for error in told {
        assert_eq!(error.to_string(), format!("no {}", key(&own)));
    }
    assert_eq!(registry.get::<Chain>(&own, "ledger").await.unwrap(), None);
}

async fn another_tenants_resource_is_not_there(
    Stage {
        registry, own, rival, ..
    }: Stage,
) {
    let created = registry.create(&own, &ledger()).await.unwrap();

    let read = registry.get::<Chain>(&rival, "ledger").await.unwrap();
    let listed = registry.list::<Chain>(&rival).await.unwrap();
    let written = registry.update(&rival, &created).await.unwrap_err();

    assert_eq!(read, None);
    assert_eq!(listed, []);
    assert_eq!(written.to_string(), format!("no {}", key(&own)));
    assert_eq!(registry.list::<Chain>(&own).await.unwrap(), [created]);
}

async fn a_watcher_sees_the_changes_of_its_scope_in_order(
    Stage {
        registry, own, rival, ..
    }: Stage,
) {
    let mut watch = registry.watch(&own);

    registry.create(&rival, &ledger()).await.unwrap();
    registry.create(&own, &ledger()).await.unwrap();
    registry.put_status::<Chain>(&own, "ledger", &counted(3)).await.unwrap();
    // The same again is no change.
    registry.put_status::<Chain>(&own, "ledger", &counted(3)).await.unwrap();
    registry.delete::<Chain>(&own, "ledger").await.unwrap();

    let seen = seen(&mut watch, &key(&own), 3).await;
    assert_eq!(seen, [Change::Applied, Change::Applied, Change::Deleted]);
}

async fn applying_twice_changes_nothing_the_second_time(Stage { registry, own, .. }: Stage) {
    let first = registry.apply(&own, &ledger()).await.unwrap();
    let second = registry.apply(&own, &ledger()).await.unwrap();

    assert_eq!(first, second);
}

async fn applying_leaves_what_others_have_added(Stage { registry, own, .. }: Stage) {
    let mut theirs = registry.create(&own, &ledger()).await.unwrap();
    theirs.metadata.labels = Some([("team".to_owned(), "audit".to_owned())].into());
    registry.update(&own, &theirs).await.unwrap();

    let mut mine = ledger();
    mine.metadata.labels = Some([("chain".to_owned(), "ledger".to_owned())].into());
    mine.spec.deletion_policy = DeletionPolicy::Delete;
    let applied = registry.apply(&own, &mine).await.unwrap();

    let labels = applied.metadata.labels.unwrap();
    let labels: Vec<_> = labels
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(labels, [("chain", "ledger"), ("team", "audit")]);
    assert_eq!(applied.spec, mine.spec);
}

async fn what_was_written_is_read_at_once_and_by_others_soon(
    Stage {
        registry, other, own, ..
    }: Stage,
) {
    let mut theirs = other.watch(&own);

    for version in 1..=20 {
        let mut chain = ledger();
        chain.spec.description = Some(format!("version {version}"));
        registry.apply(&own, &chain).await.unwrap();

        let read = registry.get::<Chain>(&own, "ledger").await.unwrap().unwrap();
        let listed = registry.list::<Chain>(&own).await.unwrap();
        assert_eq!(read.spec.description, chain.spec.description);
        assert_eq!(listed, [read]);
    }

    let told = async {
        loop {
            let event = theirs.next().await.unwrap().unwrap();
            if event.object["spec"]["description"] == "version 20" {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, told).await.expect("the others are told");
    let read = other.get::<Chain>(&own, "ledger").await.unwrap().unwrap();
    assert_eq!(read.spec.description.as_deref(), Some("version 20"));
}

async fn writers_at_the_same_time_lose_nothing(
    Stage {
        registry, other, own, ..
    }: Stage,
) {
    registry.create(&own, &ledger()).await.unwrap();
    let write = |registry: Registry, number: usize| {
        let own = own.clone();
        async move {
            loop {
                let mut chain = registry.get::<Chain>(&own, "ledger").await.unwrap().unwrap();
                chain.spec.members.push(ChainMember::new(&format!("bank-{number}"), 1));
                match registry.update(&own, &chain).await {
                    Err(RegistryError::Conflict { .. }) => {}
                    written => return written.unwrap(),
                }
            }
        }
    };

    let writers = (0..6).map(|number| {
        write(
            if number % 2 == 0 {
                registry.clone()
            } else {
                other.clone()
            },
            number,
        )
    });
    futures::future::join_all(writers).await;

    // The last write may be the other program's.
    let mut members = crate::wait::until("all members to be read", PATIENCE, async || {
        let chain = registry.get::<Chain>(&own, "ledger").await.unwrap().unwrap();
        let members = chain.spec.members.into_iter().map(|member| member.organization);
        Some(members.collect::<Vec<_>>()).filter(|members| members.len() == 7)
    })
    .await;
    members.sort();
    assert_eq!(
        members,
        ["bank", "bank-0", "bank-1", "bank-2", "bank-3", "bank-4", "bank-5"]
    );
}

async fn a_list_comes_in_parts_of_what_is_sought(
    Stage {
        registry, own, rival, ..
    }: Stage,
) {
    let Scope::Namespace(namespace) = &own else {
        panic!("{own:?} is no namespace")
    };
    registry.create(&rival, &ledger()).await.unwrap();
    for (name, env) in [
        ("a", "test"),
        ("b", "Production"),
        ("c", "test"),
        ("d", "test"),
        ("e", "none"),
    ] {
        let mut chain = ledger();
        chain.metadata.name = Some(name.to_owned());
        chain.metadata.labels = Some([("env".to_owned(), env.to_owned())].into());
        registry.create(&own, &chain).await.unwrap();
    }
    let names =
        |part: Vec<Chain>| -> Vec<String> { part.into_iter().filter_map(|chain| chain.metadata.name).collect() };
    let part = async |after: Option<&str>, limit: usize, sought: &Sought| {
        let wanted = |chain: &Chain| chain.metadata.name.as_deref() != Some("c");
        names(registry.part(namespace, after, limit, sought, wanted).await.unwrap())
    };
    let all = Sought::default();
    let label = |value: Option<&str>| Sought::new(None, None, Some(("env".to_owned(), value.map(str::to_owned))));

    assert_eq!(part(None, 2, &all).await, ["a", "b"]);
    assert_eq!(part(Some("b"), 2, &all).await, ["d", "e"]);
    assert_eq!(part(Some("bb"), 9, &all).await, ["d", "e"]);
    assert_eq!(part(Some("e"), 2, &all).await, [""; 0]);
    assert_eq!(part(None, 9, &label(Some("test"))).await, ["a", "d"]);
    assert_eq!(part(Some("a"), 9, &label(None)).await, ["b", "d", "e"]);
    assert_eq!(part(None, 9, &Sought::new(Some("PRODUC"), None, None)).await, ["b"]);
    registry
        .put_status::<Chain>(&own, "d", &json!({"state": "ready"}))
        .await
        .unwrap();
    let ready = Sought::new(None, Some(State::Ready), None);
    assert_eq!(part(None, 9, &ready).await, ["d"]);
}

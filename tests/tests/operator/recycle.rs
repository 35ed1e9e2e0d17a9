//! The recycle bin: a chain rests there, comes back, or goes when its time has passed.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use entente_api::Chain;
use entente_api::chain::Recycled;
use entente_api::condition::kind;
use entente_api::node_release::Engine;
use entente_api::time::Time;

use crate::harness::{CHAIN, Home, Operator, knows, processes, scope, transacts};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn time(time: SystemTime) -> Time {
    Time::from(chrono::DateTime::from(time))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_in_the_recycle_bin_can_be_had_back_until_its_time_has_passed() {
    let home = Home::new();
    let operator = Operator::start(home.0.path(), Engine::Native).await;
    let chain = operator.create("ledger", CHAIN).await;
    transacts(&operator, &chain, "main", "before").await;
    let now = SystemTime::now();
    let recycled = Some(Recycled {
        delete_time: time(now),
        purge_time: time(now + 7 * DAY),
    });

    operator.change("ledger", |spec| spec.recycled = recycled).await;
    let resting = operator.suspended("ledger").await;
    assert_eq!(processes(home.0.path()), []);
    let progress = resting.status.unwrap().progress;
    let message = progress.condition(kind::READY).unwrap().message.clone();
    assert!(message.contains("in the recycle bin until"), "{message}");

    let back = operator.edit("ledger", |spec| spec.recycled = None).await;
    assert!(knows(&operator, &back, "before").await);

    operator.change("ledger", |spec| spec.recycled = recycled).await;
    operator.suspended("ledger").await;
    operator.stop().await;
    let later = Arc::new(move || now + 8 * DAY);
    let operator = Operator::start_at(home.0.path(), Engine::Native, later).await;
    operator
        .until("the chain to be deleted", async || {
            let left = operator
                .context
                .registry
                .get::<Chain>(&scope(), "ledger")
                .await
                .unwrap();
            left.is_none().then_some(())
        })
        .await;
    assert_eq!(operator.context.substrate.list("hebei", "ledger").await.unwrap(), []);
    operator.stop().await;
}

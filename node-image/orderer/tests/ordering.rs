//! Orderers agree: one, three, through crashes, partitions of time and changes of who they are.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod network;

use std::time::{Duration, Instant};

use entente_fabric::block::config_envelope;
use entente_fabric::client::{CallError, Caller, Code, broadcast, deliver};
use entente_fabric::config::{edit, update};
use entente_fabric::proto::common::{Envelope, Status};
use entente_fabric::proto::orderer::atomic_broadcast_client::AtomicBroadcastClient;
use network::{Network, Tuning, eventually};
use prost::Message as _;

#[tokio::test(flavor = "multi_thread")]
async fn a_single_orderer_orders_and_remembers() {
    let mut network = Network::with_channel(1).await;

    network.submit(0, "first").await;
    network.submit(0, "second").await;
    assert_eq!(network.transactions(0, 2).await, ["first", "second"]);
    network.orderers[0].kill();
    network.orderers[0].start();
    network.submit(0, "third").await;

    assert_eq!(network.transactions(0, 3).await, ["first", "second", "third"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_channel_of_three_has_a_leader_within_a_second() {
    let mut network = Network::new(3);
    network.start_all();
    let genesis = network.genesis(3);

    let began = Instant::now();
    for index in 0..3 {
        network.participation(index).join(&genesis).await.unwrap();
    }
    network.leader().await;

    assert!(
        began.elapsed() < Duration::from_secs(1),
        "it took {:?}",
        began.elapsed()
    );
}

fn numbered(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{prefix} {number}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_orderer_takes_transactions_and_all_have_the_same_chain() {
    let network = Network::with_channel(3).await;

    for number in 0..30 {
        network.submit(number % 3, &format!("transaction {number}")).await;
    }
    let mut chains = Vec::new();
    for index in 0..3 {
        chains.push(network.transactions(index, 30).await);
    }

    let mut sorted = chains[0].clone();
    sorted.sort();
    let mut expected = numbered("transaction", 30);
    expected.sort();
    assert_eq!(sorted, expected);
    assert_eq!(chains[1], chains[0]);
    assert_eq!(chains[2], chains[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_death_of_the_leader_loses_and_doubles_nothing() {
    let mut network = Network::with_channel(3).await;
    let leader = network.leader().await;
    for text in numbered("before", 20) {
        network.submit(leader, &text).await;
    }
    let before = network.transactions((leader + 1) % 3, 20).await;

    network.orderers[leader].kill();
    let survivor = (leader + 1) % 3;
    for text in numbered("after", 5) {
        network.submit(survivor, &text).await;
    }
    let after = network.transactions(survivor, 25).await;
    network.orderers[leader].start();
    let returned = network.transactions(leader, 25).await;

    assert_eq!(before, numbered("before", 20));
    assert_eq!(after, [numbered("before", 20), numbered("after", 5)].concat());
    assert_eq!(returned, after);
}

#[tokio::test(flavor = "multi_thread")]
async fn five_orderers_go_on_without_two_of_them() {
    let mut network = Network::with_channel(5).await;
    let leader = network.leader().await;
    network.submit(leader, "five").await;
    let away = [leader, (leader + 1) % 5];

    away.iter().for_each(|index| network.orderers[*index].kill());
    network.submit((leader + 2) % 5, "three").await;
    away.iter().for_each(|index| network.orderers[*index].start());
    network.submit(leader, "five again").await;

    for index in 0..5 {
        assert_eq!(network.transactions(index, 3).await, ["five", "three", "five again"]);
    }
}

/// Batches that take so long that everything happens before the first is full.
fn slow_batches() -> Tuning {
    Tuning {
        max_message_count: 100,
        batch_timeout: Duration::from_millis(500),
        ..Tuning::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_orderer_has_acknowledged_survives_its_death() {
    let mut network = Network::with_tuned_channel(3, slow_batches()).await;
    let leader = network.leader().await;

    network.submit(leader, "acknowledged").await;
    network.orderers[leader].kill();

    assert_eq!(network.transactions((leader + 1) % 3, 1).await, ["acknowledged"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_its_leader_takes_to_the_grave_is_ordered_by_the_next_one() {
    let mut network = Network::with_tuned_channel(3, slow_batches()).await;
    let leader = network.leader().await;
    let survivor = (leader + 1) % 3;
    let (connection, message) = (network.connect(survivor).await, network.transaction("in flight"));

    let submitting = tokio::spawn(async move { broadcast::submit(&connection, &message).await });
    eventually("the leader to have it", async || {
        let received = network.orderers[leader].counted("consensus_etcdraft_normal_proposals_received");
        (received == 1.0).then_some(())
    })
    .await;
    network.orderers[leader].kill();

    submitting.await.unwrap().unwrap();
    network.submit(survivor, "afterwards").await;
    assert_eq!(network.transactions(survivor, 2).await, ["in flight", "afterwards"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_are_ordered_as_often_as_they_are_sent() {
    let network = Network::with_channel(3).await;
    network.leader().await;
    let message = network.transaction("same");
    let mut connections = Vec::new();
    for index in 0..3 {
        connections.push(network.connect(index).await);
    }

    let sent = connections
        .iter()
        .chain(&connections)
        .map(|connection| broadcast::submit(connection, &message));
    for sent in futures::future::join_all(sent).await {
        sent.unwrap();
    }
    network.submit(0, "afterwards").await;

    let same = vec!["same".to_owned(); 6];
    assert_eq!(
        network.transactions(0, 7).await,
        [same, vec!["afterwards".to_owned()]].concat()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_one_stream_follow_each_other_into_one_block_and_are_answered_in_order() {
    let network = Network::with_tuned_channel(3, slow_batches()).await;
    let leader = network.leader().await;
    let texts = numbered("of one stream", 20);
    let messages: Vec<_> = texts.iter().map(|text| network.transaction(text)).collect();
    let refused = Envelope::default();

    let sent = messages.into_iter().chain([refused]);
    let follower = network.connect((leader + 1) % 3).await;
    let mut answers = AtomicBroadcastClient::new(follower)
        .broadcast(futures::stream::iter(sent))
        .await
        .unwrap()
        .into_inner();
    let mut statuses = Vec::new();
    while let Some(answer) = answers.message().await.unwrap() {
        statuses.push(answer.status());
    }

    assert_eq!(statuses, [vec![Status::Success; 20], vec![Status::BadRequest]].concat());
    assert_eq!(network.transactions(leader, 20).await, texts);
    assert_eq!(network.height(leader).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_gets_a_block_of_its_own_behind_what_waited_before_it() {
    let patient = Tuning {
        batch_timeout: Duration::from_secs(2),
        ..slow_batches()
    };
    let network = Network::with_tuned_channel(3, patient).await;
    let leader = network.leader().await;
    let (connection, message) = (network.connect(leader).await, network.transaction("waits"));
    let submitting = tokio::spawn(async move { broadcast::submit(&connection, &message).await });
    eventually("the leader to have it", async || {
        let received = network.orderers[leader].counted("consensus_etcdraft_normal_proposals_received");
        (received == 1.0).then_some(())
    })
    .await;

    network
        .reconfigure(leader, |config| {
            edit::set_batch_size(config, 7, 1 << 20, 512 << 10).unwrap()
        })
        .await;

    // The update was acknowledged, so it is there; and it did not pass by what was sent before it.
    let (block, _) = network.config(leader).await;
    assert_eq!(block.header.unwrap().number, 2);
    assert_eq!(block.data.unwrap().data.len(), 1);
    submitting.await.unwrap().unwrap();
    assert_eq!(network.transactions(leader, 1).await, ["waits"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_maintenance_only_the_orderers_own_organization_is_served() {
    let network = Network::with_channel(1).await;
    network
        .reconfigure(0, |config| edit::set_maintenance(config, true).unwrap())
        .await;
    let connection = network.connect(0).await;

    let refused = broadcast::submit(&connection, &network.transaction("too early"))
        .await
        .unwrap_err();
    let unread = deliver::config_block(&connection, network::CHANNEL, Caller::new(&*network.client))
        .await
        .unwrap_err();
    let block = deliver::config_block(&connection, network::CHANNEL, Caller::new(&*network.orderer_admin))
        .await
        .unwrap();
    let config = config_envelope(&block).unwrap().config.unwrap();
    let usual = edit::set_maintenance(&config, false).unwrap();
    let update = update::compute(network::CHANNEL, &config, &usual).unwrap();
    broadcast::submit(&connection, &network.sign_update(update.encode_to_vec()))
        .await
        .unwrap();
    network.submit(0, "in time").await;

    assert_eq!(
        refused.to_string(),
        "normal transactions are rejected: maintenance mode"
    );
    assert!(
        matches!(
            unread,
            CallError::Refused {
                code: Code::Status(403),
                ..
            }
        ),
        "{unread:?}"
    );
    assert_eq!(network.transactions(0, 1).await, ["in time"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_quorum_messages_are_refused_until_one_returns() {
    let mut network = Network::with_channel(3).await;
    network.submit(0, "before").await;
    network.transactions(0, 1).await;
    network.orderers[1].kill();
    network.orderers[2].kill();

    let (connection, transaction) = (network.connect(0).await, network.transaction("in vain"));
    let refused = eventually("a refusal for want of a leader", async || {
        let refused = entente_fabric::client::broadcast::submit(&connection, &transaction)
            .await
            .err()?;
        refused.to_string().contains("no Raft leader").then_some(refused)
    })
    .await;
    network.orderers[1].start();
    let chain = network.submit_until_ordered(0, "afterwards").await;

    assert_eq!(refused.to_string(), "no Raft leader");
    assert_eq!(chain[0], "before");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_orderer_that_was_away_past_compaction_catches_up() {
    let tuning = Tuning {
        snapshot_interval: 10_000,
        max_message_count: 1,
        ..Tuning::default()
    };
    let mut network = Network::with_tuned_channel(3, tuning).await;
    let away = (network.leader().await + 1) % 3;
    let present = network.leader().await;
    network.orderers[away].kill();
    let filler = "x".repeat(2000);
    for text in numbered(&filler, 30) {
        network.submit(present, &text).await;
    }
    network.transactions(present, 30).await;

    network.orderers[away].start();

    assert_eq!(network.transactions(away, 30).await, numbered(&filler, 30));
    network.submit(away, "together again").await;
    assert_eq!(network.transactions(away, 31).await[30], "together again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_shuts_down_hands_over_at_once() {
    let mut network = Network::with_channel(3).await;
    let leader = network.leader().await;
    network.submit(leader, "before").await;

    network.orderers[leader].shut_down().await;
    let began = Instant::now();
    network.leader().await;

    // An election timeout is a second at least.
    assert!(
        began.elapsed() < Duration::from_millis(500),
        "it took {:?}",
        began.elapsed()
    );
    let survivor = (leader + 1) % 3;
    network.submit(survivor, "after").await;
    assert_eq!(network.transactions(survivor, 2).await, ["before", "after"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn orderers_that_stop_together_wait_neither_for_each_other_nor_for_their_clients() {
    let mut network = Network::with_channel(3).await;
    network.leader().await;
    network.submit(0, "before").await;
    let mut readers = Vec::new();
    for index in 0..3 {
        readers.push(network.keeps_reading(index).await);
    }

    let began = Instant::now();
    futures::future::join_all(network.orderers.iter_mut().map(|node| node.shut_down())).await;

    // As long as a leader waits for a successor that does not answer; listeners wait for five seconds.
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "it took {:?}",
        began.elapsed()
    );
    drop(readers);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_has_what_it_asked_for_leaves_no_stream_behind() {
    let network = Network::with_channel(1).await;
    let connection = network.connect(0).await;
    let caller = || Caller::new(&*network.client);

    deliver::config_block(&connection, network::CHANNEL, caller())
        .await
        .unwrap();

    assert_eq!(network.orderers[0].counted("deliver_streams_opened"), 1.0);
    eventually("the stream to be closed", async || {
        (network.orderers[0].counted("deliver_streams_closed") == 1.0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_grows_from_one_orderer_to_three_and_shrinks_again() {
    let mut network = Network::with_channel(1).await;
    network.submit(0, "alone").await;
    for index in 1..3 {
        network.add_orderer();
        network.orderers[index].start();
        let (join_block, _) = network.config(0).await;
        network.participation(index).join(&join_block).await.unwrap();
        eventually("the new orderer to follow", async || {
            let info = network.participation(index).info(network::CHANNEL).await.unwrap();
            (info.consensus_relation == "follower" && info.status == "active").then_some(())
        })
        .await;

        network
            .reconfigure(0, |config| network.add_consenter(config, index))
            .await;

        eventually("the new orderer to become a consenter", async || {
            let info = network.participation(index).info(network::CHANNEL).await.unwrap();
            (info.consensus_relation == "consenter").then_some(())
        })
        .await;
        network.submit(index, &format!("with {index}")).await;
    }
    assert_eq!(network.transactions(2, 3).await, ["alone", "with 1", "with 2"]);

    let first = network.orderers[0].consenter();
    network
        .reconfigure(1, |config| {
            edit::remove_consenter(config, &first.host, first.port).unwrap()
        })
        .await;
    eventually("the removed orderer to follow", async || {
        let info = network.participation(0).info(network::CHANNEL).await.unwrap();
        (info.consensus_relation == "follower").then_some(())
    })
    .await;
    network.submit(1, "without 0").await;

    assert_eq!(network.transactions(2, 4).await[3], "without 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_can_be_removed_by_a_configuration_sent_to_it() {
    let network = Network::with_channel(3).await;
    let leader = network.leader().await;
    network.submit(leader, "before").await;
    network.everybody_is_known_to_live().await;

    let removed = network.orderers[leader].consenter();
    network
        .reconfigure(leader, |config| {
            edit::remove_consenter(config, &removed.host, removed.port).unwrap()
        })
        .await;
    eventually("the removed leader to follow", async || {
        let info = network.participation(leader).info(network::CHANNEL).await.unwrap();
        (info.consensus_relation == "follower").then_some(())
    })
    .await;
    let other = (leader + 1) % 3;
    network.submit(other, "after").await;

    assert_eq!(network.transactions(other, 2).await, ["before", "after"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_orderer_that_was_removed_while_it_was_away_finds_out_and_follows() {
    let mut network = Network::with_channel(3).await;
    let leader = network.leader().await;
    let away = (leader + 1) % 3;
    network.submit(leader, "before").await;
    network.everybody_is_known_to_live().await;
    network.orderers[away].kill();
    let removed = network.orderers[away].consenter();
    network
        .reconfigure(leader, |config| {
            edit::remove_consenter(config, &removed.host, removed.port).unwrap()
        })
        .await;
    network.submit(leader, "without it").await;
    network.transactions(leader, 2).await;

    network.orderers[away].suspect_eviction_after(1);
    network.orderers[away].start();

    eventually("the removed orderer to follow", async || {
        let info = network.participation(away).info(network::CHANNEL).await.unwrap();
        (info.consensus_relation == "follower").then_some(())
    })
    .await;
    network.wait_for_height(away, network.height(leader).await).await;
    assert_eq!(network.orderers[away].failed_checks(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_on_the_chain_once_and_in_order_when_orderers_die_under_load() {
    let mut network = Network::with_channel(3).await;
    network.leader().await;
    let submitted = numbered("under load", 120);

    // One sender that makes sure of each transaction, while one leader after the other dies and returns.
    let mut dead = None;
    for (count, text) in submitted.iter().enumerate() {
        if count % 20 == 10 {
            let victim = network.leader().await;
            network.orderers[victim].kill();
            dead = Some(victim);
        }
        if count % 20 == 15 {
            network.orderers[dead.take().unwrap()].start();
        }
        let alive = (0..3).find(|index| Some(*index) != dead).unwrap();
        network.submit(alive, text).await;
    }

    for index in 0..3 {
        assert_eq!(network.transactions(index, 120).await, submitted);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_orderer_keeps_its_place_with_a_new_key() {
    let mut network = Network::with_channel(3).await;
    let leader = network.leader().await;
    let rotated = (leader + 1) % 3;
    network.submit(leader, "before").await;
    network.everybody_is_known_to_live().await;
    let old = network.orderers[rotated].consenter();
    network.orderers[rotated].shut_down().await;

    network.renew_tls(rotated);
    let new = network.orderers[rotated].consenter();
    network
        .reconfigure(leader, |config| {
            edit::replace_consenter(config, &old.host, old.port, new.clone()).unwrap()
        })
        .await;
    network.orderers[rotated].start();
    network.submit(rotated, "after").await;

    assert_eq!(network.transactions(rotated, 2).await, ["before", "after"]);
    let info = network.participation(rotated).info(network::CHANNEL).await.unwrap();
    assert_eq!(
        (info.consensus_relation.as_str(), info.status.as_str()),
        ("consenter", "active")
    );
}
